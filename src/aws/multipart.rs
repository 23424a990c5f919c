//! Files, and objects of other buckets, on their way into a bucket: read once and in order, hashed as they are
//! read, the large ones in parts.
//!
//! The service checks each part against its CRC-32. The whole is checked here against the SHA-256 that it has to
//! have, before it becomes an object: a file that changes while it is sent does not get into the bucket under a
//! wrong name. The object carries that SHA-256, so that it need not be read to be known. An upload that is cut
//! off, or fails, is left as it is: the next one of the same key finds it, and sends only the parts that are
//! missing or differ. Nobody else can have put other parts there that pass for these. What is never taken up
//! again is removed by `down`, or by the bucket's lifecycle rule.

use std::collections::BTreeMap;
use std::path::Path;
use std::pin::pin;

use aws_sdk_s3::Client;
use aws_sdk_s3::types::{
    ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart, Part as There,
};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use futures::stream::{Stream, StreamExt, TryStreamExt};

use super::buffers::Buffers;
use super::fault::{fault, incomplete};
use super::local_file::{LocalFile, changed};
use super::part::{Broken, PART_BYTES, Part};
use crate::cloud::artifacts::Sent;
use crate::cloud::{CloudFault, FaultKind};

/// Name of the metadata with the SHA-256 (hexadecimal) that an object was found to have before it became one.
pub(super) const SHA256: &str = "sha256";

/// Parts in memory, over all files; with their size this bounds memory: 20 MiB for files of up to 50 GB.
const IN_MEMORY: usize = 4;

/// Sends files and objects. Clones share the memory.
#[derive(Clone)]
pub(super) struct Sender {
    client: Client,
    buffers: Buffers,
}

/// What is sent, and where it goes.
#[derive(Clone, Copy)]
pub(super) struct Parcel<'a> {
    /// The bucket.
    pub(super) bucket: &'a str,
    /// The key.
    pub(super) key: &'a str,
    /// Bytes.
    pub(super) size: u64,
    /// SHA-256 (hexadecimal) that it has to have.
    pub(super) sha256: &'a str,
}

/// One upload under way.
struct Upload<'a> {
    client: &'a Client,
    parcel: Parcel<'a>,
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

    /// Memory for parts on their way.
    pub(super) fn buffers(&self) -> Buffers {
        self.buffers.clone()
    }

    /// Puts a file that has to have this SHA-256.
    pub(super) async fn put_file(
        &self,
        bucket: &str,
        key: &str,
        (path, sha256): (&Path, &str),
        sent: Sent<'_>,
    ) -> Result<(), CloudFault> {
        let file = LocalFile::open(path, sha256)?;
        let parcel = Parcel {
            bucket,
            key,
            size: file.size(),
            sha256,
        };
        let put = self.put(parcel, file.parts(self.buffers()), sent).await;
        put.map_err(|broken| match broken {
            Broken::Wrong(_) => changed(path),
            Broken::Changed(fault) | Broken::Fault(fault) => fault,
        })
    }

    /// Puts what comes in parts. The last thing that these tell is whether they are what they have to be.
    pub(super) async fn put(
        &self,
        parcel: Parcel<'_>,
        parts: impl Stream<Item = Result<Part, Broken>> + Send,
        sent: Sent<'_>,
    ) -> Result<(), Broken> {
        if parcel.size <= PART_BYTES {
            let part = only(parts).await?;
            self.put_whole(parcel, part).await.map_err(Broken::Fault)?;
            sent(parcel.size);
            return Ok(());
        }
        let client = &self.client;
        let found = Upload::find(client, parcel).await;
        let upload = match found.map_err(Broken::Fault)? {
            Some(upload) => upload,
            None => Upload::begin(client, parcel).await.map_err(Broken::Fault)?,
        };
        let there = parts
            .map(|part| upload.put(part, sent))
            .buffered(IN_MEMORY)
            .try_collect()
            .await;
        match there {
            Ok(parts) => upload.complete(parts).await.map_err(Broken::Fault),
            Err(broken @ Broken::Fault(_)) => Err(broken),
            Err(broken) => {
                // The failure itself is what the caller needs; what a failed abort leaves is removed by
                // the bucket's lifecycle rule.
                let _ = upload.abort().await;
                Err(broken)
            }
        }
    }

    async fn put_whole(&self, parcel: Parcel<'_>, part: Part) -> Result<(), CloudFault> {
        self.client
            .put_object()
            .bucket(parcel.bucket)
            .key(parcel.key)
            .metadata(SHA256, parcel.sha256)
            .body(part.bytes.into())
            .send()
            .await
            .map(drop)
            .map_err(|error| fault("PutObject", &error))
    }
}

/// The part of something that has only one, once that is known to be the right one.
async fn only(parts: impl Stream<Item = Result<Part, Broken>>) -> Result<Part, Broken> {
    let mut parts = pin!(parts);
    let part = parts.try_next().await?;
    match (part, parts.try_next().await?) {
        (Some(part), None) => Ok(part),
        _ => Err(Broken::Fault(incomplete("PutObject", "its only part"))),
    }
}

impl<'a> Upload<'a> {
    /// Finds the last upload of this key that was not completed.
    async fn find(client: &'a Client, parcel: Parcel<'a>) -> Result<Option<Self>, CloudFault> {
        let request = client.list_multipart_uploads().bucket(parcel.bucket);
        let request = request.prefix(parcel.key);
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
            .filter(|upload| upload.key.as_deref() == Some(parcel.key))
            .max_by_key(|upload| upload.initiated);
        let Some(id) = newest.and_then(|upload| upload.upload_id) else {
            return Ok(None);
        };
        let mut upload = Self {
            client,
            parcel,
            id,
            there: BTreeMap::new(),
        };
        Ok(upload.look().await?.then_some(upload))
    }

    /// Looks at the parts that are there; `false` when the upload is gone.
    async fn look(&mut self) -> Result<bool, CloudFault> {
        let request = self.client.list_parts().bucket(self.parcel.bucket);
        let pages = request.key(self.parcel.key).upload_id(&self.id);
        let mut pages = pages.into_paginator().send();
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

    async fn begin(client: &'a Client, parcel: Parcel<'a>) -> Result<Self, CloudFault> {
        let started = client
            .create_multipart_upload()
            .bucket(parcel.bucket)
            .key(parcel.key)
            .metadata(SHA256, parcel.sha256)
            .checksum_algorithm(ChecksumAlgorithm::Crc32)
            .send()
            .await
            .map_err(|error| fault("CreateMultipartUpload", &error))?;
        let id = started
            .upload_id
            .ok_or_else(|| incomplete("CreateMultipartUpload", "an id"))?;
        Ok(Self {
            client,
            parcel,
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
            .bucket(self.parcel.bucket)
            .key(self.parcel.key)
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
            .bucket(self.parcel.bucket)
            .key(self.parcel.key)
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
            .bucket(self.parcel.bucket)
            .key(self.parcel.key)
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

    use futures::future::join_all;
    use sha2::{Digest as _, Sha256};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn small_files_do_not_wait_for_each_other() {
        let buffers = Buffers::new(IN_MEMORY);
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "1\ta\n").unwrap();
        let sha256 = hex::encode(Sha256::digest("1\ta\n"));
        let opened = join_all((0..IN_MEMORY).map(|_| {
            let file = LocalFile::open(file.path(), &sha256).unwrap();
            only(file.parts(buffers.clone()))
        }));
        // Should they wait for each other, the clock of the test jumps here.
        let opened = tokio::time::timeout(Duration::from_mins(1), opened).await;
        for opened in opened.unwrap() {
            assert!(matches!(opened, Ok(part) if part.bytes == "1\ta\n"));
        }
    }
}
