//! The end of a multipart upload: its parts become one object.

use std::io;

use s3s::dto::{CompleteMultipartUploadInput, CompleteMultipartUploadOutput, CompletedPart, ETag};

use super::super::S3;
use super::super::blobs::{Blob, Blobs, blocking};
use super::super::checksum::{Digester, Sums, composite, set_sums, sums_of};
use super::super::condition::Conditions;
use super::super::fault::S3Fault;
use super::super::index::Change;
use super::super::model::{Content, Part, Upload};
use super::super::put::encryption;
use super::part_number;

/// Least size of every part but the last: 5 MiB.
const SMALLEST_PART: u64 = 5 << 20;

impl S3 {
    /// Joins the parts into a new version of the object.
    pub(in super::super) async fn complete_multipart_upload(
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
