//! CloudFormation deletions and roll-backs.

use async_trait::async_trait;
use aws_sdk_cloudformation::Client;

use super::fault::fault;
use super::stacks::says;
use crate::cloud::CloudFault;
use crate::cloud::stacks::{Operation, Withdrawals};

/// Asks CloudFormation.
pub(super) struct StackWithdrawals {
    client: Client,
    /// ARN of the role that CloudFormation acts as.
    service_role: Option<String>,
}

impl StackWithdrawals {
    pub(super) fn new(client: Client, service_role: Option<String>) -> Self {
        Self {
            client,
            service_role,
        }
    }
}

#[async_trait]
impl Withdrawals for StackWithdrawals {
    async fn delete(&self, stack: &str, operation: &Operation) -> Result<(), CloudFault> {
        let retained = Some(operation.leave.clone()).filter(|names| !names.is_empty());
        self.client
            .delete_stack()
            .stack_name(stack)
            .client_request_token(&operation.token)
            .set_retain_resources(retained)
            .set_role_arn(self.service_role.clone())
            .send()
            .await
            .map(drop)
            .map_err(|error| fault("DeleteStack", &error))
    }

    async fn roll_back(&self, stack: &str, operation: &Operation) -> Result<(), CloudFault> {
        match self
            .client
            .rollback_stack()
            .stack_name(stack)
            .client_request_token(&operation.token)
            .retain_except_on_create(true)
            .set_role_arn(self.service_role.clone())
            .send()
            .await
        {
            Ok(_) => Ok(()),
            // A repeated request finds the roll-back that the first one began.
            Err(error) if says(&error, "ROLLBACK_IN_PROGRESS") => Ok(()),
            Err(error) => Err(fault("RollbackStack", &error)),
        }
    }

    async fn continue_roll_back(
        &self,
        stack: &str,
        operation: &Operation,
    ) -> Result<(), CloudFault> {
        let skipped = Some(operation.leave.clone()).filter(|names| !names.is_empty());
        match self
            .client
            .continue_update_rollback()
            .stack_name(stack)
            .client_request_token(&operation.token)
            .set_resources_to_skip(skipped)
            .set_role_arn(self.service_role.clone())
            .send()
            .await
        {
            Ok(_) => Ok(()),
            Err(error) if says(&error, "ROLLBACK_IN_PROGRESS") => Ok(()),
            Err(error) => Err(fault("ContinueUpdateRollback", &error)),
        }
    }
}
