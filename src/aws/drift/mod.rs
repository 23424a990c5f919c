//! Drift: CloudFormation's detection, and each service's own word.
//!
//! Purpose: tells resources as they are in the form of a template. Input: what a stack says of a resource.
//! Output: its live properties. Must not know: what is expected of them, or what a difference means.

mod apis;
mod bucket;
mod detector;
mod endpoint;
mod function;
mod role;

use async_trait::async_trait;
use serde_json::{Map, Value};

use crate::cloud::drift::{DeployedResource, Live, ReadBack};
use crate::cloud::{CloudFault, FaultKind};

pub(super) use detector::Detector;

/// The services that are asked.
pub(super) struct Services {
    pub(super) iam: aws_sdk_iam::Client,
    pub(super) lambda: aws_sdk_lambda::Client,
    pub(super) apis: aws_sdk_apigatewayv2::Client,
    pub(super) sagemaker: aws_sdk_sagemaker::Client,
    pub(super) s3: aws_sdk_s3::Client,
}

#[async_trait]
impl ReadBack for Services {
    async fn read(
        &self,
        resource: &DeployedResource,
        properties: &Value,
    ) -> Result<Live, CloudFault> {
        let id = &resource.physical_id;
        let api = properties["ApiId"].as_str();
        let found = match (resource.kind.as_str(), api) {
            ("AWS::IAM::Role", _) => self.role(id).await,
            ("AWS::Lambda::Function", _) => self.function(id).await,
            ("AWS::S3::Bucket", _) => self.bucket(id).await,
            ("AWS::S3::BucketPolicy", _) => self.bucket_policy(id).await,
            ("AWS::ApiGatewayV2::Api", _) => self.api(id).await,
            ("AWS::ApiGatewayV2::Route", Some(api)) => self.route(api, id).await,
            ("AWS::ApiGatewayV2::Integration", Some(api)) => self.integration(api, id).await,
            ("AWS::ApiGatewayV2::Stage", Some(api)) => {
                self.stage(api, properties["StageName"].as_str().unwrap_or(id))
                    .await
            }
            ("AWS::SageMaker::Endpoint", _) => self.endpoint(name(id)).await,
            ("AWS::SageMaker::EndpointConfig", _) => self.endpoint_config(name(id)).await,
            ("AWS::SageMaker::Model", _) => self.model(name(id)).await,
            _ => return Ok(Live::NotRead),
        };
        match found {
            Ok(properties) => Ok(Live::Properties(Value::Object(properties))),
            Err(fault) if is_gone(&fault) => Ok(Live::Missing),
            Err(fault) => Err(fault),
        }
    }
}

/// SageMaker has no code for what is not there, only a text.
fn is_gone(fault: &CloudFault) -> bool {
    fault.kind == FaultKind::NotFound || fault.message.starts_with("Could not find")
}

/// The name at the end of an ARN, or the name itself.
fn name(id: &str) -> &str {
    id.rsplit('/').next().unwrap_or(id)
}

/// Makes an object of properties; a `None` is one that is not set.
fn object<const N: usize>(pairs: [(&str, Value); N]) -> Map<String, Value> {
    pairs
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// Something that is not set is no fault here.
fn unset_is_none<T>(look: Result<T, CloudFault>, code: &str) -> Result<Option<T>, CloudFault> {
    match look {
        Ok(found) => Ok(Some(found)),
        Err(fault) if fault.code == code => Ok(None),
        Err(fault) => Err(fault),
    }
}
