//! Objects in the environment's bucket.

use std::path::PathBuf;

use async_trait::async_trait;
use bytes::Bytes;

use super::CloudFault;

/// What an object is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A file on disk, streamed.
    File(PathBuf),
    /// Bytes in memory.
    Bytes(Bytes),
}

/// Told of bytes as they are sent: how many more since the last time.
pub type Sent<'a> = &'a (dyn Fn(u64) + Send + Sync);

/// Puts, finds and removes objects.
#[async_trait]
pub trait Artifacts: Send + Sync {
    /// Tells an object's size in bytes; `None` when there is no such object or bucket.
    async fn size(&self, bucket: &str, key: &str) -> Result<Option<u64>, CloudFault>;

    /// Puts an object, whole or not at all. Large files go in parts of flat memory.
    async fn put(
        &self,
        bucket: &str,
        key: &str,
        source: &Source,
        sent: Sent<'_>,
    ) -> Result<(), CloudFault>;

    /// Removes up to one page of what the bucket holds (versions, delete markers, unfinished
    /// uploads) and returns how many; 0 means that it is empty or not there.
    async fn remove_some(&self, bucket: &str) -> Result<usize, CloudFault>;
}
