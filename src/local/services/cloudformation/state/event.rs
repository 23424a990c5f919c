//! The events of a stack.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{ResourceStatus, Stack, StackResource, StackStatus};
use crate::local::ids;

/// Most events that a stack keeps.
const KEPT: usize = 1_000;

/// Type name of a stack in its own events.
const STACK_TYPE: &str = "AWS::CloudFormation::Stack";

/// Something that happened to a stack or one of its resources.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) operation_id: Option<String>,
    pub(crate) logical_id: String,
    pub(crate) physical_id: Option<String>,
    pub(crate) kind: String,
    pub(crate) time: i64,
    pub(crate) status: String,
    pub(crate) reason: Option<String>,
    pub(crate) properties: Option<Value>,
    pub(crate) token: Option<String>,
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
        operation_id: stack.last_operation.as_ref().map(|(_, id)| id.clone()),
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
        operation_id: stack.last_operation.as_ref().map(|(_, id)| id.clone()),
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
