//! `CreateTrainingJob` as data, checked as the API checks it.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;
use serde::Deserialize;
use serde_json::Value;

use super::super::names::{constraint, invalid, only_known, unsupported};
use super::super::ports::S3Uri;
use super::hosts::MOST;
use super::interruptions::{CheckpointConfig, RetryStrategy};
use super::toolkit::Toolkit;
use crate::local::wire::ApiError;

/// Longest run that is accepted, in seconds: 28 days.
const MAX_RUNTIME: u64 = 2_419_200;

/// A training job as it was asked for.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct TrainingRequest {
    pub(super) training_job_name: String,
    pub(super) algorithm_specification: Algorithm,
    pub(super) role_arn: String,
    #[serde(default)]
    pub(super) hyper_parameters: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) environment: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) input_data_config: Vec<Channel>,
    pub(super) output_data_config: Output,
    pub(super) resource_config: Resources,
    pub(super) stopping_condition: Stopping,
    #[serde(default)]
    pub(super) enable_managed_spot_training: bool,
    #[serde(default)]
    pub(super) checkpoint_config: Option<CheckpointConfig>,
    #[serde(default)]
    pub(super) retry_strategy: Option<RetryStrategy>,
}

/// What runs.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Algorithm {
    pub(super) training_image: String,
    #[serde(default)]
    pub(super) training_input_mode: Option<String>,
    #[serde(default)]
    pub(super) metric_definitions: Vec<MetricDefinition>,
    #[serde(default)]
    pub(super) container_entrypoint: Vec<String>,
    #[serde(default)]
    pub(super) container_arguments: Vec<String>,
}

/// A metric and the expression whose first group is its value.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct MetricDefinition {
    pub(super) name: String,
    pub(super) regex: String,
}

/// One folder of input.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Channel {
    #[serde(rename = "ChannelName")]
    pub(super) name: String,
    pub(super) data_source: DataSource,
    #[serde(default)]
    pub(super) content_type: Option<String>,
    #[serde(default)]
    pub(super) compression_type: Option<String>,
    #[serde(default)]
    pub(super) input_mode: Option<String>,
}

/// Where a channel's data is.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DataSource {
    pub(super) s3_data_source: S3DataSource,
}

/// A prefix of keys.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct S3DataSource {
    #[serde(rename = "S3DataType")]
    pub(super) kind: String,
    #[serde(rename = "S3Uri")]
    pub(super) uri: String,
    #[serde(rename = "S3DataDistributionType", default)]
    pub(super) distribution: Option<String>,
}

/// Where results go.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Output {
    pub(super) s3_output_path: String,
    #[serde(default)]
    pub(super) compression_type: Option<String>,
}

/// The pretended machine.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[expect(clippy::struct_field_names, reason = "the names are the API's")]
pub(super) struct Resources {
    #[serde(default)]
    instance_type: Option<String>,
    #[serde(default)]
    instance_preferences: Vec<Preference>,
    pub(super) instance_count: u64,
}

/// One of the machines that would do.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Preference {
    instance_type: String,
}

impl Resources {
    /// The type of the pretended machine: there is always capacity for the first that would do.
    pub(super) fn instance_type(&self) -> &str {
        let preferred = self.instance_preferences.first();
        self.instance_type
            .as_deref()
            .or(preferred.map(|preference| preference.instance_type.as_str()))
            .unwrap_or_default()
    }

    /// Tells whether no other type would do.
    pub(super) fn has_one_type(&self) -> bool {
        self.instance_preferences.is_empty()
    }
}

/// When the job is ended at the latest.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Stopping {
    /// Seconds of training.
    pub(super) max_runtime_in_seconds: u64,
    /// Seconds of waiting for spare capacity and training together.
    #[serde(default)]
    pub(super) max_wait_time_in_seconds: Option<u64>,
}

impl TrainingRequest {
    /// Reads and checks a request.
    pub(super) fn read(input: &Value) -> Result<Self, ApiError> {
        refuse_what_is_not_emulated(input)?;
        let request: Self = serde_path_to_error::deserialize(input).map_err(|error| {
            invalid(format!(
                "1 validation error detected: at '{}': {}",
                error.path(),
                error.inner()
            ))
        })?;
        request.check_emulated()?;
        request.check_instances()?;
        request.check_limits()?;
        request.check_interruptions()?;
        request.check_channels()?;
        for definition in &request.algorithm_specification.metric_definitions {
            definition.compile()?;
        }
        if S3Uri::parse(&request.output_data_config.s3_output_path).is_none() {
            return Err(not_s3(
                "S3OutputPath",
                &request.output_data_config.s3_output_path,
            ));
        }
        Ok(request)
    }

    /// What the toolkit in the image is to run; `None` for a job with an entry point of its own.
    pub(super) fn toolkit(&self) -> Result<Option<Toolkit>, ApiError> {
        if self.algorithm_specification.container_entrypoint.is_empty() {
            Toolkit::of(&self.hyper_parameters)
        } else {
            Ok(None)
        }
    }

    fn check_emulated(&self) -> Result<(), ApiError> {
        let algorithm = &self.algorithm_specification;
        let modes = self
            .input_data_config
            .iter()
            .map(|channel| &channel.input_mode);
        for mode in modes.chain([&algorithm.training_input_mode]).flatten() {
            if mode != "File" && mode != "FastFile" {
                return Err(unsupported(format!("the input mode {mode}")));
            }
        }
        if algorithm.container_entrypoint.is_empty() && self.toolkit()?.is_none() {
            return Err(unsupported(
                "training jobs with neither AlgorithmSpecification.ContainerEntrypoint nor the \
                 hyperparameters sagemaker_program and sagemaker_submit_directory of the training toolkit",
            ));
        }
        let count = self.resource_config.instance_count;
        if !(1..=MOST).contains(&count) {
            return Err(unsupported(format!("training jobs on {count} instances")));
        }
        let sharded = self.input_data_config.iter().any(|channel| {
            let distribution = channel.data_source.s3_data_source.distribution.as_deref();
            distribution.is_some_and(|kind| kind != "FullyReplicated")
        });
        if sharded && count > 1 {
            return Err(unsupported(
                "another S3DataDistributionType than FullyReplicated on several instances",
            ));
        }
        match self.output_data_config.compression_type.as_deref() {
            None | Some("GZIP") => Ok(()),
            Some(other) => Err(unsupported(format!("the output's CompressionType {other}"))),
        }
    }

    /// An instance type and preferences exclude each other.
    fn check_instances(&self) -> Result<(), ApiError> {
        let resources = &self.resource_config;
        if resources.instance_type.is_some() != resources.instance_preferences.is_empty() {
            return Err(invalid(
                "ResourceConfig must have either InstanceType or InstancePreferences.",
            ));
        }
        Ok(())
    }

    fn check_limits(&self) -> Result<(), ApiError> {
        check_map("HyperParameters", &self.hyper_parameters, 256, 2500)?;
        check_map("Environment", &self.environment, 512, 512)?;
        let runtime = self.stopping_condition.max_runtime_in_seconds;
        if !(1..=MAX_RUNTIME).contains(&runtime) {
            return Err(constraint(
                &runtime.to_string(),
                "StoppingCondition.MaxRuntimeInSeconds",
                "Member must have value between 1 and 2419200",
            ));
        }
        Ok(())
    }

    fn check_channels(&self) -> Result<(), ApiError> {
        let mut names = BTreeSet::new();
        for channel in &self.input_data_config {
            let name = channel.name.as_str();
            let allowed = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
            // The name becomes a folder's, so the dots that mean other folders are refused too.
            if name.is_empty()
                || name.len() > 64
                || !name.chars().all(allowed)
                || name.starts_with('.')
            {
                return Err(constraint(
                    name,
                    "InputDataConfig.ChannelName",
                    "Member must satisfy regular expression pattern: [A-Za-z0-9\\.\\-_]+",
                ));
            }
            if !names.insert(name) {
                return Err(invalid(format!("Duplicate channel name: {name}")));
            }
            let source = &channel.data_source.s3_data_source;
            if source.kind != "S3Prefix" {
                return Err(unsupported(format!("the S3DataType {}", source.kind)));
            }
            if channel
                .compression_type
                .as_deref()
                .is_some_and(|kind| kind != "None")
            {
                return Err(unsupported("compressed channels"));
            }
            if S3Uri::parse(&source.uri).is_none() {
                return Err(not_s3("S3Uri", &source.uri));
            }
        }
        if names.len() > 20 {
            return Err(invalid("InputDataConfig must have at most 20 channels."));
        }
        Ok(())
    }
}

impl MetricDefinition {
    /// Compiles the expression.
    pub(super) fn compile(&self) -> Result<Regex, ApiError> {
        let regex = Regex::new(&self.regex).map_err(|error| {
            invalid(format!(
                "Invalid regex for the metric {}: {error}",
                self.name
            ))
        })?;
        if regex.captures_len() < 2 {
            return Err(invalid(format!(
                "The regex of the metric {} has no group for the value.",
                self.name
            )));
        }
        Ok(regex)
    }
}

/// Members that change nothing in one process on one machine (sizes, prices, profiling) are accepted;
/// whatever else would change what happens is refused by name.
fn refuse_what_is_not_emulated(input: &Value) -> Result<(), ApiError> {
    const KNOWN: [&str; 15] = [
        "TrainingJobName",
        "AlgorithmSpecification",
        "RoleArn",
        "HyperParameters",
        "Environment",
        "InputDataConfig",
        "OutputDataConfig",
        "ResourceConfig",
        "StoppingCondition",
        "Tags",
        "ProfilerConfig",
        "EnableManagedSpotTraining",
        "EnableInterContainerTrafficEncryption",
        "CheckpointConfig",
        "RetryStrategy",
    ];
    only_known("CreateTrainingJob", input, &KNOWN)?;
    let part = |name: &str| input.get(name).unwrap_or(&Value::Null);
    only_known(
        "AlgorithmSpecification",
        part("AlgorithmSpecification"),
        &[
            "TrainingImage",
            "TrainingInputMode",
            "MetricDefinitions",
            "EnableSageMakerMetricsTimeSeries",
            "ContainerEntrypoint",
            "ContainerArguments",
        ],
    )?;
    only_known(
        "ResourceConfig",
        part("ResourceConfig"),
        &[
            "InstanceType",
            "InstancePreferences",
            "InstanceCount",
            "VolumeSizeInGB",
            "KeepAlivePeriodInSeconds",
        ],
    )?;
    only_known(
        "StoppingCondition",
        part("StoppingCondition"),
        &[
            "MaxRuntimeInSeconds",
            "MaxWaitTimeInSeconds",
            "MaxPendingTimeInSeconds",
        ],
    )?;
    only_known(
        "CheckpointConfig",
        part("CheckpointConfig"),
        &["S3Uri", "LocalPath"],
    )?;
    only_known(
        "OutputDataConfig",
        part("OutputDataConfig"),
        &["S3OutputPath", "CompressionType", "KmsKeyId"],
    )
}

fn check_map(
    member: &str,
    map: &BTreeMap<String, String>,
    longest_key: usize,
    longest_value: usize,
) -> Result<(), ApiError> {
    if map.len() > 100 {
        return Err(constraint(
            &map.len().to_string(),
            member,
            "Member must have length less than or equal to 100",
        ));
    }
    for (key, value) in map {
        if key.len() > longest_key || value.len() > longest_value {
            return Err(constraint(
                key,
                member,
                &format!(
                    "Map keys must have length at most {longest_key}, values at most {longest_value}"
                ),
            ));
        }
    }
    Ok(())
}

fn not_s3(member: &str, value: &str) -> ApiError {
    constraint(
        value,
        member,
        "Member must satisfy regular expression pattern: ^(https|s3)://([^/]+)/?(.*)$",
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::super::testing::training_request;
    use super::*;

    fn refused(pointer: &str, value: &Value) -> String {
        let mut input = training_request("job", "true");
        let (parent, member) = pointer.rsplit_once('/').unwrap();
        input.pointer_mut(parent).unwrap()[member] = value.clone();
        TrainingRequest::read(&input).unwrap_err().message
    }

    #[test]
    fn a_good_request_is_read() {
        let request = TrainingRequest::read(&training_request("job", "true")).unwrap();
        assert_eq!(request.training_job_name, "job");
        assert_eq!(request.stopping_condition.max_runtime_in_seconds, 60);
    }

    #[test]
    fn the_first_of_several_instance_types_is_pretended() {
        let mut input = training_request("job", "true");
        let config = input["ResourceConfig"].as_object_mut().unwrap();
        config.remove("InstanceType");
        let missing = TrainingRequest::read(&input).unwrap_err().message;
        assert!(missing.contains("either InstanceType"), "{missing}");
        input["ResourceConfig"]["InstancePreferences"] =
            json!([{ "InstanceType": "ml.g5.xlarge" }, { "InstanceType": "ml.g4dn.xlarge" }]);
        let request = TrainingRequest::read(&input).unwrap();
        assert_eq!(request.resource_config.instance_type(), "ml.g5.xlarge");
    }

    #[test]
    fn several_instances_get_all_of_the_data() {
        let mut input = training_request("job", "true");
        input["ResourceConfig"]["InstanceCount"] = json!(2);
        assert!(TrainingRequest::read(&input).is_ok());
        let source = &mut input["InputDataConfig"][0]["DataSource"]["S3DataSource"];
        source["S3DataDistributionType"] = json!("ShardedByS3Key");
        let refused = TrainingRequest::read(&input).unwrap_err().message;
        assert!(refused.contains("S3DataDistributionType"), "{refused}");
    }

    #[test]
    fn what_is_not_emulated_is_refused_by_name() {
        let cases = [
            ("/VpcConfig", json!({ "Subnets": ["s"] }), "VpcConfig"),
            (
                "/AlgorithmSpecification/AlgorithmName",
                json!("x"),
                "AlgorithmName",
            ),
            (
                "/AlgorithmSpecification/TrainingInputMode",
                json!("Pipe"),
                "Pipe",
            ),
            (
                "/AlgorithmSpecification/ContainerEntrypoint",
                json!([]),
                "ContainerEntrypoint",
            ),
            ("/ResourceConfig/InstanceCount", json!(9), "9 instances"),
            (
                "/ResourceConfig/InstanceGroups",
                json!([{}]),
                "InstanceGroups",
            ),
            (
                "/ResourceConfig/VolumeKmsKeyId",
                json!("key"),
                "VolumeKmsKeyId",
            ),
            (
                "/EnableNetworkIsolation",
                json!(true),
                "EnableNetworkIsolation",
            ),
        ];
        for (pointer, value, word) in cases {
            let message = refused(pointer, &value);
            assert!(
                message.contains(word) && message.contains("not emulate"),
                "{message}"
            );
        }
    }

    #[test]
    fn limits_are_kept() {
        assert!(refused("/StoppingCondition/MaxRuntimeInSeconds", &json!(0)).contains("between 1"));
        let long = json!({ "a": "x".repeat(2501) });
        assert!(refused("/HyperParameters", &long).contains("hyperParameters"));
        let regex = json!([{ "Name": "loss", "Regex": "loss=[0-9]+" }]);
        assert!(refused("/AlgorithmSpecification/MetricDefinitions", &regex).contains("no group"));
        assert!(refused("/OutputDataConfig/S3OutputPath", &json!("/tmp")).contains("s3"));
        assert!(refused("/RoleArn", &json!(7)).contains("RoleArn"));
    }
}
