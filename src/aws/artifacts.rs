//! Objects in S3.

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::operation::list_object_versions::ListObjectVersionsOutput;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::fault::{fault, incomplete};
use super::multipart;
use crate::cloud::artifacts::{Artifacts, Place, Refusal, Sent, Source, Version, VersionPage};
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

    async fn versions(
        &self,
        bucket: &str,
        place: Option<&Place>,
    ) -> Result<VersionPage, CloudFault> {
        let request = self
            .client
            .list_object_versions()
            .bucket(bucket)
            .set_key_marker(place.map(|place| place.key.clone()))
            .set_version_id_marker(place.and_then(|place| place.version.clone()));
        match request.send().await {
            Ok(listing) => Ok(page(listing)),
            Err(error) if error.code() == Some("NoSuchBucket") => Ok(VersionPage::default()),
            Err(error) => Err(fault("ListObjectVersions", &error)),
        }
    }

    async fn remove(&self, bucket: &str, versions: &[Version]) -> Result<Vec<Refusal>, CloudFault> {
        let objects: Result<Vec<ObjectIdentifier>, _> = versions
            .iter()
            .map(|version| {
                ObjectIdentifier::builder()
                    .key(&version.key)
                    .version_id(&version.id)
                    .build()
            })
            .collect();
        let delete = objects.and_then(|objects| {
            Delete::builder()
                .set_objects(Some(objects))
                .quiet(true)
                .build()
        });
        let delete = delete.map_err(|_| incomplete("ListObjectVersions", "a key"))?;
        let request = self.client.delete_objects().bucket(bucket).delete(delete);
        match request.send().await {
            Ok(answer) => Ok(answer
                .errors
                .unwrap_or_default()
                .into_iter()
                .map(refusal)
                .collect()),
            Err(error) if error.code() == Some("NoSuchBucket") => Ok(Vec::new()),
            Err(error) => Err(fault("DeleteObjects", &error)),
        }
    }

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

/// Every version and delete marker of one page.
fn page(listing: ListObjectVersionsOutput) -> VersionPage {
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
    let next = listing.next_key_marker.map(|key| Place {
        key,
        version: listing.next_version_id_marker,
    });
    VersionPage {
        versions: versions
            .chain(markers)
            .filter_map(|(key, id)| {
                Some(Version {
                    key: key?,
                    id: id.unwrap_or_else(|| "null".to_owned()),
                })
            })
            .collect(),
        next: next.filter(|_| listing.is_truncated == Some(true)),
    }
}

fn refusal(error: aws_sdk_s3::types::Error) -> Refusal {
    let code = error.code.unwrap_or_default();
    // S3 gives a code for each object but no status; what is its own fault may be tried again.
    let status = match code.as_str() {
        "InternalError" | "ServiceUnavailable" => 503,
        _ => 400,
    };
    Refusal {
        version: Version {
            key: error.key.unwrap_or_default(),
            id: error.version_id.unwrap_or_default(),
        },
        fault: CloudFault {
            kind: CloudFault::classify(&code, status),
            operation: "DeleteObjects",
            code,
            message: error.message.unwrap_or_default(),
        },
    }
}
