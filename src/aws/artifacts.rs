//! Objects in S3.

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::operation::list_object_versions::ListObjectVersionsOutput;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::fault::{fault, incomplete};
use super::multipart;
use crate::cloud::artifacts::{Artifacts, Sent, Source};
use crate::cloud::{CloudFault, FaultKind};

/// Asks S3.
pub(super) struct Bucket {
    client: Client,
}

impl Bucket {
    pub(super) fn new(client: Client) -> Self {
        Self { client }
    }

    async fn put_small(&self, bucket: &str, key: &str, body: ByteStream) -> Result<(), CloudFault> {
        self.client
            .put_object()
            .bucket(bucket)
            .key(key)
            .body(body)
            .send()
            .await
            .map(drop)
            .map_err(|error| fault("PutObject", &error))
    }

    /// Aborts unfinished uploads, whose parts would otherwise keep the bucket from being deleted.
    async fn abort_uploads(&self, bucket: &str) -> Result<usize, CloudFault> {
        let listing = match self
            .client
            .list_multipart_uploads()
            .bucket(bucket)
            .send()
            .await
        {
            Ok(listing) => listing,
            Err(error) if error.code() == Some("NoSuchBucket") => return Ok(0),
            Err(error) => return Err(fault("ListMultipartUploads", &error)),
        };
        let uploads = listing.uploads.unwrap_or_default();
        for upload in &uploads {
            let (Some(key), Some(id)) = (&upload.key, &upload.upload_id) else {
                continue;
            };
            let request = self.client.abort_multipart_upload().bucket(bucket).key(key);
            if let Err(error) = request.upload_id(id).send().await
                && error.code() != Some("NoSuchUpload")
            {
                return Err(fault("AbortMultipartUpload", &error));
            }
        }
        Ok(uploads.len())
    }
}

#[async_trait]
impl Artifacts for Bucket {
    async fn size(&self, bucket: &str, key: &str) -> Result<Option<u64>, CloudFault> {
        match self
            .client
            .head_object()
            .bucket(bucket)
            .key(key)
            .send()
            .await
        {
            Ok(head) => Ok(Some(
                u64::try_from(head.content_length.unwrap_or(0)).unwrap_or(0),
            )),
            Err(error) => match fault("HeadObject", &error) {
                gone if gone.kind == FaultKind::NotFound => Ok(None),
                other => Err(other),
            },
        }
    }

    async fn put(
        &self,
        bucket: &str,
        key: &str,
        source: &Source,
        sent: Sent<'_>,
    ) -> Result<(), CloudFault> {
        match source {
            Source::Bytes(bytes) => {
                self.put_small(bucket, key, bytes.clone().into()).await?;
                sent(bytes.len() as u64);
            }
            Source::File(path) => {
                let size = std::fs::metadata(path)
                    .map_err(|e| multipart::unreadable(path, &e))?
                    .len();
                if size > multipart::PART_BYTES {
                    return multipart::put(&self.client, bucket, key, path, sent).await;
                }
                let bytes = std::fs::read(path).map_err(|e| multipart::unreadable(path, &e))?;
                self.put_small(bucket, key, bytes.into()).await?;
                sent(size);
            }
        }
        Ok(())
    }

    async fn remove_some(&self, bucket: &str) -> Result<usize, CloudFault> {
        let listing = match self
            .client
            .list_object_versions()
            .bucket(bucket)
            .send()
            .await
        {
            Ok(listing) => listing,
            Err(error) if error.code() == Some("NoSuchBucket") => return Ok(0),
            Err(error) => return Err(fault("ListObjectVersions", &error)),
        };
        let objects = identifiers(listing);
        if objects.is_empty() {
            return self.abort_uploads(bucket).await;
        }
        let count = objects.len();
        let delete = Delete::builder()
            .set_objects(Some(objects))
            .quiet(true)
            .build();
        let delete = delete.map_err(|_| incomplete("ListObjectVersions", "a key"))?;
        let answer = self
            .client
            .delete_objects()
            .bucket(bucket)
            .delete(delete)
            .send()
            .await
            .map_err(|error| fault("DeleteObjects", &error))?;
        match answer.errors.unwrap_or_default().into_iter().next() {
            None => Ok(count),
            Some(error) => Err(CloudFault {
                kind: CloudFault::classify(error.code.as_deref().unwrap_or_default(), 400),
                operation: "DeleteObjects",
                code: error.code.unwrap_or_default(),
                message: format!(
                    "{}: {}",
                    error.key.unwrap_or_default(),
                    error.message.unwrap_or_default()
                ),
            }),
        }
    }
}

/// Every version and delete marker of one page.
fn identifiers(listing: ListObjectVersionsOutput) -> Vec<ObjectIdentifier> {
    let versions = listing
        .versions
        .unwrap_or_default()
        .into_iter()
        .map(|v| (v.key, v.version_id));
    let markers = listing
        .delete_markers
        .unwrap_or_default()
        .into_iter()
        .map(|m| (m.key, m.version_id));
    versions
        .chain(markers)
        .filter_map(|(key, version)| {
            ObjectIdentifier::builder()
                .key(key?)
                .set_version_id(version)
                .build()
                .ok()
        })
        .collect()
}
