//! What the tests of SageMaker stand on: a service over a folder, with a plain folder as its store.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};
use tokio::sync::watch as signal;

use super::{Alarms, LogSink, ObjectStore, Roles, SageMaker, SageMakerParts, StoreFault, archive};
use crate::local::clock::Clock;
use crate::local::metrics::Metrics;
use crate::local::runner::{Python, PythonSpec};
use crate::local::script::{Script, Stage};
use crate::local::wire::ApiError;

pub(super) const REGION: &str = "us-east-1";
pub(super) const ROLE: &str = "arn:aws:iam::000000000000:role/r";

/// Objects as files `<folder>/<bucket>/<key>`.
pub(super) struct Folder(pub(super) PathBuf);

#[async_trait]
impl ObjectStore for Folder {
    async fn has_prefix(&self, bucket: &str, prefix: &str) -> Result<bool, StoreFault> {
        Ok(self.0.join(bucket).join(prefix).exists())
    }

    async fn download_prefix(
        &self,
        bucket: &str,
        prefix: &str,
        into: &Path,
    ) -> Result<usize, StoreFault> {
        Ok(copy_tree(&self.0.join(bucket).join(prefix), into))
    }

    async fn get_to_file(&self, bucket: &str, key: &str, to: &Path) -> Result<(), StoreFault> {
        let copied = fs::copy(self.0.join(bucket).join(key), to);
        copied
            .map(|_| ())
            .map_err(|_| StoreFault::Missing("The specified key does not exist.".into()))
    }

    async fn put_file(&self, bucket: &str, key: &str, from: &Path) -> Result<(), StoreFault> {
        let path = self.0.join(bucket).join(key);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::copy(from, path).unwrap();
        Ok(())
    }

    async fn delete(&self, bucket: &str, key: &str) -> Result<(), StoreFault> {
        match fs::remove_file(self.0.join(bucket).join(key)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(StoreFault::Failed(error.to_string()))
            }
            _ => Ok(()),
        }
    }
}

/// Copies the files of a folder that may not be there, and returns how many there were.
fn copy_tree(from: &Path, into: &Path) -> usize {
    let Ok(entries) = fs::read_dir(from) else {
        return 0;
    };
    fs::create_dir_all(into).unwrap();
    let copied = entries.map(|entry| {
        let entry = entry.unwrap();
        let to = into.join(entry.file_name());
        if entry.path().is_dir() {
            return copy_tree(&entry.path(), &to);
        }
        fs::copy(entry.path(), to).unwrap();
        1
    });
    copied.sum()
}

/// Log messages by `<group> <stream>`.
#[derive(Default)]
pub(super) struct Logs(Mutex<BTreeMap<String, Vec<String>>>);

impl LogSink for Logs {
    fn put(&self, group: &str, stream: &str, messages: &[String]) -> io::Result<()> {
        let mut all = self.0.lock().unwrap();
        all.entry(format!("{group} {stream}"))
            .or_default()
            .extend_from_slice(messages);
        Ok(())
    }
}

impl Logs {
    /// All messages of the streams whose `<group> <stream>` starts so.
    pub(super) fn under(&self, start: &str) -> String {
        let all = self.0.lock().unwrap();
        let found = all.iter().filter(|(name, _)| name.starts_with(start));
        found
            .flat_map(|(_, lines)| lines.clone())
            .collect::<Vec<_>>()
            .join("\n")
    }
}

struct OneRole;

impl Roles for OneRole {
    fn role_exists(&self, arn: &str) -> bool {
        arn == ROLE
    }
}

/// Alarms by name, as tests have them ring.
#[derive(Default)]
pub(super) struct Bells {
    ringing: Mutex<BTreeSet<String>>,
    changed: signal::Sender<()>,
}

impl Bells {
    /// Has an alarm ring from now on.
    pub(super) fn ring(&self, name: &str) {
        self.ringing.lock().unwrap().insert(name.to_owned());
        self.changed.send_replace(());
    }
}

impl Alarms for Bells {
    fn rings(&self, _region: &str, name: &str) -> bool {
        self.ringing.lock().unwrap().contains(name)
    }

    fn changes(&self) -> signal::Receiver<()> {
        self.changed.subscribe()
    }
}

/// A service, its folder and its logs.
pub(super) struct Bed {
    pub(super) service: Arc<SageMaker>,
    pub(super) folder: PathBuf,
    pub(super) logs: Arc<Logs>,
    pub(super) bells: Arc<Bells>,
    _root: Option<tempfile::TempDir>,
}

impl Bed {
    pub(super) fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let bed = Self::over(root.path());
        fs::create_dir_all(bed.object("data/train")).unwrap();
        fs::write(bed.object("data/train/rows.csv"), "a,b\n").unwrap();
        Self {
            _root: Some(root),
            ..bed
        }
    }

    /// A service without processes, where this is played.
    pub(super) fn scripted(script: Script) -> Self {
        let root = tempfile::tempdir().unwrap();
        let bed = Self::open(root.path(), Some(Arc::new(Stage::new(script))));
        fs::create_dir_all(bed.object("data/train")).unwrap();
        Self {
            _root: Some(root),
            ..bed
        }
    }

    /// A service without processes over a folder that an earlier one has used.
    pub(super) fn scripted_over(folder: &Path, script: Script) -> Self {
        Self::open(folder, Some(Arc::new(Stage::new(script))))
    }

    /// A service over a folder that an earlier one may have used.
    pub(super) fn over(folder: &Path) -> Self {
        Self::open(folder, None)
    }

    fn open(folder: &Path, script: Option<Arc<Stage>>) -> Self {
        let logs = Arc::new(Logs::default());
        let spec = PythonSpec::Interpreter(python());
        let (clock, bells) = (Clock::start(), Arc::new(Bells::default()));
        let service = SageMaker::open(SageMakerParts {
            folder: folder.to_owned(),
            account: "000000000000".to_owned(),
            clock,
            store: Arc::new(Folder(folder.join("store"))),
            logs: Arc::clone(&logs) as _,
            roles: Arc::new(OneRole),
            alarms: Arc::clone(&bells) as _,
            metrics: Arc::new(Metrics::new(clock)),
            python: Arc::new(Python::new(Some(spec), folder.join("cache"))),
            environment: vec![("AWS_ENDPOINT_URL".into(), "http://127.0.0.1:4599".into())],
            script,
        });
        let service = service.unwrap();
        service.resume().unwrap();
        Self {
            service,
            folder: folder.to_owned(),
            logs,
            bells,
            _root: None,
        }
    }

    pub(super) fn object(&self, key: &str) -> PathBuf {
        self.folder.join("store/bucket").join(key)
    }

    pub(super) async fn call(&self, operation: &str, input: Value) -> Result<Value, ApiError> {
        self.service.operate(operation, REGION, &input).await
    }

    /// Describes a thing until `member` has one of the values.
    pub(super) async fn until(
        &self,
        operation: &str,
        name: Value,
        member: &str,
        values: &[&str],
    ) -> Value {
        for _ in 0..2000 {
            let answer = self.call(operation, name.clone()).await.unwrap();
            if values.contains(&answer[member].as_str().unwrap_or_default()) {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{member} of {name} never became one of {values:?}");
    }

    /// Stores a model archive with this `inference.py`.
    pub(super) fn model(&self, key: &str, inference: &str) {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("code")).unwrap();
        fs::write(folder.path().join("code/inference.py"), inference).unwrap();
        let path = self.object(key);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        archive::pack(folder.path(), &path).unwrap();
    }
}

/// The interpreter of the system.
pub(super) fn python() -> PathBuf {
    let output = std::process::Command::new("python3")
        .args(["-c", "import sys; print(sys.executable)"])
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap().trim().into()
}

/// A request for a job that runs a shell script.
pub(super) fn training_request(name: &str, script: &str) -> Value {
    json!({
        "TrainingJobName": name,
        "AlgorithmSpecification": {
            "TrainingImage": "local/training:1",
            "TrainingInputMode": "File",
            "ContainerEntrypoint": ["/bin/sh"],
            "ContainerArguments": ["-c", script],
            "MetricDefinitions": [{ "Name": "loss", "Regex": "loss=([0-9.]+)" }],
        },
        "RoleArn": ROLE,
        "HyperParameters": { "epochs": "1" },
        "InputDataConfig": [{
            "ChannelName": "train",
            "DataSource": { "S3DataSource": {
                "S3DataType": "S3Prefix",
                "S3Uri": "s3://bucket/data/train",
            } },
        }],
        "OutputDataConfig": { "S3OutputPath": "s3://bucket/out" },
        "ResourceConfig": { "InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30 },
        "StoppingCondition": { "MaxRuntimeInSeconds": 60 },
    })
}
