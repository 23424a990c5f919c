//! Reading whole stack files: every rule, trap and place.

use std::fs;

use super::super::problem::Place;
use super::super::resolved::{
    Capacity, Comparison, DataSource, Promotion, Protection, Python, Target,
};
use super::super::schema::MERGED;
use super::*;

const GOOD: &str = r#"stack: news
data: { file: rows.csv }
training:
  code: code
  entry_point: train.py
  image: { pytorch: "2.8.0", transformers: "4.56.2" }
  instance: ml.g4dn.xlarge
  hyperparameters: { epochs: 2, rate: 5e-5, fast: true, name: "x y" }
  metrics: { loss: 'loss=([0-9.]+)' }
endpoint:
  image: { pytorch: "2.6.0", transformers: "5.5.3" }
  instance: ml.m5.large
function: { code: code, handler: app.handler }
tags: { team: a }
environments:
  local: { target: local, local: { python: { interpreter: code/train.py } } }
  prod:
    target: { account: "111122223333", region: eu-west-1 }
    protected: true
"#;

/// A folder with the files that the good stack names.
fn project(text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("code")).unwrap();
    for file in ["rows.csv", "code/train.py", "code/app.py"] {
        fs::write(folder.path().join(file), "x").unwrap();
    }
    let file = folder.path().join("stack.yaml");
    fs::write(&file, text).unwrap();
    (folder, file)
}

fn load(text: &str, environment: &str) -> Result<Stack, Problems> {
    let (_folder, file) = project(text);
    StackFile::read(&file)?.environment(environment)
}

/// The good stack with one change.
fn changed(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    GOOD.replacen(from, to, 1)
}

/// Loads `prod` of a changed stack, which must fail.
fn problems(from: &str, to: &str) -> Problems {
    let text = changed(from, to);
    load(&text, "prod").map_or_else(|problems| problems, |_| panic!("accepted: {to}"))
}

fn underlined<'a>(problems: &'a Problems, problem: &Problem) -> &'a str {
    let Place { bytes, .. } = problem.place.clone().unwrap();
    &problems.source().text[bytes]
}

#[test]
fn a_good_stack_is_resolved_with_its_defaults() {
    let stack = load(GOOD, "prod").unwrap();
    assert_eq!(stack.names.endpoint, "news-prod");
    assert_eq!(stack.protection, Protection::Protected);
    assert_eq!(stack.training.volume.to_string(), "50 GiB");
    assert_eq!(stack.function.timeout.seconds(), 25);
    assert_eq!(
        (
            stack.api.routes[0].method.as_str(),
            stack.api.throttle.burst
        ),
        ("POST", 100)
    );
    assert_eq!(stack.logs.retention_days, 30);
    assert!(matches!(&stack.data.source, DataSource::File(path) if path.is_absolute()));
    assert!(stack.training.code.is_absolute());
    assert!(
        stack
            .training
            .image
            .uri
            .starts_with("763104351884.dkr.ecr.eu-west-1.amazonaws.com/")
    );
    assert!(stack.endpoint.image.uri.contains("-cpu-"));
    assert_eq!(stack.tags["deploy:environment"], "prod");
    let Target::Aws(target) = stack.target else {
        panic!()
    };
    assert_eq!(
        (target.account.as_str(), target.profile),
        ("111122223333", None)
    );
}

#[test]
fn a_role_is_of_the_environments_account() {
    let role = r#", role: { arn: "arn:aws:iam::111122223333:role/team/ci+deploy", external_id: "a:b/c", session_name: ci@news } }"#;
    let text = changed("eu-west-1 }", &format!("eu-west-1{role}"));
    let Target::Aws(target) = load(&text, "prod").unwrap().target else {
        panic!()
    };
    let role = target.role.unwrap();
    assert_eq!(role.arn, "arn:aws:iam::111122223333:role/team/ci+deploy");
    assert_eq!(role.external_id.as_deref(), Some("a:b/c"));
    assert_eq!(role.session_name.as_deref(), Some("ci@news"));
}

#[test]
fn a_service_role_and_a_boundary_are_of_the_account_or_of_aws() {
    let service = "arn:aws:iam::111122223333:role/cfn";
    let text = changed(
        "eu-west-1 }",
        &format!("eu-west-1, service_role: \"{service}\" }}"),
    );
    for boundary in [
        "arn:aws:iam::aws:policy/PowerUserAccess",
        "arn:aws:iam::111122223333:policy/team/b",
    ] {
        let text = format!("permissions_boundary: \"{boundary}\"\n{text}");
        let stack = load(&text, "prod").unwrap();
        assert_eq!(stack.permissions_boundary.as_deref(), Some(boundary));
        let Target::Aws(target) = stack.target else {
            panic!()
        };
        assert_eq!(target.service_role.as_deref(), Some(service));
    }
}

#[test]
fn hyperparameters_become_strings() {
    let stack = load(GOOD, "prod").unwrap();
    let given: Vec<(&str, &str)> = stack
        .training
        .hyperparameters
        .iter()
        .map(|(k, v)| (k.as_str(), v.as_str()))
        .collect();
    let expected = [
        ("epochs", "2"),
        ("fast", "true"),
        ("name", "x y"),
        ("rate", "5e-5"),
    ];
    let rate: f64 = given[3].1.parse().unwrap();
    assert_eq!(given[..3], expected[..3]);
    assert!((rate - 5e-5).abs() < 1e-12);
}

#[test]
fn an_image_is_pinned_to_a_digest_and_known_to_be_patched_until_a_day() {
    let stack = load(&changed("stack: news", "stack: news"), "prod").unwrap();
    let image = &stack.training.image;
    assert!(
        image.uri.contains("huggingface-pytorch-training:2.8.0"),
        "{}",
        image.uri
    );
    assert_eq!(image.patched_until.unwrap().to_string(), "2026-08-06");
    let digest = format!("sha256:{}", "0a".repeat(32));
    let old = r#"transformers: "4.56.2" }"#;
    let new = format!(r#"transformers: "4.56.2", digest: "{digest}" }}"#);
    let stack = load(&changed(old, &new), "prod").unwrap();
    let uri = &stack.training.image.uri;
    assert!(
        uri.ends_with(&format!("/huggingface-pytorch-training@{digest}")),
        "{uri}"
    );
}

#[test]
fn a_local_environment_needs_no_account_and_no_gpu() {
    let text = changed("instance: ml.g4dn.xlarge", "instance: ml.m5.large");
    let stack = load(&text, "local").unwrap();
    assert_eq!(stack.account.as_str(), "000000000000");
    assert!(stack.training.image.uri.starts_with("local/"));
    let Target::Local(local) = stack.target else {
        panic!()
    };
    assert_eq!(local.port, 4599);
    assert!(matches!(local.python, Python::Interpreter(path) if path.is_absolute()));
}

/// A change of the good stack, what it makes of it, what is underlined, and the words for it.
const SEMANTIC: &str = r#"
stack: news => stack: News => News => `News` is no valid `stack`
rows.csv => none.csv => none.csv => `none.csv` does not exist
rows.csv => code => code => `code` is no file
{ file: rows.csv } => { folder: rows.csv } => rows.csv => `rows.csv` is no folder
{ file: rows.csv } => {} => data => `data` names no data
{ file: rows.csv } => { file: rows.csv, folder: code } => data => more than one source
{ file: rows.csv } => { s3: "https://b/k" } => "https://b/k" => no place in S3
{ file: rows.csv } => { s3: "s3://b/k" } => "s3://b/k" => no name of a bucket
{ file: rows.csv } => { s3: "s3://bucket/" } => "s3://bucket/" => no place in S3
{ file: rows.csv } => { s3: "s3://bucket/a*" } => "s3://bucket/a*" => cannot be used as a prefix
{ file: rows.csv } => { s3: "s3://news-prod-111122223333-eu-west-1/a" } => "s3: => the bucket is the environment's own
rows.csv } => rows.csv, format: { columns: [a, b], text: a, label: c, classes: [x, y] } } => c => no column `c`
rows.csv } => rows.csv, format: { columns: [a, b], text: a, label: a, classes: [x, y] } } => a => the same column
rows.csv } => rows.csv, format: { columns: [a, b, b], text: a, label: b, classes: [x, y] } } => b => here a second time
rows.csv } => rows.csv, format: { columns: [a, b], text: a, label: b, classes: [x, x] } } => x => here a second time
rows.csv } => rows.csv, format: { columns: [a, b], text: a, label: b, classes: [01, 2] } } => 01 => one number to some readers
rows.csv } => rows.csv, format: { columns: [a, b], text: a, label: b, classes: [x, y], required: [z] } } => z => no column `z`
  entry_point: train.py =>   entry_point: train.py⏎  launch: toolkit => "x y" => cannot be handed the value of `name`
  code: code =>   code: rows.csv => rows.csv => `rows.csv` is no folder
entry_point: train.py => entry_point: tran.py => tran.py => no `tran.py` in `code`
entry_point: train.py => entry_point: ../t.py => ../t.py => inside the code folder
entry_point: train.py => entry_point: -c.py => -c.py => inside the code folder
ml.g4dn.xlarge => g4dn.xlarge => g4dn.xlarge => no instance type
ml.g4dn.xlarge => ml.m5.large => image => cannot run on `ml.m5.large`
"2.8.0" => "2.8.9" => image => there is no container of PyTorch 2.8.9
pytorch: "2.8.0",  =>  => image => by its versions or by its address
{ pytorch: "2.8.0", transformers: "4.56.2" } => { uri: a/b:1 } => a/b:1 => Amazon ECR
transformers: "4.56.2" } => transformers: "4.56.2", digest: "sha256:12" } => "sha256:12" => no digest of an image
{ pytorch: "2.8.0", transformers: "4.56.2" } => { uri: "111122223333.dkr.ecr.eu-west-1.amazonaws.com/a:1", digest: "sha256:0000000000000000000000000000000000000000000000000000000000000000" } => "sha256:0000000000000000000000000000000000000000000000000000000000000000" => goes with versions
eu-west-1 => eu-south-2 => image => not published in `eu-south-2`
eu-west-1 => eu-west-9 => eu-west-9 => there is no region
"111122223333" => "1111" => "1111" => `1111` is no valid `account`
eu-west-1 } => eu-west-1, role: { arn: deployer } } => deployer => no ARN of a role
eu-west-1 } => eu-west-1, role: { arn: "arn:aws:iam::111122223333:role/" } } => "arn => no ARN of a role
eu-west-1 } => eu-west-1, role: { arn: "arn:aws:iam::111122223333:role/a b" } } => "arn => no ARN of a role
eu-west-1 } => eu-west-1, role: { arn: "arn:aws:iam::111122223333:user/a" } } => "arn => no ARN of a role
eu-west-1 } => eu-west-1, role: { arn: "arn:aws:iam::999922223333:role/a" } } => "arn => belongs to the account 999922223333
eu-west-1 } => eu-west-1, role: { arn: "arn:aws-cn:iam::111122223333:role/a" } } => "arn => begins with `arn:aws:`
eu-west-1 } => eu-west-1, role: { arn: "arn:aws:iam::111122223333:role/a", external_id: "a b" } } => "a b" => is no external id
eu-west-1 } => eu-west-1, role: { arn: "arn:aws:iam::111122223333:role/a", external_id: "x" } } => "x" => is no external id
eu-west-1 } => eu-west-1, role: { arn: "arn:aws:iam::111122223333:role/a", session_name: a/b } } => a/b => is no name of a session
eu-west-1 } => eu-west-1, service_role: deployer } => deployer => no ARN of a role
eu-west-1 } => eu-west-1, service_role: "arn:aws:iam::999922223333:role/a" } => "arn => belongs to the account 999922223333
tags: { team: a } => permissions_boundary: boundary => boundary => no ARN of a policy
tags: { team: a } => permissions_boundary: "arn:aws:iam::111122223333:policy/" => "arn => no ARN of a policy
tags: { team: a } => permissions_boundary: "arn:aws:iam::999922223333:policy/a" => "arn => belongs to the account 999922223333
tags: { team: a } => permissions_boundary: "arn:aws-cn:iam::aws:policy/a" => "arn => begins with `arn:aws:`
epochs: 2 => sagemaker_program: x => x => reserved
epochs: 2 => "a b": x => x => no name for a hyperparameter
"x y" => "${deploy:X}" => "${deploy:X}" => cannot be part of a value
loss=([0-9.]+) => loss=([0-9.]+ => 'loss=([0-9.]+' => no regular expression
loss=([0-9.]+) => loss=[0-9.]+ => 'loss=[0-9.]+' => has no group
app.handler } => app } => app => `app` is no handler
app.handler } => apq.handler } => apq.handler => no `apq.py` in `code`
app.handler } => app.handler, timeout: 30s } => 30s => `1s` to `29s`
app.handler } => app.handler, memory: 64 MiB } => 64 MiB => 128 MiB
app.handler } => app.handler, memory: 1 GB } => 1 GB => no valid `memory`
app.handler } => app.handler, runtime: python2.7 } => python2.7 => `python2.7` is too old
tags: { team: a } => tags: { "aws:x": a } => a => is reserved
tags: { team: a } => tags: { team: "a<b" } => "a<b" => no valid value
tags: { team: a } => logs: { retention: 31d } => 31d => cannot be kept for `31d`
tags: { team: a } => api: { routes: [/x] } => /x => is no route
tags: { team: a } => api: { routes: [post /x] } => post /x => `post` is no method
tags: { team: a } => api: { routes: ['POST /{id}'] } => 'POST /{id}' => no path
ml.m5.large => ml.m5.large⏎  startup_timeout: 5s => 5s => to start
ml.g4dn.xlarge => ml.g4dn.xlarge⏎  max_run: 29d => 29d => `1s` to `28d`
ml.g4dn.xlarge => ml.g4dn.xlarge⏎  volume: 100 MiB => 100 MiB => whole GiB
ml.g4dn.xlarge => ml.g4dn.xlrge => ml.g4dn.xlrge => no instance type for training
ml.m5.large => ml.t3.medium => ml.t3.medium => no instance type for serving
ml.m5.large => ml.m6g.large => image => cannot run on `ml.m6g.large`
ml.m5.large => [ml.m5.large, ml.m5.large] => ml.m5.large => here a second time
ml.g4dn.xlarge => [ml.g4dn.xlarge, ml.m5.large] => image => no container runs on both
ml.g4dn.xlarge => ml.g4dn.xlarge⏎  spot: { max_wait: 1h } => 1h => `max_wait` (1h) is shorter than `max_run` (2h)
ml.g4dn.xlarge => ml.g4dn.xlarge⏎  spot: { max_wait: 29d } => 29d => at most `28d`
ml.g4dn.xlarge => ml.g4dn.xlarge⏎  max_pending: 10m => 10m => from `30m` to `28d`
instance: ml.g4dn.xlarge => instance: [ml.g4dn.xlarge, ml.g5.xlarge]⏎  spot: { max_wait: 4h } => spot => cannot be together with a list
ml.g4dn.xlarge => ml.g4dn.xlarge⏎  keep_alive: 7h => 7h => from `1s` to `6h`
ml.g4dn.xlarge => ml.g4dn.xlarge⏎  spot: { max_wait: 4h }⏎  keep_alive: 10m => 10m => cannot be together with `spot`
ml.g4dn.xlarge => ml.g4dn.xlarge⏎  environment: { "A-B": x } => x => no name for a variable
ml.g4dn.xlarge => ml.g4dn.xlarge⏎  environment: { SM_HOST: x } => x => is reserved
ml.g4dn.xlarge => ml.g4dn.xlarge⏎  environment: { A: 1.10 } => 1.10 => is a text, but `1.10` is read as a value
ml.g4dn.xlarge => ml.g4dn.xlarge⏎  environment: { A: 1e3 } => 1e3 => is a text, but `1e3` is read as a value
ml.g4dn.xlarge => ml.g4dn.xlarge⏎  gates: { los: ">= 1" } => ">= 1" => a metric that nobody reports
ml.g4dn.xlarge => ml.g4dn.xlarge⏎  gates: { loss: "0.9" } => "0.9" => no condition of a gate
ml.g4dn.xlarge => ml.g4dn.xlarge⏎  gates: { regression: "<= 0.01" } => "<= 0.01" => how much worse a model may be
ml.g4dn.xlarge => ml.g4dn.xlarge⏎  gates: { regression: "<= 0.01 against serving" } => "<= 0.01 against serving" => there is no metric to compare
ml.g4dn.xlarge => ml.g4dn.xlarge⏎  network: { encrypt_traffic: true } => true => needs a `count` above 1
ml.g4dn.xlarge => ml.g4dn.xlarge⏎  network: { subnets: [subnet-0123456789abcdef0] } => [ => needs `security_groups` too
ml.g4dn.xlarge => ml.g4dn.xlarge⏎  network: { subnets: [subnet-1], security_groups: [sg-01234567] } => subnet-1 => no id of this kind
ml.g4dn.xlarge => ml.g4dn.xlarge⏎  encryption: { output_key: alias/x } => alias/x => no ARN of a KMS key
ml.g4dn.xlarge => ml.g4dn.xlarge⏎  encryption: { output_key: "arn:aws:kms:eu-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab" } => "arn => this is in `eu-west-2`
ml.g4dn.xlarge => ml.g4dn.xlarge⏎  encryption: { output_key: "arn:aws:kms:eu-west-1:999922223333:key/1234abcd-12ab-34cd-56ef-1234567890ab" } => "arn => belongs to the account 999922223333
ml.g4dn.xlarge => ml.g4dn.xlarge⏎  encryption: { output_key: "arn:aws-cn:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab" } => "arn => begins with `arn:aws:`
ml.g4dn.xlarge => ml.g4dn.xlarge⏎  encryption: { volume_key: "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab" } => "arn => takes no key for its disk
"x y" => "x\ny" => "x\ny" => has a line break or control character
ml.m5.large => ml.m5.large⏎  serverless: {} => ml.m5.large => cannot be together with `serverless`
  instance: ml.m5.large =>   startup_timeout: 5m => endpoint => `endpoint` lacks `instance`
  instance: ml.m5.large =>   serverless: { memory: 5 TiB } => 5 TiB => 1 to 6 whole GiB
  instance: ml.m5.large =>   serverless: { provisioned_concurrency: 9 } => 9 => more than `max_concurrency` (5)
ml.m5.large => ml.m5.large⏎  rollout: { canary: { size: 25%, wait: 5m } }⏎  count: 2 => rollout => needs `alarms`
ml.m5.large => ml.m5.large⏎  rollout: { canary: { size: 25%, wait: 5m } }⏎alarms: {} => rollout => at least 2 instances
ml.m5.large => ml.m5.large⏎  count: 2⏎  rollout: { canary: { size: 51%, wait: 5m } }⏎alarms: {} => 51% => `51%` is no valid `size`
ml.m5.large => ml.m5.large⏎  count: 4⏎  rollout: { linear: { step: 5%, wait: 5m } }⏎alarms: {} => 5% => `5%` is no valid `step`
ml.m5.large => ml.m5.large⏎  count: 4⏎  rollout: { rolling: { batch: 3, wait: 5m } }⏎alarms: {} => 3 => 5% to 50% of the fleet
ml.m5.large => ml.m5.large⏎  count: 4⏎  rollout: { linear: { step: 10%, wait: 5m, max_duration: 30m } }⏎alarms: {} => 30m => take longer than `30m`
ml.m5.large => ml.m5.large⏎  count: 4⏎  rollout: { linear: { step: 10%, wait: 2h } }⏎alarms: {} => 2h => at most `1h`
ml.m5.large => ml.m5.large⏎  capture: { sample: 0% } => 0% => no part of a whole
ml.m5.large => ml.m5.large⏎  capture: { retention: 36h } => 36h => whole days
ml.m5.large => ml.m5.large⏎  encryption: { capture_key: x }⏎  capture: {} => x => no ARN of a KMS key
ml.m5.large => ml.m5.large⏎  encryption: { capture_key: "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab" } => "arn => is for `capture`
  instance: ml.m5.large =>   serverless: {}⏎  capture: {} => capture => cannot be together with `serverless`
ml.m5.large => ml.m5.large⏎alarms: { memory: 101% } => 101% => no part of a whole
ml.m5.large => ml.m5.large⏎  autoscaling: { min: 3, max: 2, invocations_per_instance: 9 } => 3 => `min` (3) is more than `max` (2)
ml.m5.large => ml.m5.large⏎  count: 5⏎  autoscaling: { min: 1, max: 2, invocations_per_instance: 9 } => 5 => must be between
ml.m5.large => ml.m5.large⏎  encryption: { volume_key: x } => x => no ARN of a KMS key
app.handler } => app.handler, runtime: python3.9 } => python3.9 => `python3.9` is too old
app.handler } => app.handler, runtime: python3.21 } => python3.21 => no runtime
tags: { team: a } => tags: { version: 1.10 } => 1.10 => is a text, but `1.10` is read as a value
tags: { team: a } => tags: { version: 012 } => 012 => one number to some readers
tags: { team: a } => tags: { answer: no } => no => is a boolean to some readers
tags: { team: a } => api: { routes: [POST /x, POST /x] } => POST /x => here a second time
tags: { team: a } => api: { routes: [GET /x] } => GET /x => the first route cannot be a `GET`
tags: { team: a } => api: { auth: { jwt: { issuer: "http://x.y", audience: [a] } } } => "http://x.y" => no issuer of tokens
tags: { team: a } => api: { auth: { jwt: { issuer: "https://x.y", audience: [a, a] } } } => [ => an audience is
tags: { team: a } => api: { domain: { name: News.example.com, certificate: "arn:aws:acm:eu-west-1:111122223333:certificate/1234abcd-12ab-34cd-56ef-1234567890ab" } } => News.example.com => no name of a domain
tags: { team: a } => api: { domain: { name: "https://x.y", certificate: "arn:aws:acm:eu-west-1:111122223333:certificate/1234abcd-12ab-34cd-56ef-1234567890ab" } } => "https://x.y" => no name of a domain
tags: { team: a } => api: { domain: { name: x.example.com, certificate: "arn:aws:acm:us-east-1:111122223333:certificate/1234abcd-12ab-34cd-56ef-1234567890ab" } } => "arn => this is in `us-east-1`
tags: { team: a } => api: { domain: { name: x.example.com, certificate: mine } } => mine => no ARN of a certificate
tags: { team: a } => api: { cors: { origins: ["https://x.y/z"] } } => "https://x.y/z" => is no origin
tags: { team: a } => api: { cors: { origins: ["https://x.y/"] } } => "https://x.y/" => is no origin
tags: { team: a } => api: { cors: { origins: ["x.y"] } } => "x.y" => is no origin
tags: { team: a } => api: { cors: { origins: ["*"], credentials: true } } => "*" => cannot be together with `credentials: true`
tags: { team: a } => api: { cors: { origins: ["*"], methods: [FETCH] } } => FETCH => is no method
tags: { team: a } => api: { cors: { origins: ["*"], headers: ["a b"] } } => "a b" => is no name of a header
tags: { team: a } => api: { cors: { origins: ["*"], max_age: 2d } } => 2d => at most `1d`
tags: { team: a } => batch: { instance: ml.m5.xlarge, max_payload: 50 MiB, max_concurrency: 3 } => 3 => is 150 MiB
tags: { team: a } => batch: { instance: ml.m5.xlarge, max_payload: 1 GiB } => 1 GiB => `1 MiB` to `100 MiB`
tags: { team: a } => batch: { instance: ml.g4dn.xlarge } => ml.g4dn.xlarge => the image of the endpoint cannot run
tags: { team: a } => batch: { instance: ml.p3.2xlarge } => ml.p3.2xlarge => no instance type for batch jobs
tags: { team: a } => notebook: { instance: ml.x.y } => ml.x.y => no instance type for notebooks
tags: { team: a } => notebook: { volume: 1 GiB } => 1 GiB => 5 to 16384 whole GiB
tags: { team: a } => registry: { group: "a b" } => "a b" => no name of a model package group
tags: { team: a } => registry: { group: news- } => news- => no name of a model package group
tags: { team: a } => alarms: { latency: 2m } => 2m => from `1ms` to `60s`
tags: { team: a } => alarms: { window: 90s } => 90s => whole minutes
tags: { team: a } => alarms: { notify: "arn:aws:sns:eu-west-1:111122223333:a:b" } => "arn => no ARN of an SNS topic
tags: { team: a } => checks: { waive: { api: x } } => x => no id of a policy
tags: { team: a } => checks: { waive: { API-PUBLIC: " " } } => " " => needs a reason
    protected: true =>     promotes_from: stagin => stagin => which is no environment
    protected: true =>     promotes_from: prod => prod => promotes from itself
    protected: true =>     promotion: { bake: 1h } => promotion => takes no release over
    protected: true =>     promotes_from: local⏎    promotion: { gates: { los: ">= 1" } } => ">= 1" => a metric that nobody reports
    protected: true =>     promotes_from: local⏎    promotion: { gates: { loss: "0.9" } } => "0.9" => no condition of a gate
    protected: true =>     promotes_from: local⏎    promotion: { gates: { regression: "<= 0.01 against serving" } } => "<= 0.01 against serving" => there is no metric to compare
    protected: true =>     promotes_from: local⏎    promotion: { bake: soon } => soon => `soon` is no valid `bake`
    protected: true =>     promotes_from: local⏎    promotion: { max_age: 2w } => 2w => `2w` is no valid `max_age`
    protected: true =>     promotes_from: local⏎    promotion: { load: { duration: 11m } } => 11m => `1s` to `10m`
    protected: true =>     promotes_from: local⏎    promotion: { load: { duration: 0s } } => 0s => `1s` to `10m`
    protected: true =>     promotes_from: local⏎    promotion: { load: { p95: fast } } => fast => `fast` is no valid `p95`
    protected: true =>     promotes_from: local⏎    promotion: { approvals: { needed: 2 } } => approvals => nobody can approve
    protected: true =>     promotes_from: local⏎    promotion: { approvals: { signers: none } } => none => `none` does not exist
    protected: true =>     promotes_from: local⏎    promotion: { holdout: { file: rows.csv, accuracy: ">= 0.9" } } => rows.csv => nobody says what the file is like
    protected: true =>     promotes_from: local⏎    promotion: { holdout: { file: none.csv, accuracy: ">= 0.9" } } => none.csv => `none.csv` does not exist
    protected: true =>     local: { python: { interpreter: code/train.py } } => local => `target: local`
"#;

/// The same for the shape, with the remedy at the end.
const SHAPE: &str = r#"
  instance: ml.g =>   instnce: ml.g => instnce => unknown field `instnce` => `instance`?
tags: => tag: => tag => unknown field `tag` => `tags`?
"4.56.2" => 4.56 => 4.56 => must be a text, not a number => "4.56"
protected: true => protected: "true" => "true" => must be true or false =>
tags: { team: a } => tags: [a] => [ => `tags` must be a map, not a list =>
team: a => team: [a] => [ => must be true or false or a number or a text =>
tags: { team: a } => api: { throttle: { rat: 1 } } => rat => unknown field `rat` => `rate`?
tags: { team: a } => api: { throttle: { rate: 0 } } => 0 => `rate` must be at least 0.1 =>
tags: { team: a } => api: 5 => 5 => `api` must be a map, not a number =>
, region: eu-west-1 } => } => target => `target` lacks `region` => add `region:`
ml.m5.large => ml.m5.large⏎  count: 0 => 0 => `count` must be at least 1 =>
ml.g4dn.xlarge => ml.g4dn.xlarge⏎  retries: 0 => 0 => `retries` must be at least 1 =>
ml.g4dn.xlarge => ml.g4dn.xlarge⏎  retries: 31 => 31 => `retries` must be at most 30 =>
ml.m5.large => ml.m5.large⏎  count: 1.5 => 1.5 => must be a whole number =>
region: eu-west-1 => regon: eu-west-1 => regon => unknown field `regon` => `region`?
ml.m5.large => ml.m5.large⏎  rollout: all-at-twice => all-at-twice => `rollout` must be `all-at-once` =>
ml.m5.large => ml.m5.large⏎  rollout: {} => rollout => must be exactly one of `canary` =>
ml.m5.large => ml.m5.large⏎  rollout: { canary: { size: 1 } } => canary => `canary` lacks `wait` => add `wait:`
ml.m5.large => ml.m5.large⏎  autoscaling: { min: 1, max: 2 } => autoscaling => lacks `invocations_per_instance` =>
ml.m5.large => [] => [ => at least 1 entries =>
ml.m5.large => [a, b, c, d, e, f] => [ => at most 5 entries =>
tags: { team: a } => api: { auth: iam2 } => iam2 => `iam2` is no valid `auth` => `iam`?
tags: { team: a } => api: { route: POST /x } => route => unknown field `route` => `routes`?
tags: { team: a } => batch: { instance: ml.m5.xlarge, strategy: many } => many => no valid `strategy` => `single-record`, `multi-record`
tags: { team: a } => alarms: { errors: 0 } => 0 => at least 1 =>
rows.csv } => rows.csv, format: { columns: [a, b], text: a, label: b, classes: [x] } } => [ => at least 2 entries =>
rows.csv } => rows.csv, format: { columns: [a, b], text: a, classes: [x, y] } } => format => lacks `label` => add `label:`
rows.csv } => rows.csv, format: { columns: [a, b], text: a, label: b, classes: [x, y], separator: dot } } => dot => no valid `separator` => `comma`
rows.csv } => rows.csv, foldr: x } => foldr => unknown field `foldr` => `folder`?
    protected: true =>     promotes_from: local⏎    promotion: { backe: 1h } => backe => unknown field `backe` => `bake`?
    protected: true =>     promotes_from: local⏎    promotion: { holdout: { accuracy: ">= 0.9" } } => holdout => `holdout` lacks `file` => add `file:`
    protected: true =>     promotes_from: local⏎    promotion: { load: { connections: 0 } } => 0 => `connections` must be at least 1 =>
    protected: true =>     promotes_from: local⏎    promotion: { load: { errors: 101 } } => 101 => `errors` must be at most 100 =>
    protected: true =>     promotes_from: local⏎    promotion: { approvals: { needed: 11, ci: true } } => 11 => `needed` must be at most 10 =>
    protected: true =>     promotes_from: local⏎    promotion: { approvals: { ci: yes } } => yes => must be true or false =>
tags: { team: a } => protected: true => protected => `protected` belongs in an environment => move it
    protected: true =>     stack: other => stack => cannot change `stack` => remove it
    protected: true =>     training: { code: null } => null => `code` must be a text, not empty =>
    protected: true =>     protected: null => null => must be true or false, not empty =>
    protected: true =>     serverles: null => serverles => unknown field `serverles` =>
{ account: "111122223333", region: eu-west-1 } => cloud => cloud => must be `local` =>
"#;

/// The rows of a table; `⏎` is a line break.
fn rows<const N: usize>(table: &str) -> Vec<[String; N]> {
    let row = |line: &str| {
        let cells: Vec<String> = line
            .split("=>")
            .map(|c| c.trim().replace('⏎', "\n"))
            .collect();
        cells.try_into().unwrap_or_else(|cells| panic!("{cells:?}"))
    };
    table
        .lines()
        .filter(|line| !line.is_empty())
        .map(row)
        .collect()
}

/// The texts of the tables: those of wrong shape, and those against a rule.
pub(in crate::stack) fn corpus() -> (Vec<String>, Vec<String>) {
    let shape = rows(SHAPE)
        .into_iter()
        .map(|[from, to, ..]: [String; 5]| changed(&from, &to));
    let rules = rows(SEMANTIC)
        .into_iter()
        .map(|[from, to, ..]: [String; 4]| changed(&from, &to));
    (shape.collect(), rules.collect())
}

/// A text as the data that a validator of schemas is given.
pub(in crate::stack) fn value(text: &str) -> serde_json::Value {
    yaml::read(text, Tags::Refused).unwrap().to_json()
}

#[test]
fn every_semantic_mistake_is_told_at_its_place() {
    let mut failures = Vec::new();
    for [from, to, place, summary] in rows(SEMANTIC) {
        let problems = problems(&from, &to);
        let [problem] = problems.list() else {
            failures.push(format!("{to}: {problems}"));
            continue;
        };
        let shown = underlined(&problems, problem);
        let right = shown == place || (place.len() < 5 && shown.starts_with(&place));
        if !right || !problem.summary.contains(&summary) {
            failures.push(format!("{to}: {shown}: {problems}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn every_mistake_of_shape_is_told_at_its_place() {
    for [from, to, place, summary, help] in rows(SHAPE) {
        let problems = problems(&from, &to);
        let found = problems
            .list()
            .iter()
            .find(|problem| problem.summary.contains(&summary));
        let problem = found.unwrap_or_else(|| panic!("{to}: {problems}"));
        assert!(
            underlined(&problems, problem).starts_with(&place),
            "{to}: {problems}"
        );
        assert!(
            problem.help.clone().unwrap_or_default().contains(&help),
            "{to}: {problems}"
        );
    }
}

#[test]
fn all_mistakes_are_told_at_once_in_order() {
    let text = changed("ml.g4dn.xlarge", "g4dn")
        .replace("rows.csv", "none.csv")
        .replace("app.handler", "none.handler");
    let problems = load(&text, "prod").unwrap_err();
    let lines: Vec<usize> = problems
        .list()
        .iter()
        .map(|problem| problem.place.clone().unwrap().line)
        .collect();
    assert_eq!(lines.len(), 3, "{problems}");
    assert!(lines.is_sorted(), "{lines:?}");
    let shape = changed("  code: code\n", "  cod: code\n").replace("tags:", "tgs:");
    assert_eq!(load(&shape, "prod").unwrap_err().list().len(), 3);
}

#[test]
fn a_missing_section_is_told_at_the_environment() {
    let problems = problems("function: { code: code, handler: app.handler }\n", "");
    let [problem] = problems.list() else {
        panic!("{problems}")
    };
    assert_eq!(problem.summary, "the stack lacks `function`");
    assert_eq!(underlined(&problems, problem), "prod");
}

#[test]
fn an_unknown_environment_is_told_with_the_known_ones() {
    let error = load(GOOD, "prd").unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("`local`, `prod`") && text.contains("did you mean `prod`?"),
        "{text}"
    );
}

#[test]
fn a_local_environment_may_play_any_account() {
    let named = changed(
        "local: { python",
        "local: { account: \"222233334444\", region: eu-west-1, python",
    );
    let stack = load(&named, "local").unwrap();
    assert_eq!(stack.account.as_str(), "222233334444");
    assert_eq!(stack.names.bucket, "news-local-222233334444-eu-west-1");
    let short = changed("local: { python", "local: { account: \"2222\", python");
    let problems = load(&short, "local").unwrap_err();
    assert!(problems.to_string().contains("twelve digits"), "{problems}");
}

#[test]
fn a_local_environment_without_python_says_what_to_add() {
    let text = changed(", local: { python: { interpreter: code/train.py } }", "");
    let error = load(&text, "local").unwrap_err().to_string();
    assert!(
        error.contains("needs a Python") && error.contains("interpreter"),
        "{error}"
    );
}

#[test]
fn an_environment_lies_over_the_stack() {
    let text = changed(
        "    protected: true",
        "    training: { hyperparameters: { epochs: 9 } }\n    endpoint: { count: 2 }",
    );
    let stack = load(&text, "prod").unwrap();
    assert_eq!(stack.training.hyperparameters["epochs"], "9");
    assert_eq!(stack.training.hyperparameters["name"], "x y");
    let capacity = |stack: Stack| match stack.endpoint.capacity {
        Capacity::Instances(capacity) => capacity,
        Capacity::Serverless(_) => panic!("serverless"),
    };
    let prod = capacity(stack);
    assert_eq!(
        (prod.count, prod.instances),
        (2, vec!["ml.m5.large".to_owned()])
    );
    assert_eq!(capacity(load(&text, "local").unwrap()).count, 1);
}

#[test]
fn fields_of_an_environment_do_not_belong_in_the_stack_nor_the_other_way_round() {
    let text = changed("tags: { team: a }", "protected: true");
    assert!(
        load(&text, "prod")
            .unwrap_err()
            .to_string()
            .contains("belongs in an environment")
    );
    let text = changed("    protected: true", "    stack: other");
    assert!(
        load(&text, "prod")
            .unwrap_err()
            .to_string()
            .contains("cannot change `stack`")
    );
}

#[test]
fn names_are_checked_after_composition() {
    let text = changed("stack: news", &format!("stack: {}", "n".repeat(40)));
    let error = load(&text, "prod").unwrap_err().to_string();
    assert!(error.contains("over the limit of 63"), "{error}");
}

#[test]
fn all_environments_share_a_mistake_only_once() {
    let (_folder, file) = project(&changed("handler: app.handler", "handler: app"));
    let problems = StackFile::read(&file).unwrap().all().unwrap_err();
    assert_eq!(problems.list().len(), 1, "{problems}");
    let (_folder, file) = project(GOOD);
    assert_eq!(StackFile::read(&file).unwrap().all().unwrap().len(), 2);
}

#[test]
fn files_that_are_no_stack_are_refused() {
    for (text, expected) in [
        ("", "is a map"),
        ("- a\n", "is a map"),
        ("stack: x\n", "no environments"),
        ("stack: x\nenvironments: {}\n", "`environments` is empty"),
        ("stack: x\nenvironments: [a]\n", "must be a map"),
        (
            "stack: x\nenvironments: { A: { target: local } }\n",
            "no name for an environment",
        ),
        ("stack: x\nenvironments: { a: local }\n", "must be a map"),
        ("stack: [\n", "not valid YAML"),
    ] {
        let (_folder, file) = project(text);
        let read = StackFile::read(&file).and_then(|file| file.all());
        let error = read.map(|_| ()).unwrap_err().to_string();
        assert!(error.contains(expected), "{text:?}: {error}");
    }
    let missing = StackFile::read(Path::new("/nonexistent/stack.yaml")).unwrap_err();
    assert!(
        missing.to_string().contains("cannot read the stack file"),
        "{missing}"
    );
}

#[test]
fn the_content_digest_ignores_comments_and_other_environments() {
    let digest = |text: &str| load(text, "prod").unwrap().content_digest;
    let original = digest(GOOD);
    assert_eq!(original, digest(&changed("tags:", "# why\ntags:")));
    let local = changed("target: local,", "target: local, logs: { retention: 7d },");
    assert_eq!(original, digest(&local));
    assert_ne!(original, digest(&changed("team: a", "team: b")));
}

#[test]
fn null_in_an_environment_removes_what_the_stack_says() {
    let text = changed("tags: { team: a }", "alarms: {}\nnotebook: {}");
    let text = text.replace(
        "    protected: true",
        "    alarms: null\n    training: { hyperparameters: { epochs: null } }",
    );
    let stack = load(&text, "prod").unwrap();
    assert!(stack.alarms.is_none() && stack.notebook.is_some());
    assert!(!stack.training.hyperparameters.contains_key("epochs"));
    let local = load(&text, "local").unwrap();
    assert!(local.alarms.is_some());
    let empty = text.replace("alarms: null", "alarms:");
    let error = load(&empty, "prod").unwrap_err().to_string();
    assert!(error.contains("write `null` to remove"), "{error}");
    let above = changed("tags: { team: a }", "alarms: null");
    let error = load(&above, "prod").unwrap_err().to_string();
    assert!(error.contains("`alarms` has no value"), "{error}");
}

#[test]
fn a_mistake_of_shape_hides_no_mistake_of_other_sections_and_environments() {
    let text = changed(
        "tags: { team: a }",
        "logs: { retention: 31d }\napi: { throttle: 5 }",
    )
    .replace("ml.g4dn.xlarge", "ml.g4dn.xlrge")
    .replace(
        "target: local,",
        "target: local, protectd: true, alarms: { window: 90s },",
    )
    .replace("app.handler }", "app.handler, memry: 1 GiB, timeout: 90s }");
    let (_folder, file) = project(&text);
    let problems = StackFile::read(&file).unwrap().all().unwrap_err();
    let told = problems.to_string();
    for expected in [
        "`31d`",
        "`throttle` must be a map",
        "ml.g4dn.xlrge",
        "unknown field `protectd`",
        "whole minutes",
        "unknown field `memry`",
        "`1s` to `29s`",
    ] {
        assert!(told.contains(expected), "{expected} is not in:\n{told}");
    }
    assert_eq!(problems.list().len(), 7, "{told}");
}

#[test]
fn a_ring_of_promotions_is_told_at_each_of_its_environments() {
    let text = changed("    protected: true", "    promotes_from: stage")
        + "  stage: { target: { account: \"111122223333\", region: eu-west-1 }, promotes_from: prod }\n  late: { target: { account: \"111122223333\", region: eu-west-1 }, promotes_from: prod }\n";
    let (_folder, file) = project(&text);
    let problems = StackFile::read(&file).unwrap().all().unwrap_err();
    assert_eq!(problems.list().len(), 2, "{problems}");
    assert!(
        problems.to_string().contains("prod from stage from prod"),
        "{problems}"
    );
    let text = text.replace("promotes_from: prod }\n  late", "protected: true }\n  late");
    let stack = load(&text, "prod").unwrap();
    assert_eq!(stack.promotion.unwrap().from.as_str(), "stage");
}

/// The promotion of the good stack's `prod`, written so, from a data set with a format.
fn promotion(text: &str) -> Result<Promotion, Problems> {
    let text = changed(
        "    protected: true",
        &format!("    promotes_from: local\n    promotion: {text}"),
    );
    let format = "rows.csv, format: { columns: [a, b], text: a, label: b, classes: [x, y] } }";
    let text = text.replacen("rows.csv }", format, 1);
    load(&text, "prod").map(|stack| stack.promotion.unwrap())
}

#[test]
fn a_promotion_has_defaults_and_the_gates_of_the_training() {
    let gated = |own: &str| {
        let gates =
            "ml.g4dn.xlarge\n  gates: { loss: \"< 2\", regression: \"<= 0.1 against serving\" }";
        let text = changed("ml.g4dn.xlarge", gates).replace(
            "    protected: true",
            &format!("    promotes_from: local\n    promotion: {own}"),
        );
        load(&text, "prod").unwrap().promotion.unwrap()
    };
    let plain = gated("{}");
    assert_eq!(plain.gates[0].to_string(), "loss < 2");
    assert_eq!(plain.regression, Some(0.1));
    assert_eq!((plain.bake.seconds(), plain.max_age), (0, None));
    assert_eq!(
        (plain.holdout, plain.load, plain.approvals),
        (None, None, None)
    );
    let own = gated("{ gates: { loss: \"< 1\" } }");
    assert_eq!((own.gates[0].threshold, own.regression), (1.0, None));

    let full = promotion(
        "{ load: { p95: 500ms }, approvals: { ci: true }, holdout: { file: rows.csv, labels: { x: Xs }, accuracy: \">= 0.9\" } }",
    )
    .unwrap();
    let probe = full.load.unwrap();
    assert_eq!((probe.connections, probe.duration.seconds()), (4, 20));
    assert_eq!(probe.percentiles[&95].milliseconds(), 500);
    assert_eq!(probe.errors_percent, 0);
    let approvals = full.approvals.unwrap();
    assert_eq!((approvals.needed, approvals.ci), (1, true));
    let holdout = full.holdout.unwrap();
    assert_eq!((holdout.limit, holdout.labels["x"].as_str()), (1000, "Xs"));
    assert_eq!(holdout.accuracy, Some((Comparison::AtLeast, 0.9)));
    assert_eq!((holdout.macro_f1, holdout.format.text), (None, 0));
}

#[test]
fn a_holdout_that_asks_nothing_or_no_condition_is_told_at_its_place() {
    for (text, place, summary) in [
        (
            "{ holdout: { file: rows.csv } }",
            "holdout",
            "nothing is asked of the answers",
        ),
        (
            "{ holdout: { file: rows.csv, macro_f1: \"0.9\" } }",
            "\"0.9\"",
            "no condition of a gate",
        ),
    ] {
        let problems = promotion(text).unwrap_err();
        let [problem] = problems.list() else {
            panic!("{problems}")
        };
        assert_eq!(underlined(&problems, problem), place, "{problems}");
        assert!(problem.summary.contains(summary), "{problems}");
    }
}

#[test]
fn files_in_other_encodings_and_huge_ones_are_refused() {
    let read = |bytes: &[u8]| {
        let (_folder, file) = project("");
        fs::write(&file, bytes).unwrap();
        StackFile::read(&file).map(|_| ()).unwrap_err().to_string()
    };
    let latin = read(b"stack: x\ntags: { a: \"\xe9\" }\n");
    assert!(
        latin.contains("not UTF-8") && latin.contains("line 2"),
        "{latin}"
    );
    let marked = read("\u{feff}stack: x\n".as_bytes());
    assert!(
        marked.contains("byte order mark") && marked.contains(":1:1"),
        "{marked}"
    );
    let wide: Vec<u8> = "stack: x\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let mut utf16 = vec![0xff, 0xfe];
    utf16.extend(wide);
    assert!(read(&utf16).contains("not UTF-8"));
    let (_folder, file) = project("");
    let huge = fs::File::create(&file).unwrap();
    huge.set_len(10 << 20).unwrap();
    let error = StackFile::read(&file).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("10485760 bytes"), "{error}");
}

/// Every field that has a default: its path, and the default.
fn defaults(
    schema: &serde_json::Value,
    path: &[String],
    out: &mut Vec<(Vec<String>, serde_json::Value)>,
) {
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let mut inner = path.to_vec();
        inner.push(name.clone());
        if let Some(default) = field.get("default").filter(|default| !default.is_null()) {
            out.push((inner.clone(), default.clone()));
        }
        defaults(field, &inner, out);
    }
}

/// What the schema says is the default must be what is taken where a field is left out.
#[test]
fn the_defaults_of_the_schema_are_those_of_the_parser() {
    let instances = changed(
        "tags: { team: a }",
        "batch: { instance: ml.m5.xlarge }\nnotebook: {}\nalarms: {}\nchecks: {}\nlogs: {}\n\
         api: { cors: { origins: [\"*\"] }, throttle: {} }",
    )
    .replace(
        "  instance: ml.m5.large",
        "  instance: ml.m5.large\n  encryption: {}\n  \
         autoscaling: { min: 1, max: 2, invocations_per_instance: 9 }",
    )
    .replace(
        "ml.g4dn.xlarge",
        "ml.g4dn.xlarge\n  network: {}\n  encryption: {}",
    );
    let serverless = changed("instance: ml.m5.large", "serverless: {}");
    let mut all = Vec::new();
    defaults(&MERGED, &[], &mut all);
    let mut tried = std::collections::BTreeSet::new();
    for base in [instances, serverless] {
        let (_folder, file) = project(&base);
        let read = |value: &serde_json::Value| {
            fs::write(&file, value.to_string()).unwrap();
            let stack = StackFile::read(&file).and_then(|file| file.environment("prod"));
            let mut stack = stack.unwrap_or_else(|problems| panic!("{problems}"));
            stack.content_digest.clear();
            stack
        };
        let before = value(&base);
        let expected = read(&before);
        for (path, default) in &all {
            let (last, parents) = path.split_last().unwrap();
            let pointer: String = parents.iter().flat_map(|step| ["/", step]).collect();
            let mut changed = before.clone();
            let parent = if parents.is_empty() && matches!(last.as_str(), "protected" | "local") {
                changed.pointer_mut("/environments/prod")
            } else {
                changed.pointer_mut(&pointer)
            };
            let Some(serde_json::Value::Object(map)) = parent else {
                continue;
            };
            // The number to start with is the smallest where the number follows the load.
            let other = map.contains_key(last)
                || (last == "rollout" || last == "count") && map.contains_key("serverless");
            if other {
                continue;
            }
            map.insert(last.clone(), default.clone());
            assert_eq!(read(&changed), expected, "{path:?}");
            tried.insert(path.join("."));
        }
    }
    assert!(tried.len() > 35, "{}: {tried:?}", tried.len());
}
