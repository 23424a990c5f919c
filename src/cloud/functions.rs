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
    /// Tells the SHA-256 (hexadecimal) of the archive that a function runs; `None` when there is no such
    /// function.
    async fn code_sha256(&self, name: &str) -> Result<Option<String>, CloudFault>;

    /// Calls a function with a JSON payload, and waits for its answer.
    async fn call(&self, name: &str, payload: &str) -> Result<FunctionAnswer, CloudFault>;
}
