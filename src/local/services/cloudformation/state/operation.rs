//! An operation in flight, with all that is needed to carry it on after a crash or to undo it.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::local::auth::Caller;

use super::{Definition, OperationKind, StackResource};

/// What is being done to a stack.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Operation {
    pub(crate) id: String,
    /// With whose rights resources are worked on; `None` for an account's own.
    #[serde(default)]
    pub(crate) actor: Option<Caller>,
    pub(crate) phase: Phase,
    pub(crate) on_failure: OnFailure,
    /// A rollback deletes what the operation created even where its policy is to retain it.
    #[serde(default)]
    pub(crate) retain_except_on_create: bool,
    /// Drift is taken back: the properties of the resources as they were when it began, by logical id.
    #[serde(default)]
    pub(crate) revert: Option<BTreeMap<String, Value>>,
    /// Resources that a deletion leaves, by logical id.
    pub(crate) retain: BTreeSet<String>,
    /// A deletion leaves what cannot be deleted.
    #[serde(default)]
    pub(crate) force: bool,
    /// Resources that a rollback leaves as they are, by logical id.
    pub(crate) skip: BTreeSet<String>,
    /// Resources that the present phase has dealt with, by logical id.
    pub(crate) done: BTreeSet<String>,
    /// A deletion was asked for while the stack was being created; it follows as soon as what is
    /// in flight has ended.
    pub(crate) delete_next: Option<DeleteRequest>,
}

/// An operation in the list of a stack's operations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OperationEntry {
    pub(crate) kind: OperationKind,
    pub(crate) id: String,
}

/// What a rollback leads back to.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Stable {
    pub(crate) definition: Definition,
    pub(crate) resources: IndexMap<String, StackResource>,
}

/// A deletion that waits.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct DeleteRequest {
    pub(crate) token: Option<String>,
}

/// The step of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Phase {
    /// Creates what the template describes.
    Create,
    /// Deletes what a failed creation made.
    CreateRollback,
    /// Creates, changes and replaces.
    Update,
    /// Deletes what an update replaced or dropped.
    UpdateCleanup,
    /// Applies the previous definition again.
    UpdateRollback,
    /// Deletes what a failed update made.
    UpdateRollbackCleanup,
    /// Deletes everything.
    Delete,
}

/// What follows when an operation fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) enum OnFailure {
    /// The stack goes back to what it was.
    #[default]
    Rollback,
    /// The stack is deleted (only when it is being created).
    Delete,
    /// The stack stays as it is.
    DoNothing,
}

impl Operation {
    /// Makes an operation that begins with `phase`.
    pub(crate) fn new(id: String, phase: Phase, on_failure: OnFailure) -> Self {
        Self {
            id,
            actor: None,
            phase,
            on_failure,
            retain_except_on_create: false,
            revert: None,
            retain: BTreeSet::new(),
            force: false,
            skip: BTreeSet::new(),
            done: BTreeSet::new(),
            delete_next: None,
        }
    }

    /// Goes on to the next phase.
    pub(crate) fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.done.clear();
    }
}
