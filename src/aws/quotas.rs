//! Quotas, by Service Quotas.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use aws_sdk_servicequotas::Client;
use aws_sdk_servicequotas::types::ServiceQuota;

use super::fault::{fault, incomplete};
use crate::cloud::CloudFault;
use crate::cloud::quotas::Quotas;

/// Pages that are read at most; one holds 100 quotas, and SageMaker has some thousands.
const PAGES: usize = 100;

/// Asks Service Quotas.
pub(super) struct ServiceQuotas {
    client: Client,
}

impl ServiceQuotas {
    pub(super) fn new(client: Client) -> Self {
        Self { client }
    }

    /// One page of what holds for the account, and where the next begins.
    async fn applied(
        &self,
        service: &str,
        token: Option<String>,
    ) -> Result<(Vec<ServiceQuota>, Option<String>), CloudFault> {
        let answer = self
            .client
            .list_service_quotas()
            .service_code(service)
            .max_results(100)
            .set_next_token(token)
            .send()
            .await
            .map_err(|error| fault("ListServiceQuotas", &error))?;
        Ok((answer.quotas.unwrap_or_default(), answer.next_token))
    }

    /// One page of what holds for an account that nobody has asked more for.
    async fn default(
        &self,
        service: &str,
        token: Option<String>,
    ) -> Result<(Vec<ServiceQuota>, Option<String>), CloudFault> {
        let answer = self
            .client
            .list_aws_default_service_quotas()
            .service_code(service)
            .max_results(100)
            .set_next_token(token)
            .send()
            .await
            .map_err(|error| fault("ListAWSDefaultServiceQuotas", &error))?;
        Ok((answer.quotas.unwrap_or_default(), answer.next_token))
    }
}

#[async_trait]
impl Quotas for ServiceQuotas {
    async fn values(
        &self,
        service: &str,
        names: &BTreeSet<String>,
    ) -> Result<BTreeMap<String, f64>, CloudFault> {
        let mut found = BTreeMap::new();
        // A quota that was never changed may be missing among those of the account; then the default
        // holds (Service Quotas API reference, `ListServiceQuotas`).
        for of_account in [true, false] {
            let mut token = None;
            for page in 0.. {
                if found.len() == names.len() {
                    return Ok(found);
                }
                if page == PAGES {
                    return Err(incomplete("ListServiceQuotas", "an end"));
                }
                let (quotas, next) = if of_account {
                    self.applied(service, token).await?
                } else {
                    self.default(service, token).await?
                };
                for quota in quotas {
                    if let (Some(name), Some(value)) = (quota.quota_name, quota.value)
                        && names.contains(&name)
                    {
                        found.entry(name).or_insert(value);
                    }
                }
                token = next;
                if token.is_none() {
                    break;
                }
            }
        }
        Ok(found)
    }
}
