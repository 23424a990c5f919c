//! A rendered training request as the SDK's builders.

use aws_sdk_sagemaker::operation::create_training_job::builders::CreateTrainingJobFluentBuilder;
use aws_sdk_sagemaker::types as sdk;

use crate::cloud::training::{
    AlgorithmSpecification, Channel, MetricDefinition, ResourceConfig, Tag, TrainingRequest,
};

/// Copies every field of the request into the SDK's builder.
pub(super) fn fill(
    builder: CreateTrainingJobFluentBuilder,
    request: &TrainingRequest,
) -> CreateTrainingJobFluentBuilder {
    let channels = request.input_data_config.iter().map(channel).collect();
    let tags = request.tags.iter().map(tag).collect();
    let limits = &request.stopping_condition;
    let output = sdk::OutputDataConfig::builder()
        .s3_output_path(&request.output_data_config.s3_output_path)
        .set_kms_key_id(request.output_data_config.kms_key_id.clone())
        .build();
    let builder = builder
        .training_job_name(&request.training_job_name)
        .role_arn(&request.role_arn)
        .algorithm_specification(algorithm(&request.algorithm_specification))
        .set_hyper_parameters(Some(request.hyper_parameters.clone().into_iter().collect()))
        .set_input_data_config(Some(channels))
        .output_data_config(output)
        .resource_config(resources(&request.resource_config))
        .stopping_condition(
            sdk::StoppingCondition::builder()
                .max_runtime_in_seconds(limits.max_runtime_in_seconds)
                .set_max_wait_time_in_seconds(limits.max_wait_time_in_seconds)
                .set_max_pending_time_in_seconds(limits.max_pending_time_in_seconds)
                .build(),
        )
        .set_environment(Some(request.environment.clone().into_iter().collect()))
        .enable_network_isolation(request.enable_network_isolation)
        .set_tags(Some(tags));
    options(builder, request)
}

/// Copies what a request has only if the stack asks for it.
fn options(
    mut builder: CreateTrainingJobFluentBuilder,
    request: &TrainingRequest,
) -> CreateTrainingJobFluentBuilder {
    if request.enable_inter_container_traffic_encryption {
        builder = builder.enable_inter_container_traffic_encryption(true);
    }
    if request.enable_managed_spot_training {
        builder = builder.enable_managed_spot_training(true);
    }
    if let Some(checkpoints) = &request.checkpoint_config {
        builder = builder.checkpoint_config(
            sdk::CheckpointConfig::builder()
                .s3_uri(&checkpoints.s3_uri)
                .build(),
        );
    }
    if let Some(vpc) = &request.vpc_config {
        builder = builder.vpc_config(
            sdk::VpcConfig::builder()
                .set_subnets(Some(vpc.subnets.clone()))
                .set_security_group_ids(Some(vpc.security_group_ids.clone()))
                .build(),
        );
    }
    if let Some(retry) = &request.retry_strategy {
        builder = builder.retry_strategy(
            sdk::RetryStrategy::builder()
                .maximum_retry_attempts(retry.maximum_retry_attempts)
                .build(),
        );
    }
    if let Some(profiler) = &request.profiler_config {
        builder = builder.profiler_config(
            sdk::ProfilerConfig::builder()
                .disable_profiler(profiler.disable_profiler)
                .build(),
        );
    }
    builder
}

fn algorithm(specification: &AlgorithmSpecification) -> sdk::AlgorithmSpecification {
    let metrics: Vec<_> = specification
        .metric_definitions
        .iter()
        .map(metric)
        .collect();
    let list = |values: &[String]| (!values.is_empty()).then(|| values.to_vec());
    sdk::AlgorithmSpecification::builder()
        .training_image(&specification.training_image)
        .training_input_mode(specification.training_input_mode.as_str().into())
        .set_metric_definitions((!metrics.is_empty()).then_some(metrics))
        .set_container_entrypoint(list(&specification.container_entrypoint))
        .set_container_arguments(list(&specification.container_arguments))
        .build()
}

fn metric(definition: &MetricDefinition) -> sdk::MetricDefinition {
    sdk::MetricDefinition::builder()
        .name(&definition.name)
        .regex(&definition.regex)
        .build()
}

fn channel(channel: &Channel) -> sdk::Channel {
    let source = &channel.data_source.s3_data_source;
    let source = sdk::S3DataSource::builder()
        .s3_data_type(source.s3_data_type.as_str().into())
        .s3_uri(&source.s3_uri)
        .set_s3_data_distribution_type(source.s3_data_distribution_type.as_deref().map(Into::into))
        .build();
    sdk::Channel::builder()
        .channel_name(&channel.channel_name)
        .data_source(sdk::DataSource::builder().s3_data_source(source).build())
        .set_content_type(channel.content_type.clone())
        .set_input_mode(channel.input_mode.as_deref().map(Into::into))
        .build()
}

fn resources(config: &ResourceConfig) -> sdk::ResourceConfig {
    let preferences: Vec<_> = config
        .instance_preferences
        .iter()
        .map(|preference| {
            sdk::InstancePreference::builder()
                .instance_type(preference.instance_type.as_str().into())
                .build()
        })
        .collect();
    sdk::ResourceConfig::builder()
        .set_instance_type(config.instance_type.as_deref().map(Into::into))
        .set_instance_preferences((!preferences.is_empty()).then_some(preferences))
        .instance_count(config.instance_count)
        .volume_size_in_gb(config.volume_size_in_gb)
        .set_volume_kms_key_id(config.volume_kms_key_id.clone())
        .set_keep_alive_period_in_seconds(config.keep_alive_period_in_seconds)
        .build()
}

fn tag(tag: &Tag) -> sdk::Tag {
    sdk::Tag::builder().key(&tag.key).value(&tag.value).build()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_field_of_a_request_is_sent() {
        let request: TrainingRequest = serde_json::from_value(json!({
            "TrainingJobName": "job",
            "RoleArn": "role",
            "AlgorithmSpecification": { "TrainingImage": "image", "TrainingInputMode": "File" },
            "InputDataConfig": [],
            "Environment": { "A": "b" },
            "OutputDataConfig": { "S3OutputPath": "s3://b/training", "KmsKeyId": "output-key" },
            "ResourceConfig": {
                "InstancePreferences": [{ "InstanceType": "ml.g5.xlarge" }, { "InstanceType": "ml.g4dn.xlarge" }],
                "InstanceCount": 2, "VolumeSizeInGB": 50,
                "VolumeKmsKeyId": "volume-key", "KeepAlivePeriodInSeconds": 600,
            },
            "StoppingCondition": {
                "MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 120, "MaxPendingTimeInSeconds": 1800,
            },
            "VpcConfig": { "Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"] },
            "EnableManagedSpotTraining": true,
            "CheckpointConfig": { "S3Uri": "s3://b/checkpoints/job" },
            "EnableInterContainerTrafficEncryption": true,
            "EnableNetworkIsolation": true,
            "RetryStrategy": { "MaximumRetryAttempts": 2 },
        }))
        .unwrap();
        let config = aws_sdk_sagemaker::Config::builder()
            .behavior_version(aws_sdk_sagemaker::config::BehaviorVersion::latest())
            .build();
        let client = aws_sdk_sagemaker::Client::from_conf(config);
        let sent = fill(client.create_training_job(), &request);
        let resources = sent.get_resource_config().clone().unwrap();
        let types: Vec<_> = resources
            .instance_preferences()
            .iter()
            .filter_map(|preference| preference.instance_type())
            .map(sdk::TrainingInstanceType::as_str)
            .collect();
        assert_eq!(types, ["ml.g5.xlarge", "ml.g4dn.xlarge"]);
        assert_eq!(resources.instance_type(), None);
        assert_eq!(resources.volume_kms_key_id(), Some("volume-key"));
        assert_eq!(resources.keep_alive_period_in_seconds(), Some(600));
        let limits = sent.get_stopping_condition().clone().unwrap();
        assert_eq!(limits.max_wait_time_in_seconds(), Some(120));
        assert_eq!(limits.max_pending_time_in_seconds(), Some(1800));
        let vpc = sent.get_vpc_config().clone().unwrap();
        assert_eq!(vpc.subnets(), ["subnet-1"]);
        assert_eq!(vpc.security_group_ids(), ["sg-1"]);
        let checkpoints = sent.get_checkpoint_config().clone().unwrap();
        assert_eq!(checkpoints.s3_uri(), Some("s3://b/checkpoints/job"));
        let output = sent.get_output_data_config().clone().unwrap();
        assert_eq!(output.kms_key_id(), Some("output-key"));
        let retry = sent.get_retry_strategy().clone().unwrap();
        assert_eq!(retry.maximum_retry_attempts(), Some(2));
        assert_eq!(sent.get_enable_managed_spot_training(), &Some(true));
        assert_eq!(sent.get_enable_network_isolation(), &Some(true));
        assert_eq!(
            sent.get_enable_inter_container_traffic_encryption(),
            &Some(true)
        );
    }
}
