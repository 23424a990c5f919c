//! The model registry: versions of a model in a group, and whether they are approved.

use std::collections::BTreeMap;
use std::fmt;

use async_trait::async_trait;
use serde::Serialize;

use super::CloudFault;

/// A version that is to be in the registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewVersion {
    /// Name of the group.
    pub group: String,
    /// Tags of the group, which its versions have too.
    pub tags: BTreeMap<String, String>,
    /// What it is, in words by which it is found again.
    pub description: String,
    /// By which a request that is repeated is recognised: letters, digits and hyphens, at most 36.
    pub token: String,
    /// The container image in which it serves.
    pub image: String,
    /// Address of its `model.tar.gz` in S3.
    pub model_data: String,
    /// What is known of it, by name.
    pub properties: BTreeMap<String, String>,
}

/// A version in the registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Its ARN.
    pub arn: String,
    /// What it is.
    pub description: String,
    /// Whether somebody approved it.
    pub approval: Approval,
}

/// What somebody thinks of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Approval {
    /// It may serve.
    Approved,
    /// It may not.
    Rejected,
    /// Nobody has looked yet.
    Pending,
}

impl fmt::Display for Approval {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Pending => "pending",
        })
    }
}

/// The registry of an account and region.
#[async_trait]
pub trait Registry: Send + Sync {
    /// Lists the versions of a group, the oldest first; none where there is no such group.
    async fn versions(&self, group: &str) -> Result<Vec<Version>, CloudFault>;

    /// Enters a version that nobody has approved yet, and makes its group where that is not there. Returns
    /// its ARN; a request with a token that was seen before is the one of then.
    async fn register(&self, version: &NewVersion) -> Result<String, CloudFault>;

    /// Approves a version, with a note by whom.
    async fn approve(&self, arn: &str, note: &str) -> Result<(), CloudFault>;

    /// Removes a version; one that is not there is a success.
    async fn remove(&self, arn: &str) -> Result<(), CloudFault>;

    /// Removes a group if it is empty; one that is not empty, or not there, is a success.
    async fn remove_group(&self, group: &str) -> Result<(), CloudFault>;
}
