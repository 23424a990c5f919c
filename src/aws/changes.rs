//! CloudFormation change sets.

use async_trait::async_trait;
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::{
    Capability, ChangeSetStatus, ChangeSetType, DeploymentMode, ExecutionStatus, Parameter,
    ResourceChange as SdkChange, Tag,
};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::fault::{fault, incomplete};
use crate::cloud::stacks::{
    ChangeKind, ChangeRequest, ChangeStatus, Changes, DriftMode, ResourceChange,
};
use crate::cloud::{CloudFault, FaultKind};

/// Pages of change sets, or of the changes of one, that are read at most; one page holds 100.
const PAGES: usize = 50;

/// Asks CloudFormation.
pub(super) struct ChangeSets {
    client: Client,
    /// ARN of the role that CloudFormation acts as.
    service_role: Option<String>,
}

impl ChangeSets {
    pub(super) fn new(client: Client, service_role: Option<String>) -> Self {
        Self {
            client,
            service_role,
        }
    }
}

/// Lists the names of a stack's change sets that were not executed.
pub(super) async fn names(client: &Client, stack: &str) -> Result<Vec<String>, CloudFault> {
    let mut names = Vec::new();
    let mut token = None;
    for _ in 0..PAGES {
        let answer = client
            .list_change_sets()
            .stack_name(stack)
            .set_next_token(token)
            .send()
            .await;
        let answer = answer.map_err(|error| fault("ListChangeSets", &error))?;
        let summaries = answer.summaries.unwrap_or_default();
        let waiting = summaries.into_iter().filter(|set| {
            matches!(
                set.execution_status,
                None | Some(ExecutionStatus::Available | ExecutionStatus::Unavailable)
            )
        });
        names.extend(waiting.filter_map(|set| set.change_set_name));
        token = answer.next_token;
        if token.is_none() {
            return Ok(names);
        }
    }
    Err(incomplete("ListChangeSets", "an end"))
}

#[async_trait]
impl Changes for ChangeSets {
    async fn submit(&self, request: &ChangeRequest) -> Result<(), CloudFault> {
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
            .set_role_arn(self.service_role.clone())
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

    async fn look(&self, stack: &str, name: &str) -> Result<ChangeStatus, CloudFault> {
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

    async fn execute(&self, stack: &str, name: &str) -> Result<(), CloudFault> {
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

    async fn discard(&self, stack: &str, name: &str) -> Result<(), CloudFault> {
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

    async fn waiting(&self, stack: &str) -> Result<Vec<String>, CloudFault> {
        names(&self.client, stack).await
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

fn tag((key, value): (&String, &String)) -> Tag {
    Tag::builder().key(key).value(value).build()
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
