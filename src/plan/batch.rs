//! A batch: what decides its answers, the name that follows from it, its objects, and the request that asks
//! for it. Pure.

use std::collections::BTreeMap;

use serde_json::Value;

use super::desired::Deployment;
use crate::bundle::Digest;
use crate::cloud::transform::{TransformRequest, TransformState, violations};
use crate::render;

/// Attempts at one batch that are looked at.
pub const ATTEMPTS: u32 = 50;

/// Why the template does not give a request that can be sent.
#[derive(Debug, thiserror::Error)]
pub enum BatchFault {
    /// It is no request.
    #[error("the rendered batch request cannot be sent: {0}")]
    Malformed(String),
    /// The service would refuse it, or it would not read and write what `deploy batch` does.
    #[error("the rendered batch request does not fit: {}", .0.join("; "))]
    Unfit(Vec<String>),
}

/// What is to be classified, by what.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// The environment.
    pub deployment: Deployment,
    /// The rendered request, with placeholders for what is known only when it is sent.
    pub request: Value,
    /// Digest over the texts and where they come from.
    pub texts: Digest,
}

impl Batch {
    /// Name of the job, the `attempt`th time (from 1): the same texts, request and model give the same
    /// name, so that nothing is paid for twice.
    pub fn job_name(&self, model: &str, attempt: u32) -> String {
        let content = format!("{}\n{}\n{model}", self.texts, self.request);
        let digest = Digest::of_bytes(content.as_bytes());
        let name = self.deployment.names.transform_job(digest.as_str());
        if attempt <= 1 {
            name
        } else {
            format!("{name}-r{attempt}")
        }
    }

    /// Fills the rendered request's placeholders.
    ///
    /// # Errors
    /// It is no request, or none that can be sent.
    pub fn filled(&self, job: &str, model: &str) -> Result<TransformRequest, BatchFault> {
        let places = Places::of(&self.deployment, job);
        let values = BTreeMap::from([
            ("TransformJobName", job.to_owned()),
            ("ModelName", model.to_owned()),
            ("BucketName", places.bucket.clone()),
        ]);
        let malformed = |error: String| BatchFault::Malformed(error);
        let filled = render::substitute(&self.request, &values)
            .map_err(|error| malformed(error.to_string()))?;
        let request: TransformRequest =
            serde_json::from_value(filled).map_err(|error| malformed(error.to_string()))?;
        let mut wrong = violations(&request);
        wrong.extend(strangers(&request, &places));
        if wrong.is_empty() {
            Ok(request)
        } else {
            Err(BatchFault::Unfit(wrong))
        }
    }

    /// Holds the request against the limits before anything is uploaded.
    ///
    /// # Errors
    /// Like [`Batch::filled`].
    pub fn examine(&self) -> Result<(), BatchFault> {
        self.filled(&self.job_name("model", ATTEMPTS), "model")
            .map(|_| ())
    }
}

/// What in a request is not as preparing and joining have it.
fn strangers(request: &TransformRequest, places: &Places) -> Vec<String> {
    let (input, output) = (&request.transform_input, &request.transform_output);
    let reads = format!("s3://{}/{}", places.bucket, places.requests);
    let writes = format!("s3://{}/{}", places.bucket, places.answers);
    let line = Some("Line");
    let rules = [
        (
            input.data_source.s3_data_source.s3_uri == reads,
            format!("S3Uri must be {reads}"),
        ),
        (
            output.s3_output_path.trim_end_matches('/') == writes.trim_end_matches('/'),
            format!("S3OutputPath must be {writes}"),
        ),
        (
            input.split_type.as_deref() == line,
            "SplitType must be Line".to_owned(),
        ),
        (
            output.assemble_with.as_deref() == line,
            "AssembleWith must be Line".to_owned(),
        ),
    ];
    let broken = rules.into_iter().filter(|(holds, _)| !holds);
    broken.map(|(_, text)| text).collect()
}

/// Where the objects of a job are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// The bucket.
    pub bucket: String,
    /// What the keys of the requests begin with.
    pub requests: String,
    /// What the keys of the answers begin with.
    pub answers: String,
    /// What the keys of the indexes begin with.
    pub indexes: String,
}

impl Places {
    /// The places of a job.
    pub fn of(deployment: &Deployment, job: &str) -> Self {
        Self {
            bucket: deployment.names.bucket.clone(),
            requests: format!("batch/in/{job}/"),
            answers: format!("batch/out/{job}/"),
            indexes: format!("batch/index/{job}/"),
        }
    }

    /// Key of a shard's requests.
    pub fn request(&self, shard: &str) -> String {
        format!("{}{shard}.jsonl", self.requests)
    }

    /// Key of a shard's index.
    pub fn index(&self, shard: &str) -> String {
        format!("{}{shard}.index", self.indexes)
    }

    /// Name of the shard whose requests are under a key.
    pub fn shard<'a>(&self, key: &'a str) -> Option<&'a str> {
        key.strip_prefix(&self.requests)?.strip_suffix(".jsonl")
    }

    /// Key of a shard's answers.
    pub fn answer(&self, shard: &str) -> String {
        format!("{}{shard}.jsonl.out", self.answers)
    }
}

/// What is to be done for a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Course {
    /// A job has to be begun, under this name; the attempt before, if there was one, came to this.
    Begin {
        /// Its name.
        job: String,
        /// The attempt before it.
        after: Option<TransformState>,
    },
    /// A job of it runs, or is done.
    Take(TransformState),
}

/// Decides by the attempts so far, the first one first. One that failed or was stopped is made again: whoever
/// runs the command again asks for that.
pub fn course(batch: &Batch, model: &str, attempts: &[TransformState]) -> Course {
    use crate::cloud::transform::TransformPhase::{Completed, InProgress, Stopping};
    match attempts.last() {
        Some(last) if matches!(last.phase, InProgress | Stopping | Completed) => {
            Course::Take(last.clone())
        }
        last => Course::Begin {
            job: batch.job_name(
                model,
                u32::try_from(attempts.len()).unwrap_or(u32::MAX - 1) + 1,
            ),
            after: last.cloned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cloud::transform::TransformPhase;
    use crate::render::Library;
    use crate::stack::StackFile;

    const STACK: &str = r#"
stack: news
data: { file: rows.csv }
training:
  code: code
  entry_point: train.py
  image: { pytorch: "2.8.0", transformers: "4.56.2" }
  instance: ml.g4dn.xlarge
  volume: 50 GiB
  max_run: 1h
  hyperparameters: { epochs: 2 }
  metrics: { loss: 'loss=([0-9.]+)' }
endpoint: { image: { pytorch: "2.6.0", transformers: "5.5.3" }, instance: ml.m5.large }
function: { code: code, handler: app.handler }
batch: { instance: ml.m5.xlarge, count: 2, strategy: multi-record, max_concurrency: 4 }
environments:
  staging: { target: { account: "111122223333", region: eu-west-1 } }
"#;

    fn batch() -> Batch {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir(at("code")).unwrap();
        std::fs::write(at("rows.csv"), "id,title\n").unwrap();
        std::fs::write(at("code/train.py"), "").unwrap();
        std::fs::write(at("code/app.py"), "").unwrap();
        std::fs::write(at("stack.yaml"), STACK).unwrap();
        let file =
            StackFile::read(&at("stack.yaml")).unwrap_or_else(|problems| panic!("{problems}"));
        let stack = file
            .environment("staging")
            .unwrap_or_else(|problems| panic!("{problems}"));
        let rendered = render::render(&stack, &Library::builtin()).unwrap();
        Batch {
            deployment: Deployment::of(&stack),
            request: rendered.transform_job.unwrap().value().clone(),
            texts: Digest::of_bytes(b"texts"),
        }
    }

    #[test]
    fn the_rendered_request_is_sent_as_the_stack_asks() {
        let batch = batch();
        let job = batch.job_name("model", 2);
        assert!(
            job.starts_with("news-staging-") && job.ends_with("-r2"),
            "{job}"
        );
        assert!(batch.deployment.scope().transform_job(&job));
        let request = batch.filled(&job, "model").unwrap();
        assert_eq!(request.transform_resources.instance_count, 2);
        assert_eq!(request.batch_strategy.as_deref(), Some("MultiRecord"));
        assert_eq!(request.max_concurrent_transforms, Some(4));
        assert!(batch.examine().is_ok());
        let places = Places::of(&batch.deployment, &job);
        assert_eq!(
            places.shard(&places.request("part-00001")),
            Some("part-00001")
        );
        assert!(
            places
                .answer("p")
                .ends_with(&format!("batch/out/{job}/p.jsonl.out"))
        );
    }

    #[test]
    fn a_template_that_reads_or_writes_elsewhere_is_refused() {
        for (pointer, value, says) in [
            (
                "/TransformInput/DataSource/S3DataSource/S3Uri",
                json!("s3://${deploy:BucketName}/x/"),
                "S3Uri must be",
            ),
            (
                "/TransformOutput/S3OutputPath",
                json!("s3://other/x"),
                "S3OutputPath must be",
            ),
            (
                "/TransformInput/SplitType",
                json!("None"),
                "SplitType must be Line",
            ),
            (
                "/TransformOutput/AssembleWith",
                json!("None"),
                "AssembleWith must be Line",
            ),
            ("/MaxPayloadInMB", json!(101), "MaxPayloadInMB is 101"),
            (
                "/TransformResources/InstanceCount",
                json!("two"),
                "cannot be sent",
            ),
        ] {
            let mut batch = batch();
            *batch.request.pointer_mut(pointer).unwrap() = value;
            let error = batch.examine().unwrap_err().to_string();
            assert!(error.contains(says), "{pointer}: {error}");
        }
    }

    #[test]
    fn another_model_request_or_input_is_another_job() {
        let one = batch();
        let name = one.job_name("model", 1);
        assert_eq!(batch().job_name("model", 1), name);
        assert_ne!(one.job_name("other", 1), name);
        let mut other = batch();
        other.texts = Digest::of_bytes(b"others");
        assert_ne!(other.job_name("model", 1), name);
        let mut other = batch();
        other.request["TransformResources"]["InstanceCount"] = json!(3);
        assert_ne!(other.job_name("model", 1), name);
    }

    #[test]
    fn what_runs_or_is_done_is_taken_and_what_failed_is_made_again() {
        let batch = batch();
        let job = |phase| TransformState {
            name: "job".into(),
            phase,
            failure_reason: None,
            created: None,
            ended: None,
        };
        let begun = course(&batch, "m", &[]);
        assert_eq!(
            begun,
            Course::Begin {
                job: batch.job_name("m", 1),
                after: None
            }
        );
        for phase in [
            TransformPhase::InProgress,
            TransformPhase::Completed,
            TransformPhase::Stopping,
        ] {
            assert_eq!(
                course(&batch, "m", &[job(TransformPhase::Failed), job(phase)]),
                Course::Take(job(phase))
            );
        }
        for phase in [TransformPhase::Failed, TransformPhase::Stopped] {
            let Course::Begin { job, after } = course(&batch, "m", &[job(phase)]) else {
                panic!("{phase:?}")
            };
            assert_eq!((job, after.unwrap().phase), (batch.job_name("m", 2), phase));
        }
    }
}
