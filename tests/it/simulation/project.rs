//! The files that environments are made from.

use std::fs;

use deploy::bundle::{Archive, Bundles, Digest};
use deploy::plan::batch::Batch;
use deploy::plan::{Deployment, Desired};
use deploy::release::{Promotion, Recorded, Source};
use deploy::render::{self, Library};
use deploy::stack::{S3Location, Stack, StackFile};
use tempfile::TempDir;

/// What environments are made from. The files stay as long as this does.
pub(super) struct Project(TempDir, String);

impl Project {
    /// Writes the smallest files that make a stack.
    pub(super) fn new() -> Self {
        Self::named("tiny")
    }

    /// Writes the smallest files that make a stack of this name.
    pub(super) fn named(name: &str) -> Self {
        let project = Self(tempfile::tempdir().unwrap(), name.to_owned());
        for (name, text) in [
            ("headlines.csv", "id,title\n1,Fed official says\n"),
            ("training/train.py", "print('never run')\n"),
            ("function/handler.py", "def handler(event, context): ...\n"),
        ] {
            let path = project.0.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        project
    }

    /// What the environment is to be when it is trained with this learning rate.
    pub(super) fn desired(&self, learning_rate: &str) -> Desired {
        self.desired_with(learning_rate, "")
    }

    /// What the environment is to be with a further line in the stack file's `training`.
    pub(super) fn desired_with(&self, learning_rate: &str, training: &str) -> Desired {
        self.desired_by(&stack_file(&self.1, learning_rate, training), None)
    }

    /// What the environment is to be when it is trained with this learning rate and has further lines in
    /// the stack file's `endpoint`, with alarms that watch it by the minute.
    pub(super) fn desired_watched(&self, learning_rate: &str, endpoint: &str) -> Desired {
        let text = stack_file(&self.1, learning_rate, "").replace("  count: 1\n", endpoint);
        let alarms = "alarms: { errors: 2, latency: 2s, window: 1m }\nenvironments:\n";
        self.desired_by(&text.replace("environments:\n", alarms), None)
    }

    /// What the environment is to be when its models are entered into the registry.
    pub(super) fn desired_registered(&self, learning_rate: &str) -> Desired {
        let registry = "registry: { group: classifiers }\nenvironments:\n";
        let text = stack_file(&self.1, learning_rate, "");
        self.desired_by(&text.replace("environments:\n", registry), None)
    }

    /// The same, where the environment that does not train has a group of its own.
    pub(super) fn desired_registered_apart(&self, learning_rate: &str, own: &str) -> Desired {
        let text = stack_file(&self.1, learning_rate, "")
            .replace(
                "environments:\n",
                "registry: { group: classifiers }\nenvironments:\n",
            )
            .replace(
                "promotes_from: local\n",
                &format!("promotes_from: local\n    registry: {{ group: {own} }}\n"),
            );
        self.desired_by(&text, None)
    }

    /// What the environment is to be when it has everything that roles are needed for: alarms, scaling, a
    /// registry, batches and an access log.
    pub(super) fn desired_complete(&self, learning_rate: &str) -> Desired {
        let more = "alarms: { errors: 2, latency: 2s, window: 1m }\nregistry: { group: classifiers }\n\
                    batch: { instance: ml.m5.large }\n\
                    permissions_boundary: arn:aws:iam::aws:policy/PowerUserAccess\nenvironments:\n";
        let scaling =
            "  count: 1\n  autoscaling: { min: 1, max: 2, invocations_per_instance: 100 }\n";
        let text = stack_file(&self.1, learning_rate, "").replace("  count: 1\n", scaling);
        self.desired_by(&text.replace("environments:\n", more), None)
    }

    /// Puts the environment that does not train into another account, in the stack file of what was desired last.
    pub(super) fn promotes_into(&self, account: &str) {
        let path = self.0.path().join("stack.yaml");
        let text = fs::read_to_string(&path).unwrap();
        let (rest, prod) = text.split_once("  prod:\n").unwrap();
        let prod = prod.replace("{ port", &format!("{{ account: \"{account}\", port"));
        fs::write(path, format!("{rest}  prod:\n{prod}")).unwrap();
    }

    /// What the environment is to be when its endpoint is serverless.
    pub(super) fn desired_serverless(&self, learning_rate: &str) -> Desired {
        let instances = "  instance: ml.m5.large\n  count: 1\n  startup_timeout: 2m\n";
        let serverless = "  serverless: { memory: 4 GiB, max_concurrency: 5 }\n";
        let text = stack_file(&self.1, learning_rate, "");
        assert!(text.contains(instances), "{text}");
        self.desired_by(&text.replace(instances, serverless), None)
    }

    /// What the environment is to be when its data is in S3, and was pinned to this.
    pub(super) fn desired_in_s3(&self, location: &S3Location, pin: Digest) -> Desired {
        let text = stack_file(&self.1, "1e-3", "");
        let data = format!("data: {{ s3: \"{location}\" }}");
        self.desired_by(
            &text.replace("data: { file: headlines.csv }", &data),
            Some(pin),
        )
    }

    /// An environment as the stack file of what was desired last has it.
    pub(super) fn stack(&self, environment: &str) -> Stack {
        let file = StackFile::read(&self.0.path().join("stack.yaml"));
        let file = file.unwrap_or_else(|problems| panic!("{problems:?}"));
        file.environment(environment).unwrap()
    }

    /// What the environment that does not train is to be with a release of the one that does.
    pub(super) fn promoted(&self, from: &Recorded) -> Desired {
        let stack = self.stack("prod");
        let rendered = render::render(&stack, &Library::builtin()).unwrap();
        let function = Archive::of_function(&stack).unwrap();
        let release = &from.release;
        let promotion = Promotion {
            from: Source {
                environment: release.environment.clone(),
                account: release.account.clone(),
                region: release.region.clone(),
                bucket: self.stack("local").names.bucket,
                release: release.id.clone(),
                record: from.record.clone(),
            },
            evidence: Vec::new(),
            approvals: Vec::new(),
            unproven: None,
        };
        Desired::promoted(&stack, &rendered, &function, &release.model, promotion)
    }

    fn desired_by(&self, text: &str, pin: Option<Digest>) -> Desired {
        fs::write(self.0.path().join("stack.yaml"), text).unwrap();
        let stack = self.stack("local");
        let rendered = render::render(&stack, &Library::builtin()).unwrap();
        let mut bundles = Bundles::of(&stack).unwrap();
        if let Some(pin) = pin {
            bundles.pin(pin);
        }
        Desired::new(&stack, &rendered, &bundles)
    }

    /// A batch of texts with this digest, as the stack's request has it.
    pub(super) fn batch(&self, texts: Digest) -> Batch {
        let text = stack_file(&self.1, "1e-3", "") + "batch: { instance: ml.m5.large }\n";
        let file = self.0.path().join("batch.yaml");
        fs::write(&file, text).unwrap();
        let file = StackFile::read(&file).unwrap_or_else(|problems| panic!("{problems:?}"));
        let stack = file.environment("local").unwrap();
        let rendered = render::render(&stack, &Library::builtin()).unwrap();
        Batch {
            deployment: Deployment::of(&stack),
            request: rendered.transform_job.unwrap().value().clone(),
            texts,
        }
    }

    /// Writes the data file.
    pub(super) fn write_data(&self, bytes: &[u8]) {
        fs::write(self.0.path().join("headlines.csv"), bytes).unwrap();
    }
}

fn stack_file(name: &str, learning_rate: &str, training: &str) -> String {
    format!(
        r#"
stack: {name}
data: {{ file: headlines.csv }}
training:
  code: training
  entry_point: train.py
  image: {{ pytorch: "2.8.0", transformers: "4.56.2" }}
  instance: ml.g4dn.xlarge
  volume: 50 GiB
  max_run: 1h
  {training}
  hyperparameters: {{ learning_rate: {learning_rate} }}
  metrics:
    eval_accuracy: 'eval_accuracy=([0-9.]+)'
endpoint:
  image: {{ pytorch: "2.6.0", transformers: "5.5.3" }}
  instance: ml.m5.large
  count: 1
  startup_timeout: 2m
function:
  code: function
  handler: handler.handler
  runtime: python3.12
  memory: 256 MiB
  timeout: 25s
api: {{ routes: [POST /classify] }}
environments:
  local:
    target: local
    local: {{ port: 4599, python: {{ interpreter: /usr/bin/python3 }} }}
  prod:
    target: local
    promotes_from: local
    local: {{ port: 4599, python: {{ interpreter: /usr/bin/python3 }} }}
"#
    )
}
