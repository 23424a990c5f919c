//! Large files in parts: each part checked by the service, few in memory at a time, all or nothing.

use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use aws_sdk_s3::Client;
use aws_sdk_s3::types::{ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart};
use futures::stream::{StreamExt, TryStreamExt};

use super::fault::{fault, incomplete};
use crate::cloud::artifacts::Sent;
use crate::cloud::{CloudFault, FaultKind};

/// Bytes of a part. S3 allows 5 MiB to 5 GiB and 10,000 parts, so files of up to 80 GB fit.
pub(super) const PART_BYTES: u64 = 8 * 1024 * 1024;
/// Parts in flight; with their size this bounds memory to 32 MiB.
const IN_FLIGHT: usize = 4;

/// One upload under way.
struct Upload<'a> {
    client: &'a Client,
    bucket: &'a str,
    key: &'a str,
    id: String,
}

/// Uploads a file in parts and completes it; an upload that fails is aborted.
pub(super) async fn put(
    client: &Client,
    bucket: &str,
    key: &str,
    path: &Path,
    sent: Sent<'_>,
) -> Result<(), CloudFault> {
    let started = client
        .create_multipart_upload()
        .bucket(bucket)
        .key(key)
        .checksum_algorithm(ChecksumAlgorithm::Crc32)
        .send()
        .await
        .map_err(|error| fault("CreateMultipartUpload", &error))?;
    let id = started
        .upload_id
        .ok_or_else(|| incomplete("CreateMultipartUpload", "an id"))?;
    let upload = Upload {
        client,
        bucket,
        key,
        id,
    };
    match upload.send(path, sent).await {
        Ok(()) => Ok(()),
        Err(failure) => {
            // The failure itself is what the caller needs; parts left behind by a failed abort are
            // removed by the bucket's lifecycle rule.
            let _ = upload.abort().await;
            Err(failure)
        }
    }
}

impl Upload<'_> {
    async fn send(&self, path: &Path, sent: Sent<'_>) -> Result<(), CloudFault> {
        let size = std::fs::metadata(path)
            .map_err(|error| unreadable(path, &error))?
            .len();
        let parts = futures::stream::iter(0..size.div_ceil(PART_BYTES))
            .map(|index| self.part(path, index, sent))
            .buffered(IN_FLIGHT)
            .try_collect::<Vec<_>>()
            .await?;
        self.client
            .complete_multipart_upload()
            .bucket(self.bucket)
            .key(self.key)
            .upload_id(&self.id)
            .multipart_upload(
                CompletedMultipartUpload::builder()
                    .set_parts(Some(parts))
                    .build(),
            )
            .send()
            .await
            .map(drop)
            .map_err(|error| fault("CompleteMultipartUpload", &error))
    }

    async fn part(
        &self,
        path: &Path,
        index: u64,
        sent: Sent<'_>,
    ) -> Result<CompletedPart, CloudFault> {
        let number = i32::try_from(index + 1).map_err(|_| incomplete("UploadPart", "room"))?;
        let bytes =
            read_part(path, index * PART_BYTES).map_err(|error| unreadable(path, &error))?;
        let length = bytes.len() as u64;
        let answer = self
            .client
            .upload_part()
            .bucket(self.bucket)
            .key(self.key)
            .upload_id(&self.id)
            .part_number(number)
            .checksum_algorithm(ChecksumAlgorithm::Crc32)
            .body(bytes.into())
            .send()
            .await
            .map_err(|error| fault("UploadPart", &error))?;
        sent(length);
        Ok(CompletedPart::builder()
            .part_number(number)
            .set_e_tag(answer.e_tag)
            .set_checksum_crc32(answer.checksum_crc32)
            .build())
    }

    async fn abort(&self) -> Result<(), CloudFault> {
        self.client
            .abort_multipart_upload()
            .bucket(self.bucket)
            .key(self.key)
            .upload_id(&self.id)
            .send()
            .await
            .map(drop)
            .map_err(|error| fault("AbortMultipartUpload", &error))
    }
}

fn read_part(path: &Path, offset: u64) -> std::io::Result<Vec<u8>> {
    let mut file = std::fs::File::open(path)?;
    file.seek(SeekFrom::Start(offset))?;
    let mut bytes = Vec::new();
    file.take(PART_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Makes the fault of a local file that cannot be read.
pub(super) fn unreadable(path: &Path, error: &std::io::Error) -> CloudFault {
    CloudFault {
        kind: FaultKind::Rejected,
        operation: "PutObject",
        code: String::new(),
        message: format!("cannot read {}: {error}", path.display()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cover_a_file_exactly() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let bytes = vec![7_u8; usize::try_from(PART_BYTES).unwrap() + 3];
        std::io::Write::write_all(&mut file, &bytes).unwrap();
        let first = read_part(file.path(), 0).unwrap();
        let second = read_part(file.path(), PART_BYTES).unwrap();
        assert_eq!((first.len() as u64, second.len()), (PART_BYTES, 3));
    }
}
