//! CloudFormation stacks, changed through change sets only.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::CloudFault;
use super::condition::StackStatus;
use super::inventory::Item;

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
    /// When it was changed last, which tells one state of the stack from a later one that looks the same;
    /// empty as long as nothing was ever executed.
    pub revision: String,
    /// When it was changed last, or made, by the service's clock; `None` where it does not say.
    #[serde(default)]
    pub changed: Option<Timestamp>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// Parameters.
    pub parameters: BTreeMap<String, String>,
    /// Outputs.
    pub outputs: BTreeMap<String, String>,
    /// Names of the change sets that wait for a stack under review, which has no tags yet; empty for
    /// any other status.
    pub pending_changes: Vec<String>,
    /// The token of the operation that is under way, if one is and its beginning gave one.
    pub token: Option<String>,
}

impl StackState {
    /// The account that it is in, the fifth part of its ARN; `None` for an id that is no ARN.
    pub fn account(&self) -> Option<&str> {
        let account = self.id.split(':').nth(4)?;
        (!account.is_empty()).then_some(account)
    }
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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DriftMode {
    /// It compares the new template with the old one only.
    #[default]
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

/// One resource of a stack, as far as lists of resources tell.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct StackResource {
    /// Key in the template.
    pub logical_id: String,
    /// Type, e.g. `AWS::S3::Bucket`.
    pub resource_type: String,
    /// What the service calls it; empty when it was never made.
    pub physical_id: String,
    /// Status, e.g. `CREATE_FAILED`.
    pub status: String,
}

impl StackResource {
    /// Whether it exists, or may exist.
    pub fn is_live(&self) -> bool {
        !self.physical_id.is_empty() && self.status != "DELETE_COMPLETE"
    }

    /// The resource as a thing in the account.
    pub fn item(&self) -> Item {
        Item::resource(&self.logical_id, &self.resource_type, &self.physical_id)
    }
}

/// Something that happened to a stack or one of its resources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackEvent {
    /// Id, unique.
    pub id: String,
    /// Token of the request that began the operation. Every event of an operation, those of its roll-back
    /// included, has the same one (CloudFormation API reference, `StackEvent`).
    pub token: Option<String>,
    /// What the service calls the resource, once it has a name; a stack's is its ARN.
    pub physical_id: Option<String>,
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
    /// The status of the stack itself, when this event tells of it.
    pub fn stack_status(&self, stack_id: &str) -> Option<StackStatus> {
        let is_stack = self.resource_type == "AWS::CloudFormation::Stack"
            && self.physical_id.as_deref() == Some(stack_id);
        is_stack.then(|| self.status.parse().ok()).flatten()
    }

    /// The ARN of the nested stack that this event tells of, if it tells of one.
    pub fn nested_stack(&self) -> Option<&str> {
        let id = self.physical_id.as_deref()?;
        (self.resource_type == "AWS::CloudFormation::Stack").then_some(id)
    }

    /// Whether this is the first word of a failure: not of the stack itself, nor of something that was
    /// cancelled because something else failed.
    pub fn is_cause(&self, stack_id: &str) -> bool {
        self.status.ends_with("_FAILED")
            && self.nested_stack() != Some(stack_id)
            && !self
                .reason
                .as_deref()
                .is_some_and(|reason| reason.contains("cancelled") || reason.contains("canceled"))
    }
}

/// What a stack's operation is to leave alone, and the token that its events carry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Operation {
    /// Token; the same for a repeated request.
    pub token: String,
    /// Logical ids of resources that are left as they are.
    pub leave: Vec<String>,
}

/// Looks at stacks.
#[async_trait]
pub trait Stacks: Send + Sync {
    /// Looks at a stack by name or ARN; `None` when there is none.
    async fn describe(&self, stack: &str) -> Result<Option<StackState>, CloudFault>;

    /// Lists the names of all stacks that are there.
    async fn list(&self) -> Result<Vec<String>, CloudFault>;

    /// Lists the resources of a stack.
    async fn resources(&self, stack: &str) -> Result<Vec<StackResource>, CloudFault>;

    /// Lists what happened in the operation with the token, after the event `after` (from its
    /// beginning when `None`), oldest first. Nothing while the operation is not the newest one.
    async fn events(
        &self,
        stack: &str,
        token: &str,
        after: Option<&str>,
    ) -> Result<Vec<StackEvent>, CloudFault>;

    /// Lists what CloudFormation objected to before it touched anything, in the operation with the token
    /// or in the making of the change set of this name. The events of the stack do not tell it.
    async fn objections(&self, stack: &str, token: &str) -> Result<Vec<StackEvent>, CloudFault>;

    /// Returns the newest event; `None` when nothing has happened yet.
    async fn newest_event(&self, stack: &str) -> Result<Option<StackEvent>, CloudFault>;
}

/// Changes stacks through change sets.
#[async_trait]
pub trait Changes: Send + Sync {
    /// Submits a change set. One of the same name that is already there is kept.
    async fn submit(&self, request: &ChangeRequest) -> Result<(), CloudFault>;

    /// Looks at a submitted change set.
    async fn look(&self, stack: &str, name: &str) -> Result<ChangeStatus, CloudFault>;

    /// Lists the names of the change sets that wait.
    async fn waiting(&self, stack: &str) -> Result<Vec<String>, CloudFault>;

    /// Executes a change set that is ready; its name is the operation's token.
    async fn execute(&self, stack: &str, name: &str) -> Result<(), CloudFault>;

    /// Removes a change set that is not to be executed.
    async fn discard(&self, stack: &str, name: &str) -> Result<(), CloudFault>;
}

/// Takes stacks back or away.
#[async_trait]
pub trait Withdrawals: Send + Sync {
    /// Asks for a stack to be deleted. Resources can be left only after a deletion that failed.
    async fn delete(&self, stack: &str, operation: &Operation) -> Result<(), CloudFault>;

    /// Rolls back a stack whose last operation failed without a roll-back (`CREATE_FAILED`,
    /// `UPDATE_FAILED`). Not to be confused with [`Self::continue_roll_back`].
    async fn roll_back(&self, stack: &str, operation: &Operation) -> Result<(), CloudFault>;

    /// Goes on with a roll-back that failed (`UPDATE_ROLLBACK_FAILED`).
    async fn continue_roll_back(
        &self,
        stack: &str,
        operation: &Operation,
    ) -> Result<(), CloudFault>;
}
