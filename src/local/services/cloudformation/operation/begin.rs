//! Begins operations: what is written down before the work starts.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::local::access::actor;
use crate::local::auth::{Caller, Session};
use crate::local::ids;
use crate::local::services::cloudformation::state::{
    Definition, DeleteRequest, OnFailure, Operation, OperationKind, Phase, ResourceStatus, Stable,
    Stack, StackStatus, record_stack,
};

/// What a request that creates or updates a stack says beside the definition.
pub(crate) struct Wishes {
    pub(crate) on_failure: OnFailure,
    /// A rollback deletes what was created even where its policy is to retain it.
    pub(crate) retain_except_on_create: bool,
    pub(crate) token: Option<String>,
    /// Drift is to be taken back: the properties of the resources as they are now, by logical id.
    pub(crate) revert: Option<BTreeMap<String, Value>>,
}

/// Begins to create the stack's resources.
pub(crate) fn create(stack: &mut Stack, definition: Definition, wishes: Wishes, now: i64) {
    let mut operation = Operation::new(ids::uuid(), Phase::Create, wishes.on_failure);
    operation.retain_except_on_create = wishes.retain_except_on_create;
    stack.definition = definition;
    stack.on_failure = wishes.on_failure;
    start(
        stack,
        OperationKind::CreateStack,
        operation,
        wishes.token,
        (StackStatus::CreateInProgress, now),
    );
}

/// Begins to update the stack.
pub(crate) fn update(stack: &mut Stack, definition: Definition, wishes: Wishes, now: i64) {
    let mut operation = Operation::new(ids::uuid(), Phase::Update, wishes.on_failure);
    operation.retain_except_on_create = wishes.retain_except_on_create;
    operation.revert = wishes.revert;
    stack
        .resources
        .retain(|_, resource| resource.status != ResourceStatus::DeleteComplete);
    let previous = std::mem::replace(&mut stack.definition, definition);
    // A stack whose last operation failed half-way is still to go back to what was before that one.
    if !stack.status.is_paused() {
        stack.stable = Some(Stable {
            definition: previous,
            resources: stack.resources.clone(),
        });
    }
    stack.on_failure = wishes.on_failure;
    stack.updated = Some(now);
    start(
        stack,
        OperationKind::UpdateStack,
        operation,
        wishes.token,
        (StackStatus::UpdateInProgress, now),
    );
}

/// Begins to delete the stack, or notes that this is to follow a creation in flight.
pub(crate) fn delete(
    stack: &mut Stack,
    retain: BTreeSet<String>,
    force: bool,
    token: Option<String>,
    now: i64,
) {
    if let Some(operation) = &mut stack.operation {
        // A deletion in flight is left to itself.
        if operation.phase != Phase::Delete {
            operation.delete_next = Some(DeleteRequest { token });
        }
        return;
    }
    let mut operation = Operation::new(ids::uuid(), Phase::Delete, OnFailure::DoNothing);
    operation.retain = retain;
    operation.force = force;
    start(
        stack,
        OperationKind::DeleteStack,
        operation,
        token,
        (StackStatus::DeleteInProgress, now),
    );
}

/// Begins the deletion that waits for the operation that has just come to its end; tells whether there was one.
pub(crate) fn waiting_deletion(stack: &mut Stack, now: i64) -> bool {
    let Some(request) = stack
        .operation
        .as_mut()
        .and_then(|operation| operation.delete_next.take())
    else {
        return false;
    };
    stack.operation = None;
    delete(stack, BTreeSet::new(), false, request.token, now);
    true
}

/// Begins what a request asks for.
pub(super) fn start(
    stack: &mut Stack,
    kind: OperationKind,
    mut operation: Operation,
    token: Option<String>,
    (status, now): (StackStatus, i64),
) {
    operation.actor = worker(stack);
    stack.note_operation(kind, operation.id.clone());
    stack.last_token = token;
    stack.operation = Some(operation);
    record_stack(stack, status, Some("User Initiated".into()), now);
}

/// With whose rights the stack's resources are worked on: as its role, where it has one ("AWS CloudFormation
/// service role", user guide), or else as whoever asks. That the role's trust lets CloudFormation take it on is
/// not checked.
fn worker(stack: &Stack) -> Option<Caller> {
    let Some(role) = &stack.role else {
        return actor();
    };
    Some(Caller {
        account: stack.id.split(':').nth(4).unwrap_or_default().to_owned(),
        session: Some(Session {
            role_arn: role.clone(),
            role_id: String::new(),
            name: "AWSCloudFormation".to_owned(),
        }),
    })
}
