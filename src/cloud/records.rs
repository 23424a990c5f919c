//! Small objects in the bucket that are written only by whoever knows what is there: what locks and
//! records are made of.

use async_trait::async_trait;

use super::CloudFault;

/// A record as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its text.
    pub text: String,
    /// Its `ETag`, which every writing changes.
    pub etag: String,
}

/// What a writer takes to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected<'a> {
    /// Nothing (`If-None-Match: *`).
    Nothing,
    /// The record with this `ETag` (`If-Match`).
    Etag(&'a str),
}

/// What became of a write or a removal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    /// It was done; the new `ETag`, empty after a removal.
    Done(String),
    /// Something else is there than was expected, and nothing was done.
    Surprised,
}

/// Reads and writes records. A bucket that is not there is a fault of the kind `NotFound`.
#[async_trait]
pub trait Records: Send + Sync {
    /// Reads a record; `None` when there is none.
    async fn read(&self, bucket: &str, key: &str) -> Result<Option<Record>, CloudFault>;

    /// Writes a record if what is there is as expected. The answer may get lost, so that a repetition
    /// finds the record of its own first attempt: the text has to tell who wrote it.
    async fn write(
        &self,
        bucket: &str,
        key: &str,
        text: &str,
        expected: Expected<'_>,
    ) -> Result<Written, CloudFault>;

    /// Removes a record if it is still the one with this `ETag`.
    async fn remove(&self, bucket: &str, key: &str, etag: &str) -> Result<Written, CloudFault>;
}
