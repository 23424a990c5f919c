//! Objects in the environment's bucket.

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use bytes::Bytes;

use super::CloudFault;

/// What an object is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A file on disk, streamed.
    File {
        /// Where it is.
        path: PathBuf,
        /// SHA-256 (hexadecimal) of what it has to hold; a file that holds something else by the time it
        /// is sent does not become an object.
        sha256: String,
    },
    /// Bytes in memory.
    Bytes(Bytes),
}

/// One version of an object, or a delete marker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Key of the object.
    pub key: String,
    /// Id of the version.
    pub id: String,
}

/// Where a listing of versions goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Key that was listed last.
    pub key: String,
    /// Version that was listed last; `None` goes on after all versions of the key.
    pub version: Option<String>,
}

/// Some versions, and where the listing goes on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VersionPage {
    /// Versions and delete markers.
    pub versions: Vec<Version>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<Place>,
}

/// A version that could not be removed, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Which one.
    pub version: Version,
    /// Why.
    pub fault: CloudFault,
}

/// An object of a bucket, its content named by what the service says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Key.
    pub key: String,
    /// Bytes.
    pub size: u64,
    /// Entity tag: another content has another one.
    pub etag: String,
}

/// Some objects, and where the listing goes on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ObjectPage {
    /// The objects in the order of their keys.
    pub objects: Vec<Object>,
    /// The key after which the next page begins; `None` at the end.
    pub next: Option<String>,
}

/// Told of bytes as they are sent: how many more since the last time.
pub type Sent<'a> = &'a (dyn Fn(u64) + Send + Sync);

/// Puts, gets, finds and removes objects.
#[async_trait]
pub trait Artifacts: Send + Sync {
    /// Tells an object's size in bytes; `None` when there is no such object or bucket.
    async fn size(&self, bucket: &str, key: &str) -> Result<Option<u64>, CloudFault>;

    /// Gets an object into memory; `None` when there is no such object or bucket. One of more than `at_most`
    /// bytes is refused, and not read further than that.
    async fn get(&self, bucket: &str, key: &str, at_most: u64)
    -> Result<Option<Bytes>, CloudFault>;

    /// Gets an object of any size into a file, in flat memory, and returns its size; `None` when there is no
    /// such object or bucket. A file that is there is written over.
    async fn download(
        &self,
        bucket: &str,
        key: &str,
        into: &Path,
    ) -> Result<Option<u64>, CloudFault>;

    /// Puts an object, whole or not at all. Large files go in parts, in flat memory; what an earlier call
    /// with the same key sent of the same file is not sent again, and what this one has sent is left for
    /// the next when it fails. Such parts are no object; [`Artifacts::abort_uploads`] removes them.
    async fn put(
        &self,
        bucket: &str,
        key: &str,
        source: &Source,
        sent: Sent<'_>,
    ) -> Result<(), CloudFault>;

    /// Lists up to 1,000 objects whose keys begin with `prefix`, after the key `after`.
    async fn list(
        &self,
        bucket: &str,
        prefix: &str,
        after: Option<&str>,
    ) -> Result<ObjectPage, CloudFault>;

    /// Lists up to 1,000 versions and delete markers after `place` (from the beginning when `None`).
    /// No such bucket is an empty page.
    async fn versions(
        &self,
        bucket: &str,
        place: Option<&Place>,
    ) -> Result<VersionPage, CloudFault>;

    /// Removes up to 1,000 versions and returns those that could not be removed.
    async fn remove(&self, bucket: &str, versions: &[Version]) -> Result<Vec<Refusal>, CloudFault>;

    /// Removes up to 1,000 unfinished uploads, whose parts would keep the bucket from being deleted,
    /// and returns how many there were.
    async fn abort_uploads(&self, bucket: &str) -> Result<usize, CloudFault>;
}
