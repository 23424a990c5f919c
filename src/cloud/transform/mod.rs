//! Batch transform jobs: a model's answers to files in S3.

mod limits;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::CloudFault;
use super::training::Tag;

pub use limits::violations;

/// A rendered `CreateTransformJob` request, in the field names of the SageMaker API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct TransformRequest {
    /// Name, at most 63 characters.
    pub transform_job_name: String,
    /// The model that answers.
    pub model_name: String,
    /// What is asked.
    pub transform_input: TransformInput,
    /// Where the answers go.
    pub transform_output: TransformOutput,
    /// Instances.
    pub transform_resources: TransformResources,
    /// `SingleRecord` or `MultiRecord`.
    pub batch_strategy: Option<String>,
    /// The largest body of one request to the container.
    #[serde(rename = "MaxPayloadInMB")]
    pub max_payload_in_mb: Option<i32>,
    /// Requests to one container at once.
    pub max_concurrent_transforms: Option<i32>,
    /// How long an answer may take, and how often it is asked for again.
    pub model_client_config: Option<ModelClientConfig>,
    /// Environment variables of the container.
    #[serde(default)]
    pub environment: std::collections::BTreeMap<String, String>,
    /// Tags.
    #[serde(default)]
    pub tags: Vec<Tag>,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct TransformInput {
    /// Media type of a request.
    pub content_type: Option<String>,
    /// `None` or `Gzip`.
    pub compression_type: Option<String>,
    /// `None`, `Line`, `RecordIO` or `TFRecord`.
    pub split_type: Option<String>,
    /// Where the files are.
    pub data_source: TransformDataSource,
}

/// Where the files are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct TransformDataSource {
    /// Objects in S3.
    pub s3_data_source: TransformObjects,
}

/// Objects in S3.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct TransformObjects {
    /// `S3Prefix` or `ManifestFile`.
    pub s3_data_type: String,
    /// URI of the prefix.
    pub s3_uri: String,
}

/// Where the answers go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct TransformOutput {
    /// URI of the prefix; `<file>.out` follows.
    pub s3_output_path: String,
    /// Media type that is asked for.
    pub accept: Option<String>,
    /// `None` or `Line`.
    pub assemble_with: Option<String>,
    /// The key that the answers are encrypted with.
    pub kms_key_id: Option<String>,
}

/// Instances of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct TransformResources {
    /// Instance type, e.g. `ml.m5.xlarge`.
    pub instance_type: String,
    /// How many.
    pub instance_count: i32,
    /// ARN of the key that encrypts the volume.
    pub volume_kms_key_id: Option<String>,
}

/// How long an answer may take, and how often it is asked for again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct ModelClientConfig {
    /// Seconds for one answer.
    pub invocations_timeout_in_seconds: Option<i32>,
    /// Further attempts at one request.
    pub invocations_max_retries: Option<i32>,
}

/// Where a transform job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TransformPhase {
    /// It runs, or waits for an instance.
    InProgress,
    /// It was asked to stop.
    Stopping,
    /// Every file has its answers.
    Completed,
    /// Some file has none.
    Failed,
    /// It was stopped; there are no answers.
    Stopped,
}

impl TransformPhase {
    /// Whether nothing more will happen.
    pub fn is_settled(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Stopped)
    }
}

/// A transform job as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransformState {
    /// Name.
    pub name: String,
    /// Where it stands.
    pub phase: TransformPhase,
    /// Why it failed, if it did.
    pub failure_reason: Option<String>,
    /// When it was asked for.
    pub created: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
}

impl TransformState {
    /// Seconds from its beginning to its end, or until `now` while it runs.
    pub fn seconds(&self, now: Timestamp) -> Option<u64> {
        let end = self.ended.unwrap_or(now);
        u64::try_from(end.duration_since(self.created?).as_secs()).ok()
    }
}

/// Runs transform jobs. Their records cannot be deleted: SageMaker has no operation for it.
#[async_trait]
pub trait Transforms: Send + Sync {
    /// Starts a job. A job of the same name that is already there is left as it is.
    async fn start(&self, request: &TransformRequest) -> Result<(), CloudFault>;

    /// Looks at a job; `None` when there is none of this name.
    async fn describe(&self, name: &str) -> Result<Option<TransformState>, CloudFault>;

    /// Lists the jobs whose names contain `text`, the oldest first.
    async fn list(&self, text: &str) -> Result<Vec<TransformState>, CloudFault>;

    /// Asks a running job to stop; one that is not running is left as it is.
    async fn stop(&self, name: &str) -> Result<(), CloudFault>;
}
