//! Lists of uploads that are not completed, and of their parts.

use s3s::dto::{
    ETag, ListMultipartUploadsInput, ListMultipartUploadsOutput, ListPartsInput, ListPartsOutput,
    MultipartUpload, Part as ListedPart,
};

use super::super::checksum::set_sums;
use super::super::fault::S3Fault;
use super::super::list::owner;
use super::super::model::{Part, Upload};
use super::super::page::{Query, common_prefixes, limit, page, writer};
use super::super::{S3, timestamp};

impl S3 {
    /// Lists an upload's parts.
    pub(in super::super) fn list_parts(
        &self,
        input: &ListPartsInput,
    ) -> Result<ListPartsOutput, S3Fault> {
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
    pub(in super::super) fn list_multipart_uploads(
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
