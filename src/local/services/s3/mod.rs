//! S3: buckets, versioned objects, multipart uploads and conditional writes.
//!
//! Purpose: stores what clients, training jobs and functions exchange. Input: the S3 API through the
//! `s3s` crate, plain calls of the other services, and bucket resources of CloudFormation. Output:
//! answers of the S3 API, files. Must not know: what the objects are for. Bucket policies, lifecycle
//! rules and encryption settings are kept and read back; none of them is enforced. Whatever is not
//! implemented is refused with `NotImplemented`, by the operation's name.

mod blobs;
mod buckets;
mod checksum;
mod condition;
mod delete;
mod fault;
mod get;
mod index;
mod journal;
mod list;
mod model;
mod multipart;
mod page;
mod put;
mod resources;
mod settings;
mod store;
mod wire;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use s3s::dto::Timestamp;
use s3s::service::S3Service;

pub use fault::S3Fault;
pub use resources::providers;

use crate::local::clock::Clock;

/// The S3 service of the pretend account.
#[derive(Debug)]
pub struct S3 {
    store: store::Store,
    clock: Clock,
}

impl S3 {
    /// Opens the service's state in `folder`, making it when it is absent.
    ///
    /// # Errors
    /// The folder cannot be read or written, or the state in it is damaged.
    pub fn open(folder: impl Into<PathBuf>, clock: Clock) -> io::Result<Self> {
        let folder = folder.into();
        std::fs::create_dir_all(&folder)?;
        Ok(Self {
            store: store::Store::open(&folder)?,
            clock,
        })
    }

    /// Returns the service as it is met over HTTP: path-style addresses, requests signed with the one
    /// key pair.
    pub fn service(self: &Arc<Self>, access_key: &str, secret_key: &str) -> S3Service {
        wire::service(Arc::clone(self), access_key, secret_key)
    }
}

/// Turns milliseconds since the epoch into the timestamp type of answers.
fn timestamp(epoch_millis: i64) -> Timestamp {
    let millis = u64::try_from(epoch_millis).unwrap_or_default();
    Timestamp::from(UNIX_EPOCH + Duration::from_millis(millis))
}

#[cfg(test)]
mod tests;
