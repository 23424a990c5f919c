//! Training jobs.

mod facts;
mod limits;

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::CloudFault;
use super::diagnosis::{KnownCause, Symptom, diagnose, is_propagation};

pub use facts::JobFacts;
pub use limits::violations;

/// A rendered `CreateTrainingJob` request, in the field names of the SageMaker API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct TrainingRequest {
    /// Name, at most 63 characters.
    pub training_job_name: String,
    /// The role that the job assumes.
    pub role_arn: String,
    /// Image, entry point and metrics.
    pub algorithm_specification: AlgorithmSpecification,
    /// Arguments of the script, all strings.
    #[serde(default)]
    pub hyper_parameters: BTreeMap<String, String>,
    /// Input channels.
    pub input_data_config: Vec<Channel>,
    /// Where the model goes.
    pub output_data_config: OutputDataConfig,
    /// Instances.
    pub resource_config: ResourceConfig,
    /// Time limits.
    pub stopping_condition: StoppingCondition,
    /// Environment variables of the container.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// Tags.
    #[serde(default)]
    pub tags: Vec<Tag>,
    /// Whether the container has no network.
    #[serde(default)]
    pub enable_network_isolation: bool,
    /// Whether traffic between the instances is encrypted.
    #[serde(default)]
    pub enable_inter_container_traffic_encryption: bool,
    /// The part of a VPC that the containers run in.
    pub vpc_config: Option<VpcConfig>,
    /// Whether spare capacity is used, which may be taken away.
    #[serde(default)]
    pub enable_managed_spot_training: bool,
    /// Where checkpoints are kept.
    pub checkpoint_config: Option<CheckpointConfig>,
    /// How often the service repeats the job by itself.
    pub retry_strategy: Option<RetryStrategy>,
    /// The profiler's configuration.
    pub profiler_config: Option<ProfilerConfig>,
}

/// Image, entry point and metrics of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct AlgorithmSpecification {
    /// Image URI.
    pub training_image: String,
    /// `File`, `FastFile` or `Pipe`.
    pub training_input_mode: String,
    /// What is read from the log.
    #[serde(default)]
    pub metric_definitions: Vec<MetricDefinition>,
    /// Program and leading arguments in place of the image's.
    #[serde(default)]
    pub container_entrypoint: Vec<String>,
    /// Arguments of the entry point.
    #[serde(default)]
    pub container_arguments: Vec<String>,
}

/// A metric read from the log: the first group of the expression is the value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct MetricDefinition {
    /// Name.
    pub name: String,
    /// Regular expression.
    pub regex: String,
}

/// An input channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Channel {
    /// Name; the folder below `/opt/ml/input/data`.
    pub channel_name: String,
    /// Where the data is.
    pub data_source: DataSource,
    /// Media type.
    pub content_type: Option<String>,
    /// Overrides the job's input mode.
    pub input_mode: Option<String>,
}

/// Where a channel's data is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct DataSource {
    /// Objects in S3.
    pub s3_data_source: S3DataSource,
}

/// Objects in S3.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct S3DataSource {
    /// `S3Prefix` or `ManifestFile`.
    pub s3_data_type: String,
    /// URI of the prefix.
    pub s3_uri: String,
    /// `FullyReplicated` or `ShardedByS3Key`.
    pub s3_data_distribution_type: Option<String>,
}

/// Where the model goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct OutputDataConfig {
    /// URI of the prefix; the job's name and `output/model.tar.gz` follow.
    pub s3_output_path: String,
    /// ARN of the key that encrypts it.
    pub kms_key_id: Option<String>,
}

/// Where checkpoints are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct CheckpointConfig {
    /// URI of the prefix.
    pub s3_uri: String,
}

/// A part of a VPC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct VpcConfig {
    /// Ids of subnets.
    pub subnets: Vec<String>,
    /// Ids of security groups.
    pub security_group_ids: Vec<String>,
}

/// Instances of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct ResourceConfig {
    /// Instance type, e.g. `ml.g4dn.xlarge`; absent with preferences.
    pub instance_type: Option<String>,
    /// Instance types of which the first with capacity is taken.
    #[serde(default)]
    pub instance_preferences: Vec<InstancePreference>,
    /// How many.
    pub instance_count: i32,
    /// Storage volume of each, in GiB.
    #[serde(rename = "VolumeSizeInGB")]
    pub volume_size_in_gb: i32,
    /// ARN of the key that encrypts the volume.
    pub volume_kms_key_id: Option<String>,
    /// Seconds that the instances are kept for the next job.
    pub keep_alive_period_in_seconds: Option<i32>,
}

/// One of several instance types.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct InstancePreference {
    /// Instance type.
    pub instance_type: String,
}

/// Time limits of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct StoppingCondition {
    /// Seconds of training.
    pub max_runtime_in_seconds: i32,
    /// Seconds of training and of waiting for spare capacity together.
    pub max_wait_time_in_seconds: Option<i32>,
    /// Seconds of waiting for capacity.
    pub max_pending_time_in_seconds: Option<i32>,
}

/// How often the service repeats the job by itself, after an internal error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct RetryStrategy {
    /// Repetitions, from 1 to 30.
    pub maximum_retry_attempts: i32,
}

/// The profiler's configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct ProfilerConfig {
    /// Whether the profiler is off.
    pub disable_profiler: bool,
}

/// A tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Tag {
    /// Key.
    pub key: String,
    /// Value.
    pub value: String,
}

/// Where a training job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TrainingPhase {
    /// It is waiting, downloading, training or uploading.
    InProgress,
    /// It was asked to stop.
    Stopping,
    /// It is done, and its model is there.
    Completed,
    /// It failed.
    Failed,
    /// It was stopped.
    Stopped,
    /// It is being deleted.
    Deleting,
}

/// A training job as it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrainingState {
    /// Name.
    pub name: String,
    /// Where it stands.
    pub phase: TrainingPhase,
    /// SageMaker's secondary status, e.g. `Downloading`.
    pub detail: String,
    /// The newest status message, for people.
    pub message: String,
    /// Why it failed, if it did.
    pub failure_reason: Option<String>,
    /// URI of the model, once there.
    pub model: Option<String>,
    /// Last value of each metric, by name.
    pub metrics: BTreeMap<String, f64>,
    /// What it ran on, and for how long.
    #[serde(default)]
    pub facts: JobFacts,
}

impl TrainingState {
    /// Whether nothing more will happen.
    pub fn is_settled(&self) -> bool {
        matches!(
            self.phase,
            TrainingPhase::Completed | TrainingPhase::Failed | TrainingPhase::Stopped
        )
    }

    /// Whether there is a model of it.
    pub fn has_model(&self) -> bool {
        self.phase == TrainingPhase::Completed && self.model.is_some()
    }

    /// Whether the job failed for a reason that lies with this machine: nothing that was asked for is wrong, so
    /// the next run tries again, but nothing mends itself meanwhile.
    pub fn failed_here(&self) -> bool {
        let reason = self.failure_reason.as_deref().unwrap_or_default();
        diagnose(&Symptom::training(&self.detail, reason))
            .is_some_and(|diagnosis| diagnosis.cause == KnownCause::LocalPython)
    }

    /// Whether the job failed for a reason that lies with the service and may be gone next time: no
    /// capacity, no spare capacity within the longest wait, an internal error, a role that is not known yet.
    pub fn failed_transiently(&self) -> bool {
        match self.phase {
            TrainingPhase::Failed => self.failure_reason.as_deref().is_some_and(|reason| {
                is_propagation(reason)
                    || diagnose(&Symptom::training(&self.detail, reason))
                        .is_some_and(|diagnosis| diagnosis.cause.is_transient())
            }),
            TrainingPhase::Stopped => self.detail == "MaxWaitTimeExceeded",
            _ => false,
        }
    }

    /// Whether the job ran as long as it may: the next would, too.
    pub fn ran_out_of_time(&self) -> bool {
        self.phase == TrainingPhase::Stopped && self.detail == "MaxRuntimeExceeded"
    }

    /// Why it ended without a model, in SageMaker's words.
    pub fn why(&self) -> String {
        let words = [self.failure_reason.as_deref(), Some(&self.message)];
        let said = words.into_iter().flatten().find(|text| !text.is_empty());
        match said {
            Some(text) if self.failure_reason.is_some() || self.detail.is_empty() => {
                text.to_owned()
            }
            Some(text) => format!("{}: {text}", self.detail),
            None => self.detail.clone(),
        }
    }
}

/// Runs training jobs.
#[async_trait]
pub trait Training: Send + Sync {
    /// Starts a job. A job of the same name that is already there is left as it is.
    async fn start(&self, request: &TrainingRequest) -> Result<(), CloudFault>;

    /// Looks at a job; `None` when there is none of this name.
    async fn describe(&self, name: &str) -> Result<Option<TrainingState>, CloudFault>;

    /// Lists the names of jobs that contain `text`.
    async fn list(&self, text: &str) -> Result<Vec<String>, CloudFault>;

    /// Asks a running job to stop; one that is not running is left as it is.
    async fn stop(&self, name: &str) -> Result<(), CloudFault>;

    /// Deletes a settled job.
    async fn delete(&self, name: &str) -> Result<(), CloudFault>;
}
