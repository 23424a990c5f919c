//! Logs: there are some, they are kept for a while, and not for ever.

use serde_json::Value;

use crate::code::Example;
use crate::policy::finding::{Policy, Severity, Sighting};
use crate::policy::subject::{Resource, Subject, is_given, refers_to, text};

pub(super) const POLICIES: &[Policy] = &[
    Policy {
        id: "LOG-RETENTION",
        severity: Severity::Warning,
        title: "Log groups end their lines after a while",
        reason: "lines that are kept for ever cost money for ever, and may hold what people typed",
        remedy: "set `logs.retention`, or `RetentionInDays` of the group",
        example: Example {
            before: "\
LogGroup:
  Type: AWS::Logs::LogGroup",
            after: "\
LogGroup:
  Type: AWS::Logs::LogGroup
  Properties:
    RetentionInDays: 30",
        },
        check: retention,
    },
    Policy {
        id: "LOG-GROUP",
        severity: Severity::Warning,
        title: "Functions and endpoints have a log group in the template",
        reason: "the service makes one otherwise, which keeps its lines for ever and outlives the stack",
        remedy: "add an `AWS::Logs::LogGroup` of the name that the service writes to",
        example: Example {
            before: "\
Function:
  Type: AWS::Lambda::Function
  Properties:
    FunctionName: news-classify",
            after: "\
Function:
  Type: AWS::Lambda::Function
  Properties:
    FunctionName: news-classify
FunctionLogGroup:
  Type: AWS::Logs::LogGroup
  Properties:
    LogGroupName: /aws/lambda/news-classify
    RetentionInDays: 30",
        },
        check: log_group,
    },
    Policy {
        id: "API-ACCESS-LOGS",
        severity: Severity::Warning,
        title: "Stages log who called",
        reason: "without access logs nobody can tell who called, how often and with what result",
        remedy: "set `api.access_logs` to true",
        example: Example {
            before: "\
Stage:
  Type: AWS::ApiGatewayV2::Stage",
            after: "\
Stage:
  Type: AWS::ApiGatewayV2::Stage
  Properties:
    AccessLogSettings:
      DestinationArn: { Fn::GetAtt: [ApiLogGroup, Arn] }
      Format: $context.requestId $context.status",
        },
        check: access_logs,
    },
    Policy {
        id: "S3-ACCESS-LOGS",
        severity: Severity::Note,
        title: "Buckets log who read and wrote",
        reason: "without them it cannot be told later who read the data",
        remedy: "set `LoggingConfiguration`, or log the bucket's data events with CloudTrail",
        example: Example {
            before: "\
Bucket:
  Type: AWS::S3::Bucket",
            after: "\
Bucket:
  Type: AWS::S3::Bucket
  Properties:
    LoggingConfiguration: { DestinationBucketName: team-access-logs }",
        },
        check: bucket_logs,
    },
];

fn retention(subject: &Subject<'_>) -> Vec<Sighting> {
    subject
        .of_type("AWS::Logs::LogGroup")
        .filter(|group| !is_given(group.property("/RetentionInDays")))
        .map(|group| group.sighting("/RetentionInDays", "the log group keeps its lines for ever"))
        .collect()
}

fn log_group(subject: &Subject<'_>) -> Vec<Sighting> {
    let functions = subject.of_type("AWS::Lambda::Function").filter(|function| {
        !is_given(function.property("/LoggingConfig/LogGroup"))
            && !has_group(subject, *function, "/FunctionName", "/aws/lambda/")
    });
    let endpoints = subject
        .of_type("AWS::SageMaker::Endpoint")
        .filter(|endpoint| {
            !has_group(
                subject,
                *endpoint,
                "/EndpointName",
                "/aws/sagemaker/Endpoints/",
            )
        });
    functions
        .chain(endpoints)
        .map(|resource| resource.sighting("", "no log group of the template is for it"))
        .collect()
}

/// Whether a template has the log group that a service writes to for a resource.
fn has_group(subject: &Subject<'_>, resource: Resource<'_>, name: &str, prefix: &str) -> bool {
    let name = resource.property(name).and_then(text);
    subject.of_type("AWS::Logs::LogGroup").any(|group| {
        let Some(value) = group.property("/LogGroupName") else {
            return false;
        };
        let same = text(value).and_then(|text| text.strip_prefix(prefix));
        same.is_some() && same == name || refers_to(value, resource.id)
    })
}

fn access_logs(subject: &Subject<'_>) -> Vec<Sighting> {
    subject
        .of_type("AWS::ApiGatewayV2::Stage")
        .filter(|stage| {
            let settings = stage.property("/AccessLogSettings");
            !is_given(settings)
                || settings.and_then(Value::as_object).is_some_and(|map| {
                    map.contains_key("Format") && !map.contains_key("DestinationArn")
                })
        })
        .map(|stage| stage.sighting("/AccessLogSettings", "the stage logs no calls"))
        .collect()
}

fn bucket_logs(subject: &Subject<'_>) -> Vec<Sighting> {
    subject
        .of_type("AWS::S3::Bucket")
        .filter(|bucket| !is_given(bucket.property("/LoggingConfiguration")))
        .map(|bucket| bucket.sighting("/LoggingConfiguration", "the bucket logs no requests"))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{on_resource, on_template};

    #[test]
    fn lines_are_not_kept_for_ever() {
        let find = |group| on_resource("LOG-RETENTION", "AWS::Logs::LogGroup", group);
        assert!(find(json!({"RetentionInDays": 30})).is_empty());
        assert_eq!(find(json!({})).len(), 1);
        assert_eq!(
            find(json!({"RetentionInDays": {"Ref": "AWS::NoValue"}})).len(),
            1
        );
    }

    #[test]
    fn a_function_and_an_endpoint_have_their_groups() {
        let template = |function: &str, endpoint: &str| {
            json!({
                "F": {"Type": "AWS::Lambda::Function", "Properties": {"FunctionName": "f"}},
                "E": {"Type": "AWS::SageMaker::Endpoint", "Properties": {"EndpointName": "e"}},
                "A": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": function}},
                "B": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": endpoint}},
            })
        };
        let right = template("/aws/lambda/f", "/aws/sagemaker/Endpoints/e");
        assert!(on_template("LOG-GROUP", right).is_empty());
        let wrong = template("/aws/lambda/g", "/aws/lambda/e");
        assert_eq!(on_template("LOG-GROUP", wrong).len(), 2);
    }

    #[test]
    fn stages_and_buckets_log_their_calls() {
        let stage = |stage| on_resource("API-ACCESS-LOGS", "AWS::ApiGatewayV2::Stage", stage);
        assert!(
            stage(json!({"AccessLogSettings": {"DestinationArn": "a", "Format": "f"}})).is_empty()
        );
        assert_eq!(
            stage(json!({"AccessLogSettings": {"Format": "f"}})).len(),
            1
        );
        assert_eq!(stage(json!({})).len(), 1);
        let bucket = |bucket| on_resource("S3-ACCESS-LOGS", "AWS::S3::Bucket", bucket);
        assert!(bucket(json!({"LoggingConfiguration": {"LogFilePrefix": "l/"}})).is_empty());
        assert_eq!(bucket(json!({})).len(), 1);
    }
}
