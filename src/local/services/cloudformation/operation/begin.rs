//! Begins operations: what is written down before the work starts.

use std::collections::BTreeSet;

use crate::local::ids;
use crate::local::services::cloudformation::state::{
    Definition, DeleteRequest, OnFailure, Operation, Phase, ResourceStatus, Stack, StackStatus,
    record_stack,
};

/// Begins to create the stack's resources.
pub(crate) fn create(
    stack: &mut Stack,
    definition: Definition,
    on_failure: OnFailure,
    token: Option<String>,
    now: i64,
) {
    let operation = Operation::new(ids::uuid(), Phase::Create, on_failure);
    note(stack, "CREATE_STACK", &operation, token);
    stack.definition = definition;
    stack.on_failure = on_failure;
    stack.operation = Some(operation);
    record_stack(
        stack,
        StackStatus::CreateInProgress,
        Some("User Initiated".into()),
        now,
    );
}

/// Begins to update the stack.
pub(crate) fn update(
    stack: &mut Stack,
    definition: Definition,
    on_failure: OnFailure,
    token: Option<String>,
    now: i64,
) {
    let mut operation = Operation::new(ids::uuid(), Phase::Update, on_failure);
    note(stack, "UPDATE_STACK", &operation, token);
    stack
        .resources
        .retain(|_, resource| resource.status != ResourceStatus::DeleteComplete);
    operation.before = stack.resources.clone();
    operation.previous = Some(std::mem::replace(&mut stack.definition, definition));
    stack.on_failure = on_failure;
    stack.updated = Some(now);
    stack.operation = Some(operation);
    record_stack(
        stack,
        StackStatus::UpdateInProgress,
        Some("User Initiated".into()),
        now,
    );
}

/// Begins to delete the stack, or notes that this is to follow a creation in flight.
pub(crate) fn delete(stack: &mut Stack, retain: BTreeSet<String>, token: Option<String>, now: i64) {
    if let Some(operation) = &mut stack.operation {
        // A deletion in flight is left to itself.
        if operation.phase != Phase::Delete {
            operation.delete_next = Some(DeleteRequest { token });
        }
        return;
    }
    let mut operation = Operation::new(ids::uuid(), Phase::Delete, OnFailure::DoNothing);
    operation.retain = retain;
    note(stack, "DELETE_STACK", &operation, token);
    stack.operation = Some(operation);
    record_stack(
        stack,
        StackStatus::DeleteInProgress,
        Some("User Initiated".into()),
        now,
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
    delete(stack, BTreeSet::new(), request.token, now);
    true
}

/// Begins to continue a rollback that failed, leaving out the resources in `skip`.
pub(crate) fn continue_rollback(
    stack: &mut Stack,
    skip: BTreeSet<String>,
    token: Option<String>,
    now: i64,
) {
    let mut operation = Operation::new(ids::uuid(), Phase::UpdateRollback, OnFailure::DoNothing);
    operation.skip = skip;
    note(stack, "CONTINUE_ROLLBACK", &operation, token);
    stack.operation = Some(operation);
    record_stack(
        stack,
        StackStatus::UpdateRollbackInProgress,
        Some("User Initiated".into()),
        now,
    );
}

fn note(stack: &mut Stack, kind: &str, operation: &Operation, token: Option<String>) {
    stack.last_operation = Some((kind.to_owned(), operation.id.clone()));
    stack.last_token = token;
}
