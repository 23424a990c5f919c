//! Multipart uploads: they are begun, get their parts and are forgotten.

mod complete;
mod list;

use std::collections::BTreeMap;

use s3s::TrailingHeaders;
use s3s::dto::{
    AbortMultipartUploadInput, ChecksumAlgorithm, CreateMultipartUploadInput,
    CreateMultipartUploadOutput, ETag, StreamingBlob, UploadPartInput, UploadPartOutput,
};

use super::S3;
use super::checksum::{Algorithm, Promise, Sums, set_sums, sums_of};
use super::fault::S3Fault;
use super::index::Change;
use super::model::{Headers, Part, Upload};
use super::put::{check_key, encryption, named, refuse_first};
use crate::local::ids::suffix;

impl S3 {
    /// Starts an upload.
    pub(super) fn create_multipart_upload(
        &self,
        input: CreateMultipartUploadInput,
    ) -> Result<CreateMultipartUploadOutput, S3Fault> {
        refuse_first(&[
            (input.tagging.is_some(), "object tags (x-amz-tagging)"),
            (input.sse_customer_algorithm.is_some(), "SSE-C encryption"),
            (input.object_lock_mode.is_some(), "object lock"),
        ])?;
        check_key(&input.key)?;
        let id = suffix(40);
        let algorithm = named(
            input
                .checksum_algorithm
                .as_ref()
                .map(ChecksumAlgorithm::as_str),
        )?;
        let checksum = algorithm.map(|algorithm| {
            let kind = input
                .checksum_type
                .as_ref()
                .map(|kind| kind.as_str().to_owned());
            (
                algorithm,
                kind.unwrap_or_else(|| default_kind(algorithm).to_owned()),
            )
        });
        let upload = Upload {
            key: input.key.clone(),
            initiated: self.clock.epoch_millis(),
            headers: headers(&input),
            checksum: checksum.clone(),
            parts: BTreeMap::new(),
        };
        self.store.commit(|index| {
            index.bucket(&input.bucket)?;
            let change = Change::StartUpload {
                bucket: input.bucket.clone(),
                id: id.clone(),
                upload: Box::new(upload),
            };
            Ok((vec![change], ()))
        })?;
        Ok(CreateMultipartUploadOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(id),
            checksum_algorithm: input.checksum_algorithm,
            checksum_type: checksum.map(|(_, kind)| kind.into()),
            server_side_encryption: input.server_side_encryption,
            ..CreateMultipartUploadOutput::default()
        })
    }

    /// Stores a part; one with the same number is replaced.
    pub(super) async fn upload_part(
        &self,
        mut input: UploadPartInput,
        trailing: Option<(Vec<Algorithm>, TrailingHeaders)>,
    ) -> Result<UploadPartOutput, S3Fault> {
        refuse_first(&[(input.sse_customer_algorithm.is_some(), "SSE-C encryption")])?;
        let number = part_number(input.part_number)?;
        let upload = self.store.read(|index| {
            let state = index.bucket(&input.bucket)?;
            state.upload(&input.key, &input.upload_id).cloned()
        })?;
        let sent = named(
            input
                .checksum_algorithm
                .as_ref()
                .map(ChecksumAlgorithm::as_str),
        )?;
        let promise = Promise {
            md5: input.content_md5.take(),
            sums: sums_of!(input),
            trailing,
            named: sent.or(upload.checksum.map(|(algorithm, _)| algorithm)),
        };
        let body = input
            .body
            .take()
            .unwrap_or_else(|| StreamingBlob::from(s3s::Body::empty()));
        let blob = self
            .store
            .blobs
            .receive(body, &promise.algorithms())
            .await?;
        let part = Part {
            blob: blob.id,
            size: blob.size,
            etag: hex::encode(blob.digests.md5),
            modified: self.clock.epoch_millis(),
            sums: Sums(blob.digests.sums.0.clone()),
        };
        let stored = promise.check(&blob.digests).and_then(|()| {
            self.store.commit(|index| {
                index
                    .bucket(&input.bucket)?
                    .upload(&input.key, &input.upload_id)?;
                let change = Change::SetPart {
                    bucket: input.bucket.clone(),
                    upload: input.upload_id.clone(),
                    number,
                    part: part.clone(),
                };
                Ok((vec![change], ()))
            })
        });
        if let Err(fault) = stored {
            self.store.blobs.remove(&part.blob);
            return Err(fault);
        }
        let mut output = UploadPartOutput {
            e_tag: Some(ETag::Strong(part.etag)),
            server_side_encryption: Some(encryption(&upload.headers)),
            ..UploadPartOutput::default()
        };
        set_sums!(output, &part.sums);
        Ok(output)
    }

    /// Forgets an upload and its parts.
    pub(super) fn abort_multipart_upload(
        &self,
        input: &AbortMultipartUploadInput,
    ) -> Result<(), S3Fault> {
        self.store.commit(|index| {
            index
                .bucket(&input.bucket)?
                .upload(&input.key, &input.upload_id)?;
            let change = Change::DropUpload {
                bucket: input.bucket.clone(),
                id: input.upload_id.clone(),
            };
            Ok((vec![change], ()))
        })
    }
}

fn default_kind(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::Crc64Nvme => "FULL_OBJECT",
        _ => "COMPOSITE",
    }
}

fn headers(input: &CreateMultipartUploadInput) -> Headers {
    Headers {
        content_type: input.content_type.clone(),
        content_encoding: input.content_encoding.clone(),
        content_disposition: input.content_disposition.clone(),
        content_language: input.content_language.clone(),
        cache_control: input.cache_control.clone(),
        storage_class: input
            .storage_class
            .as_ref()
            .map(|class| class.as_str().to_owned()),
        encryption: input
            .server_side_encryption
            .as_ref()
            .map(|name| name.as_str().to_owned()),
        kms_key: input.ssekms_key_id.clone(),
        metadata: input
            .metadata
            .clone()
            .unwrap_or_default()
            .into_iter()
            .collect(),
    }
}

fn part_number(number: i32) -> Result<u16, S3Fault> {
    u16::try_from(number)
        .ok()
        .filter(|number| (1..=10_000).contains(number))
        .ok_or_else(|| {
            S3Fault::bad_request(
                "InvalidArgument",
                "Part number must be an integer between 1 and 10000, inclusive",
            )
        })
}
