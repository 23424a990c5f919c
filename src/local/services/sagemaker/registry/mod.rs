//! The model registry: groups of model packages, which are the versions of a model.
//!
//! Purpose: remembers which versions there are, what is known of them and whether somebody approved them.
//! Input: awsJson requests. Output: answers, records in the service's state. Must not know: what a model
//! is; metrics and metadata are kept and told as they came.

mod groups;
mod packages;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::state::Record;

/// A group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Group {
    pub(super) record: Record,
    /// The newest version that there ever was: numbers are not given twice.
    pub(super) newest: u64,
}

/// A version of a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Package {
    pub(super) record: Record,
    /// ARN of its group.
    pub(super) group: String,
    pub(super) version: u64,
    pub(super) approval: Approval,
    /// Why it has this approval, in somebody's words.
    pub(super) approval_note: Option<String>,
    /// `CustomerMetadataProperties`.
    pub(super) properties: BTreeMap<String, String>,
    /// By which a request that is repeated is recognised.
    pub(super) token: Option<String>,
}

/// `ModelApprovalStatus`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Approval {
    Approved,
    Rejected,
    /// Nobody has looked yet.
    #[default]
    #[serde(rename = "PendingManualApproval")]
    Pending,
}
