//! What happened to a stack: all of it, or operation by operation.

use super::{Answer, Call, names, page, validation};
use crate::local::clock::iso8601;
use crate::local::services::cloudformation::state::{Event, Stack, State};
use crate::local::wire::ApiError;
use crate::local::wire::query::Xml;

/// Events on one page.
const PAGE: usize = 100;

impl Call<'_> {
    pub(super) fn describe_stack_events(&self) -> Answer {
        self.with_stack(|stack| {
            let newest_first = stack.events.iter().rev().collect();
            let page = page::page(newest_first, self.parameters.get("NextToken"), PAGE)?;
            let mut xml = Xml::default();
            xml.list("StackEvents", page.items, |xml, event| {
                xml.text("StackName", &stack.name);
                common(xml, stack, event);
            });
            xml.optional("NextToken", page.next);
            Ok(xml)
        })
    }

    /// Lists events of one operation, or of a stack; only those that failed, if that is asked for
    /// (CloudFormation API reference, `DescribeEvents`).
    pub(super) fn describe_events(&self) -> Answer {
        self.refuse(&["ChangeSetName"])?;
        let operation = self.parameters.get("OperationId");
        let failed_only = self.parameters.flag("Filters.FailedEvents")?;
        self.service.state.read(|state| {
            let stack = self.stack_of_events(state, operation)?;
            let events = stack.events.iter().rev().filter(|event| {
                let of = event.operation.as_ref().map(|entry| entry.id.as_str());
                (operation.is_none() || of == operation)
                    && (!failed_only || event.status.ends_with("_FAILED"))
            });
            let page = page::page(events.collect(), self.parameters.get("NextToken"), PAGE)?;
            let mut xml = Xml::default();
            xml.list("OperationEvents", page.items, |xml, event| {
                common(xml, stack, event);
                xml.optional(
                    "OperationType",
                    event.operation.as_ref().map(|entry| entry.kind),
                )
                .text("EventType", event_type(event))
                .optional("OperationStatus", operation_status(event));
            });
            xml.optional("NextToken", page.next);
            Ok(xml)
        })
    }

    fn stack_of_events<'a>(
        &self,
        state: &'a State,
        operation: Option<&str>,
    ) -> Result<&'a Stack, ApiError> {
        if let Some(name) = self.parameters.get("StackName") {
            return names::find(state, name);
        }
        let id = operation.ok_or_else(|| {
            validation("Either StackName, ChangeSetName or OperationId must be specified.")
        })?;
        let has = |stack: &&Stack| {
            stack
                .events
                .iter()
                .any(|event| event.operation.as_ref().is_some_and(|entry| entry.id == id))
        };
        state
            .stacks
            .values()
            .map(|stack| &**stack)
            .find(has)
            .ok_or_else(|| validation(format!("Operation with id {id} does not exist")))
    }
}

fn common(xml: &mut Xml, stack: &Stack, event: &Event) {
    xml.text("StackId", &stack.id)
        .text("EventId", &event.id)
        .optional(
            "OperationId",
            event.operation.as_ref().map(|entry| &entry.id),
        )
        .text("LogicalResourceId", &event.logical_id)
        .optional("PhysicalResourceId", event.physical_id.as_ref())
        .text("ResourceType", &event.kind)
        .text("Timestamp", iso8601(event.time))
        .text("ResourceStatus", &event.status)
        .optional("ResourceStatusReason", event.reason.as_ref())
        .optional("ResourceProperties", event.properties.as_ref())
        .optional("ClientRequestToken", event.token.as_ref());
}

fn event_type(event: &Event) -> &'static str {
    if event.is_of_stack() {
        "STACK_EVENT"
    } else if event.status.ends_with("_FAILED") {
        "PROVISIONING_ERROR"
    } else {
        "PROGRESS_EVENT"
    }
}

/// Tells how the operation stood, where the event is about the stack.
fn operation_status(event: &Event) -> Option<&'static str> {
    event.is_of_stack().then(|| {
        if event.status.ends_with("_IN_PROGRESS") {
            "IN_PROGRESS"
        } else if event.status.ends_with("_FAILED") {
            "FAILED"
        } else {
            "SUCCEEDED"
        }
    })
}
