//! Who is calling.

use async_trait::async_trait;

use super::CloudFault;

/// The account and principal behind the credentials in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Twelve digits.
    pub account: String,
    /// The principal's ARN.
    pub arn: String,
}

/// Tells who is calling.
#[async_trait]
pub trait Identity: Send + Sync {
    /// Asks for the caller.
    async fn caller(&self) -> Result<Caller, CloudFault>;
}
