//! CloudFormation stacks, to be looked at.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::{EventFilter, OperationEvent, Stack};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use jiff::Timestamp;

use super::changes;
use super::fault::{fault, incomplete};
use crate::cloud::condition::StackStatus;
use crate::cloud::stacks::{StackEvent, StackResource, StackState, Stacks};
use crate::cloud::{CloudFault, FaultKind};

/// Pages of stacks, events or resources that are read at most; one page holds 100.
const PAGES: usize = 50;

/// Asks CloudFormation.
pub(super) struct CloudFormation {
    client: Client,
    /// For what is looked at again and again: its throttles are the caller's to answer.
    looks: Client,
}

impl CloudFormation {
    pub(super) fn new(client: Client, looks: Client) -> Self {
        Self { client, looks }
    }
}

#[async_trait]
impl Stacks for CloudFormation {
    async fn describe(&self, stack: &str) -> Result<Option<StackState>, CloudFault> {
        match self.looks.describe_stacks().stack_name(stack).send().await {
            Ok(answer) => {
                let Some(stack) = answer.stacks.unwrap_or_default().into_iter().next() else {
                    return Ok(None);
                };
                let mut state = state(stack)?;
                if state.status == StackStatus::ReviewInProgress {
                    state.pending_changes = changes::names(&self.client, &state.id).await?;
                }
                if state.status.is_busy() {
                    let newest = self.newest_event(&state.id).await?;
                    state.token = newest.and_then(|event| event.token);
                }
                Ok(Some(state))
            }
            Err(error) if says(&error, "does not exist") => Ok(None),
            Err(error) => Err(fault("DescribeStacks", &error)),
        }
    }

    async fn list(&self) -> Result<Vec<String>, CloudFault> {
        let mut names = Vec::new();
        let mut token = None;
        for _ in 0..PAGES {
            let answer = self
                .client
                .describe_stacks()
                .set_next_token(token)
                .send()
                .await;
            let answer = answer.map_err(|error| fault("DescribeStacks", &error))?;
            let stacks = answer.stacks.unwrap_or_default();
            names.extend(stacks.into_iter().filter_map(|stack| stack.stack_name));
            token = answer.next_token;
            if token.is_none() {
                return Ok(names);
            }
        }
        Err(incomplete("DescribeStacks", "an end"))
    }

    async fn resources(&self, stack: &str) -> Result<Vec<StackResource>, CloudFault> {
        resources(&self.client, stack).await
    }

    async fn events(
        &self,
        stack: &str,
        token: &str,
        after: Option<&str>,
    ) -> Result<Vec<StackEvent>, CloudFault> {
        let mut events = Vec::new();
        let mut page = None;
        'pages: for _ in 0..PAGES {
            let answer = self
                .looks
                .describe_stack_events()
                .stack_name(stack)
                .set_next_token(page)
                .send()
                .await
                .map_err(|error| fault("DescribeStackEvents", &error))?;
            for event in answer.stack_events.unwrap_or_default() {
                let event = stack_event(event);
                // Newest first: what is older than the operation has another token.
                if after == Some(event.id.as_str()) || event.token.as_deref() != Some(token) {
                    break 'pages;
                }
                events.push(event);
            }
            page = answer.next_token;
            if page.is_none() {
                break;
            }
        }
        events.reverse();
        Ok(events)
    }

    async fn objections(&self, stack: &str, token: &str) -> Result<Vec<StackEvent>, CloudFault> {
        let filter = EventFilter::builder().failed_events(true).build();
        let answer = self
            .client
            .describe_events()
            .stack_name(stack)
            .filters(filter)
            .send()
            .await
            .map_err(|error| fault("DescribeEvents", &error))?;
        let events = answer.operation_events.unwrap_or_default();
        Ok(events
            .into_iter()
            .filter(|event| event.client_request_token.as_deref() == Some(token))
            .filter_map(objection)
            .collect())
    }

    async fn newest_event(&self, stack: &str) -> Result<Option<StackEvent>, CloudFault> {
        let answer = self
            .looks
            .describe_stack_events()
            .stack_name(stack)
            .send()
            .await;
        let events = answer
            .map_err(|error| fault("DescribeStackEvents", &error))?
            .stack_events;
        Ok(events
            .unwrap_or_default()
            .into_iter()
            .next()
            .map(stack_event))
    }
}

/// Lists the resources of a stack.
pub(super) async fn resources(
    client: &Client,
    stack: &str,
) -> Result<Vec<StackResource>, CloudFault> {
    let mut resources = Vec::new();
    let mut token = None;
    for _ in 0..PAGES {
        let answer = client
            .list_stack_resources()
            .stack_name(stack)
            .set_next_token(token)
            .send()
            .await
            .map_err(|error| fault("ListStackResources", &error))?;
        let page = answer.stack_resource_summaries.unwrap_or_default();
        resources.extend(page.into_iter().map(|resource| {
            StackResource {
                logical_id: resource.logical_resource_id.unwrap_or_default(),
                resource_type: resource.resource_type.unwrap_or_default(),
                physical_id: resource.physical_resource_id.unwrap_or_default(),
                status: resource
                    .resource_status
                    .map(|status| status.as_str().to_owned())
                    .unwrap_or_default(),
            }
        }));
        token = answer.next_token;
        if token.is_none() {
            return Ok(resources);
        }
    }
    Err(incomplete("ListStackResources", "an end"))
}

/// CloudFormation uses one code, `ValidationError`, for many things; its text says which.
pub(super) fn says(error: &impl ProvideErrorMetadata, text: &str) -> bool {
    error.code() == Some("ValidationError")
        && error
            .message()
            .is_some_and(|message| message.contains(text))
}

fn state(stack: Stack) -> Result<StackState, CloudFault> {
    let missing = |what| incomplete("DescribeStacks", what);
    let status = stack.stack_status.ok_or_else(|| missing("a status"))?;
    let pairs = |list: Vec<(Option<String>, Option<String>)>| -> BTreeMap<String, String> {
        list.into_iter()
            .filter_map(|(key, value)| Some((key?, value?)))
            .collect()
    };
    let changed = stack.last_updated_time.or(stack.creation_time);
    let changed = changed.and_then(|time| Timestamp::from_millisecond(time.to_millis().ok()?).ok());
    let last = stack.last_updated_time.or(stack.deletion_time);
    let operation = stack
        .last_operations
        .unwrap_or_default()
        .into_iter()
        .next()
        .and_then(|operation| operation.operation_id);
    Ok(StackState {
        revision: operation
            .or_else(|| last.map(|time| time.to_string()))
            .unwrap_or_default(),
        name: stack.stack_name.ok_or_else(|| missing("a name"))?,
        id: stack.stack_id.ok_or_else(|| missing("an id"))?,
        status: status.as_str().parse().map_err(|error| CloudFault {
            kind: FaultKind::Rejected,
            operation: "DescribeStacks",
            code: String::new(),
            message: format!("{error}"),
        })?,
        status_reason: stack.stack_status_reason,
        changed,
        tags: pairs(
            stack
                .tags
                .unwrap_or_default()
                .into_iter()
                .map(|t| (t.key, t.value))
                .collect(),
        ),
        parameters: pairs(
            stack
                .parameters
                .unwrap_or_default()
                .into_iter()
                .map(|p| (p.parameter_key, p.parameter_value))
                .collect(),
        ),
        outputs: pairs(
            stack
                .outputs
                .unwrap_or_default()
                .into_iter()
                .map(|o| (o.output_key, o.output_value))
                .collect(),
        ),
        pending_changes: Vec::new(),
        token: None,
    })
}

/// An event of a validation that did not pass (CloudFormation API reference, `OperationEvent`).
fn objection(event: OperationEvent) -> Option<StackEvent> {
    let why = event.validation_status_reason?;
    let place = event.validation_path.filter(|path| !path.is_empty());
    Some(StackEvent {
        id: event.event_id.unwrap_or_default(),
        token: event.client_request_token,
        physical_id: event.physical_resource_id,
        logical_id: event.logical_resource_id.unwrap_or_default(),
        resource_type: event.resource_type.unwrap_or_default(),
        status: "VALIDATION_FAILED".to_owned(),
        reason: Some(match place {
            Some(place) => format!("{why} (at {place})"),
            None => why,
        }),
    })
}

fn stack_event(event: aws_sdk_cloudformation::types::StackEvent) -> StackEvent {
    StackEvent {
        id: event.event_id.unwrap_or_default(),
        token: event.client_request_token,
        physical_id: event.physical_resource_id.filter(|id| !id.is_empty()),
        logical_id: event.logical_resource_id.unwrap_or_default(),
        resource_type: event.resource_type.unwrap_or_default(),
        status: event
            .resource_status
            .map(|status| status.as_str().to_owned())
            .unwrap_or_default(),
        reason: event
            .resource_status_reason
            .filter(|reason| !reason.is_empty()),
    }
}
