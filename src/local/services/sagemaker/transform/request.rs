//! `CreateTransformJob` as data, checked as the API checks it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::super::names::{Kind, constraint, invalid, only_known, required, unsupported};
use super::super::ports::S3Uri;
use crate::local::wire::ApiError;

const MEMBERS: [&str; 11] = [
    "TransformJobName",
    "ModelName",
    "TransformInput",
    "TransformOutput",
    "TransformResources",
    "BatchStrategy",
    "MaxPayloadInMB",
    "MaxConcurrentTransforms",
    "ModelClientConfig",
    "Environment",
    "Tags",
];

/// The most that all requests at once may hold, in MB.
const MOST_AT_ONCE: u64 = 100;

/// A transform job as it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TransformRequest {
    pub(super) name: String,
    pub(super) model: String,
    /// What the keys of the objects begin with.
    pub(super) input: S3Uri,
    pub(super) output: S3Uri,
    pub(super) split: Split,
    pub(super) strategy: Strategy,
    /// Whether a line break stands between two answers.
    pub(super) assemble_lines: bool,
    pub(super) content_type: Option<String>,
    pub(super) accept: Option<String>,
    pub(super) max_payload_mb: u64,
    pub(super) concurrency: u64,
    pub(super) timeout: Duration,
    pub(super) retries: u64,
    pub(super) environment: BTreeMap<String, String>,
}

/// What a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Split {
    /// The whole object.
    None,
    /// A line of it.
    Line,
}

/// How many records a request has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Strategy {
    /// One.
    Single,
    /// As many as fit.
    Multi,
}

impl Strategy {
    /// The word that the container is told.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Single => "SINGLE_RECORD",
            Self::Multi => "MULTI_RECORD",
        }
    }
}

impl TransformRequest {
    /// Reads and checks a request.
    pub(super) fn read(input: &Value) -> Result<Self, ApiError> {
        only_known("CreateTransformJob", input, &MEMBERS)?;
        let from = part(input, "TransformInput")?;
        let to = part(input, "TransformOutput")?;
        check_resources(part(input, "TransformResources")?)?;
        only_known(
            "TransformInput",
            from,
            &["DataSource", "ContentType", "CompressionType", "SplitType"],
        )?;
        only_known(
            "TransformOutput",
            to,
            &["S3OutputPath", "Accept", "AssembleWith"],
        )?;
        match from.get("CompressionType").and_then(Value::as_str) {
            None | Some("None") => {}
            Some(other) => return Err(unsupported(format!("the CompressionType {other}"))),
        }
        let split = match from.get("SplitType").and_then(Value::as_str) {
            None | Some("None") => Split::None,
            Some("Line") => Split::Line,
            Some(other @ ("RecordIO" | "TFRecord")) => {
                return Err(unsupported(format!("the SplitType {other}")));
            }
            Some(other) => return Err(not_in_enum(other, "SplitType")),
        };
        let strategy = match input.get("BatchStrategy").and_then(Value::as_str) {
            None | Some("MultiRecord") => Strategy::Multi,
            Some("SingleRecord") => Strategy::Single,
            Some(other) => return Err(not_in_enum(other, "BatchStrategy")),
        };
        let assemble_lines = match to.get("AssembleWith").and_then(Value::as_str) {
            None | Some("None") => false,
            Some("Line") => true,
            Some(other) => return Err(not_in_enum(other, "AssembleWith")),
        };
        let text = |object: &Value, member: &str| {
            let text = object.get(member).and_then(Value::as_str);
            text.map(str::to_owned)
        };
        let client = input.get("ModelClientConfig").unwrap_or(&Value::Null);
        let seconds = number(client, "InvocationsTimeoutInSeconds", 600, (1, 3_600))?;
        let request = Self {
            name: Kind::TransformJob.name(input)?.to_owned(),
            model: Kind::Model.name(input)?.to_owned(),
            input: objects(from)?,
            output: address(required(to, "S3OutputPath")?, "S3OutputPath")?,
            split,
            strategy,
            assemble_lines,
            content_type: text(from, "ContentType"),
            accept: text(to, "Accept"),
            max_payload_mb: number(input, "MaxPayloadInMB", 6, (0, 100))?,
            concurrency: number(input, "MaxConcurrentTransforms", 1, (0, 100))?.max(1),
            timeout: Duration::from_secs(seconds),
            retries: number(client, "InvocationsMaxRetries", 3, (0, 3))?,
            environment: environment(input)?,
        };
        request.check()?;
        Ok(request)
    }

    fn check(&self) -> Result<(), ApiError> {
        if self.max_payload_mb == 0 {
            return Err(unsupported("requests in chunks (MaxPayloadInMB 0)"));
        }
        if self.max_payload_mb * self.concurrency > MOST_AT_ONCE {
            return Err(invalid(format!(
                "MaxConcurrentTransforms * MaxPayloadInMB must not exceed {MOST_AT_ONCE} MB."
            )));
        }
        Ok(())
    }

    /// The largest request to the container, in bytes.
    pub(super) fn max_payload(&self) -> usize {
        usize::try_from(self.max_payload_mb * 1024 * 1024).unwrap_or(usize::MAX)
    }

    /// The variables that tell the container of the job ("How Containers Serve Requests" for Batch Transform
    /// in the SageMaker developer guide), and the request's own.
    pub(super) fn variables(&self) -> BTreeMap<String, String> {
        let mut all = self.environment.clone();
        for (key, value) in [
            ("SAGEMAKER_BATCH", "true".to_owned()),
            (
                "SAGEMAKER_MAX_PAYLOAD_IN_MB",
                self.max_payload_mb.to_string(),
            ),
            ("SAGEMAKER_BATCH_STRATEGY", self.strategy.word().to_owned()),
            (
                "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS",
                self.concurrency.to_string(),
            ),
        ] {
            all.insert(key.to_owned(), value);
        }
        all
    }
}

fn part<'a>(input: &'a Value, member: &str) -> Result<&'a Value, ApiError> {
    let part = input.get(member).filter(|part| part.is_object());
    part.ok_or_else(|| constraint("null", member, "Member must not be null"))
}

fn check_resources(resources: &Value) -> Result<(), ApiError> {
    only_known(
        "TransformResources",
        resources,
        &["InstanceType", "InstanceCount"],
    )?;
    let kind = required(resources, "InstanceType")?;
    if !kind.starts_with("ml.") {
        return Err(not_in_enum(kind, "InstanceType"));
    }
    match resources.get("InstanceCount").and_then(Value::as_u64) {
        Some(1..) => Ok(()),
        Some(0) => Err(constraint(
            "0",
            "InstanceCount",
            "Member must have value greater than or equal to 1",
        )),
        None => Err(constraint(
            "null",
            "InstanceCount",
            "Member must not be null",
        )),
    }
}

fn objects(from: &Value) -> Result<S3Uri, ApiError> {
    let source = part(from, "DataSource")?;
    let source = part(source, "S3DataSource")?;
    match required(source, "S3DataType")? {
        "S3Prefix" => address(required(source, "S3Uri")?, "S3Uri"),
        "ManifestFile" => Err(unsupported("the S3DataType ManifestFile")),
        other => Err(not_in_enum(other, "S3DataType")),
    }
}

fn address(text: &str, member: &str) -> Result<S3Uri, ApiError> {
    S3Uri::parse(text).ok_or_else(|| {
        let rule = "Member must satisfy regular expression pattern: ^(https|s3)://([^/]+)/?(.*)$";
        constraint(text, member, rule)
    })
}

fn number(
    object: &Value,
    member: &str,
    usual: u64,
    (least, most): (u64, u64),
) -> Result<u64, ApiError> {
    let Some(given) = object.get(member).filter(|given| !given.is_null()) else {
        return Ok(usual);
    };
    let number = given
        .as_u64()
        .filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| {
        let rule = format!("Member must have a value from {least} to {most}");
        constraint(&given.to_string(), member, &rule)
    })
}

fn environment(input: &Value) -> Result<BTreeMap<String, String>, ApiError> {
    let given = input.get("Environment").and_then(Value::as_object);
    let pair = |(key, value): (&String, &Value)| match value.as_str() {
        Some(value) => Ok((key.clone(), value.to_owned())),
        None => Err(invalid(format!(
            "The environment variable {key} is no string."
        ))),
    };
    given.into_iter().flatten().map(pair).collect()
}

fn not_in_enum(value: &str, member: &str) -> ApiError {
    constraint(value, member, "Member must satisfy enum value set")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::transform_request;
    use super::*;

    #[test]
    fn what_is_not_given_is_as_the_api_has_it() {
        let mut input = transform_request("job");
        for member in ["BatchStrategy", "MaxPayloadInMB"] {
            input.as_object_mut().unwrap().shift_remove(member);
        }
        let request = TransformRequest::read(&input).unwrap();
        assert_eq!(request.strategy, Strategy::Multi);
        assert_eq!(
            (request.max_payload_mb, request.concurrency, request.retries),
            (6, 1, 3)
        );
        assert_eq!(request.timeout, Duration::from_mins(10));
        assert_eq!(request.variables()["SAGEMAKER_BATCH"], "true");
    }

    #[test]
    fn what_is_not_emulated_is_refused_by_name() {
        for (pointer, value, says) in [
            (
                "/TransformInput/DataSource/S3DataSource/S3DataType",
                json!("ManifestFile"),
                "ManifestFile",
            ),
            ("/TransformInput/CompressionType", json!("Gzip"), "Gzip"),
            ("/TransformInput/SplitType", json!("RecordIO"), "RecordIO"),
            (
                "/TransformInput/SplitType",
                json!("Lines"),
                "enum value set",
            ),
            (
                "/DataProcessing",
                json!({ "JoinSource": "Input" }),
                "DataProcessing",
            ),
            ("/MaxPayloadInMB", json!(0), "in chunks"),
            ("/MaxPayloadInMB", json!(101), "from 0 to 100"),
            (
                "/MaxConcurrentTransforms",
                json!(20),
                "must not exceed 100 MB",
            ),
            (
                "/TransformResources/InstanceCount",
                json!(0),
                "greater than or equal to 1",
            ),
            (
                "/TransformOutput/AssembleWith",
                json!("Comma"),
                "assembleWith",
            ),
            ("/TransformOutput", json!(null), "transformOutput"),
        ] {
            let mut input = transform_request("job");
            let (parent, member) = pointer.rsplit_once('/').unwrap();
            input.pointer_mut(parent).unwrap()[member] = value;
            let error = TransformRequest::read(&input).unwrap_err();
            assert!(error.message.contains(says), "{pointer}: {error}");
        }
    }
}
