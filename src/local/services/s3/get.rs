//! Reading objects: `GetObject`, `HeadObject` and copies into files of this machine.

use std::fs::{self, File};
use std::io;
use std::ops::Range;
use std::path::{Component, Path, PathBuf};

use s3s::dto::{ETag, GetObjectInput, GetObjectOutput, HeadObjectInput, HeadObjectOutput};

use super::blobs::{blocking, stream};
use super::checksum::set_sums;
use super::condition::Conditions;
use super::fault::S3Fault;
use super::model::{Content, Version};
use super::put::{encryption, refuse_first, shown_version};
use super::{S3, timestamp};

/// One object version, found and open.
struct Found {
    version: Version,
    content: Content,
    shown_version: Option<String>,
    file: File,
}

impl S3 {
    /// Answers an object or a range of it, streamed.
    pub(super) fn get_object(&self, input: GetObjectInput) -> Result<GetObjectOutput, S3Fault> {
        refuse_first(&[
            (input.part_number.is_some(), "reading by part number"),
            (input.sse_customer_algorithm.is_some(), "SSE-C encryption"),
            (
                input.if_modified_since.is_some() || input.if_unmodified_since.is_some(),
                "read conditions on time",
            ),
        ])?;
        let found = self.find(&input.bucket, &input.key, input.version_id.as_deref())?;
        let conditions = Conditions {
            if_match: input.if_match,
            if_none_match: input.if_none_match,
        };
        conditions.check_read(&found.content)?;
        let (range, content_range) = select(input.range.as_ref(), found.content.size)?;
        let length = range.end - range.start;
        let headers = found.content.headers.clone();
        let mut output = GetObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            body: Some(stream(found.file, range.start, length)?),
            content_length: i64::try_from(length).ok(),
            e_tag: Some(ETag::Strong(found.content.etag.clone())),
            last_modified: Some(timestamp(found.version.modified)),
            content_type: input
                .response_content_type
                .or(headers.content_type.clone())
                .or_else(|| Some(default_type())),
            content_encoding: input
                .response_content_encoding
                .or(headers.content_encoding.clone()),
            content_disposition: input
                .response_content_disposition
                .or(headers.content_disposition.clone()),
            content_language: input
                .response_content_language
                .or(headers.content_language.clone()),
            cache_control: input
                .response_cache_control
                .or(headers.cache_control.clone()),
            server_side_encryption: Some(encryption(&headers)),
            ssekms_key_id: headers.kms_key.clone(),
            storage_class: headers.storage_class.clone().map(Into::into),
            metadata: Some(headers.metadata.into_iter().collect()),
            version_id: found.shown_version,
            ..GetObjectOutput::default()
        };
        // The checksum is that of the whole object, so a range has none.
        if input.checksum_mode.is_some() && content_range.is_none() {
            set_sums!(output, &found.content.sums);
            output.checksum_type = found.content.sums.kind().map(|kind| kind.to_owned().into());
        }
        output.content_range = content_range;
        Ok(output)
    }

    /// Answers what is known of an object beside its bytes.
    pub(super) fn head_object(&self, input: HeadObjectInput) -> Result<HeadObjectOutput, S3Fault> {
        refuse_first(&[
            (input.part_number.is_some(), "reading by part number"),
            (input.sse_customer_algorithm.is_some(), "SSE-C encryption"),
            (
                input.if_modified_since.is_some() || input.if_unmodified_since.is_some(),
                "read conditions on time",
            ),
        ])?;
        let found = self.find(&input.bucket, &input.key, input.version_id.as_deref())?;
        let conditions = Conditions {
            if_match: input.if_match,
            if_none_match: input.if_none_match,
        };
        conditions.check_read(&found.content)?;
        let (range, content_range) = select(input.range.as_ref(), found.content.size)?;
        let headers = found.content.headers.clone();
        let mut output = HeadObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            content_length: i64::try_from(range.end - range.start).ok(),
            e_tag: Some(ETag::Strong(found.content.etag.clone())),
            last_modified: Some(timestamp(found.version.modified)),
            content_type: headers
                .content_type
                .clone()
                .or_else(|| Some(default_type())),
            content_encoding: headers.content_encoding.clone(),
            content_disposition: headers.content_disposition.clone(),
            content_language: headers.content_language.clone(),
            cache_control: headers.cache_control.clone(),
            server_side_encryption: Some(encryption(&headers)),
            ssekms_key_id: headers.kms_key.clone(),
            storage_class: headers.storage_class.clone().map(Into::into),
            metadata: Some(headers.metadata.into_iter().collect()),
            version_id: found.shown_version,
            ..HeadObjectOutput::default()
        };
        if input.checksum_mode.is_some() && content_range.is_none() {
            set_sums!(output, &found.content.sums);
            output.checksum_type = found.content.sums.kind().map(|kind| kind.to_owned().into());
        }
        output.content_range = content_range;
        Ok(output)
    }

    /// Copies an object into a file, making its folder; the file appears whole or not at all.
    ///
    /// # Errors
    /// `NoSuchBucket`, `NoSuchKey`, or the file cannot be written.
    pub async fn get_to_file(&self, bucket: &str, key: &str, to: &Path) -> Result<(), S3Fault> {
        self.get_version_to_file(bucket, key, None, to).await
    }

    /// Copies one version of an object into a file; without a version id, the present one.
    ///
    /// # Errors
    /// As [`S3::get_to_file`], and `NoSuchVersion`.
    pub async fn get_version_to_file(
        &self,
        bucket: &str,
        key: &str,
        version_id: Option<&str>,
        to: &Path,
    ) -> Result<(), S3Fault> {
        self.permit_own(Some("s3:GetObject"), bucket, Some(key))?;
        let mut found = self.find(bucket, key, version_id)?;
        let to = to.to_owned();
        blocking(move || write_file(&mut found.file, &to)).await?;
        Ok(())
    }

    /// Copies every object whose key starts with `prefix` into a folder, each under the rest of its
    /// key, as SageMaker does for `S3Prefix` channels: a prefix that is one whole key gives that key's
    /// last segment. Returns how many were copied.
    ///
    /// # Errors
    /// `NoSuchBucket`, a key that would leave the folder, or a file cannot be written.
    pub async fn download_prefix(
        &self,
        bucket: &str,
        prefix: &str,
        into: &Path,
    ) -> Result<usize, S3Fault> {
        self.permit_own(Some("s3:ListBucket"), bucket, None)?;
        let keys: Vec<String> = self.store.read(|index| {
            let objects = &index.bucket(bucket)?.objects;
            let below = objects
                .range(prefix.to_owned()..)
                .take_while(|(key, _)| key.starts_with(prefix))
                // Keys that end in a slash are the folder marks of consoles, not files.
                .filter(|(key, versions)| !key.ends_with('/') && versions[0].content.is_some());
            Ok::<_, S3Fault>(below.map(|(key, _)| key.clone()).collect())
        })?;
        for key in &keys {
            let to = into.join(relative_name(key, prefix)?);
            self.get_to_file(bucket, key, &to).await?;
        }
        Ok(keys.len())
    }

    /// Tells whether any object's key starts with `prefix`.
    ///
    /// # Errors
    /// `NoSuchBucket`.
    pub fn has_prefix(&self, bucket: &str, prefix: &str) -> Result<bool, S3Fault> {
        self.permit_own(Some("s3:ListBucket"), bucket, None)?;
        self.store.read(|index| {
            let objects = &index.bucket(bucket)?.objects;
            let mut below = objects
                .range(prefix.to_owned()..)
                .take_while(|(key, _)| key.starts_with(prefix));
            Ok(below.any(|(_, versions)| versions[0].content.is_some()))
        })
    }

    fn find(&self, bucket: &str, key: &str, version: Option<&str>) -> Result<Found, S3Fault> {
        self.store.read(|index| {
            let state = index.bucket(bucket)?;
            let (version, content) = state.find(key, version)?;
            Ok(Found {
                // Opened under the lock: a delete cannot come between the look-up and the opening.
                file: self.store.blobs.read(&content.blob)?,
                shown_version: shown_version(state, &version.id),
                version: version.clone(),
                content: content.clone(),
            })
        })
    }
}

fn default_type() -> String {
    "binary/octet-stream".to_owned()
}

/// Returns the bytes to answer, and the `Content-Range` if they are not all.
fn select(
    range: Option<&s3s::dto::Range>,
    size: u64,
) -> Result<(Range<u64>, Option<String>), S3Fault> {
    let Some(range) = range else {
        return Ok((0..size, None));
    };
    let range = range.check(size).map_err(|_| {
        S3Fault::refused(
            axum::http::StatusCode::RANGE_NOT_SATISFIABLE,
            "InvalidRange",
            "The requested range is not satisfiable",
        )
    })?;
    let shown = format!(
        "bytes {}-{}/{size}",
        range.start,
        range.end.saturating_sub(1)
    );
    Ok((range, Some(shown)))
}

fn write_file(source: &mut File, to: &Path) -> io::Result<()> {
    let folder = to.parent().unwrap_or_else(|| Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file = tempfile::Builder::new()
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))
        .tempfile_in(folder)?;
    io::copy(source, &mut file)?;
    file.persist(to).map_err(|error| error.error)?;
    Ok(())
}

/// Returns where a key lies below its prefix; never outside of the folder it is put into.
fn relative_name(key: &str, prefix: &str) -> Result<PathBuf, S3Fault> {
    let rest = key.strip_prefix(prefix).unwrap_or(key);
    // A prefix may end within a segment ("data/train" of "data/train-1.csv"): the segment stays whole.
    let start = match rest.strip_prefix('/') {
        Some(_) => key.len() - rest.len() + 1,
        None => key[..key.len() - rest.len()]
            .rfind('/')
            .map_or(0, |slash| slash + 1),
    };
    let name = PathBuf::from(&key[start..]);
    if name
        .components()
        .all(|part| matches!(part, Component::Normal(_)))
    {
        return Ok(name);
    }
    Err(S3Fault::bad_request(
        "InvalidArgument",
        format!("the key {key:?} cannot be a file name below a folder"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_lie_below_their_prefix() {
        let name = |key, prefix| relative_name(key, prefix).unwrap();
        assert_eq!(
            name("data/abc/news.csv", "data/abc/"),
            Path::new("news.csv")
        );
        assert_eq!(name("data/abc/news.csv", "data/abc"), Path::new("news.csv"));
        assert_eq!(
            name("data/abc/x/news.csv", "data/abc"),
            Path::new("x/news.csv")
        );
        assert_eq!(
            name("data/train-1.csv", "data/train"),
            Path::new("train-1.csv")
        );
        assert_eq!(name("data/one.csv", "data/one.csv"), Path::new("one.csv"));
        assert!(relative_name("data/../../etc/passwd", "data/").is_err());
    }

    #[test]
    fn ranges_beyond_the_end_are_refused() {
        let range = s3s::dto::Range::Int {
            first: 10,
            last: None,
        };
        assert_eq!(select(Some(&range), 5).unwrap_err().code(), "InvalidRange");
        let (range, shown) = select(Some(&s3s::dto::Range::Suffix { length: 2 }), 5).unwrap();
        assert_eq!(range, 3..5);
        assert_eq!(shown.unwrap(), "bytes 3-4/5");
    }
}
