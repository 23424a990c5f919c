//! Batch transform jobs by SageMaker.

use async_trait::async_trait;
use aws_sdk_sagemaker::operation::create_transform_job::builders::CreateTransformJobFluentBuilder;
use aws_sdk_sagemaker::primitives::DateTime;
use aws_sdk_sagemaker::types::{self as sdk, SortOrder, TransformJobStatus};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::fault::{fault, incomplete};
use super::training::{is_missing, time};
use crate::cloud::CloudFault;
use crate::cloud::transform::{TransformPhase, TransformRequest, TransformState, Transforms};

/// Pages that are read at most.
const PAGES: usize = 200;

/// Asks SageMaker.
pub(super) struct TransformJobs {
    client: aws_sdk_sagemaker::Client,
}

impl TransformJobs {
    pub(super) fn new(client: aws_sdk_sagemaker::Client) -> Self {
        Self { client }
    }
}

#[async_trait]
impl Transforms for TransformJobs {
    async fn start(&self, request: &TransformRequest) -> Result<(), CloudFault> {
        match fill(self.client.create_transform_job(), request)
            .send()
            .await
        {
            Ok(_) => Ok(()),
            Err(error) if error.code() == Some("ResourceInUse") => Ok(()),
            Err(error) => Err(fault("CreateTransformJob", &error)),
        }
    }

    async fn describe(&self, name: &str) -> Result<Option<TransformState>, CloudFault> {
        let request = self
            .client
            .describe_transform_job()
            .transform_job_name(name);
        match request.send().await {
            Ok(answer) => state(Told {
                name: answer.transform_job_name,
                status: answer.transform_job_status,
                failure_reason: answer.failure_reason,
                created: answer.creation_time,
                ended: answer.transform_end_time,
            })
            .map(Some)
            .ok_or_else(|| incomplete("DescribeTransformJob", "a name or status")),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(fault("DescribeTransformJob", &error)),
        }
    }

    async fn list(&self, text: &str) -> Result<Vec<TransformState>, CloudFault> {
        const OPERATION: &str = "ListTransformJobs";
        let mut jobs = Vec::new();
        let mut token = None;
        for _ in 0..PAGES {
            let answer = self
                .client
                .list_transform_jobs()
                .name_contains(text)
                .sort_order(SortOrder::Ascending)
                .max_results(100)
                .set_next_token(token)
                .send()
                .await
                .map_err(|error| fault(OPERATION, &error))?;
            for job in answer.transform_job_summaries.unwrap_or_default() {
                let told = Told {
                    name: job.transform_job_name,
                    status: job.transform_job_status,
                    failure_reason: job.failure_reason,
                    created: job.creation_time,
                    ended: job.transform_end_time,
                };
                jobs.push(state(told).ok_or_else(|| incomplete(OPERATION, "a name or status"))?);
            }
            token = answer.next_token;
            if token.is_none() {
                return Ok(jobs);
            }
        }
        Err(incomplete(OPERATION, "an end"))
    }

    async fn stop(&self, name: &str) -> Result<(), CloudFault> {
        let request = self.client.stop_transform_job().transform_job_name(name);
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) if is_missing(&error) => Ok(()),
            // A job that ended meanwhile cannot be stopped, which is what was wanted.
            Err(error) if error.message().is_some_and(|text| text.contains("status")) => Ok(()),
            Err(error) => Err(fault("StopTransformJob", &error)),
        }
    }
}

/// What is told of a job, by itself or in a list.
struct Told {
    name: Option<String>,
    status: Option<TransformJobStatus>,
    failure_reason: Option<String>,
    created: Option<DateTime>,
    ended: Option<DateTime>,
}

/// The job's state; `None` when what is told is not enough.
fn state(told: Told) -> Option<TransformState> {
    let phase = match told.status? {
        TransformJobStatus::InProgress => TransformPhase::InProgress,
        TransformJobStatus::Stopping => TransformPhase::Stopping,
        TransformJobStatus::Completed => TransformPhase::Completed,
        TransformJobStatus::Failed => TransformPhase::Failed,
        TransformJobStatus::Stopped => TransformPhase::Stopped,
        _ => return None,
    };
    Some(TransformState {
        name: told.name?,
        phase,
        failure_reason: told.failure_reason,
        created: told.created.as_ref().and_then(time),
        ended: told.ended.as_ref().and_then(time),
    })
}

/// Copies every field of the request into the SDK's builder.
fn fill(
    builder: CreateTransformJobFluentBuilder,
    request: &TransformRequest,
) -> CreateTransformJobFluentBuilder {
    let client = request.model_client_config.as_ref().map(|config| {
        sdk::ModelClientConfig::builder()
            .set_invocations_timeout_in_seconds(config.invocations_timeout_in_seconds)
            .set_invocations_max_retries(config.invocations_max_retries)
            .build()
    });
    let tag = |tag: &crate::cloud::training::Tag| {
        sdk::Tag::builder().key(&tag.key).value(&tag.value).build()
    };
    let environment = request.environment.clone().into_iter().collect();
    builder
        .transform_job_name(&request.transform_job_name)
        .model_name(&request.model_name)
        .transform_input(input(request))
        .transform_output(output(request))
        .transform_resources(resources(request))
        .set_batch_strategy(request.batch_strategy.as_deref().map(Into::into))
        .set_max_payload_in_mb(request.max_payload_in_mb)
        .set_max_concurrent_transforms(request.max_concurrent_transforms)
        .set_model_client_config(client)
        .set_environment((!request.environment.is_empty()).then_some(environment))
        .set_tags(Some(request.tags.iter().map(tag).collect()))
}

fn input(request: &TransformRequest) -> sdk::TransformInput {
    let input = &request.transform_input;
    let objects = &input.data_source.s3_data_source;
    let objects = sdk::TransformS3DataSource::builder()
        .s3_data_type(objects.s3_data_type.as_str().into())
        .s3_uri(&objects.s3_uri)
        .build();
    let source = sdk::TransformDataSource::builder().s3_data_source(objects);
    sdk::TransformInput::builder()
        .set_content_type(input.content_type.clone())
        .set_compression_type(input.compression_type.as_deref().map(Into::into))
        .set_split_type(input.split_type.as_deref().map(Into::into))
        .data_source(source.build())
        .build()
}

fn output(request: &TransformRequest) -> sdk::TransformOutput {
    let output = &request.transform_output;
    sdk::TransformOutput::builder()
        .s3_output_path(&output.s3_output_path)
        .set_accept(output.accept.clone())
        .set_assemble_with(output.assemble_with.as_deref().map(Into::into))
        .set_kms_key_id(output.kms_key_id.clone())
        .build()
}

fn resources(request: &TransformRequest) -> sdk::TransformResources {
    let resources = &request.transform_resources;
    sdk::TransformResources::builder()
        .instance_type(resources.instance_type.as_str().into())
        .instance_count(resources.instance_count)
        .set_volume_kms_key_id(resources.volume_kms_key_id.clone())
        .build()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_field_of_a_request_is_sent() {
        let request: TransformRequest = serde_json::from_value(json!({
            "TransformJobName": "job",
            "ModelName": "model",
            "TransformInput": {
                "ContentType": "application/jsonlines", "CompressionType": "None", "SplitType": "Line",
                "DataSource": { "S3DataSource": { "S3DataType": "S3Prefix", "S3Uri": "s3://b/in/" } },
            },
            "TransformOutput": {
                "S3OutputPath": "s3://b/out", "AssembleWith": "Line", "Accept": "application/jsonlines",
                "KmsKeyId": "output-key",
            },
            "TransformResources": {
                "InstanceType": "ml.m5.xlarge", "InstanceCount": 2, "VolumeKmsKeyId": "volume-key",
            },
            "BatchStrategy": "MultiRecord",
            "MaxPayloadInMB": 6,
            "MaxConcurrentTransforms": 4,
            "ModelClientConfig": { "InvocationsTimeoutInSeconds": 60, "InvocationsMaxRetries": 1 },
            "Environment": { "A": "b" },
            "Tags": [{ "Key": "team", "Value": "a" }],
        }))
        .unwrap();
        let config = aws_sdk_sagemaker::Config::builder()
            .behavior_version(aws_sdk_sagemaker::config::BehaviorVersion::latest())
            .build();
        let client = aws_sdk_sagemaker::Client::from_conf(config);
        let sent = fill(client.create_transform_job(), &request);
        let input = sent.get_transform_input().clone().unwrap();
        assert_eq!(input.split_type(), Some(&sdk::SplitType::Line));
        assert_eq!(input.compression_type(), Some(&sdk::CompressionType::None));
        assert_eq!(input.content_type(), Some("application/jsonlines"));
        let objects = input.data_source().unwrap().s3_data_source().unwrap();
        assert_eq!(objects.s3_uri(), Some("s3://b/in/"));
        let output = sent.get_transform_output().clone().unwrap();
        assert_eq!(output.s3_output_path(), Some("s3://b/out"));
        assert_eq!(output.assemble_with(), Some(&sdk::AssemblyType::Line));
        assert_eq!(
            (output.accept(), output.kms_key_id()),
            (Some("application/jsonlines"), Some("output-key"))
        );
        let resources = sent.get_transform_resources().clone().unwrap();
        assert_eq!(resources.instance_count(), Some(2));
        assert_eq!(resources.volume_kms_key_id(), Some("volume-key"));
        assert_eq!(
            sent.get_batch_strategy(),
            &Some(sdk::BatchStrategy::MultiRecord)
        );
        assert_eq!(sent.get_max_payload_in_mb(), &Some(6));
        assert_eq!(sent.get_max_concurrent_transforms(), &Some(4));
        let client = sent.get_model_client_config().clone().unwrap();
        assert_eq!(client.invocations_max_retries(), Some(1));
        assert_eq!(sent.get_environment().as_ref().unwrap()["A"], "b");
        assert_eq!(sent.get_tags().as_ref().unwrap().len(), 1);
    }

    #[test]
    fn a_job_without_a_name_or_with_an_unknown_status_is_no_answer() {
        let told = |name: Option<&str>, status: &str| Told {
            name: name.map(str::to_owned),
            status: Some(status.into()),
            failure_reason: None,
            created: Some(DateTime::from_secs(1_000)),
            ended: Some(DateTime::from_secs(1_060)),
        };
        let job = state(told(Some("job"), "Completed")).unwrap();
        assert_eq!(
            (job.phase, job.seconds(jiff::Timestamp::UNIX_EPOCH)),
            (TransformPhase::Completed, Some(60))
        );
        assert_eq!(state(told(None, "Completed")), None);
        assert_eq!(state(told(Some("job"), "Dancing")), None);
    }
}
