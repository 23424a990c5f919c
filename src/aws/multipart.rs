//! Files on their way into the bucket: read once and in order, hashed as they are read, the large ones in
//! parts.
//!
//! The service checks each part against its CRC-32. The whole is checked here against the digest that the
//! object's key was made from, before it becomes an object: a file that changes while it is sent does not
//! get into the bucket under a wrong name. An upload that is cut off, or fails, is left as it is: the next
//! one of the same key finds it, and sends only the parts that are missing or differ. Nobody else can have
//! put other parts there that pass for these. What is never taken up again is removed by `down`, or by the
//! bucket's lifecycle rule.

use std::collections::BTreeMap;
use std::path::Path;

use aws_sdk_s3::Client;
use aws_sdk_s3::types::{
    ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart, Part as There,
};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use futures::stream::{self, StreamExt, TryStreamExt};

use super::buffers::Buffers;
use super::fault::{fault, incomplete};
use super::local_file::{Broken, LocalFile, Part};
use crate::cloud::artifacts::Sent;
use crate::cloud::{CloudFault, FaultKind};

/// Parts in memory, over all files; with their size this bounds memory: 20 MiB for files of up to 50 GB.
const IN_MEMORY: usize = 4;

/// Sends files.
pub(super) struct Sender {
    client: Client,
    buffers: Buffers,
}

/// A file that is about to be sent.
pub(super) enum Opened {
    /// All of it, if it fits into one part.
    Small(Part),
    /// One that goes in parts.
    Large(LocalFile),
}

/// One upload under way.
struct Upload<'a> {
    client: &'a Client,
    bucket: &'a str,
    key: &'a str,
    id: String,
    /// What is there already, by part number.
    there: BTreeMap<i32, There>,
}

impl Sender {
    pub(super) fn new(client: Client) -> Self {
        Self {
            client,
            buffers: Buffers::new(IN_MEMORY),
        }
    }

    /// Opens a file that has to have this SHA-256.
    pub(super) async fn open(&self, path: &Path, sha256: &str) -> Result<Opened, CloudFault> {
        let file = LocalFile::open(path, sha256)?;
        if file.is_large() {
            return Ok(Opened::Large(file));
        }
        let first = async {
            let (part, rest) = read(self.buffers.clone(), file).await?;
            rest.verify()?;
            Ok(part)
        };
        first.await.map(Opened::Small).map_err(Broken::into_fault)
    }

    /// Puts a file in parts.
    pub(super) async fn put(
        &self,
        bucket: &str,
        key: &str,
        file: LocalFile,
        sent: Sent<'_>,
    ) -> Result<(), CloudFault> {
        let client = &self.client;
        let upload = match Upload::find(client, bucket, key).await? {
            Some(upload) => upload,
            None => Upload::begin(client, bucket, key).await?,
        };
        match self.parts(&upload, file, sent).await {
            Ok(parts) => upload.complete(parts).await,
            Err(broken @ Broken::Changed(_)) => {
                // The failure itself is what the caller needs; what a failed abort leaves is removed by
                // the bucket's lifecycle rule.
                let _ = upload.abort().await;
                Err(broken.into_fault())
            }
            Err(broken) => Err(broken.into_fault()),
        }
    }

    /// Sends what is missing. The last thing that the file tells is that it is not what it has to be, so
    /// that all parts together are the right ones when this succeeds.
    async fn parts(
        &self,
        upload: &Upload<'_>,
        file: LocalFile,
        sent: Sent<'_>,
    ) -> Result<Vec<CompletedPart>, Broken> {
        let buffers = self.buffers.clone();
        let parts = stream::try_unfold(file, move |file| next(buffers.clone(), file));
        parts
            .map(|part| upload.put(part, sent))
            .buffered(IN_MEMORY)
            .try_collect()
            .await
    }
}

/// The next part of a file; at its end, whether it was the right one.
async fn next(buffers: Buffers, file: LocalFile) -> Result<Option<(Part, LocalFile)>, Broken> {
    if file.has_next() {
        read(buffers, file).await.map(Some)
    } else {
        file.verify().map(|()| None)
    }
}

/// Reads a part of a file as soon as there is room for it.
async fn read(buffers: Buffers, file: LocalFile) -> Result<(Part, LocalFile), Broken> {
    let buffer = buffers.take().await;
    let buffer = buffer.map_err(|_| Broken::Fault(incomplete("UploadPart", "room")))?;
    let read = tokio::task::spawn_blocking(move || file.read(buffer)).await;
    read.map_err(|_| Broken::Fault(incomplete("UploadPart", "its part")))?
}

impl<'a> Upload<'a> {
    /// Finds the last upload of this key that was not completed.
    async fn find(
        client: &'a Client,
        bucket: &'a str,
        key: &'a str,
    ) -> Result<Option<Self>, CloudFault> {
        let request = client.list_multipart_uploads().bucket(bucket).prefix(key);
        let uploads = match request.send().await {
            Ok(listing) => listing.uploads.unwrap_or_default(),
            Err(error) => match fault("ListMultipartUploads", &error) {
                // Who may not look begins anew.
                denied if denied.kind == FaultKind::Denied => return Ok(None),
                fault => return Err(fault),
            },
        };
        let newest = uploads
            .into_iter()
            .filter(|upload| upload.key.as_deref() == Some(key))
            .max_by_key(|upload| upload.initiated);
        let Some(id) = newest.and_then(|upload| upload.upload_id) else {
            return Ok(None);
        };
        let mut upload = Self {
            client,
            bucket,
            key,
            id,
            there: BTreeMap::new(),
        };
        Ok(upload.look().await?.then_some(upload))
    }

    /// Looks at the parts that are there; `false` when the upload is gone.
    async fn look(&mut self) -> Result<bool, CloudFault> {
        let request = self.client.list_parts().bucket(self.bucket).key(self.key);
        let mut pages = request.upload_id(&self.id).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = match page {
                Ok(page) => page,
                Err(error) if error.code() == Some("NoSuchUpload") => return Ok(false),
                Err(error) => return Err(fault("ListParts", &error)),
            };
            let parts = page.parts.unwrap_or_default().into_iter();
            self.there
                .extend(parts.filter_map(|part| Some((part.part_number?, part))));
        }
        Ok(true)
    }

    async fn begin(client: &'a Client, bucket: &'a str, key: &'a str) -> Result<Self, CloudFault> {
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
        Ok(Self {
            client,
            bucket,
            key,
            id,
            there: BTreeMap::new(),
        })
    }

    /// What is there of a part, if it is the same.
    fn matching(&self, part: &Part) -> Option<CompletedPart> {
        let there = self.there.get(&part.number)?;
        let same = there.size == i64::try_from(part.bytes.len()).ok()
            && there.checksum_crc32.as_deref() == Some(&part.crc32);
        same.then(|| {
            CompletedPart::builder()
                .part_number(part.number)
                .set_e_tag(there.e_tag.clone())
                .set_checksum_crc32(there.checksum_crc32.clone())
                .build()
        })
    }

    /// Puts a part, unless it is there.
    async fn put(
        &self,
        part: Result<Part, Broken>,
        sent: Sent<'_>,
    ) -> Result<CompletedPart, Broken> {
        let part = part?;
        let completed = match self.matching(&part) {
            Some(there) => there,
            None => self.send(&part).await.map_err(Broken::Fault)?,
        };
        sent(part.bytes.len() as u64);
        Ok(completed)
    }

    async fn send(&self, part: &Part) -> Result<CompletedPart, CloudFault> {
        let answer = self
            .client
            .upload_part()
            .bucket(self.bucket)
            .key(self.key)
            .upload_id(&self.id)
            .part_number(part.number)
            .checksum_algorithm(ChecksumAlgorithm::Crc32)
            .checksum_crc32(&part.crc32)
            .body(part.bytes.clone().into())
            .customize()
            // The checksum is signed, and tells the same of the part: it need not be hashed twice more, here
            // and by the service.
            .disable_payload_signing()
            .send()
            .await
            .map_err(|error| fault("UploadPart", &error))?;
        Ok(CompletedPart::builder()
            .part_number(part.number)
            .set_e_tag(answer.e_tag)
            .set_checksum_crc32(answer.checksum_crc32)
            .build())
    }

    async fn complete(&self, parts: Vec<CompletedPart>) -> Result<(), CloudFault> {
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts));
        self.client
            .complete_multipart_upload()
            .bucket(self.bucket)
            .key(self.key)
            .upload_id(&self.id)
            .multipart_upload(parts.build())
            .send()
            .await
            .map(drop)
            .map_err(|error| fault("CompleteMultipartUpload", &error))
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use aws_sdk_s3::config::{BehaviorVersion, Config};
    use futures::future::join_all;
    use sha2::{Digest as _, Sha256};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn small_files_do_not_wait_for_each_other() {
        let config = Config::builder().behavior_version(BehaviorVersion::latest());
        let sender = Sender::new(Client::from_conf(config.build()));
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "1\ta\n").unwrap();
        let sha256 = hex::encode(Sha256::digest("1\ta\n"));
        let opened = join_all((0..IN_MEMORY).map(|_| sender.open(file.path(), &sha256)));
        // Should they wait for each other, the clock of the test jumps here.
        let opened = tokio::time::timeout(Duration::from_mins(1), opened).await;
        for opened in opened.unwrap() {
            assert!(matches!(opened, Ok(Opened::Small(part)) if part.bytes == "1\ta\n"));
        }
    }
}
