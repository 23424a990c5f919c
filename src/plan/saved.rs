//! A plan kept in a file, to be carried out later exactly as it was agreed to, or not at all.
//!
//! It holds names, statuses and digests; no parameter values, no templates, nothing secret.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::action::Plan;
use super::basis::Basis;
use super::desired::Desired;

/// The version of the format.
const VERSION: u32 = 1;

/// A plan with what it was made from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedPlan {
    version: u32,
    /// When it was made.
    pub made: String,
    stack: String,
    environment: String,
    account: String,
    /// Digests of what is desired.
    desired: BTreeMap<String, String>,
    /// What was observed.
    based_on: Basis,
    steps: Vec<Value>,
    removes: Vec<String>,
}

/// Why a file is no saved plan.
#[derive(Debug, thiserror::Error)]
pub enum UnreadablePlan {
    /// It is something else.
    #[error("it is no saved plan")]
    Malformed(#[from] serde_json::Error),
    /// Another version of deploy wrote it.
    #[error("it has version {0} of the format, this deploy reads version {VERSION}")]
    Version(u64),
}

impl SavedPlan {
    /// Keeps a plan for what is desired; `made` is the time in words.
    pub fn new(plan: &Plan, desired: &Desired, made: String) -> Self {
        let deployment = &desired.deployment;
        Self {
            version: VERSION,
            made,
            stack: deployment.stack.clone(),
            environment: deployment.environment.clone(),
            account: deployment.account.clone(),
            desired: digests(desired),
            based_on: plan.based_on.clone(),
            steps: plan.steps.iter().map(|step| json!(step)).collect(),
            removes: plan.removes.iter().map(ToString::to_string).collect(),
        }
    }

    /// Reads a saved plan.
    ///
    /// # Errors
    /// It is none, or of another version.
    pub fn read(text: &str) -> Result<Self, UnreadablePlan> {
        let value: Value = serde_json::from_str(text)?;
        if let Some(version) = value.get("version").and_then(Value::as_u64)
            && version != u64::from(VERSION)
        {
            return Err(UnreadablePlan::Version(version));
        }
        Ok(serde_json::from_value(value)?)
    }

    /// Says how a plan that was made now differs from this one, a line for each difference; empty when
    /// carrying it out is what was agreed to.
    pub fn differences(&self, plan: &Plan, desired: &Desired) -> Vec<String> {
        let now = Self::new(plan, desired, String::new());
        let mut found = Vec::new();
        for (what, before, after) in [
            ("stack", &self.stack, &now.stack),
            ("environment", &self.environment, &now.environment),
            ("account", &self.account, &now.account),
        ] {
            if before != after {
                found.push(format!("the plan is for the {what} {before}, not {after}"));
            }
        }
        let names: BTreeSet<&String> = self.desired.keys().chain(now.desired.keys()).collect();
        found.extend(
            names
                .into_iter()
                .filter(|name| self.desired.get(*name) != now.desired.get(*name))
                .map(|name| format!("the {name} in the project is another one")),
        );
        found.extend(self.based_on.moved(&now.based_on));
        if found.is_empty() && (self.steps != now.steps || self.removes != now.removes) {
            found.push("the options ask for other steps than those of the plan".to_owned());
        }
        found
    }
}

fn digests(desired: &Desired) -> BTreeMap<String, String> {
    [
        ("foundation", &desired.foundation.fingerprint),
        ("service", &desired.service.fingerprint),
        ("function's code", &desired.function_key),
    ]
    .into_iter()
    .map(|(name, digest)| (name.to_owned(), digest.clone()))
    .chain([("training key".to_owned(), desired.training_key.to_string())])
    .collect()
}
