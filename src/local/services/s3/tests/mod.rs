//! Tests of S3 as its callers meet it.

mod accounts;
mod backend;
mod copies;
mod provider;
mod wire;

use std::sync::Arc;

use s3s::dto::{PutObjectInput, PutObjectOutput, StreamingBlob, VersioningConfiguration};

use super::S3;
use super::fault::S3Fault;
use super::model::Bucket;
use crate::local::clock::Clock;

const BUCKET: &str = "news";

/// An S3 with one bucket, in a folder that goes away with it.
struct Bed {
    s3: Arc<S3>,
    folder: tempfile::TempDir,
}

impl Bed {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let s3 = S3::open(folder.path().join("s3"), Clock::start()).unwrap();
        s3.make_bucket(BUCKET, Bucket::default()).unwrap();
        Self {
            s3: Arc::new(s3),
            folder,
        }
    }

    /// Opens the same folder again, as after a kill.
    fn reopened(&self) -> S3 {
        S3::open(self.folder.path().join("s3"), Clock::start()).unwrap()
    }

    fn versioned() -> Self {
        let bed = Self::new();
        let set = VersioningConfiguration {
            status: Some("Enabled".to_owned().into()),
            ..VersioningConfiguration::default()
        };
        bed.s3.put_versioning(BUCKET, &set).unwrap();
        bed
    }

    async fn put(&self, key: &str, body: &str) -> PutObjectOutput {
        self.try_put(put(key, body)).await.unwrap()
    }

    async fn try_put(&self, input: PutObjectInput) -> Result<PutObjectOutput, S3Fault> {
        self.s3.put_object(input, None).await
    }

    async fn text(&self, key: &str) -> Result<String, S3Fault> {
        let to = self.folder.path().join("out");
        self.s3.get_to_file(BUCKET, key, &to).await?;
        Ok(std::fs::read_to_string(to)?)
    }

    fn blobs(&self) -> usize {
        let folder = self.folder.path().join("s3/blobs");
        std::fs::read_dir(folder).unwrap().count()
    }
}

fn put(key: &str, body: &str) -> PutObjectInput {
    PutObjectInput {
        bucket: BUCKET.to_owned(),
        key: key.to_owned(),
        body: Some(blob(body.as_bytes())),
        ..PutObjectInput::default()
    }
}

fn blob(bytes: &[u8]) -> StreamingBlob {
    StreamingBlob::from(s3s::Body::from(bytes::Bytes::copy_from_slice(bytes)))
}
