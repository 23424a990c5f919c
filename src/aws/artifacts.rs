//! Objects in S3.

use std::path::Path;

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::operation::list_object_versions::ListObjectVersionsOutput;
use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use bytes::{Bytes, BytesMut};
use tokio::io::AsyncWriteExt as _;

use super::fault::{fault, incomplete};
use super::multipart::Sender;
use crate::cloud::artifacts::{
    Artifacts, Object, ObjectPage, Place, Refusal, Sent, Source, Version, VersionPage,
};
use crate::cloud::{CloudFault, FaultKind};

/// Asks S3.
pub(super) struct Bucket {
    client: Client,
    sender: Sender,
}

impl Bucket {
    pub(super) fn new(client: Client, sender: Sender) -> Self {
        Self { client, sender }
    }
}

const GET: &str = "GetObject";

/// What stands in the way of reading an object whose answer has begun.
fn broken(kind: FaultKind, message: String) -> CloudFault {
    CloudFault {
        kind,
        operation: GET,
        code: String::new(),
        message,
    }
}

impl Bucket {
    /// Begins to read an object; `None` when there is none.
    async fn open(&self, bucket: &str, key: &str) -> Result<Option<GetObjectOutput>, CloudFault> {
        let request = self.client.get_object().bucket(bucket).key(key);
        match request.send().await {
            Ok(answer) => Ok(Some(answer)),
            Err(error) => match fault(GET, &error) {
                gone if gone.kind == FaultKind::NotFound => Ok(None),
                other => Err(other),
            },
        }
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

    async fn get(
        &self,
        bucket: &str,
        key: &str,
        at_most: u64,
    ) -> Result<Option<Bytes>, CloudFault> {
        let Some(answer) = self.open(bucket, key).await? else {
            return Ok(None);
        };
        let told = answer
            .content_length
            .and_then(|size| u64::try_from(size).ok());
        let mut fits = told.is_none_or(|size| size <= at_most);
        let mut body = answer.body;
        let mut bytes = BytesMut::new();
        while fits && let Some(piece) = body.next().await {
            let piece = piece.map_err(|error| broken(FaultKind::Unavailable, error.to_string()))?;
            fits = (bytes.len() + piece.len()) as u64 <= at_most;
            bytes.extend_from_slice(&piece);
        }
        if fits {
            return Ok(Some(bytes.freeze()));
        }
        let message = format!("{key} has more than {at_most} bytes");
        Err(broken(FaultKind::Rejected, message))
    }

    async fn download(
        &self,
        bucket: &str,
        key: &str,
        into: &Path,
    ) -> Result<Option<u64>, CloudFault> {
        let Some(answer) = self.open(bucket, key).await? else {
            return Ok(None);
        };
        let unwritable = |error: std::io::Error| {
            let message = format!("{} cannot be written: {error}", into.display());
            broken(FaultKind::Rejected, message)
        };
        let mut file = tokio::fs::File::create(into).await.map_err(unwritable)?;
        let mut body = answer.body;
        let mut size = 0;
        while let Some(piece) = body.next().await {
            let piece = piece.map_err(|error| broken(FaultKind::Unavailable, error.to_string()))?;
            file.write_all(&piece).await.map_err(unwritable)?;
            size += piece.len() as u64;
        }
        file.flush().await.map_err(unwritable)?;
        Ok(Some(size))
    }

    async fn put(
        &self,
        bucket: &str,
        key: &str,
        source: &Source,
        sent: Sent<'_>,
    ) -> Result<(), CloudFault> {
        let bytes = match source {
            Source::File { path, sha256 } => {
                let file = (path.as_path(), sha256.as_str());
                return self.sender.put_file(bucket, key, file, sent).await;
            }
            Source::Bytes(bytes) => bytes,
        };
        let request = self.client.put_object().bucket(bucket).key(key);
        let put = request.body(bytes.clone().into()).send().await;
        put.map_err(|error| fault("PutObject", &error))?;
        sent(bytes.len() as u64);
        Ok(())
    }

    async fn list(
        &self,
        bucket: &str,
        prefix: &str,
        after: Option<&str>,
    ) -> Result<ObjectPage, CloudFault> {
        let listing = self
            .client
            .list_objects_v2()
            .bucket(bucket)
            .prefix(prefix)
            .set_start_after(after.map(str::to_owned))
            .send()
            .await
            .map_err(|error| fault("ListObjectsV2", &error))?;
        let truncated = listing.is_truncated == Some(true);
        let object = |object: aws_sdk_s3::types::Object| {
            Some(Object {
                key: object.key?,
                size: object.size.and_then(|size| u64::try_from(size).ok())?,
                etag: object.e_tag?,
            })
        };
        let objects: Option<Vec<Object>> = listing
            .contents
            .unwrap_or_default()
            .into_iter()
            .map(object)
            .collect();
        let objects = objects.ok_or_else(|| incomplete("ListObjectsV2", "a key, size or ETag"))?;
        let last = objects.last().map(|object| object.key.clone());
        Ok(ObjectPage {
            next: last.filter(|_| truncated),
            objects,
        })
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
