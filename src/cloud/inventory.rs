//! Everything that exists under an environment's names, to prove that a teardown left nothing.

use std::fmt;

use async_trait::async_trait;
use serde::Serialize;

use super::CloudFault;
use crate::stack::Names;

/// The kinds of things that an environment is made of.
pub mod kinds {
    #![expect(missing_docs, reason = "each constant is the kind of the same name")]

    pub const BUCKET: &str = "S3 bucket";
    pub const ROLE: &str = "IAM role";
    pub const FUNCTION: &str = "Lambda function";
    pub const API: &str = "HTTP API";
    pub const LOG_GROUP: &str = "log group";
    pub const MODEL: &str = "SageMaker model";
    pub const ENDPOINT_CONFIG: &str = "SageMaker endpoint config";
    pub const ENDPOINT: &str = "SageMaker endpoint";
    pub const TRAINING_JOB: &str = "training job";
}

/// Something that exists in the account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Item {
    /// What it is, e.g. `IAM role`.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
}

impl Item {
    /// A resource that is or was in a CloudFormation stack.
    pub fn resource(logical_id: &str, resource_type: &str, physical_id: &str) -> Self {
        Self {
            kind: "resource",
            name: format!("{logical_id} ({resource_type} {physical_id})"),
        }
    }
}

impl fmt::Display for Item {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.kind, self.name)
    }
}

/// The names that belong to one environment. Prefixes end with a separator, so that the names of
/// `news-prod-eu` are not taken for those of `news-prod`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// `<stack>-<environment>`: what all other names begin with.
    pub stem: String,
    /// Names that the endpoint may have.
    pub endpoints: Vec<String>,
    /// Names of the CloudFormation stacks; what they generate starts with `<name>-`.
    pub stacks: Vec<String>,
    /// The bucket.
    pub bucket: String,
    /// Names of the log groups.
    pub log_groups: Vec<String>,
    /// Name of the Lambda function.
    pub function: String,
    /// Value of the `deploy:stack` tag.
    pub stack: String,
    /// Value of the `deploy:environment` tag.
    pub environment: String,
}

impl Scope {
    /// Whether a generated name, e.g. of a role or a model, comes from one of the stacks.
    pub fn generated(&self, name: &str) -> bool {
        self.stacks.iter().any(|stack| {
            name.strip_prefix(stack.as_str())
                .is_some_and(|rest| rest.starts_with('-'))
        })
    }

    /// Whether a training job's name is `<stem>-<key>` or `<stem>-<key>-r<attempt>`.
    pub fn training_job(&self, name: &str) -> bool {
        let Some(rest) = name.strip_prefix(&format!("{}-", self.stem)) else {
            return false;
        };
        let (key, attempt) = rest.split_once("-r").unwrap_or((rest, "2"));
        key.len() == Names::KEY_CHARACTERS
            && key.bytes().all(|byte| byte.is_ascii_hexdigit())
            && attempt.bytes().all(|byte| byte.is_ascii_digit())
    }

    /// Whether a batch job's name is one that this environment gives: they are made like those of training
    /// jobs, among which they are not.
    pub fn transform_job(&self, name: &str) -> bool {
        self.training_job(name)
    }
}

/// Lists what exists.
#[async_trait]
pub trait Inventory: Send + Sync {
    /// Lists everything within the scope, sorted.
    async fn items(&self, scope: &Scope) -> Result<Vec<Item>, CloudFault>;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope() -> Scope {
        Scope {
            stem: "news-prod".into(),
            endpoints: vec!["news-prod".into()],
            stacks: vec!["news-prod-foundation".into(), "news-prod-service".into()],
            bucket: "news-prod-111122223333-eu-west-1".into(),
            log_groups: vec![],
            function: "news-prod-classify".into(),
            stack: "news".into(),
            environment: "prod".into(),
        }
    }

    #[test]
    fn another_environment_with_the_same_beginning_is_not_ours() {
        assert!(scope().generated("news-prod-foundation-TrainingRole-1A"));
        assert!(!scope().generated("news-prod-eu-foundation-TrainingRole-1A"));
        assert!(scope().training_job("news-prod-0123456789abcdef"));
        assert!(scope().training_job("news-prod-0123456789abcdef-r2"));
        assert!(!scope().training_job("news-prod-eu-0123456789abcdef"));
    }
}
