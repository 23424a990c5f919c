//! Objects on their way from one bucket into another, which may be another account's.

use std::fmt;

use async_trait::async_trait;

use super::CloudFault;
use super::artifacts::Sent;

/// Bytes of the largest object that a service copies in one request ("`CopyObject`" in the Amazon S3 API
/// reference).
pub const LARGEST_COPY: u64 = 5_000_000_000;

/// Where an object is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct At {
    /// Its bucket.
    pub bucket: String,
    /// Its key.
    pub key: String,
}

impl fmt::Display for At {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "s3://{}/{}", self.bucket, self.key)
    }
}

/// What is known of an object without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Bytes.
    pub size: u64,
    /// Entity tag: another content has another one.
    pub etag: String,
    /// Its SHA-256 (hexadecimal), if somebody computed it of the whole: the service, or deploy before it
    /// made the object. A service does not compute it of an object that came in parts.
    pub sha256: Option<String>,
}

/// What an object holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// Bytes.
    pub size: u64,
    /// SHA-256 (hexadecimal).
    pub sha256: String,
}

/// An object that a service copied by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    /// Id of the version that the copy is; `None` in a bucket that keeps none.
    pub version: Option<String>,
    /// SHA-256 (hexadecimal) that the service computed of the whole; `None` if it did not.
    pub sha256: Option<String>,
}

/// An object of another cloud, to be read as it was found.
#[derive(Clone, Copy)]
pub struct Origin<'a> {
    /// Who can read it.
    pub copies: &'a dyn Copies,
    /// Where it is.
    pub at: &'a At,
    /// What was found there.
    pub found: &'a Found,
}

/// How receiving an object ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arrival {
    /// It is there, and what it was expected to be.
    Right,
    /// What was read has another SHA-256, this one (hexadecimal), and did not become an object.
    Wrong(String),
}

/// Copies objects, by the service or through this machine.
#[async_trait]
pub trait Copies: Send + Sync {
    /// Tells what is known of an object; `None` when there is no such object or bucket.
    async fn find(&self, at: &At) -> Result<Option<Found>, CloudFault>;

    /// Reads bytes of an object that still has this entity tag, as many as there is room for, from an offset
    /// on. A body that is cut off is taken up again where it stopped. Another entity tag is a conflict.
    async fn read(&self, at: &At, etag: &str, from: u64, into: &mut [u8])
    -> Result<(), CloudFault>;

    /// Reads all of an object once, in flat memory; `None` when there is no such object or bucket.
    async fn digest(&self, at: &At) -> Result<Option<Content>, CloudFault>;

    /// Has the service copy an object of up to [`LARGEST_COPY`] bytes that still has this entity tag.
    async fn copy(&self, from: &At, etag: &str, to: &At) -> Result<Copied, CloudFault>;

    /// Puts what another cloud reads, in flat memory, whole or not at all: it becomes an object only if all
    /// of it has this SHA-256. What an earlier call with the same key sent of it is not sent again, and what
    /// this one has sent is left for the next when it fails.
    async fn receive(
        &self,
        origin: Origin<'_>,
        to: &At,
        sha256: &str,
        sent: Sent<'_>,
    ) -> Result<Arrival, CloudFault>;
}
