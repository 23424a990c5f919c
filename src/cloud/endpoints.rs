//! Endpoints and their runtime.

use async_trait::async_trait;

use super::CloudFault;

/// An endpoint as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointState {
    /// SageMaker's status, e.g. `InService`.
    pub status: String,
    /// Name of the endpoint config that serves. After a silent roll-back it is the old one.
    pub config: String,
    /// When it was changed last, in milliseconds since 1970.
    pub changed: Option<i64>,
    /// Why it failed, if it did.
    pub failure_reason: Option<String>,
}

/// Looks at endpoints and calls them.
#[async_trait]
pub trait Endpoints: Send + Sync {
    /// Looks at an endpoint; `None` when there is none of this name.
    async fn describe(&self, name: &str) -> Result<Option<EndpointState>, CloudFault>;

    /// Sends a JSON body to the model and returns the body of its answer.
    async fn invoke(&self, name: &str, body: &str) -> Result<String, CloudFault>;
}
