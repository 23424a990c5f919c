//! Quotas of the account: how much of something it may have.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;

use super::CloudFault;

/// Looks quotas up.
#[async_trait]
pub trait Quotas: Send + Sync {
    /// Tells the values of a service's quotas by their names, e.g. `ml.g4dn.xlarge for training job usage`
    /// of `sagemaker`. What the service has no quota of is not in the answer.
    async fn values(
        &self,
        service: &str,
        names: &BTreeSet<String>,
    ) -> Result<BTreeMap<String, f64>, CloudFault>;
}
