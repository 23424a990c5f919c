//! Quotas of the account: how much of something it may have.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;

use super::CloudFault;

/// What Service Quotas calls SageMaker.
pub const SAGEMAKER: &str = "sagemaker";

/// What instances are used for, as quotas tell it apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InstanceUse {
    /// Training on demand.
    Training,
    /// Training on spare capacity.
    SpotTraining,
    /// Serving.
    Endpoint,
    /// Classifying in bulk.
    Transform,
    /// A notebook.
    Notebook,
}

/// The name of the quota of an instance type, as the console's page for SageMaker has it, and its own refusal
/// quotes it ("The account-level service limit '<name>' is 0 Instances"; seen of training and endpoints).
pub fn name(instance: &str, purpose: InstanceUse) -> String {
    let words = match purpose {
        InstanceUse::Training => "training job",
        InstanceUse::SpotTraining => "spot training job",
        InstanceUse::Endpoint => "endpoint",
        InstanceUse::Transform => "transform job",
        InstanceUse::Notebook => "notebook instance",
    };
    format!("{instance} for {words} usage")
}

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
