//! Multipart uploads.

use std::io;

use s3s::TrailingHeaders;
use s3s::dto::{
    AbortMultipartUploadInput, ChecksumAlgorithm, CompleteMultipartUploadInput,
    CompleteMultipartUploadOutput, CompletedPart, CreateMultipartUploadInput,
    CreateMultipartUploadOutput, ETag, ListMultipartUploadsInput, ListMultipartUploadsOutput,
    ListPartsInput, ListPartsOutput, MultipartUpload, Part as ListedPart, StreamingBlob,
    UploadPartInput, UploadPartOutput,
};

use super::blobs::{Blob, Blobs, blocking};
use super::checksum::{Algorithm, Digester, Promise, Sums, composite, set_sums, sums_of};
use super::condition::Conditions;
use super::fault::S3Fault;
use super::index::Change;
use super::list::owner;
use super::model::{Content, Headers, Part, Upload};
use super::page::{Query, common_prefixes, limit, page, writer};
use super::put::{check_key, encryption, named, refuse_first};
use super::{S3, timestamp};
use crate::local::ids::suffix;

/// Least size of every part but the last: 5 MiB.
const SMALLEST_PART: u64 = 5 << 20;

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
            parts: std::collections::BTreeMap::new(),
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

    /// Joins the parts into a new version of the object.
    pub(super) async fn complete_multipart_upload(
        &self,
        input: CompleteMultipartUploadInput,
    ) -> Result<CompleteMultipartUploadOutput, S3Fault> {
        let conditions = Conditions {
            if_match: input.if_match.clone(),
            if_none_match: input.if_none_match.clone(),
        };
        let upload = self.store.read(|index| {
            let state = index.bucket(&input.bucket)?;
            let upload = state.upload(&input.key, &input.upload_id)?.clone();
            conditions
                .check_write(state.present(&input.key))
                .map(|()| upload)
        })?;
        let listed = input
            .multipart_upload
            .as_ref()
            .and_then(|list| list.parts.as_deref());
        let parts = chosen_parts(&upload, listed.unwrap_or_default())?;
        let content = join(&self.store.blobs, &upload, &parts).await?;
        let promised = sums_of!(input);
        let wrong = promised.0.iter().any(|(algorithm, sum)| {
            content
                .sums
                .get(*algorithm)
                .is_some_and(|joined| joined != *sum)
        });
        if wrong {
            self.store.blobs.remove(&content.blob);
            return Err(S3Fault::bad_request(
                "BadDigest",
                "The checksum you specified did not match the checksum of the joined parts.",
            ));
        }
        let blob = content.blob.clone();
        let committed = self.store.commit(|index| {
            let state = index.bucket(&input.bucket)?;
            state.upload(&input.key, &input.upload_id)?;
            conditions.check_write(state.present(&input.key))?;
            let (change, version, content) =
                self.new_version(state, &input.bucket, &input.key, content);
            let end = Change::DropUpload {
                bucket: input.bucket.clone(),
                id: input.upload_id.clone(),
            };
            Ok((vec![change, end], (version, content)))
        });
        if committed.is_err() {
            self.store.blobs.remove(&blob);
        }
        let (version_id, content) = committed?;
        let mut output = CompleteMultipartUploadOutput {
            location: Some(format!("/{}/{}", input.bucket, input.key)),
            bucket: Some(input.bucket),
            key: Some(input.key),
            e_tag: Some(ETag::Strong(content.etag.clone())),
            version_id,
            checksum_type: content.sums.kind().map(|kind| kind.to_owned().into()),
            server_side_encryption: Some(encryption(&content.headers)),
            ..CompleteMultipartUploadOutput::default()
        };
        set_sums!(output, &content.sums);
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

    /// Lists an upload's parts.
    pub(super) fn list_parts(&self, input: &ListPartsInput) -> Result<ListPartsOutput, S3Fault> {
        let after = input.part_number_marker.unwrap_or(0);
        let most = limit(input.max_parts);
        self.store.read(|index| {
            let upload = index
                .bucket(&input.bucket)?
                .upload(&input.key, &input.upload_id)?;
            let rest = upload
                .parts
                .iter()
                .filter(|(number, _)| i32::from(**number) > after);
            let shown: Vec<ListedPart> = rest
                .clone()
                .take(most)
                .map(|(number, part)| listed_part(*number, part))
                .collect();
            let truncated = rest.count() > shown.len();
            Ok(ListPartsOutput {
                next_part_number_marker: shown.last().and_then(|part| part.part_number),
                is_truncated: Some(truncated),
                parts: Some(shown),
                part_number_marker: Some(after),
                max_parts: i32::try_from(most).ok(),
                checksum_algorithm: checksum_name(upload).map(Into::into),
                checksum_type: upload
                    .checksum
                    .as_ref()
                    .map(|(_, kind)| kind.clone().into()),
                storage_class: Some("STANDARD".to_owned().into()),
                owner: Some(owner()),
                bucket: Some(input.bucket.clone()),
                key: Some(input.key.clone()),
                upload_id: Some(input.upload_id.clone()),
                ..ListPartsOutput::default()
            })
        })
    }

    /// Lists uploads in progress.
    pub(super) fn list_multipart_uploads(
        &self,
        input: &ListMultipartUploadsInput,
    ) -> Result<ListMultipartUploadsOutput, S3Fault> {
        let write = writer(input.encoding_type.as_ref());
        let query = Query {
            prefix: input.prefix.as_deref().unwrap_or_default(),
            delimiter: input.delimiter.as_deref(),
            after: input
                .key_marker
                .as_deref()
                .filter(|marker| !marker.is_empty()),
            after_id: input
                .upload_id_marker
                .as_deref()
                .filter(|id| !id.is_empty()),
            limit: limit(input.max_uploads),
        };
        self.store.read(|index| {
            let mut uploads: Vec<(&String, &Upload)> =
                index.bucket(&input.bucket)?.uploads.iter().collect();
            uploads.sort_by_key(|(id, upload)| (&upload.key, upload.initiated, *id));
            let entries = uploads
                .iter()
                .map(|(id, upload)| (upload.key.as_str(), Some(id.as_str()), (*id, *upload)));
            let page = page(entries, &query);
            let shown = page.entries.iter().map(|(id, upload)| MultipartUpload {
                upload_id: Some((*id).clone()),
                key: Some(write(&upload.key)),
                initiated: Some(timestamp(upload.initiated)),
                checksum_algorithm: checksum_name(upload).map(Into::into),
                storage_class: Some("STANDARD".to_owned().into()),
                owner: Some(owner()),
                ..MultipartUpload::default()
            });
            Ok(ListMultipartUploadsOutput {
                uploads: Some(shown.collect()),
                common_prefixes: Some(common_prefixes(&page.prefixes, &write)),
                is_truncated: Some(page.next.is_some()),
                next_key_marker: page.next.as_ref().map(|(key, _)| write(key)),
                next_upload_id_marker: page.next.as_ref().and_then(|(_, id)| id.clone()),
                bucket: Some(input.bucket.clone()),
                prefix: Some(write(query.prefix)),
                delimiter: query.delimiter.map(&write),
                max_uploads: i32::try_from(query.limit).ok(),
                encoding_type: input.encoding_type.clone(),
                ..ListMultipartUploadsOutput::default()
            })
        })
    }
}

fn listed_part(number: u16, part: &Part) -> ListedPart {
    let mut listed = ListedPart {
        part_number: Some(i32::from(number)),
        e_tag: Some(ETag::Strong(part.etag.clone())),
        size: i64::try_from(part.size).ok(),
        last_modified: Some(timestamp(part.modified)),
        ..ListedPart::default()
    };
    set_sums!(listed, &part.sums);
    listed
}

fn checksum_name(upload: &Upload) -> Option<String> {
    let (algorithm, _) = upload.checksum.as_ref()?;
    Some(algorithm.name().to_owned())
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

/// Returns the uploaded parts that the client lists, after checking the list.
fn chosen_parts(upload: &Upload, listed: &[CompletedPart]) -> Result<Vec<Part>, S3Fault> {
    if listed.is_empty() {
        return Err(S3Fault::bad_request(
            "MalformedXML",
            "The XML you provided was not well-formed or did not validate against our published schema",
        ));
    }
    let mut chosen = Vec::new();
    let mut before = 0;
    for entry in listed {
        let number = part_number(entry.part_number.unwrap_or_default())?;
        if number <= before {
            return Err(S3Fault::bad_request(
                "InvalidPartOrder",
                "The list of parts was not in ascending order. The parts list must be specified in order by part number.",
            ));
        }
        before = number;
        let promised = sums_of!(entry);
        let part = upload.parts.get(&number).filter(|part| {
            let etag = entry
                .e_tag
                .as_ref()
                .is_none_or(|etag| etag.value() == part.etag);
            let mut sums = promised.0.iter();
            etag && sums.all(|(name, sum)| part.sums.get(*name).is_none_or(|have| have == *sum))
        });
        chosen.push(part.cloned().ok_or_else(|| {
            S3Fault::bad_request(
                "InvalidPart",
                "One or more of the specified parts could not be found. The part might not have been uploaded, or the specified entity tag might not have matched the part's entity tag.",
            )
        })?);
    }
    let too_small = chosen
        .iter()
        .rev()
        .skip(1)
        .any(|part| part.size < SMALLEST_PART);
    if too_small {
        return Err(S3Fault::bad_request(
            "EntityTooSmall",
            "Your proposed upload is smaller than the minimum allowed size",
        ));
    }
    Ok(chosen)
}

/// Writes the parts' bytes into one blob and computes the joined object's `ETag` and checksum.
async fn join(blobs: &Blobs, upload: &Upload, parts: &[Part]) -> Result<Content, S3Fault> {
    let mut etags = Digester::new(&[]);
    for part in parts {
        etags.update(&hex::decode(&part.etag).map_err(io::Error::other)?);
    }
    let etag = format!("{}-{}", hex::encode(etags.finish().md5), parts.len());
    let mut sums = Sums::default();
    let mut over_everything = Vec::new();
    match &upload.checksum {
        Some((algorithm, kind)) if kind == "COMPOSITE" => {
            let of_parts: Vec<&Sums> = parts.iter().map(|part| &part.sums).collect();
            sums.0.insert(*algorithm, composite(*algorithm, &of_parts)?);
        }
        Some((algorithm, _)) => over_everything.push(*algorithm),
        None => {}
    }
    let (blobs, ids) = (blobs.clone(), parts.iter().map(|part| part.blob.clone()));
    let ids: Vec<String> = ids.collect();
    let blob: Blob = blocking(move || {
        let mut writer = blobs.create(&over_everything)?;
        for id in &ids {
            writer.copy_from(&mut blobs.read(id)?)?;
        }
        writer.finish()
    })
    .await?;
    sums.0.extend(blob.digests.sums.0);
    Ok(Content {
        blob: blob.id,
        size: blob.size,
        etag,
        sums,
        headers: upload.headers.clone(),
    })
}
