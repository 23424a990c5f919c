//! Copies of objects, by S3 itself or through this machine.

use std::time::Duration;

use async_trait::async_trait;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use aws_sdk_s3::types::{
    ChecksumAlgorithm, ChecksumMode, ChecksumType, MetadataDirective, TaggingDirective,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::fault::{fault, incomplete};
use super::multipart::{Parcel, SHA256, Sender};
use super::part::Broken;
use super::remote_object::{digest, parts};
use crate::cloud::artifacts::Sent;
use crate::cloud::copies::{Arrival, At, Content, Copied, Copies, Found, Origin};
use crate::cloud::{CloudFault, FaultKind};

/// Requests in a row that bring no byte of an object before it is given up. Each of them is repeated by the SDK
/// until an answer begins.
const EMPTY_HANDED: usize = 4;
/// How long S3 may take for a copy: it answers when all is copied, and that may be gigabytes between continents.
const LONGEST_COPY: Duration = Duration::from_mins(30);
/// What stands for itself in the name of a copy's source.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// Asks S3.
pub(super) struct Copier {
    client: Client,
    sender: Sender,
}

impl Copier {
    pub(super) fn new(client: Client, sender: Sender) -> Self {
        Self { client, sender }
    }

    /// Begins to read an object that still has this entity tag.
    async fn open(
        &self,
        at: &At,
        etag: &str,
        (from, length): (u64, u64),
    ) -> Result<GetObjectOutput, CloudFault> {
        let request = self.client.get_object().bucket(&at.bucket).key(&at.key);
        let request = request
            .range(format!("bytes={from}-{}", from + length - 1))
            .if_match(etag);
        let answer = request.send().await.map_err(|error| {
            let fault = fault("GetObject", &error);
            match fault.kind {
                FaultKind::Conflict => changed(at, fault),
                _ => fault,
            }
        })?;
        if answer.content_length == i64::try_from(length).ok() {
            Ok(answer)
        } else {
            Err(incomplete("GetObject", "the bytes that were asked for"))
        }
    }
}

#[async_trait]
impl Copies for Copier {
    async fn find(&self, at: &At) -> Result<Option<Found>, CloudFault> {
        let request = self.client.head_object().bucket(&at.bucket).key(&at.key);
        match request.checksum_mode(ChecksumMode::Enabled).send().await {
            Ok(head) => Ok(Some(found(head)?)),
            Err(error) => match fault("HeadObject", &error) {
                gone if gone.kind == FaultKind::NotFound => Ok(None),
                other => Err(other),
            },
        }
    }

    async fn read(
        &self,
        at: &At,
        etag: &str,
        from: u64,
        into: &mut [u8],
    ) -> Result<(), CloudFault> {
        let (mut filled, mut empty_handed) = (0, 0);
        while filled < into.len() {
            let left = (from + filled as u64, (into.len() - filled) as u64);
            let answer = self.open(at, etag, left).await?;
            let (read, end) = fill(answer, &mut into[filled..]).await;
            filled += read;
            empty_handed = if read == 0 { empty_handed + 1 } else { 0 };
            if let Err(fault) = end
                && empty_handed == EMPTY_HANDED
            {
                return Err(fault);
            }
        }
        Ok(())
    }

    async fn digest(&self, at: &At) -> Result<Option<Content>, CloudFault> {
        let Some(found) = self.find(at).await? else {
            return Ok(None);
        };
        let origin = Origin {
            copies: self,
            at,
            found: &found,
        };
        match digest(origin, self.sender.buffers()).await {
            Ok(sha256) => Ok(Some(Content {
                size: found.size,
                sha256,
            })),
            Err(Broken::Changed(fault) | Broken::Fault(fault)) => Err(fault),
            Err(Broken::Wrong(_)) => Err(incomplete("GetObject", "its digest")),
        }
    }

    async fn copy(&self, from: &At, etag: &str, to: &At) -> Result<Copied, CloudFault> {
        let source = format!("{}/{}", from.bucket, utf8_percent_encode(&from.key, PLAIN));
        let patient = TimeoutConfig::builder()
            .operation_attempt_timeout(LONGEST_COPY)
            .operation_timeout(LONGEST_COPY)
            .build();
        let answer = self
            .client
            .copy_object()
            .bucket(&to.bucket)
            .key(&to.key)
            .copy_source(source)
            .copy_source_if_match(etag)
            .checksum_algorithm(ChecksumAlgorithm::Sha256)
            // What the source says of itself is not believed, and its tags need permissions of their own.
            .metadata_directive(MetadataDirective::Replace)
            .tagging_directive(TaggingDirective::Replace)
            .customize()
            .config_override(aws_sdk_s3::config::Builder::new().timeout_config(patient))
            .send()
            .await
            .map_err(|error| {
                let fault = fault("CopyObject", &error);
                match fault.kind {
                    FaultKind::Conflict => changed(from, fault),
                    _ => fault,
                }
            })?;
        let result = answer.copy_object_result;
        let whole = result.as_ref().and_then(|result| {
            let kind = result.checksum_type.as_ref();
            checksum(kind, result.checksum_sha256.as_deref())
        });
        Ok(Copied {
            version: answer.version_id,
            sha256: whole,
        })
    }

    async fn receive(
        &self,
        origin: Origin<'_>,
        to: &At,
        sha256: &str,
        sent: Sent<'_>,
    ) -> Result<Arrival, CloudFault> {
        let parcel = Parcel {
            bucket: &to.bucket,
            key: &to.key,
            size: origin.found.size,
            sha256,
        };
        let parts = parts(origin, sha256, self.sender.buffers());
        match self.sender.put(parcel, parts, sent).await {
            Ok(()) => Ok(Arrival::Right),
            Err(Broken::Wrong(found)) => Ok(Arrival::Wrong(found)),
            Err(Broken::Changed(fault) | Broken::Fault(fault)) => Err(fault),
        }
    }
}

/// Reads a body: how many bytes came, and whether that is all.
async fn fill(answer: GetObjectOutput, into: &mut [u8]) -> (usize, Result<(), CloudFault>) {
    let cut_off = |message: String| CloudFault {
        kind: FaultKind::Unavailable,
        operation: "GetObject",
        code: String::new(),
        message,
    };
    let (mut body, mut filled) = (answer.body, 0);
    while let Some(piece) = body.next().await {
        let piece = match piece {
            Ok(piece) => piece,
            Err(error) => return (filled, Err(cut_off(error.to_string()))),
        };
        let Some(room) = into.get_mut(filled..filled + piece.len()) else {
            return (filled, Err(cut_off("too many bytes came".to_owned())));
        };
        room.copy_from_slice(&piece);
        filled += piece.len();
    }
    if filled == into.len() {
        (filled, Ok(()))
    } else {
        (filled, Err(cut_off("the body ended too early".to_owned())))
    }
}

/// What an answer tells of an object.
fn found(head: HeadObjectOutput) -> Result<Found, CloudFault> {
    let size = head
        .content_length
        .and_then(|size| u64::try_from(size).ok());
    let computed = checksum(head.checksum_type.as_ref(), head.checksum_sha256.as_deref());
    let written = head.metadata.and_then(|mut all| all.remove(SHA256));
    Ok(Found {
        size: size.ok_or_else(|| incomplete("HeadObject", "a size"))?,
        etag: head
            .e_tag
            .ok_or_else(|| incomplete("HeadObject", "an ETag"))?,
        sha256: computed.or(written),
    })
}

/// A checksum of the whole in hexadecimal; `None` for one of the parts' checksums.
fn checksum(kind: Option<&ChecksumType>, base64: Option<&str>) -> Option<String> {
    if kind == Some(&ChecksumType::Composite) {
        return None;
    }
    let bytes = STANDARD.decode(base64?).ok()?;
    (bytes.len() == 32).then(|| hex::encode(bytes))
}

/// Says that an object is not the one that was found.
fn changed(at: &At, fault: CloudFault) -> CloudFault {
    CloudFault {
        message: format!("{at} has changed since it was looked at; run the command again"),
        ..fault
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_checksum_of_the_whole_counts() {
        // SHA-256 of nothing.
        let base64 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
        let hex = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let whole = Some(&ChecksumType::FullObject);
        assert_eq!(checksum(whole, Some(base64)).as_deref(), Some(hex));
        assert_eq!(checksum(None, Some(base64)).as_deref(), Some(hex));
        let parts = Some(&ChecksumType::Composite);
        assert_eq!(checksum(parts, Some(base64)), None);
        assert_eq!(checksum(None, Some(&format!("{base64}-2"))), None);
        assert_eq!(checksum(whole, None), None);
    }
}
