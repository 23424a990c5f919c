//! Listings of objects and versions.

use s3s::dto::{
    DeleteMarkerEntry, ETag, ListObjectVersionsInput, ListObjectVersionsOutput, ListObjectsInput,
    ListObjectsOutput, ListObjectsV2Input, ListObjectsV2Output, Object, ObjectVersion, Owner,
};

use super::fault::S3Fault;
use super::index::BucketState;
use super::model::{Content, Version};
use super::page::{Page, Query, common_prefixes, limit, page, writer};
use super::put::refuse_first;
use super::{S3, timestamp};

/// A version on a page: key, version, whether it is the newest.
type Listed<'a> = (&'a str, &'a Version, bool);

impl S3 {
    /// Lists present objects, oldest form of the API.
    pub(super) fn list_objects(
        &self,
        input: &ListObjectsInput,
    ) -> Result<ListObjectsOutput, S3Fault> {
        refuse_first(&[(
            input.optional_object_attributes.is_some(),
            "listing of restore state",
        )])?;
        let write = writer(input.encoding_type.as_ref());
        let query = Query {
            prefix: input.prefix.as_deref().unwrap_or_default(),
            delimiter: input.delimiter.as_deref(),
            after: input.marker.as_deref().filter(|marker| !marker.is_empty()),
            after_id: None,
            limit: limit(input.max_keys),
        };
        self.store.read(|index| {
            let page = present(index.bucket(&input.bucket)?, &query);
            Ok(ListObjectsOutput {
                contents: Some(objects(&page, &write)),
                common_prefixes: Some(common_prefixes(&page.prefixes, &write)),
                is_truncated: Some(page.next.is_some()),
                // S3 gives a marker only with a delimiter; without one the last key is the marker.
                next_marker: page
                    .next
                    .as_ref()
                    .filter(|_| input.delimiter.is_some())
                    .map(|(key, _)| write(key)),
                name: Some(input.bucket.clone()),
                prefix: Some(write(query.prefix)),
                marker: Some(write(query.after.unwrap_or_default())),
                delimiter: query.delimiter.map(&write),
                max_keys: i32::try_from(query.limit).ok(),
                encoding_type: input.encoding_type.clone(),
                ..ListObjectsOutput::default()
            })
        })
    }

    /// Lists present objects.
    pub(super) fn list_objects_v2(
        &self,
        input: &ListObjectsV2Input,
    ) -> Result<ListObjectsV2Output, S3Fault> {
        refuse_first(&[(
            input.optional_object_attributes.is_some(),
            "listing of restore state",
        )])?;
        let write = writer(input.encoding_type.as_ref());
        let token = input
            .continuation_token
            .as_deref()
            .map(decode_token)
            .transpose()?;
        let query = Query {
            prefix: input.prefix.as_deref().unwrap_or_default(),
            delimiter: input.delimiter.as_deref(),
            after: token.as_deref().or(input.start_after.as_deref()),
            after_id: None,
            limit: limit(input.max_keys),
        };
        self.store.read(|index| {
            let page = present(index.bucket(&input.bucket)?, &query);
            Ok(ListObjectsV2Output {
                key_count: i32::try_from(page.entries.len() + page.prefixes.len()).ok(),
                contents: Some(objects(&page, &write)),
                common_prefixes: Some(common_prefixes(&page.prefixes, &write)),
                is_truncated: Some(page.next.is_some()),
                next_continuation_token: page.next.as_ref().map(|(key, _)| hex::encode(key)),
                continuation_token: input.continuation_token.clone(),
                start_after: input.start_after.as_deref().map(&write),
                name: Some(input.bucket.clone()),
                prefix: Some(write(query.prefix)),
                delimiter: query.delimiter.map(&write),
                max_keys: i32::try_from(query.limit).ok(),
                encoding_type: input.encoding_type.clone(),
                ..ListObjectsV2Output::default()
            })
        })
    }

    /// Lists every version and delete marker.
    pub(super) fn list_object_versions(
        &self,
        input: &ListObjectVersionsInput,
    ) -> Result<ListObjectVersionsOutput, S3Fault> {
        refuse_first(&[(
            input.optional_object_attributes.is_some(),
            "listing of restore state",
        )])?;
        let write = writer(input.encoding_type.as_ref());
        let query = Query {
            prefix: input.prefix.as_deref().unwrap_or_default(),
            delimiter: input.delimiter.as_deref(),
            after: input
                .key_marker
                .as_deref()
                .filter(|marker| !marker.is_empty()),
            after_id: input
                .version_id_marker
                .as_deref()
                .filter(|id| !id.is_empty()),
            limit: limit(input.max_keys),
        };
        self.store.read(|index| {
            let page = versions(index.bucket(&input.bucket)?, &query);
            let shown = page.entries.iter();
            let markers = shown
                .clone()
                .filter(|(_, version, _)| version.content.is_none());
            Ok(ListObjectVersionsOutput {
                versions: Some(
                    shown
                        .filter_map(|listed| {
                            let content = listed.1.content.as_ref()?;
                            Some(object_version(*listed, content, &write))
                        })
                        .collect(),
                ),
                delete_markers: Some(
                    markers
                        .map(|listed| delete_marker(*listed, &write))
                        .collect(),
                ),
                common_prefixes: Some(common_prefixes(&page.prefixes, &write)),
                is_truncated: Some(page.next.is_some()),
                next_key_marker: page.next.as_ref().map(|(key, _)| write(key)),
                next_version_id_marker: page.next.as_ref().and_then(|(_, id)| id.clone()),
                name: Some(input.bucket.clone()),
                prefix: Some(write(query.prefix)),
                key_marker: Some(write(query.after.unwrap_or_default())),
                version_id_marker: query.after_id.map(str::to_owned),
                delimiter: query.delimiter.map(&write),
                max_keys: i32::try_from(query.limit).ok(),
                encoding_type: input.encoding_type.clone(),
                ..ListObjectVersionsOutput::default()
            })
        })
    }
}

fn objects(page: &Page<Listed<'_>>, write: &impl Fn(&str) -> String) -> Vec<Object> {
    let shown = page.entries.iter().filter_map(|(key, version, _)| {
        let content = version.content.as_ref()?;
        Some(Object {
            key: Some(write(key)),
            e_tag: Some(ETag::Strong(content.etag.clone())),
            size: i64::try_from(content.size).ok(),
            last_modified: Some(timestamp(version.modified)),
            storage_class: Some(storage_class(content).into()),
            ..Object::default()
        })
    });
    shown.collect()
}

fn object_version(
    (key, version, newest): Listed<'_>,
    content: &Content,
    write: &impl Fn(&str) -> String,
) -> ObjectVersion {
    ObjectVersion {
        key: Some(write(key)),
        version_id: Some(version.id.clone()),
        is_latest: Some(newest),
        e_tag: Some(ETag::Strong(content.etag.clone())),
        size: i64::try_from(content.size).ok(),
        last_modified: Some(timestamp(version.modified)),
        storage_class: Some(storage_class(content).into()),
        owner: Some(owner()),
        ..ObjectVersion::default()
    }
}

fn delete_marker(
    (key, version, newest): Listed<'_>,
    write: &impl Fn(&str) -> String,
) -> DeleteMarkerEntry {
    DeleteMarkerEntry {
        key: Some(write(key)),
        version_id: Some(version.id.clone()),
        is_latest: Some(newest),
        last_modified: Some(timestamp(version.modified)),
        owner: Some(owner()),
    }
}

/// Returns the owner of everything: the pretend account.
pub(super) fn owner() -> Owner {
    Owner {
        id: Some("0".repeat(64)),
        ..Owner::default()
    }
}

fn storage_class(content: &Content) -> String {
    let class = content.headers.storage_class.clone();
    class.unwrap_or_else(|| "STANDARD".to_owned())
}

fn present<'a>(state: &'a BucketState, query: &Query<'_>) -> Page<Listed<'a>> {
    let newest = state.objects.range(query.prefix.to_owned()..);
    let listed = newest
        .take_while(|(key, _)| key.starts_with(query.prefix))
        .filter(|(_, versions)| versions[0].content.is_some())
        .map(|(key, versions)| (key.as_str(), None, (key.as_str(), &versions[0], true)));
    page(listed, query)
}

fn versions<'a>(state: &'a BucketState, query: &Query<'_>) -> Page<Listed<'a>> {
    let keys = state.objects.range(query.prefix.to_owned()..);
    let listed = keys
        .take_while(|(key, _)| key.starts_with(query.prefix))
        .flat_map(|(key, versions)| {
            versions.iter().enumerate().map(move |(place, version)| {
                let listed = (key.as_str(), version, place == 0);
                (key.as_str(), Some(version.id.as_str()), listed)
            })
        });
    page(listed, query)
}

fn decode_token(token: &str) -> Result<String, S3Fault> {
    hex::decode(token)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(|| {
            S3Fault::bad_request(
                "InvalidArgument",
                "The continuation token provided is incorrect",
            )
        })
}
