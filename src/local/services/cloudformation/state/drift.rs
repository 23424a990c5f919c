//! What is known of the distance between resources and their stack's definition.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::statuses;

statuses! {
    /// How a resource compares with what the stack gave it.
    DriftStatus {
        InSync = "IN_SYNC",
        Modified = "MODIFIED",
        Deleted = "DELETED",
    }
}

statuses! {
    /// Kind of a difference.
    DifferenceKind {
        Add = "ADD",
        Remove = "REMOVE",
        NotEqual = "NOT_EQUAL",
    }
}

/// What a look at a resource found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ResourceDrift {
    pub(crate) status: DriftStatus,
    /// Milliseconds since the Unix epoch.
    pub(crate) checked: i64,
    /// The properties as they are; nothing when the resource is gone.
    pub(crate) actual: Option<Value>,
    pub(crate) differences: Vec<Difference>,
}

/// A property that is not as expected.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Difference {
    /// E.g. `/Environment/Variables/LEVEL`.
    pub(crate) path: String,
    pub(crate) kind: DifferenceKind,
    pub(crate) expected: Option<Value>,
    pub(crate) actual: Option<Value>,
}

impl Difference {
    /// Returns the property that the path begins with.
    pub(crate) fn property(&self) -> &str {
        self.path.split('/').nth(1).unwrap_or_default()
    }
}

/// A drift detection of a whole stack.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct DriftDetection {
    pub(crate) id: String,
    /// Milliseconds since the Unix epoch.
    pub(crate) started: i64,
    /// When its result is told; the real service takes its time as well.
    pub(crate) ready: i64,
    /// How many resources have drifted.
    pub(crate) drifted: usize,
    /// Why resources could not be looked at.
    pub(crate) trouble: Option<String>,
}

impl DriftDetection {
    /// Tells how the stack compares with its definition.
    pub(crate) fn stack_status(&self) -> &'static str {
        match (self.drifted, &self.trouble) {
            (0, None) => "IN_SYNC",
            (0, Some(_)) => "UNKNOWN",
            _ => "DRIFTED",
        }
    }
}
