//! One resource of a stack, as it was last made.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{ResourceDrift, ResourceStatus};
use crate::local::services::cloudformation::template::Policy;

/// A resource of a stack.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct StackResource {
    pub(crate) logical_id: String,
    pub(crate) kind: String,
    /// What the service calls it; nothing as long as it was never created.
    pub(crate) physical_id: Option<String>,
    /// The generated name, given to the provider with every request. It tells this resource from one
    /// that it replaces.
    pub(crate) physical_name: String,
    pub(crate) status: ResourceStatus,
    pub(crate) status_reason: Option<String>,
    pub(crate) updated: i64,
    /// Resolved properties that are in force.
    pub(crate) properties: Value,
    /// Resolved properties of an update that was begun; they may be in force, wholly or in part.
    pub(crate) attempted: Option<Value>,
    /// What `Fn::GetAtt` returns.
    pub(crate) attributes: BTreeMap<String, Value>,
    /// Tags of the stack when it was last made.
    pub(crate) tags: BTreeMap<String, String>,
    /// Logical ids of what it needs.
    pub(crate) needs: BTreeSet<String>,
    pub(crate) deletion_policy: Policy,
    pub(crate) update_replace_policy: Policy,
    pub(crate) metadata: Value,
    /// Generated name of a replacement whose creation was begun.
    pub(crate) replacement: Option<String>,
    /// What the last look at it found, if any since it was last made.
    #[serde(default)]
    pub(crate) drift: Option<ResourceDrift>,
    /// Set on a leftover that is to be let go instead of deleted.
    pub(crate) let_go: bool,
}

impl StackResource {
    /// Returns the id to delete it by: its physical id, or the name it would have got.
    pub(crate) fn deletable_id(&self) -> &str {
        self.physical_id.as_deref().unwrap_or(&self.physical_name)
    }
}
