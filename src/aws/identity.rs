//! The caller, by STS.

use async_trait::async_trait;

use super::fault::{fault, incomplete};
use crate::cloud::CloudFault;
use crate::cloud::identity::{Caller, Identity};

/// Asks STS.
pub(super) struct StsIdentity {
    client: aws_sdk_sts::Client,
}

impl StsIdentity {
    pub(super) fn new(client: aws_sdk_sts::Client) -> Self {
        Self { client }
    }
}

#[async_trait]
impl Identity for StsIdentity {
    async fn caller(&self) -> Result<Caller, CloudFault> {
        let answer = self
            .client
            .get_caller_identity()
            .send()
            .await
            .map_err(|error| fault("GetCallerIdentity", &error))?;
        let missing = |name| incomplete("GetCallerIdentity", name);
        Ok(Caller {
            account: answer.account.ok_or_else(|| missing("the account"))?,
            arn: answer.arn.ok_or_else(|| missing("the ARN"))?,
        })
    }
}
