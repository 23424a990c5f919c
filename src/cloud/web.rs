//! Plain HTTP to the environment's own API, to see that it answers end to end.

use std::time::Duration;

use async_trait::async_trait;

use super::CloudFault;

/// An HTTP answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebAnswer {
    /// HTTP status.
    pub status: u16,
    /// Body, decoded leniently.
    pub body: String,
}

/// With what an API is asked.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential {
    /// With nothing.
    Nobody,
    /// With a token.
    Bearer(String),
    /// With a signature of the principal behind the credentials in use.
    Signed,
}

/// Sends plain HTTP requests.
#[async_trait]
pub trait Web: Send + Sync {
    /// Posts a JSON body; any HTTP status is an answer, not a fault.
    async fn post_json(&self, url: &str, body: &str) -> Result<WebAnswer, CloudFault>;

    /// Gets what is at an address, and waits for it only so long; any HTTP status is an answer.
    async fn get(&self, url: &str, patience: Duration) -> Result<WebAnswer, CloudFault>;

    /// Posts a JSON body with a credential.
    async fn post_json_as(
        &self,
        url: &str,
        body: &str,
        credential: &Credential,
    ) -> Result<WebAnswer, CloudFault>;

    /// Gives the further headers that make a post of this JSON body one with [`Credential::Signed`], for
    /// whoever sends it by other means. They hold for some minutes.
    async fn sign_post(&self, url: &str, body: &str) -> Result<Vec<(String, String)>, CloudFault>;
}
