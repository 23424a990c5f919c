//! Endpoints by SageMaker and its runtime.

use async_trait::async_trait;
use aws_smithy_types::Blob;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::fault::{fault, incomplete};
use crate::cloud::CloudFault;
use crate::cloud::endpoints::{EndpointState, Endpoints};

/// Asks SageMaker.
pub(super) struct SageMakerEndpoints {
    control: aws_sdk_sagemaker::Client,
    runtime: aws_sdk_sagemakerruntime::Client,
}

impl SageMakerEndpoints {
    pub(super) fn new(
        control: aws_sdk_sagemaker::Client,
        runtime: aws_sdk_sagemakerruntime::Client,
    ) -> Self {
        Self { control, runtime }
    }
}

#[async_trait]
impl Endpoints for SageMakerEndpoints {
    async fn describe(&self, name: &str) -> Result<Option<EndpointState>, CloudFault> {
        match self
            .control
            .describe_endpoint()
            .endpoint_name(name)
            .send()
            .await
        {
            Ok(answer) => Ok(Some(EndpointState {
                status: answer
                    .endpoint_status
                    .ok_or_else(|| incomplete("DescribeEndpoint", "a status"))?
                    .as_str()
                    .to_owned(),
                config: answer
                    .endpoint_config_name
                    .ok_or_else(|| incomplete("DescribeEndpoint", "the config's name"))?,
                changed: answer
                    .last_modified_time
                    .and_then(|time| time.to_millis().ok()),
                failure_reason: answer.failure_reason,
            })),
            // SageMaker has no code for a missing endpoint, only a text.
            Err(error)
                if error
                    .message()
                    .is_some_and(|text| text.contains("Could not find")) =>
            {
                Ok(None)
            }
            Err(error) => Err(fault("DescribeEndpoint", &error)),
        }
    }

    async fn invoke(&self, name: &str, body: &str) -> Result<String, CloudFault> {
        let answer = self
            .runtime
            .invoke_endpoint()
            .endpoint_name(name)
            .content_type("application/json")
            .accept("application/json")
            .body(Blob::new(body))
            .send()
            .await
            .map_err(|error| fault("InvokeEndpoint", &error))?;
        let body = answer
            .body
            .ok_or_else(|| incomplete("InvokeEndpoint", "a body"))?;
        Ok(String::from_utf8_lossy(body.as_ref()).into_owned())
    }
}
