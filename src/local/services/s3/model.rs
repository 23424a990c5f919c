//! What S3 remembers about buckets, object versions and uploads.

use std::collections::BTreeMap;

use s3s::dto::{
    BucketLifecycleConfiguration, PublicAccessBlockConfiguration, ServerSideEncryptionConfiguration,
};
use serde::{Deserialize, Serialize};

use super::checksum::{Algorithm, Digests, Sums};
use crate::local::default_account;

/// Version id of objects written while versioning was never on, or is suspended.
pub(super) const NULL_VERSION: &str = "null";

/// A bucket's settings; the sub-resources are kept in the form of the S3 API.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Bucket {
    /// Whose it is. Absent in states of older engines.
    #[serde(default = "default_account")]
    pub(super) account: String,
    /// Milliseconds since the epoch.
    pub(super) created: i64,
    pub(super) region: String,
    #[serde(default)]
    pub(super) versioning: Versioning,
    #[serde(default)]
    pub(super) tags: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) encryption: Option<ServerSideEncryptionConfiguration>,
    #[serde(default)]
    pub(super) public_access: Option<PublicAccessBlockConfiguration>,
    /// E.g. `BucketOwnerEnforced`.
    #[serde(default)]
    pub(super) ownership: Option<String>,
    #[serde(default)]
    pub(super) lifecycle: Option<BucketLifecycleConfiguration>,
    /// The policy document as it was given. It decides what other accounts may do.
    #[serde(default)]
    pub(super) policy: Option<String>,
    /// CloudFormation stack resource that owns the bucket, so that a repeated create is recognised.
    #[serde(default)]
    pub(super) owner: Option<String>,
}

/// State of a bucket's versioning.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Versioning {
    #[default]
    Off,
    Enabled,
    Suspended,
}

impl Versioning {
    /// Returns the status as the API names it; a bucket that never had versioning has none.
    pub(super) fn status(self) -> Option<&'static str> {
        match self {
            Self::Off => None,
            Self::Enabled => Some("Enabled"),
            Self::Suspended => Some("Suspended"),
        }
    }
}

/// One version of an object.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Version {
    pub(super) id: String,
    /// Milliseconds since the epoch.
    pub(super) modified: i64,
    /// The object, or `None` for a delete marker.
    pub(super) content: Option<Content>,
}

/// Content of an object version.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Content {
    /// Name of the file that holds the bytes.
    pub(super) blob: String,
    /// Bytes.
    pub(super) size: u64,
    /// Without quotes.
    pub(super) etag: String,
    #[serde(default)]
    pub(super) sums: Sums,
    #[serde(default)]
    pub(super) headers: Headers,
}

impl Content {
    /// Returns the digests by these algorithms, if all of them are known without reading the bytes.
    pub(super) fn digests(&self, algorithms: &[Algorithm]) -> Option<Digests> {
        // The tag of an object of several parts is no digest of it, and ends in their number.
        let md5 = hex::decode(&self.etag).ok()?.try_into().ok()?;
        if self.sums.kind() == Some("COMPOSITE") {
            return None;
        }
        let sums = algorithms.iter().map(|algorithm| {
            let sum = self.sums.get(*algorithm)?;
            Some((*algorithm, sum))
        });
        Some(Digests {
            md5,
            sums: Sums(sums.collect::<Option<_>>()?),
        })
    }
}

/// What a client may say about an object beside its bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Headers {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) content_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) content_encoding: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) content_disposition: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) content_language: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) cache_control: Option<String>,
    /// Storage class; `None` is `STANDARD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) storage_class: Option<String>,
    /// Encryption that the request or the bucket asked for; `None` is `AES256`. Named only, not done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) encryption: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) kms_key: Option<String>,
    /// `x-amz-meta-*`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) metadata: BTreeMap<String, String>,
}

/// A multipart upload in progress.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Upload {
    pub(super) key: String,
    /// Milliseconds since the epoch.
    pub(super) initiated: i64,
    pub(super) headers: Headers,
    /// Checksum algorithm and type (`COMPOSITE` or `FULL_OBJECT`) that the client announced.
    #[serde(default)]
    pub(super) checksum: Option<(Algorithm, String)>,
    #[serde(default)]
    pub(super) parts: BTreeMap<u16, Part>,
}

/// One uploaded part.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Part {
    pub(super) blob: String,
    pub(super) size: u64,
    /// MD5 in hexadecimal.
    pub(super) etag: String,
    /// Milliseconds since the epoch.
    pub(super) modified: i64,
    #[serde(default)]
    pub(super) sums: Sums,
}
