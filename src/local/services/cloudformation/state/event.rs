//! The events of a stack.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{OperationEntry, ResourceStatus, Stack, StackResource, StackStatus};
use crate::local::ids;

/// Most events that a stack keeps.
const KEPT: usize = 1_000;

/// Type name of a stack in its own events.
const STACK_TYPE: &str = "AWS::CloudFormation::Stack";

/// Something that happened to a stack or one of its resources.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Event {
    pub(crate) id: String,
    /// The operation that it belongs to.
    pub(crate) operation: Option<OperationEntry>,
    pub(crate) logical_id: String,
    pub(crate) physical_id: Option<String>,
    pub(crate) kind: String,
    pub(crate) time: i64,
    pub(crate) status: String,
    pub(crate) reason: Option<String>,
    pub(crate) properties: Option<Value>,
    pub(crate) token: Option<String>,
}

impl Event {
    /// Tells whether it is about the stack itself.
    pub(crate) fn is_of_stack(&self) -> bool {
        self.kind == STACK_TYPE
    }
}

/// Sets the stack's status and records it as an event.
pub(crate) fn record_stack(
    stack: &mut Stack,
    status: StackStatus,
    reason: Option<String>,
    now: i64,
) {
    stack.status = status;
    stack.status_reason.clone_from(&reason);
    let event = Event {
        id: ids::uuid(),
        operation: stack.operations.first().cloned(),
        logical_id: stack.name.clone(),
        physical_id: Some(stack.id.clone()),
        kind: STACK_TYPE.into(),
        time: now,
        status: status.name().into(),
        reason,
        properties: None,
        token: stack.last_token.clone(),
    };
    push(stack, event);
}

/// Records the status of a resource as an event; the resource itself is left alone.
pub(crate) fn record_resource(
    stack: &mut Stack,
    resource: &StackResource,
    status: ResourceStatus,
    reason: Option<String>,
    now: i64,
) {
    let event = Event {
        id: format!("{}-{status}-{}", resource.logical_id, ids::uuid()),
        operation: stack.operations.first().cloned(),
        logical_id: resource.logical_id.clone(),
        physical_id: resource.physical_id.clone(),
        kind: resource.kind.clone(),
        time: now,
        status: status.name().into(),
        reason,
        properties: Some(
            resource
                .attempted
                .as_ref()
                .unwrap_or(&resource.properties)
                .clone(),
        ),
        token: stack.last_token.clone(),
    };
    push(stack, event);
}

fn push(stack: &mut Stack, event: Event) {
    stack.events.push(event);
    let surplus = stack.events.len().saturating_sub(KEPT);
    stack.events.drain(..surplus);
}
