//! What roles may do: their policies, held against everything that their sessions ask for.
//!
//! Purpose: lets a session do what the policies of its role allow and nothing else, as IAM evaluates identity
//! policies and permissions boundaries. Input: who acts, and the [`Wish`]es of a request or of CloudFormation's
//! work. Output: yes, or a [`Denial`] in AWS's words. Must not know: how a request is answered. An account's own
//! key may do everything in it. The trust of roles is `sts`'s.

mod actor;
mod condition;
mod guard;
mod handlers;
mod identity;
mod managed;
mod requests;
mod subject;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::http::StatusCode;
use serde_json::Value;

pub(crate) use actor::{acting, actor};
pub(crate) use guard::{Guard, guarded};
pub(crate) use requests::wishes;

use super::auth::Caller;
use super::policy::{Decision, NotUnderstood};
use super::wire::ApiError;

/// An action that somebody wants to take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wish {
    /// E.g. `s3:GetObject`.
    pub(crate) action: String,
    /// ARN of what it is taken on; `*` where the action knows no resource.
    pub(crate) resource: String,
    /// Condition keys that have a value.
    pub(crate) context: BTreeMap<String, String>,
}

impl Wish {
    /// An action on a resource.
    pub(crate) fn new(action: impl Into<String>, resource: impl Into<String>) -> Self {
        Self {
            action: action.into(),
            resource: resource.into(),
            context: BTreeMap::new(),
        }
    }

    /// The same, with a condition key's value.
    #[must_use]
    pub(crate) fn with(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.context.insert(key.into(), value.into());
        self
    }

    /// The same, with the values of condition keys.
    #[must_use]
    fn knowing(mut self, known: &BTreeMap<String, String>) -> Self {
        self.context.extend(known.clone());
        self
    }
}

/// Finds the policies of a role by its account and ARN: the documents, and the ARNs of managed policies.
pub(crate) type Policies =
    Arc<dyn Fn(&str, &str) -> std::io::Result<Option<RolePolicies>> + Send + Sync>;

/// What a role has been given.
#[derive(Debug, Clone, Default)]
pub(crate) struct RolePolicies {
    /// Inline policies.
    pub(crate) documents: Vec<Value>,
    /// ARNs of managed policies.
    pub(crate) managed: Vec<String>,
    /// ARN of the permissions boundary, a managed policy.
    pub(crate) boundary: Option<String>,
}

/// The kinds of policy that can be why something may not be done, as a denial calls them.
const IDENTITY: [&str; 2] = ["an identity-based policy", "no identity-based policy"];
const BOUNDARY: [&str; 2] = ["a permissions boundary", "no permissions boundary"];

/// Finds what conditions can be about of something that is there, by its ARN or physical id.
pub(crate) type Known = Arc<dyn Fn(&str) -> BTreeMap<String, String> + Send + Sync>;

/// Why something may not be done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Denial {
    /// No policy allows it, or one denies it; in AWS's words.
    #[error("{0}")]
    Denied(String),
    /// A policy holds something that the engine does not understand, or cannot be read.
    #[error("{0}")]
    Unclear(String),
}

impl From<NotUnderstood> for Denial {
    fn from(error: NotUnderstood) -> Self {
        Self::Unclear(format!("the local engine does not emulate {error}"))
    }
}

impl Denial {
    /// Turns it into the answer of a service.
    pub(crate) fn answer(self, service: &str) -> ApiError {
        // The Query protocol and CloudWatch say it without the ending.
        let code = match service {
            "cloudformation" | "iam" | "sts" | "monitoring" => "AccessDenied",
            _ => "AccessDeniedException",
        };
        let status = match service {
            "sagemaker" | "logs" | "servicequotas" | "application-autoscaling" => {
                StatusCode::BAD_REQUEST
            }
            _ => StatusCode::FORBIDDEN,
        };
        match self {
            Self::Denied(message) => ApiError::with_status(status, code, message),
            Self::Unclear(message) => {
                ApiError::with_status(StatusCode::NOT_IMPLEMENTED, "NotEmulated", message)
            }
        }
    }
}

/// Decides.
#[derive(Clone)]
pub(crate) struct Authority {
    policies: Policies,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Authority").finish_non_exhaustive()
    }
}

impl Authority {
    /// Decides by the policies that are found this way.
    pub(crate) fn new(policies: Policies) -> Self {
        Self { policies }
    }

    /// Lets a caller do something that both its role's policies and the boundary of the role allow ("Policy
    /// evaluation logic", IAM user guide).
    ///
    /// # Errors
    /// Its role may not do it, or has a policy that is not understood.
    pub(crate) fn permit(&self, caller: &Caller, wish: &Wish) -> Result<(), Denial> {
        let Some(session) = &caller.session else {
            return Ok(());
        };
        let found = (self.policies)(&caller.account, &session.role_arn);
        let found = found.map_err(|error| Denial::Unclear(error.to_string()))?;
        // A role that is gone allows nothing any more.
        let mut found = found.unwrap_or_default();
        for arn in &found.managed {
            found.documents.push(managed::document(arn)?);
        }
        let boundary = found.boundary.as_deref().map(managed::document);
        let boundary = boundary.transpose()?;
        // A denial in either of them comes first.
        let own = decide(&found.documents, caller, wish)?;
        let limit = match &boundary {
            Some(document) => identity::decide(document, caller, wish)?,
            None => Decision::Allowed,
        };
        match (own, limit) {
            (Decision::Allowed, Decision::Allowed) => Ok(()),
            (Decision::Denied, _) => Err(denied(caller, wish, Decision::Denied, IDENTITY)),
            (_, Decision::Denied) => Err(denied(caller, wish, Decision::Denied, BOUNDARY)),
            (Decision::Silent, _) => Err(denied(caller, wish, Decision::Silent, IDENTITY)),
            (Decision::Allowed, Decision::Silent) => {
                Err(denied(caller, wish, Decision::Silent, BOUNDARY))
            }
        }
    }

    /// Lets a caller do all of these.
    ///
    /// # Errors
    /// As [`Self::permit`], of the first that it may not do.
    pub(crate) fn permit_all(&self, caller: &Caller, wishes: &[Wish]) -> Result<(), Denial> {
        wishes.iter().try_for_each(|wish| self.permit(caller, wish))
    }
}

/// Decides by several documents: one that denies it outweighs those that allow it.
fn decide(documents: &[Value], caller: &Caller, wish: &Wish) -> Result<Decision, NotUnderstood> {
    let mut decision = Decision::Silent;
    for document in documents {
        match identity::decide(document, caller, wish)? {
            Decision::Denied => return Ok(Decision::Denied),
            Decision::Allowed => decision = Decision::Allowed,
            Decision::Silent => {}
        }
    }
    Ok(decision)
}

/// The words are those of "Troubleshoot access denied error messages", IAM user guide.
fn denied(caller: &Caller, wish: &Wish, decision: Decision, by: [&str; 2]) -> Denial {
    let (who, action) = (caller.arn(), &wish.action);
    let on = match wish.resource.as_str() {
        // S3 puts it into quotation marks.
        arn if action.starts_with("s3:") => format!("\"{arn}\""),
        arn => arn.to_owned(),
    };
    let [one, none] = by;
    let why = if decision == Decision::Denied {
        format!("with an explicit deny in {one}")
    } else {
        format!("because {none} allows the {action} action")
    };
    Denial::Denied(format!(
        "User: {who} is not authorized to perform: {action} on resource: {on} {why}"
    ))
}

/// Condition keys of the tags that properties or a request give, as a list of `Key` and `Value` or as a map.
fn request_tags(given: Option<&Value>) -> BTreeMap<String, String> {
    let given = given.map(|given| &given["Tags"]);
    let list = given.and_then(Value::as_array).into_iter().flatten();
    let list = list.filter_map(|tag| Some((tag["Key"].as_str()?, tag["Value"].as_str()?)));
    let map = given.and_then(Value::as_object).into_iter().flatten();
    let map = map.filter_map(|(key, value)| Some((key.as_str(), value.as_str()?)));
    list.chain(map)
        .map(|(key, value)| (format!("aws:RequestTag/{key}"), value.to_owned()))
        .collect()
}

/// Condition keys of the tags that something has.
pub(crate) fn resource_tags(tags: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let tags = tags.iter();
    tags.map(|(key, value)| (format!("aws:ResourceTag/{key}"), value.clone()))
        .collect()
}
