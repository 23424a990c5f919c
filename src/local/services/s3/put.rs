//! Writing objects: `PutObject`, `CopyObject` and files of the engine itself.

use std::fs::File;
use std::path::Path;

use s3s::TrailingHeaders;
use s3s::dto::{
    ChecksumAlgorithm, CopyObjectInput, CopyObjectOutput, CopyObjectResult, CopySource, ETag,
    PutObjectInput, PutObjectOutput, StreamingBlob,
};

use super::blobs::{Blob, blocking};
use super::checksum::{Algorithm, Promise, Sums, set_sums, sums_of};
use super::condition::Conditions;
use super::fault::S3Fault;
use super::index::{BucketState, Change};
use super::model::{Content, Headers, NULL_VERSION, Version, Versioning};
use super::{S3, timestamp};
use crate::local::ids::suffix;

/// Largest object that one request may store, as S3 has it: 5 GiB.
const LARGEST_PUT: u64 = 5 << 30;

impl S3 {
    /// Stores a body as a new version.
    pub(super) async fn put_object(
        &self,
        mut input: PutObjectInput,
        trailing: Option<(Vec<Algorithm>, TrailingHeaders)>,
    ) -> Result<PutObjectOutput, S3Fault> {
        refuse_put_options(&input)?;
        let conditions = Conditions {
            if_match: input.if_match.take(),
            if_none_match: input.if_none_match.take(),
        };
        // Checked again when the body is there; early, so that a lost race costs no upload.
        self.store.read(|index| {
            conditions.check_write(index.bucket(&input.bucket)?.present(&input.key))
        })?;
        check_key(&input.key)?;
        let promise = Promise {
            md5: input.content_md5.take(),
            sums: sums_of!(input),
            trailing,
            named: named(
                input
                    .checksum_algorithm
                    .as_ref()
                    .map(ChecksumAlgorithm::as_str),
            )?,
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
        let checked = promise
            .check(&blob.digests)
            .and_then(|()| check_size(blob.size));
        if let Err(fault) = checked {
            self.store.blobs.remove(&blob.id);
            return Err(fault);
        }
        let content = content_of(blob, put_headers(input.metadata.take(), &input));
        let (version, content) =
            self.add_object(&input.bucket, &input.key, content, &conditions)?;
        let mut output = PutObjectOutput {
            e_tag: Some(ETag::Strong(content.etag.clone())),
            server_side_encryption: Some(encryption(&content.headers)),
            ssekms_key_id: content.headers.kms_key.clone(),
            checksum_type: content.sums.kind().map(|kind| kind.to_owned().into()),
            version_id: version,
            ..PutObjectOutput::default()
        };
        set_sums!(output, &content.sums);
        Ok(output)
    }

    /// Copies an object's present or named version within the engine.
    pub(super) async fn copy_object(
        &self,
        input: CopyObjectInput,
    ) -> Result<CopyObjectOutput, S3Fault> {
        refuse_copy_options(&input)?;
        let CopySource::Bucket {
            bucket,
            key,
            version_id,
        } = &input.copy_source
        else {
            return Err(S3Fault::not_emulated("CopyObject from an access point"));
        };
        check_key(&input.key)?;
        let conditions = Conditions {
            if_match: input.copy_source_if_match.clone(),
            if_none_match: input.copy_source_if_none_match.clone(),
        };
        let (source_version, source, mut file) = self.store.read(|index| {
            index.bucket(&input.bucket)?;
            let state = index.bucket(bucket)?;
            let (version, content) = state.find(key, version_id.as_deref())?;
            // For a copy S3 answers 412 for either condition.
            conditions
                .check_read(content)
                .map_err(|_| S3Fault::PreconditionFailed)?;
            let version = shown_version(state, &version.id);
            Ok::<_, S3Fault>((
                version,
                content.clone(),
                self.store.blobs.read(&content.blob)?,
            ))
        })?;
        check_size(source.size)?;
        let named = named(
            input
                .checksum_algorithm
                .as_ref()
                .map(ChecksumAlgorithm::as_str),
        )?;
        // The copy is one part, so its checksum is over all of it, by the source's algorithm or another.
        let algorithms: Vec<Algorithm> = match named {
            Some(algorithm) => vec![algorithm],
            None => source.sums.0.keys().copied().collect(),
        };
        let known = source.digests(&algorithms);
        let (blobs, original) = (self.store.blobs.clone(), source.blob.clone());
        let blob = blocking(move || blobs.copy(&original, &mut file, &algorithms, known)).await?;
        let content = content_of(blob, copy_headers(&input, &source.headers));
        let unconditional = Conditions::default();
        let (version, content) =
            self.add_object(&input.bucket, &input.key, content, &unconditional)?;
        let mut result = CopyObjectResult {
            e_tag: Some(ETag::Strong(content.etag.clone())),
            last_modified: Some(timestamp(self.clock.epoch_millis())),
            checksum_type: content.sums.kind().map(|kind| kind.to_owned().into()),
            ..CopyObjectResult::default()
        };
        set_sums!(result, &content.sums);
        Ok(CopyObjectOutput {
            copy_object_result: Some(result),
            copy_source_version_id: source_version,
            server_side_encryption: Some(encryption(&content.headers)),
            version_id: version,
            ..CopyObjectOutput::default()
        })
    }

    /// Stores a file of this machine as an object.
    ///
    /// # Errors
    /// `NoSuchBucket`, or the file or the engine's disk cannot be read or written.
    pub async fn put_file(&self, bucket: &str, key: &str, from: &Path) -> Result<(), S3Fault> {
        self.store.read(|index| index.bucket(bucket).map(|_| ()))?;
        self.permit_own(Some("s3:PutObject"), bucket, Some(key))?;
        check_key(key)?;
        let mut writer = self.store.blobs.create(&[])?;
        let from = from.to_owned();
        let blob = blocking(move || {
            writer.copy_from(&mut File::open(from)?)?;
            writer.finish()
        })
        .await?;
        let content = content_of(blob, Headers::default());
        self.add_object(bucket, key, content, &Conditions::default())?;
        Ok(())
    }

    /// Commits a stored blob as the key's newest version, if the conditions hold at that moment.
    /// Returns the version id to show, which a bucket without versioning has not.
    pub(super) fn add_object(
        &self,
        bucket: &str,
        key: &str,
        content: Content,
        conditions: &Conditions,
    ) -> Result<(Option<String>, Content), S3Fault> {
        let blob = content.blob.clone();
        let committed = self.store.commit(|index| {
            let state = index.bucket(bucket)?;
            conditions.check_write(state.present(key))?;
            let (change, shown, content) = self.new_version(state, bucket, key, content);
            Ok((vec![change], (shown, content)))
        });
        if committed.is_err() {
            self.store.blobs.remove(&blob);
        }
        committed
    }

    /// Makes the change that adds a version, its id to show, and the content as it will be kept.
    pub(super) fn new_version(
        &self,
        state: &BucketState,
        bucket: &str,
        key: &str,
        mut content: Content,
    ) -> (Change, Option<String>, Content) {
        if content.headers.encryption.is_none() {
            (content.headers.encryption, content.headers.kms_key) = default_encryption(state);
        }
        let id = next_version_id(state);
        let shown = shown_version(state, &id);
        let change = Change::AddVersion {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            version: Box::new(Version {
                id,
                modified: self.clock.epoch_millis(),
                content: Some(content.clone()),
            }),
        };
        (change, shown, content)
    }
}

/// Returns the id that the next version of a key in this bucket gets.
pub(super) fn next_version_id(state: &BucketState) -> String {
    match state.bucket.versioning {
        Versioning::Enabled => suffix(32),
        Versioning::Off | Versioning::Suspended => NULL_VERSION.to_owned(),
    }
}

/// Returns a version id as answers show it: not at all where versioning was never on.
pub(super) fn shown_version(state: &BucketState, id: &str) -> Option<String> {
    (state.bucket.versioning != Versioning::Off).then(|| id.to_owned())
}

/// Returns the encryption that an object is said to have.
pub(super) fn encryption(headers: &Headers) -> s3s::dto::ServerSideEncryption {
    let name = headers
        .encryption
        .clone()
        .unwrap_or_else(|| "AES256".to_owned());
    name.into()
}

/// Finds the algorithm that a request names.
pub(super) fn named(name: Option<&str>) -> Result<Option<Algorithm>, S3Fault> {
    name.map(Algorithm::named).transpose()
}

/// Makes an object's content of a stored blob; its `ETag` is the MD5, as for every single-part object.
fn content_of(blob: Blob, headers: Headers) -> Content {
    Content {
        blob: blob.id,
        size: blob.size,
        etag: hex::encode(blob.digests.md5),
        sums: Sums(blob.digests.sums.0),
        headers,
    }
}

fn default_encryption(state: &BucketState) -> (Option<String>, Option<String>) {
    let rules = state.bucket.encryption.iter().flat_map(|set| &set.rules);
    rules
        .filter_map(|rule| rule.apply_server_side_encryption_by_default.as_ref())
        .map(|rule| {
            let name = rule.sse_algorithm.as_str().to_owned();
            (Some(name), rule.kms_master_key_id.clone())
        })
        .next()
        .unwrap_or_default()
}

fn put_headers(metadata: Option<s3s::dto::Metadata>, input: &PutObjectInput) -> Headers {
    Headers {
        content_type: input.content_type.clone(),
        content_encoding: input.content_encoding.as_deref().and_then(without_chunking),
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
        metadata: metadata.unwrap_or_default().into_iter().collect(),
    }
}

/// Drops `aws-chunked`, which describes the transfer and not the object.
fn without_chunking(encoding: &str) -> Option<String> {
    let rest: Vec<&str> = encoding
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty() && *name != "aws-chunked")
        .collect();
    (!rest.is_empty()).then(|| rest.join(","))
}

fn copy_headers(input: &CopyObjectInput, source: &Headers) -> Headers {
    let mut headers = source.clone();
    let replace = input
        .metadata_directive
        .as_ref()
        .is_some_and(|set| set.as_str() == "REPLACE");
    if replace {
        headers = Headers {
            content_type: input.content_type.clone(),
            content_encoding: input.content_encoding.clone(),
            content_disposition: input.content_disposition.clone(),
            content_language: input.content_language.clone(),
            cache_control: input.cache_control.clone(),
            metadata: input
                .metadata
                .clone()
                .unwrap_or_default()
                .into_iter()
                .collect(),
            ..Headers::default()
        };
    }
    headers.storage_class = input
        .storage_class
        .as_ref()
        .map(|class| class.as_str().to_owned());
    headers.encryption = input
        .server_side_encryption
        .as_ref()
        .map(|name| name.as_str().to_owned());
    headers.kms_key.clone_from(&input.ssekms_key_id);
    headers
}

fn refuse_put_options(input: &PutObjectInput) -> Result<(), S3Fault> {
    refuse_first(&[
        (input.tagging.is_some(), "object tags (x-amz-tagging)"),
        (input.sse_customer_algorithm.is_some(), "SSE-C encryption"),
        (
            input.object_lock_mode.is_some() || input.object_lock_legal_hold_status.is_some(),
            "object lock",
        ),
        (input.write_offset_bytes.is_some(), "appending to objects"),
        (
            input.website_redirect_location.is_some(),
            "website redirects",
        ),
        (foreign_acl(input.acl.as_ref()), "object ACLs"),
    ])
}

fn refuse_copy_options(input: &CopyObjectInput) -> Result<(), S3Fault> {
    refuse_first(&[
        (input.tagging.is_some(), "object tags (x-amz-tagging)"),
        (input.sse_customer_algorithm.is_some(), "SSE-C encryption"),
        (input.object_lock_mode.is_some(), "object lock"),
        (
            input.copy_source_if_modified_since.is_some()
                || input.copy_source_if_unmodified_since.is_some(),
            "copy conditions on time",
        ),
        (foreign_acl(input.acl.as_ref()), "object ACLs"),
    ])
}

fn foreign_acl(acl: Option<&s3s::dto::ObjectCannedACL>) -> bool {
    acl.is_some_and(|acl| !matches!(acl.as_str(), "private" | "bucket-owner-full-control"))
}

/// Refuses the first option that is present, by name.
pub(super) fn refuse_first(options: &[(bool, &str)]) -> Result<(), S3Fault> {
    match options.iter().find(|(present, _)| *present) {
        Some((_, name)) => Err(S3Fault::not_emulated(name)),
        None => Ok(()),
    }
}

/// Checks a key's length.
pub(super) fn check_key(key: &str) -> Result<(), S3Fault> {
    if key.len() > 1024 {
        return Err(S3Fault::bad_request(
            "KeyTooLongError",
            "Your key is too long",
        ));
    }
    Ok(())
}

fn check_size(size: u64) -> Result<(), S3Fault> {
    if size > LARGEST_PUT {
        return Err(S3Fault::bad_request(
            "EntityTooLarge",
            "Your proposed upload exceeds the maximum allowed size",
        ));
    }
    Ok(())
}
