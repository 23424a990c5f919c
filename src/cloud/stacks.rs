//! CloudFormation stacks, changed through change sets only.

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::CloudFault;
use super::condition::StackStatus;

/// A CloudFormation stack as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StackState {
    /// Name.
    pub name: String,
    /// ARN, which tells a stack from a namesake that came after it.
    pub id: String,
    /// Status.
    pub status: StackStatus,
    /// Why it is in this status, if the service says.
    pub status_reason: Option<String>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// Parameters.
    pub parameters: BTreeMap<String, String>,
    /// Outputs.
    pub outputs: BTreeMap<String, String>,
    /// Names of the change sets that wait for a stack under review, which has no tags yet; empty for
    /// any other status.
    pub pending_changes: Vec<String>,
}

/// What the name of each of this tool's change sets begins with.
pub const CHANGE_PREFIX: &str = "deploy-";

/// What a change set is to bring about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeRequest {
    /// Name of the CloudFormation stack.
    pub stack: String,
    /// Whether the stack is to be created or updated.
    pub kind: ChangeKind,
    /// Name of the change set; derived from content, so that a repeated request is recognised.
    pub name: String,
    /// Template text.
    pub template: String,
    /// Parameters.
    pub parameters: BTreeMap<String, String>,
    /// Tags of the stack.
    pub tags: BTreeMap<String, String>,
    /// Whether what others changed is taken back as well.
    pub drift: DriftMode,
}

/// Whether a change set takes back what others changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DriftMode {
    /// It compares the new template with the old one only.
    Leave,
    /// It compares with what is there (CloudFormation user guide, "Using drift-aware change sets").
    Revert,
}

/// Whether a change set creates or updates its stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// The stack is not there (or was only reviewed).
    Create,
    /// The stack is there.
    Update,
}

/// Where a change set stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangeStatus {
    /// The service is still working it out.
    Pending,
    /// It can be executed.
    Ready(Vec<ResourceChange>),
    /// There is nothing to change.
    Empty,
    /// It cannot be made, for the given reason.
    Failed(String),
}

/// One resource's change within a change set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceChange {
    /// Key in the template.
    pub logical_id: String,
    /// Type, e.g. `AWS::S3::Bucket`.
    pub resource_type: String,
    /// `Add`, `Modify`, `Remove`, …
    pub action: String,
    /// Whether the resource is replaced: `True`, `False`, `Conditional`; empty when it is new.
    pub replacement: String,
}

/// Something that happened to a stack or one of its resources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackEvent {
    /// Id, unique.
    pub id: String,
    /// Key of the resource in the template; the stack's own name for the stack itself.
    pub logical_id: String,
    /// Type, e.g. `AWS::SageMaker::Endpoint`.
    pub resource_type: String,
    /// Status, e.g. `CREATE_FAILED`.
    pub status: String,
    /// Why.
    pub reason: Option<String>,
}

impl StackEvent {
    /// Whether this is the first word of a failure, not one cancelled because of another.
    pub fn is_cause(&self) -> bool {
        self.status.ends_with("_FAILED")
            && self.resource_type != "AWS::CloudFormation::Stack"
            && !self
                .reason
                .as_deref()
                .is_some_and(|reason| reason.contains("cancelled") || reason.contains("canceled"))
    }
}

/// Looks at stacks and changes them.
#[async_trait]
pub trait Stacks: Send + Sync {
    /// Looks at a stack by name or ARN; `None` when there is none.
    async fn describe(&self, stack: &str) -> Result<Option<StackState>, CloudFault>;

    /// Lists the names of all stacks that are there.
    async fn list(&self) -> Result<Vec<String>, CloudFault>;

    /// Submits a change set. One of the same name that is already there is kept.
    async fn submit_change(&self, request: &ChangeRequest) -> Result<(), CloudFault>;

    /// Looks at a submitted change set.
    async fn change(&self, stack: &str, name: &str) -> Result<ChangeStatus, CloudFault>;

    /// Executes a change set that is ready.
    async fn execute_change(&self, stack: &str, name: &str) -> Result<(), CloudFault>;

    /// Removes a change set that is not to be executed.
    async fn discard_change(&self, stack: &str, name: &str) -> Result<(), CloudFault>;

    /// Asks for a stack to be deleted.
    async fn delete(&self, stack: &str) -> Result<(), CloudFault>;

    /// Lists what happened to a stack since the event `after` (from the beginning when `None`),
    /// oldest first.
    async fn events(&self, stack: &str, after: Option<&str>)
    -> Result<Vec<StackEvent>, CloudFault>;

    /// Returns the id of the newest event; `None` when nothing has happened yet.
    async fn newest_event(&self, stack: &str) -> Result<Option<String>, CloudFault>;
}
