//! Change sets and the changes they list.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Definition, DriftStatus, OnFailure};

/// A change set.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ChangeSet {
    /// ARN.
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) created: i64,
    /// `CREATE` or `UPDATE`.
    pub(crate) creates: bool,
    pub(crate) definition: Definition,
    pub(crate) changes: Vec<Change>,
    pub(crate) status: ChangeSetStatus,
    pub(crate) status_reason: Option<String>,
    pub(crate) execution: ExecutionStatus,
    pub(crate) on_failure: OnFailure,
    /// It is drift-aware; how the stack compared with its definition when it was made.
    #[serde(default)]
    pub(crate) stack_drift: Option<DriftStatus>,
    pub(crate) client_token: Option<String>,
    /// ARN of the role that its execution works as.
    #[serde(default)]
    pub(crate) role: Option<String>,
    /// Token of the request that executed it.
    pub(crate) executed_with: Option<String>,
}

impl ChangeSet {
    /// Tells whether it was executed, and the execution has ended.
    pub(crate) fn is_over(&self) -> bool {
        matches!(
            self.execution,
            ExecutionStatus::Complete | ExecutionStatus::Failed
        )
    }
}

/// Status of a change set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ChangeSetStatus {
    /// It can be executed, or was.
    CreateComplete,
    /// It can never be executed.
    Failed,
}

/// How far the execution of a change set is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ExecutionStatus {
    /// It cannot be executed.
    Unavailable,
    /// It can be executed.
    Available,
    /// It is being executed.
    InProgress,
    /// It was executed.
    Complete,
    /// Its execution failed.
    Failed,
}

/// What happens to one resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Change {
    pub(crate) action: ChangeAction,
    pub(crate) logical_id: String,
    pub(crate) physical_id: Option<String>,
    pub(crate) kind: String,
    /// Only for a modification.
    pub(crate) replacement: Option<Replacement>,
    /// How the resource compares with what the stack gave it, in a drift-aware change set.
    #[serde(default)]
    pub(crate) drift: Option<ChangeDrift>,
    pub(crate) details: Vec<Detail>,
    /// What becomes of the old one when it is replaced or removed, e.g. `Delete` or `Retain`.
    pub(crate) policy_action: Option<String>,
}

/// How a resource that is to change compares with what the stack gave it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ChangeDrift {
    /// It was looked at.
    Looked(DriftStatus),
    /// Its type cannot be looked at: two definitions are compared.
    Unsupported,
}

/// A property's value in a drift-aware change set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DetailDrift {
    /// As the stack gave it.
    pub(crate) previous: Option<Value>,
    /// As it is.
    pub(crate) actual: Option<Value>,
    /// As it is to be.
    pub(crate) desired: Option<Value>,
    /// When it was looked at, in milliseconds since the Unix epoch.
    pub(crate) checked: i64,
}

/// Kind of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ChangeAction {
    Add,
    Modify,
    Remove,
}

/// Whether a modification replaces the resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Replacement {
    True,
    False,
    Conditional,
}

/// Why a resource is modified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Detail {
    pub(crate) target: ChangeTarget,
    /// The property, when the target is one.
    pub(crate) name: Option<String>,
    pub(crate) recreation: Recreation,
    /// The new value is known now.
    pub(crate) known: bool,
    pub(crate) source: ChangeSource,
    /// E.g. `Role.Arn` or the name of a parameter.
    pub(crate) causing_entity: Option<String>,
    /// Set where somebody else changed the property.
    #[serde(default)]
    pub(crate) drift: Option<DetailDrift>,
}

/// The attribute of a resource that changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum ChangeTarget {
    Properties,
    Metadata,
    DeletionPolicy,
    UpdateReplacePolicy,
    Tags,
}

/// Whether the change of a property replaces the resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Recreation {
    Never,
    Always,
}

/// Where a change comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ChangeSource {
    ResourceReference,
    ParameterReference,
    ResourceAttribute,
    DirectModification,
    /// The definition stays; only drift is taken back.
    NoModification,
}
