//! The ways back: a rollback that was asked for, one that is continued, and what both take back first.

use std::collections::BTreeSet;

use super::begin::start;
use crate::local::ids;
use crate::local::services::cloudformation::state::{
    OnFailure, Operation, OperationKind, Phase, Stack, StackStatus,
};
use crate::local::services::cloudformation::template::Policy;

/// Begins to roll back a stack whose creation or update failed and was left as it was. Without a last
/// stable state, all that was created is deleted (CloudFormation API reference, `RollbackStack`).
pub(crate) fn ask(
    stack: &mut Stack,
    retain_except_on_create: bool,
    token: Option<String>,
    now: i64,
) {
    let (phase, status) = if stack.stable.is_some() {
        (Phase::UpdateRollback, StackStatus::UpdateRollbackInProgress)
    } else {
        (Phase::CreateRollback, StackStatus::RollbackInProgress)
    };
    let mut operation = Operation::new(ids::uuid(), phase, OnFailure::DoNothing);
    operation.retain_except_on_create = retain_except_on_create;
    turn_back(stack, retain_except_on_create);
    start(
        stack,
        OperationKind::Rollback,
        operation,
        token,
        (status, now),
    );
}

/// Begins to continue a rollback that failed, leaving out the resources in `skip`.
pub(crate) fn go_on(stack: &mut Stack, skip: BTreeSet<String>, token: Option<String>, now: i64) {
    let mut operation = Operation::new(ids::uuid(), Phase::UpdateRollback, OnFailure::DoNothing);
    operation.skip = skip;
    start(
        stack,
        OperationKind::ContinueRollback,
        operation,
        token,
        (StackStatus::UpdateRollbackInProgress, now),
    );
}

/// Takes back what an update replaced or created, so that the last stable definition can be applied.
/// Does nothing to a stack that never was stable.
pub(super) fn turn_back(stack: &mut Stack, retain_except_on_create: bool) {
    let Some(stable) = stack.stable.clone() else {
        return;
    };
    stack.definition = stable.definition;
    for (name, mut present) in std::mem::take(&mut stack.resources) {
        let Some(before) = stable.resources.get(&name) else {
            present.let_go = present.deletion_policy == Policy::Retain && !retain_except_on_create;
            stack.leftovers.push(present);
            continue;
        };
        if let Some(begun) = present.replacement.take() {
            // The replacement may exist although its creation failed or was cut off.
            let mut half_made = present.clone();
            half_made.physical_name = begun;
            half_made.physical_id = None;
            half_made.attempted = None;
            stack.leftovers.push(half_made);
            present.attempted = None;
        }
        if present.physical_name == before.physical_name {
            stack.resources.insert(name, present);
        } else {
            stack
                .leftovers
                .retain(|leftover| leftover.physical_name != before.physical_name);
            present.let_go = false;
            stack.leftovers.push(present);
            stack.resources.insert(name, before.clone());
        }
    }
}
