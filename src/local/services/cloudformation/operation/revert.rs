//! What a drift-aware operation does beside the definition's changes: it brings resources back that were
//! changed or deleted by others, and a rollback of it leads to what was there, not to what the template says
//! (user guide, "Using drift-aware change sets").

use serde_json::Value;

use crate::local::resource::Live;
use crate::local::services::cloudformation::drift::reconcilable;
use crate::local::services::cloudformation::registry::Registry;
use crate::local::services::cloudformation::state::{Phase, Stack, StackResource};

/// How a resource compares with what it is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Drifted {
    No,
    Changed,
    Gone,
}

/// Looks whether a resource has drifted from its aim. In any other operation nobody looks.
pub(super) fn drifted(
    registry: &Registry,
    stack: &Stack,
    present: &StackResource,
    wanted: &StackResource,
) -> Drifted {
    let Some(operation) = stack
        .operation
        .as_ref()
        .filter(|operation| operation.revert.is_some())
    else {
        return Drifted::No;
    };
    let (Some(provider), Some(id)) = (registry.get(&wanted.kind), &present.physical_id) else {
        return Drifted::No;
    };
    let aim = aim(stack, wanted);
    // What cannot be read falls back to the comparison of two definitions.
    match provider.read(id, &aim) {
        Ok(Live::Missing) if operation.phase == Phase::Update => Drifted::Gone,
        Ok(Live::Properties(actual))
            if !reconcilable(registry, &wanted.kind, &aim, &actual).is_empty() =>
        {
            Drifted::Changed
        }
        _ => Drifted::No,
    }
}

/// Returns the properties that a resource is to get: the definition's, or in a rollback of a drift-aware
/// operation those that it had.
pub(super) fn aim(stack: &Stack, wanted: &StackResource) -> Value {
    let before = stack
        .operation
        .as_ref()
        .filter(|operation| operation.phase == Phase::UpdateRollback)
        .and_then(|operation| operation.revert.as_ref()?.get(&wanted.logical_id));
    before.unwrap_or(&wanted.properties).clone()
}
