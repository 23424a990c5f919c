//! The `/opt/ml` folder tree of a training job and its process, as the container contract has them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::hosts::Host;
use super::request::{Channel, TrainingRequest};
use super::toolkit::Toolkit;
use crate::local::runner::Launch;

/// The folders of one job.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    root: PathBuf,
}

impl Layout {
    /// Names the folders below `root`; nothing is made yet.
    pub(super) fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// The folders of one instance. Those of the first are the job's own; the others' lie in them.
    pub(super) fn of(&self, host: &Host) -> Self {
        match host.number {
            1 => self.clone(),
            _ => Self::new(self.root.join(host.name())),
        }
    }

    /// Makes the empty folders of an instance, removing what a killed engine left, and writes the
    /// configuration files.
    pub(super) fn make(&self, request: &TrainingRequest, host: &Host) -> io::Result<()> {
        self.remove()?;
        let folders = ["input/config", "input/data", "model", "output/data", "code"];
        for folder in folders {
            fs::create_dir_all(self.ml().join(folder))?;
        }
        let mirror = request.mirror();
        let checkpoints = mirror.map_or_else(|| "checkpoints".into(), |mirror| mirror.folder);
        fs::create_dir_all(self.mirrored(&checkpoints))?;
        fs::create_dir_all(self.root.join("tmp"))?;
        fs::create_dir_all(self.root.join("home"))?;
        for channel in &request.input_data_config {
            fs::create_dir_all(self.channel(channel))?;
        }
        let config = self.ml().join("input/config");
        let write = |name: &str, value: &Value| fs::write(config.join(name), value.to_string());
        write("hyperparameters.json", &json!(request.hyper_parameters))?;
        write("inputdataconfig.json", &channels(request))?;
        let instance = request.resource_config.instance_type();
        write("resourceconfig.json", &host.resources(instance))
    }

    /// Removes the job's folders.
    pub(super) fn remove(&self) -> io::Result<()> {
        match fs::remove_dir_all(&self.root) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Returns what stands for `/opt/ml`.
    pub(super) fn ml(&self) -> PathBuf {
        self.root.join("ml")
    }

    /// Returns the folder of a channel's data.
    pub(super) fn channel(&self, channel: &Channel) -> PathBuf {
        self.ml().join("input/data").join(&channel.name)
    }

    /// Returns a folder that is kept the same in the store.
    pub(super) fn mirrored(&self, folder: &Path) -> PathBuf {
        self.ml().join(folder)
    }

    /// Returns the folder that the toolkit unpacks the code into.
    pub(super) fn code(&self) -> PathBuf {
        self.ml().join("code")
    }

    /// Returns a path for an archive on its way to the store.
    pub(super) fn archive(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Returns what to run. The environment's own programs come first on the path, then plain ones.
    pub(super) fn launch(
        &self,
        request: &TrainingRequest,
        arn: &str,
        python: &Path,
        platform: &[(String, String)],
        (host, toolkit): (&Host, Option<&Toolkit>),
    ) -> Launch {
        let mut environment = [platform, &host.variables()].concat();
        let mut set = |key: &str, value: String| environment.push((key.to_owned(), value));
        let bin = python.parent().unwrap_or_else(|| Path::new("/usr/bin"));
        set(
            "PATH",
            format!("{}:/usr/local/bin:/usr/bin:/bin", bin.display()),
        );
        set("HOME", self.root.join("home").display().to_string());
        set("TMPDIR", self.root.join("tmp").display().to_string());
        set("PYTHONUNBUFFERED", "1".to_owned());
        // What the request asks for wins over all but the contract's own variables.
        environment.extend(request.environment.clone());
        let mut set = |key: &str, value: String| environment.push((key.to_owned(), value));
        set("SAGEMAKER_BASE_DIR", self.ml().display().to_string());
        set("TRAINING_JOB_NAME", request.training_job_name.clone());
        set("TRAINING_JOB_ARN", arn.to_owned());
        let algorithm = &request.algorithm_specification;
        let words = match toolkit {
            Some(toolkit) => {
                environment.extend(toolkit.variables(request, host, &self.ml()));
                toolkit.command()
            }
            None => algorithm.container_entrypoint.clone(),
        };
        let mut words = words
            .into_iter()
            .chain(algorithm.container_arguments.clone());
        Launch {
            program: words.next().map(PathBuf::from).unwrap_or_default(),
            arguments: words.collect(),
            environment,
            folder: self.ml(),
        }
    }
}

fn channels(request: &TrainingRequest) -> Value {
    let mut all = Map::new();
    for channel in &request.input_data_config {
        let source = &channel.data_source.s3_data_source;
        let distribution = source.distribution.as_deref();
        let mut entry = json!({
            "TrainingInputMode": "File",
            "S3DistributionType": distribution.unwrap_or("FullyReplicated"),
            "RecordWrapperType": "None",
        });
        if let Some(kind) = &channel.content_type {
            entry["ContentType"] = kind.as_str().into();
        }
        all.insert(channel.name.clone(), entry);
    }
    Value::Object(all)
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::training_request;
    use super::*;

    #[test]
    fn the_folders_follow_the_contract_and_start_empty() {
        let root = tempfile::tempdir().unwrap();
        let layout = Layout::new(root.path().join("job"));
        let request = TrainingRequest::read(&training_request("job", "true")).unwrap();
        layout.make(&request, &Host::only()).unwrap();
        fs::write(layout.ml().join("model/left-over"), "x").unwrap();
        layout.make(&request, &Host::only()).unwrap();
        assert!(!layout.ml().join("model/left-over").exists());
        let read = |name: &str| -> Value {
            let path = layout.ml().join("input/config").join(name);
            serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
        };
        assert_eq!(read("hyperparameters.json"), json!({ "epochs": "1" }));
        assert_eq!(
            read("inputdataconfig.json")["train"]["TrainingInputMode"],
            "File"
        );
        assert_eq!(read("resourceconfig.json")["hosts"], json!(["algo-1"]));
    }

    #[test]
    fn the_request_cannot_move_the_base_folder() {
        let mut input = training_request("job", "true");
        input["Environment"] = json!({ "SAGEMAKER_BASE_DIR": "/opt/ml", "LANG": "de_DE" });
        let request = TrainingRequest::read(&input).unwrap();
        let layout = Layout::new("/srv/job".into());
        let launch = layout.launch(
            &request,
            "arn",
            Path::new("/env/bin/python"),
            &[],
            (&Host::only(), None),
        );
        let last = |key: &str| {
            let found = launch
                .environment
                .iter()
                .rev()
                .find(|(name, _)| name == key);
            found.unwrap().1.as_str()
        };
        assert_eq!(last("SAGEMAKER_BASE_DIR"), "/srv/job/ml");
        assert_eq!(last("LANG"), "de_DE");
        assert!(last("PATH").starts_with("/env/bin:"));
        assert_eq!(launch.program, Path::new("/bin/sh"));
    }
}
