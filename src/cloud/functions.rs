//! Functions.

use async_trait::async_trait;

use super::CloudFault;

/// What a function answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionAnswer {
    /// What it returned, or how it failed, as JSON.
    pub payload: String,
    /// Whether it failed, by Lambda's word for how, e.g. `Unhandled`.
    pub error: Option<String>,
}

/// Calls functions.
#[async_trait]
pub trait Functions: Send + Sync {
    /// Calls a function with a JSON payload, and waits for its answer.
    async fn call(&self, name: &str, payload: &str) -> Result<FunctionAnswer, CloudFault>;
}
