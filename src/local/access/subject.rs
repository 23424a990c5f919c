//! What is worked on, and the ARN by which policies name it.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::local::cells::CellId;

/// A resource that is worked on.
pub(super) struct Subject<'a> {
    pub(super) kind: &'a str,
    pub(super) place: &'a CellId,
    /// Its physical id, or the name that it is to get.
    pub(super) id: &'a str,
    /// Its properties; `None` where they are not known, as in a deletion.
    pub(super) properties: Option<&'a Value>,
    /// What conditions can be about of it.
    pub(super) known: BTreeMap<String, String>,
}

impl Subject<'_> {
    /// The ARN by which policies name it.
    pub(super) fn arn(&self) -> String {
        let CellId { account, region } = self.place;
        let named = |property: &str| {
            let name = self.properties.and_then(|all| all[property].as_str());
            name.unwrap_or(self.id).to_owned()
        };
        // Of a part of something the id is that of the whole and its own.
        let whole = |id: String| id.split('|').next().unwrap_or_default().to_owned();
        let at = |service: &str, resource: String| {
            format!("arn:aws:{service}:{region}:{account}:{resource}")
        };
        match self.kind {
            "AWS::S3::Bucket" => format!("arn:aws:s3:::{}", named("BucketName")),
            "AWS::S3::BucketPolicy" => format!("arn:aws:s3:::{}", named("Bucket")),
            "AWS::IAM::Role" => format!("arn:aws:iam::{account}:role/{}", named("RoleName")),
            "AWS::Lambda::Function" | "AWS::Lambda::Permission" => at(
                "lambda",
                format!("function:{}", whole(named("FunctionName"))),
            ),
            "AWS::Logs::LogGroup" => at("logs", format!("log-group:{}", named("LogGroupName"))),
            "AWS::CloudWatch::Alarm" => at("cloudwatch", format!("alarm:{}", named("AlarmName"))),
            kind if kind.starts_with("AWS::ApiGatewayV2::") => {
                format!(
                    "arn:aws:apigateway:{region}::/apis/{}",
                    whole(named("ApiId"))
                )
            }
            kind if kind.starts_with("AWS::ApplicationAutoScaling::") => {
                at("application-autoscaling", "scalable-target/0".to_owned())
            }
            kind => self.sagemaker(kind),
        }
    }

    fn sagemaker(&self, kind: &str) -> String {
        // What is there has its ARN for an id.
        if self.id.starts_with("arn:") {
            return self.id.to_owned();
        }
        let CellId { account, region } = self.place;
        let (path, member) = match kind {
            "AWS::SageMaker::Endpoint" => ("endpoint", "EndpointName"),
            "AWS::SageMaker::EndpointConfig" => ("endpoint-config", "EndpointConfigName"),
            _ => ("model", "ModelName"),
        };
        let name = self.properties.and_then(|all| all[member].as_str());
        let name = name.unwrap_or(self.id);
        format!("arn:aws:sagemaker:{region}:{account}:{path}/{name}")
    }
}
