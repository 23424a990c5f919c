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
    let limit = request.stopping_condition.max_runtime_in_seconds;
    let output = sdk::OutputDataConfig::builder()
        .s3_output_path(&request.output_data_config.s3_output_path)
        .build();
    let mut builder = builder
        .training_job_name(&request.training_job_name)
        .role_arn(&request.role_arn)
        .algorithm_specification(algorithm(&request.algorithm_specification))
        .set_hyper_parameters(Some(request.hyper_parameters.clone().into_iter().collect()))
        .set_input_data_config(Some(channels))
        .output_data_config(output)
        .resource_config(resources(&request.resource_config))
        .stopping_condition(
            sdk::StoppingCondition::builder()
                .max_runtime_in_seconds(limit)
                .build(),
        )
        .set_environment(Some(request.environment.clone().into_iter().collect()))
        .enable_network_isolation(request.enable_network_isolation)
        .set_tags(Some(tags));
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
    sdk::ResourceConfig::builder()
        .instance_type(config.instance_type.as_str().into())
        .instance_count(config.instance_count)
        .volume_size_in_gb(config.volume_size_in_gb)
        .build()
}

fn tag(tag: &Tag) -> sdk::Tag {
    sdk::Tag::builder().key(&tag.key).value(&tag.value).build()
}
