//! What tells whether an environment could be brought up, before anything is. Nothing here changes anything.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

use super::CloudFault;

/// Credentials, without what is secret of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialSource {
    /// Where the SDK found them, in its own word, such as `ProfileFile`.
    pub provider: String,
    /// When they end; `None` for those that do not.
    pub expires: Option<Timestamp>,
}

/// Whose a bucket's name is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BucketOwner {
    /// Nobody's.
    Free,
    /// The account's own, with these tags; `None` where they may not be read.
    Account(Option<BTreeMap<String, String>>),
    /// Another account's, or the caller may not see it.
    Forbidden,
    /// Of a bucket in another region.
    Elsewhere,
}

/// An action on resources, to be decided about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Actions, such as `s3:PutObject`.
    pub actions: Vec<String>,
    /// ARNs, or `*`.
    pub resources: Vec<String>,
    /// Values of condition keys that the request will have, such as `iam:PassedToService`.
    pub context: BTreeMap<String, Vec<String>>,
}

/// Something that would be refused.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Refused {
    /// The action.
    pub action: String,
    /// The resource.
    pub resource: String,
    /// Whether a statement denies it, which no further permission can make good.
    pub explicit: bool,
}

/// Looks before anything is done.
#[async_trait]
pub trait Checkup: Send + Sync {
    /// Finds credentials.
    async fn credentials(&self) -> Result<CredentialSource, CloudFault>;

    /// Connects to an address, and tells the time that the other side says it is. Any HTTP answer will do.
    async fn knock(&self, url: &str, patience: Duration) -> Result<Option<Timestamp>, CloudFault>;

    /// Lists what a principal may not do, by its ARN as the identity port tells it.
    async fn refused(
        &self,
        principal: &str,
        questions: &[Question],
    ) -> Result<Vec<Refused>, CloudFault>;

    /// Tells whose a bucket's name is, as an account sees it.
    async fn bucket(&self, name: &str, account: &str) -> Result<BucketOwner, CloudFault>;
}
