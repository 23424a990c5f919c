//! Names, ARNs and the errors about them.

use serde_json::Value;

use crate::local::wire::ApiError;

/// Longest name of a job, model, endpoint configuration or endpoint.
const MAX_NAME: usize = 63;

/// The kinds of things that SageMaker keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    TrainingJob,
    TransformJob,
    Model,
    EndpointConfig,
    Endpoint,
    /// A group of model packages.
    PackageGroup,
    /// A version of a model.
    Package,
}

impl Kind {
    /// Returns the ARN of the thing of this kind called `name`.
    pub(super) fn arn(self, account: &str, region: &str, name: &str) -> String {
        let kind = match self {
            Self::TrainingJob => "training-job",
            Self::TransformJob => "transform-job",
            Self::Model => "model",
            Self::EndpointConfig => "endpoint-config",
            Self::Endpoint => "endpoint",
            Self::PackageGroup => "model-package-group",
            Self::Package => "model-package",
        };
        format!("arn:aws:sagemaker:{region}:{account}:{kind}/{name}")
    }

    /// Returns the request member that names a thing of this kind.
    pub(super) fn member(self) -> &'static str {
        match self {
            Self::TrainingJob => "TrainingJobName",
            Self::TransformJob => "TransformJobName",
            Self::Model => "ModelName",
            Self::EndpointConfig => "EndpointConfigName",
            Self::Endpoint => "EndpointName",
            Self::PackageGroup => "ModelPackageGroupName",
            Self::Package => "ModelPackageName",
        }
    }

    /// Returns the member that has the status of a thing of this kind, where it has one.
    pub(super) fn status_member(self) -> String {
        self.member().replace("Name", "Status")
    }

    /// Returns the member that has the ARN of a thing of this kind.
    pub(super) fn arn_member(self) -> &'static str {
        match self {
            Self::TrainingJob => "TrainingJobArn",
            Self::TransformJob => "TransformJobArn",
            Self::Model => "ModelArn",
            Self::EndpointConfig => "EndpointConfigArn",
            Self::Endpoint => "EndpointArn",
            Self::PackageGroup => "ModelPackageGroupArn",
            Self::Package => "ModelPackageArn",
        }
    }

    /// Returns the member of a list's answer that has the things of this kind.
    pub(super) fn listed_as(self) -> &'static str {
        match self {
            Self::TrainingJob => "TrainingJobSummaries",
            Self::TransformJob => "TransformJobSummaries",
            Self::Model => "Models",
            Self::EndpointConfig => "EndpointConfigs",
            Self::Endpoint => "Endpoints",
            Self::PackageGroup => "ModelPackageGroupSummaryList",
            Self::Package => "ModelPackageSummaryList",
        }
    }

    /// Makes the error for a thing that is not there.
    pub(super) fn missing(self, arn: &str) -> ApiError {
        let words = match self {
            Self::TrainingJob | Self::TransformJob => {
                return invalid("Requested resource not found.");
            }
            Self::Model => "model",
            Self::EndpointConfig => "endpoint configuration",
            Self::Endpoint => "endpoint",
            Self::PackageGroup => {
                return invalid(format!("ModelPackageGroup {arn} does not exist."));
            }
            Self::Package => return invalid(format!("ModelPackage {arn} does not exist.")),
        };
        invalid(format!("Could not find {words} \"{arn}\"."))
    }

    /// Makes the error for a name that is taken.
    pub(super) fn exists(self, arn: &str) -> ApiError {
        let words = match self {
            Self::TrainingJob => {
                return ApiError::client(
                    "ResourceInUse",
                    format!(
                        "Training job names must be unique within an AWS account and region, and a \
                         training job with this name already exists ({arn})"
                    ),
                );
            }
            Self::TransformJob => {
                return ApiError::client(
                    "ResourceInUse",
                    format!(
                        "Transform job names must be unique within an AWS account and region, and a \
                         transform job with this name already exists ({arn})"
                    ),
                );
            }
            Self::Model => "model",
            Self::EndpointConfig => "endpoint configuration",
            Self::Endpoint => "endpoint",
            Self::PackageGroup | Self::Package => {
                return invalid(format!("Model Package Group already exists: {arn}"));
            }
        };
        invalid(format!("Cannot create already existing {words} \"{arn}\"."))
    }

    /// Reads the member that names a thing of this kind and checks its form.
    pub(super) fn name(self, input: &Value) -> Result<&str, ApiError> {
        let member = self.member();
        let name = required(input, member)?;
        check_name(member, name)?;
        Ok(name)
    }
}

/// Makes a `ValidationException`.
pub(super) fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::client("ValidationException", message)
}

/// Makes the error for a part of a request that the engine does not emulate.
pub(super) fn unsupported(what: impl std::fmt::Display) -> ApiError {
    invalid(format!("the local engine does not emulate {what}"))
}

/// Returns a string member that must be given.
pub(super) fn required<'a>(input: &'a Value, member: &str) -> Result<&'a str, ApiError> {
    input
        .get(member)
        .and_then(Value::as_str)
        .ok_or_else(|| constraint("null", member, "Member must not be null"))
}

/// Checks a name: letters, digits and inner hyphens, at most 63.
pub(super) fn check_name(member: &str, name: &str) -> Result<(), ApiError> {
    let whole = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    if name.is_empty() || name.starts_with('-') || name.ends_with('-') || !whole {
        return Err(constraint(
            name,
            member,
            "Member must satisfy regular expression pattern: ^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}",
        ));
    }
    if name.len() > MAX_NAME {
        return Err(constraint(
            name,
            member,
            "Member must have length less than or equal to 63",
        ));
    }
    Ok(())
}

/// Makes the error for a member that breaks a constraint, in the words that all AWS services share.
pub(super) fn constraint(value: &str, member: &str, rule: &str) -> ApiError {
    let value = if value == "null" {
        value.to_owned()
    } else {
        format!("'{value}'")
    };
    invalid(format!(
        "1 validation error detected: Value {value} at '{}' failed to satisfy constraint: {rule}",
        lower_first(member)
    ))
}

/// Refuses members of `object` that are not among `known`, unless they say nothing (null, false, empty).
pub(super) fn only_known(owner: &str, object: &Value, known: &[&str]) -> Result<(), ApiError> {
    let Some(members) = object.as_object() else {
        return Ok(());
    };
    for (member, value) in members {
        let says_nothing = match value {
            Value::Null | Value::Bool(false) => true,
            Value::Array(list) => list.is_empty(),
            Value::Object(map) => map.is_empty(),
            _ => false,
        };
        if !says_nothing && !known.contains(&member.as_str()) {
            return Err(unsupported(format!("{member} of {owner}")));
        }
    }
    Ok(())
}

fn lower_first(member: &str) -> String {
    let mut chars = member.chars();
    chars
        .next()
        .map(|first| first.to_lowercase().chain(chars).collect())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_follow_the_pattern() {
        for name in ["a", "a-b", "A--9", &"x".repeat(63)] {
            assert!(check_name("ModelName", name).is_ok(), "{name}");
        }
        for name in ["", "-a", "a-", "a_b", "ä", &"x".repeat(64)] {
            assert!(check_name("ModelName", name).is_err(), "{name}");
        }
    }

    #[test]
    fn a_missing_member_is_told_as_aws_does() {
        let error = Kind::Model.name(&json!({})).unwrap_err();
        assert_eq!(
            error.message,
            "1 validation error detected: Value null at 'modelName' failed to satisfy constraint: \
             Member must not be null"
        );
    }

    #[test]
    fn only_members_that_say_something_are_refused() {
        let object = json!({ "A": 1, "VpcConfig": {}, "Isolation": false });
        assert!(only_known("CreateModel", &object, &["A"]).is_ok());
        let error = only_known("CreateModel", &json!({ "VpcConfig": { "x": 1 } }), &["A"]);
        assert!(
            error
                .unwrap_err()
                .message
                .contains("VpcConfig of CreateModel")
        );
    }
}
