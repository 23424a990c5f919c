//! CloudFormation stacks and change sets.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::{
    Capability, ChangeSetStatus, ChangeSetType, DeploymentMode, Parameter,
    ResourceChange as SdkChange, Stack, Tag,
};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::fault::{fault, incomplete};
use crate::cloud::condition::StackStatus;
use crate::cloud::stacks::{
    ChangeKind, ChangeRequest, ChangeStatus, DriftMode, ResourceChange, StackEvent, StackState,
    Stacks,
};
use crate::cloud::{CloudFault, FaultKind};

/// Pages of events or changes that are read at most; one page holds 100.
const PAGES: usize = 50;

/// Asks CloudFormation.
pub(super) struct CloudFormation {
    client: Client,
}

impl CloudFormation {
    pub(super) fn new(client: Client) -> Self {
        Self { client }
    }
}

impl CloudFormation {
    async fn pending_changes(&self, stack: &str) -> Result<Vec<String>, CloudFault> {
        let mut names = Vec::new();
        let mut token = None;
        for _ in 0..PAGES {
            let answer = self
                .client
                .list_change_sets()
                .stack_name(stack)
                .set_next_token(token)
                .send()
                .await;
            let answer = answer.map_err(|error| fault("ListChangeSets", &error))?;
            let summaries = answer.summaries.unwrap_or_default();
            names.extend(summaries.into_iter().filter_map(|set| set.change_set_name));
            token = answer.next_token;
            if token.is_none() {
                return Ok(names);
            }
        }
        Err(incomplete("ListChangeSets", "an end"))
    }
}

#[async_trait]
impl Stacks for CloudFormation {
    async fn describe(&self, stack: &str) -> Result<Option<StackState>, CloudFault> {
        match self.client.describe_stacks().stack_name(stack).send().await {
            Ok(answer) => {
                let Some(stack) = answer.stacks.unwrap_or_default().into_iter().next() else {
                    return Ok(None);
                };
                let mut state = state(stack)?;
                if state.status == StackStatus::ReviewInProgress {
                    state.pending_changes = self.pending_changes(&state.id).await?;
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

    async fn submit_change(&self, request: &ChangeRequest) -> Result<(), CloudFault> {
        let parameter = |(key, value): (&String, &String)| {
            Parameter::builder()
                .parameter_key(key)
                .parameter_value(value)
                .build()
        };
        let result = self
            .client
            .create_change_set()
            .stack_name(&request.stack)
            .change_set_name(&request.name)
            .client_token(&request.name)
            .change_set_type(match request.kind {
                ChangeKind::Create => ChangeSetType::Create,
                ChangeKind::Update => ChangeSetType::Update,
            })
            .template_body(&request.template)
            .set_parameters(Some(request.parameters.iter().map(parameter).collect()))
            .set_tags(Some(request.tags.iter().map(tag).collect()))
            .capabilities(Capability::CapabilityIam)
            .set_deployment_mode(match request.drift {
                DriftMode::Leave => None,
                DriftMode::Revert => Some(DeploymentMode::RevertDrift),
            })
            .send()
            .await;
        match result {
            Ok(_) => Ok(()),
            Err(error) if error.code() == Some("AlreadyExistsException") => Ok(()),
            Err(error) => Err(fault("CreateChangeSet", &error)),
        }
    }

    async fn change(&self, stack: &str, name: &str) -> Result<ChangeStatus, CloudFault> {
        let mut changes = Vec::new();
        let mut token = None;
        for _ in 0..PAGES {
            let answer = self
                .client
                .describe_change_set()
                .stack_name(stack)
                .change_set_name(name)
                .set_next_token(token)
                .send()
                .await
                .map_err(|error| fault("DescribeChangeSet", &error))?;
            match answer.status {
                Some(ChangeSetStatus::CreateComplete) => {}
                Some(ChangeSetStatus::Failed) => {
                    return Ok(refused(answer.status_reason.unwrap_or_default()));
                }
                _ => return Ok(ChangeStatus::Pending),
            }
            changes.extend(
                answer
                    .changes
                    .unwrap_or_default()
                    .into_iter()
                    .filter_map(|change| change.resource_change.map(resource_change)),
            );
            token = answer.next_token;
            if token.is_none() {
                return Ok(ChangeStatus::Ready(changes));
            }
        }
        Err(incomplete("DescribeChangeSet", "an end"))
    }

    async fn execute_change(&self, stack: &str, name: &str) -> Result<(), CloudFault> {
        self.client
            .execute_change_set()
            .stack_name(stack)
            .change_set_name(name)
            .client_request_token(name)
            .send()
            .await
            .map(drop)
            .map_err(|error| fault("ExecuteChangeSet", &error))
    }

    async fn discard_change(&self, stack: &str, name: &str) -> Result<(), CloudFault> {
        match self
            .client
            .delete_change_set()
            .stack_name(stack)
            .change_set_name(name)
            .send()
            .await
        {
            Ok(_) => Ok(()),
            Err(error) => match fault("DeleteChangeSet", &error) {
                gone if gone.kind == FaultKind::NotFound => Ok(()),
                other => Err(other),
            },
        }
    }

    async fn delete(&self, stack: &str) -> Result<(), CloudFault> {
        self.client
            .delete_stack()
            .stack_name(stack)
            .send()
            .await
            .map(drop)
            .map_err(|error| fault("DeleteStack", &error))
    }

    async fn events(
        &self,
        stack: &str,
        after: Option<&str>,
    ) -> Result<Vec<StackEvent>, CloudFault> {
        let mut events = Vec::new();
        let mut token = None;
        for _ in 0..PAGES {
            let answer = self
                .client
                .describe_stack_events()
                .stack_name(stack)
                .set_next_token(token)
                .send()
                .await
                .map_err(|error| fault("DescribeStackEvents", &error))?;
            for event in answer.stack_events.unwrap_or_default() {
                let event = stack_event(event);
                if after == Some(event.id.as_str()) {
                    events.reverse();
                    return Ok(events);
                }
                events.push(event);
            }
            token = answer.next_token;
            if token.is_none() {
                break;
            }
        }
        events.reverse();
        Ok(events)
    }

    async fn newest_event(&self, stack: &str) -> Result<Option<String>, CloudFault> {
        let answer = self
            .client
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
            .and_then(|event| event.event_id))
    }
}

/// CloudFormation reports an empty change set as a failed one; only its text tells them apart.
fn refused(reason: String) -> ChangeStatus {
    if reason.contains("didn't contain changes")
        || reason.contains("No updates are to be performed")
    {
        ChangeStatus::Empty
    } else {
        ChangeStatus::Failed(reason)
    }
}

/// CloudFormation uses one code, `ValidationError`, for many things; its text says which.
fn says(error: &impl ProvideErrorMetadata, text: &str) -> bool {
    error.code() == Some("ValidationError")
        && error
            .message()
            .is_some_and(|message| message.contains(text))
}

fn tag((key, value): (&String, &String)) -> Tag {
    Tag::builder().key(key).value(value).build()
}

fn state(stack: Stack) -> Result<StackState, CloudFault> {
    let missing = |what| incomplete("DescribeStacks", what);
    let status = stack.stack_status.ok_or_else(|| missing("a status"))?;
    let pairs = |list: Vec<(Option<String>, Option<String>)>| -> BTreeMap<String, String> {
        list.into_iter()
            .filter_map(|(key, value)| Some((key?, value?)))
            .collect()
    };
    Ok(StackState {
        name: stack.stack_name.ok_or_else(|| missing("a name"))?,
        id: stack.stack_id.ok_or_else(|| missing("an id"))?,
        status: status.as_str().parse().map_err(|error| CloudFault {
            kind: FaultKind::Rejected,
            operation: "DescribeStacks",
            code: String::new(),
            message: format!("{error}"),
        })?,
        status_reason: stack.stack_status_reason,
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
    })
}

fn resource_change(change: SdkChange) -> ResourceChange {
    ResourceChange {
        logical_id: change.logical_resource_id.unwrap_or_default(),
        resource_type: change.resource_type.unwrap_or_default(),
        action: change
            .action
            .map(|action| action.as_str().to_owned())
            .unwrap_or_default(),
        replacement: change
            .replacement
            .map(|text| text.as_str().to_owned())
            .unwrap_or_default(),
    }
}

fn stack_event(event: aws_sdk_cloudformation::types::StackEvent) -> StackEvent {
    StackEvent {
        id: event.event_id.unwrap_or_default(),
        logical_id: event.logical_resource_id.unwrap_or_default(),
        resource_type: event.resource_type.unwrap_or_default(),
        status: event
            .resource_status
            .map(|status| status.as_str().to_owned())
            .unwrap_or_default(),
        reason: event.resource_status_reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_change_set_is_told_from_a_failed_one() {
        let empty = "The submitted information didn't contain changes. Submit different \
                     information to create a change set.";
        assert_eq!(refused(empty.into()), ChangeStatus::Empty);
        assert!(matches!(
            refused("Access denied".into()),
            ChangeStatus::Failed(_)
        ));
    }
}
