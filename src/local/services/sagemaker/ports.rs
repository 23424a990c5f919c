//! What SageMaker needs of the other services, in its own words.

use std::io;
use std::path::Path;

use async_trait::async_trait;
use tokio::sync::watch;

/// Why an object could not be had or stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreFault {
    /// There is no such bucket or key.
    #[error("{0}")]
    Missing(String),
    /// The store failed, for example because the disk is full.
    #[error("{0}")]
    Failed(String),
}

/// Objects by bucket and key.
#[async_trait]
pub trait ObjectStore: Send + Sync {
    /// Tells whether any key of the bucket starts with `prefix`.
    async fn has_prefix(&self, bucket: &str, prefix: &str) -> Result<bool, StoreFault>;

    /// Downloads every object whose key starts with `prefix` into `into`, under its name relative to
    /// the prefix's last slash. Returns how many there were.
    async fn download_prefix(
        &self,
        bucket: &str,
        prefix: &str,
        into: &Path,
    ) -> Result<usize, StoreFault>;

    /// Downloads one object into the file `to`.
    async fn get_to_file(&self, bucket: &str, key: &str, to: &Path) -> Result<(), StoreFault>;

    /// Stores the file `from` as an object.
    async fn put_file(&self, bucket: &str, key: &str, from: &Path) -> Result<(), StoreFault>;

    /// Deletes an object; one that is not there is no fault.
    async fn delete(&self, bucket: &str, key: &str) -> Result<(), StoreFault>;
}

/// Where output lines go.
pub trait LogSink: Send + Sync {
    /// Appends messages to a stream, making group and stream when they are absent.
    ///
    /// # Errors
    /// The messages cannot be stored.
    fn put(&self, group: &str, stream: &str, messages: &[String]) -> io::Result<()>;
}

/// The account's roles.
pub trait Roles: Send + Sync {
    /// Tells whether there is a role with this ARN.
    fn role_exists(&self, arn: &str) -> bool;
}

/// The account's alarms.
pub trait Alarms: Send + Sync {
    /// Tells whether the alarm of this name rings; one that is not there does not.
    fn rings(&self, region: &str, name: &str) -> bool;

    /// Returns what is told whenever that may have changed.
    fn changes(&self) -> watch::Receiver<()>;
}

/// An `s3://bucket/key` address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct S3Uri {
    pub(super) bucket: String,
    pub(super) key: String,
}

impl S3Uri {
    /// Parses an address; the key may be empty.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (bucket, key) = text
            .strip_prefix("s3://")
            .map(|rest| rest.split_once('/').unwrap_or((rest, "")))?;
        (!bucket.is_empty()).then(|| Self {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
        })
    }

    /// Returns the address of `name` below this one.
    pub(super) fn join(&self, name: &str) -> Self {
        let key = self.key.trim_end_matches('/');
        let separator = if key.is_empty() { "" } else { "/" };
        Self {
            bucket: self.bucket.clone(),
            key: format!("{key}{separator}{name}"),
        }
    }
}

impl std::fmt::Display for S3Uri {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_joined_with_one_slash() {
        let parse = |text| S3Uri::parse(text).unwrap();
        assert_eq!(parse("s3://b/out/").join("x").to_string(), "s3://b/out/x");
        assert_eq!(parse("s3://b").join("x/y").to_string(), "s3://b/x/y");
        assert_eq!(S3Uri::parse("https://b/k"), None);
        assert_eq!(S3Uri::parse("s3:///k"), None);
    }
}
