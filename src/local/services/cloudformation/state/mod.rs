//! What CloudFormation remembers: stacks, their resources, events, change sets and operations.
//!
//! Purpose: the data that survives a restart, and the few rules that keep it whole. Input and output:
//! plain values, stored as one JSON file by `Durable`. Must not know: templates' meaning, providers,
//! the wire.

mod change_set;
mod drift;
mod event;
mod operation;
mod resource;
mod shared;
mod status;

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

pub(crate) use change_set::{
    Change, ChangeAction, ChangeDrift, ChangeSet, ChangeSetStatus, Detail, DetailDrift, Replacement,
};
pub(crate) use change_set::{ChangeSource, ChangeTarget, ExecutionStatus, Recreation};
pub(crate) use drift::{Difference, DifferenceKind, DriftDetection, DriftStatus, ResourceDrift};
pub(crate) use event::{Event, record_resource, record_stack};
pub(crate) use operation::{DeleteRequest, OnFailure, Operation, OperationEntry, Phase, Stable};
pub(crate) use resource::StackResource;
use shared::Shared;
use status::statuses;
pub(crate) use status::{OperationKind, ResourceStatus, StackStatus};

/// Most deleted stacks that are remembered.
const DELETED_KEPT: usize = 50;

/// Most operations that a stack lists.
const OPERATIONS_KEPT: usize = 5;

/// All stacks by their ARN, oldest first.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct State {
    pub(crate) stacks: IndexMap<String, Shared<Stack>>,
}

/// One stack.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Stack {
    /// ARN.
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) region: String,
    pub(crate) status: StackStatus,
    pub(crate) status_reason: Option<String>,
    /// Milliseconds since the Unix epoch, as all times here.
    pub(crate) created: i64,
    pub(crate) updated: Option<i64>,
    pub(crate) deleted: Option<i64>,
    pub(crate) termination_protection: bool,
    pub(crate) on_failure: OnFailure,
    /// What is deployed, or is being deployed.
    pub(crate) definition: Definition,
    /// ARN of the change set that was executed last.
    pub(crate) change_set_id: Option<String>,
    pub(crate) outputs: Vec<Output>,
    /// Resources by logical id.
    pub(crate) resources: IndexMap<String, StackResource>,
    /// Resources that left the template, or were replaced, and are yet to be deleted.
    pub(crate) leftovers: Vec<StackResource>,
    /// Oldest first.
    pub(crate) events: Vec<Event>,
    pub(crate) change_sets: Vec<ChangeSet>,
    /// What is being done, if anything is.
    pub(crate) operation: Option<Operation>,
    /// The newest operations, newest first.
    #[serde(default)]
    pub(crate) operations: Vec<OperationEntry>,
    /// What the stack was when it last was as its template says, from the beginning of an update until
    /// the stack is whole again. A rollback leads here.
    #[serde(default)]
    pub(crate) stable: Option<Stable>,
    /// Drift detections since the last operation, newest first.
    #[serde(default)]
    pub(crate) detections: Vec<DriftDetection>,
    /// ARN of the role that resources are worked on as, once a request has named one.
    #[serde(default)]
    pub(crate) role: Option<String>,
    /// Client request token of the newest operation.
    pub(crate) last_token: Option<String>,
}

/// What a stack is made from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Definition {
    /// The template's text; empty as long as nothing was executed.
    pub(crate) template: String,
    /// Values of all parameters, defaults included.
    pub(crate) parameters: BTreeMap<String, String>,
    /// Tags of the stack.
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) capabilities: Vec<String>,
}

/// An evaluated output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Output {
    pub(crate) key: String,
    pub(crate) value: String,
    pub(crate) description: Option<String>,
}

impl State {
    /// Finds a stack by its name, which means one that is not deleted, or by its ARN.
    pub(crate) fn find(&self, name_or_id: &str) -> Option<&Stack> {
        let named = |stack: &&Shared<Stack>| {
            stack.name == name_or_id && stack.status != StackStatus::DeleteComplete
        };
        let found = self.stacks.get(name_or_id);
        found
            .or_else(|| self.stacks.values().find(named))
            .map(|stack| &**stack)
    }

    /// Forgets the oldest deleted stacks beyond the number that is kept.
    pub(crate) fn forget_old(&mut self) {
        let gone = |stack: &Stack| stack.status == StackStatus::DeleteComplete;
        let mut surplus = self
            .stacks
            .values()
            .filter(|stack| gone(stack))
            .count()
            .saturating_sub(DELETED_KEPT);
        self.stacks.retain(|_, stack| {
            let forget = surplus > 0 && gone(stack);
            surplus -= usize::from(forget);
            !forget
        });
    }
}

impl Stack {
    /// Makes a stack that waits for its first change set to be executed.
    pub(crate) fn new(id: String, name: String, region: String, now: i64) -> Self {
        Self {
            id,
            name,
            region,
            status: StackStatus::ReviewInProgress,
            status_reason: Some("User Initiated".into()),
            created: now,
            updated: None,
            deleted: None,
            termination_protection: false,
            on_failure: OnFailure::Rollback,
            definition: Definition::default(),
            change_set_id: None,
            outputs: Vec::new(),
            resources: IndexMap::new(),
            leftovers: Vec::new(),
            events: Vec::new(),
            change_sets: Vec::new(),
            operation: None,
            operations: Vec::new(),
            stable: None,
            detections: Vec::new(),
            role: None,
            last_token: None,
        }
    }

    /// Finds a change set by its name or ARN.
    pub(crate) fn change_set(&self, name_or_id: &str) -> Option<&ChangeSet> {
        self.change_sets
            .iter()
            .find(|set| set.name == name_or_id || set.id == name_or_id)
    }

    /// Notes that an operation has begun, before any of its events.
    pub(crate) fn note_operation(&mut self, kind: OperationKind, id: String) {
        self.detections.clear();
        self.operations.insert(0, OperationEntry { kind, id });
        self.operations.truncate(OPERATIONS_KEPT);
    }

    /// Returns the resources that exist, or may exist.
    pub(crate) fn living(&self) -> impl Iterator<Item = &StackResource> {
        self.resources
            .values()
            .filter(|resource| resource.status != ResourceStatus::DeleteComplete)
    }
}
