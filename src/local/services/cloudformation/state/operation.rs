//! An operation in flight, with all that is needed to carry it on after a crash or to undo it.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::{Definition, StackResource};

/// What is being done to a stack.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) phase: Phase,
    /// The definition before an update.
    pub(crate) previous: Option<Definition>,
    /// The resources before an update.
    pub(crate) before: IndexMap<String, StackResource>,
    pub(crate) on_failure: OnFailure,
    /// Resources that a deletion leaves, by logical id.
    pub(crate) retain: BTreeSet<String>,
    /// Resources that a rollback leaves as they are, by logical id.
    pub(crate) skip: BTreeSet<String>,
    /// Resources that the present phase has dealt with, by logical id.
    pub(crate) done: BTreeSet<String>,
    /// A deletion was asked for while the stack was being created; it follows as soon as what is
    /// in flight has ended.
    pub(crate) delete_next: Option<DeleteRequest>,
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
            phase,
            previous: None,
            before: IndexMap::new(),
            on_failure,
            retain: BTreeSet::new(),
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
