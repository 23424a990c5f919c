//! `AWS::S3::Bucket`.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use s3s::dto::{
    PublicAccessBlockConfiguration, ServerSideEncryptionByDefault,
    ServerSideEncryptionConfiguration, ServerSideEncryptionRule,
};
use serde_json::Value;

use super::lifecycle::lifecycle;
use super::live;
use crate::local::resource::{
    Live, Resource, ResourceError, ResourceProvider, ResourceRequest, ResourceType, TIME_LIMIT,
};
use crate::local::services::s3::model::{Bucket, Versioning};
use crate::local::services::s3::{S3, S3Fault};

/// Makes buckets; the physical id is the bucket's name.
pub(super) struct BucketProvider(pub(super) Arc<S3>);

const BUCKET: ResourceType = ResourceType {
    name: "AWS::S3::Bucket",
    properties: &[
        "BucketEncryption",
        "BucketName",
        "LifecycleConfiguration",
        "OwnershipControls",
        "PublicAccessBlockConfiguration",
        "Tags",
        "VersioningConfiguration",
    ],
    required: &[],
    create_only: &["BucketName", "BucketNamePrefix", "BucketNamespace"],
    time_limit: TIME_LIMIT,
};

#[async_trait]
impl ResourceProvider for BucketProvider {
    fn definition(&self) -> ResourceType {
        BUCKET
    }

    async fn create(&self, request: &ResourceRequest) -> Result<Resource, ResourceError> {
        let name = match request.string("BucketName") {
            Some(name) => name.to_owned(),
            None => request.physical_name.to_lowercase(),
        };
        check_name(&name)?;
        let owner = format!("{}/{}", request.stack_id, request.logical_id);
        let mut bucket = Bucket {
            region: request.region.clone(),
            owner: Some(owner.clone()),
            ..Bucket::default()
        };
        settings(request, &mut bucket)?;
        if let Err(fault) = self.0.make_bucket(&name, bucket) {
            let ours = self
                .0
                .look_at_bucket(&name, |bucket| Ok(bucket.owner.clone()));
            if !matches!(ours, Ok(Some(found)) if found == owner) {
                return Err(match fault.code() {
                    "BucketAlreadyOwnedByYou" | "BucketAlreadyExists" => {
                        ResourceError::new(format!("{name} already exists"))
                    }
                    _ => ResourceError::new(fault.to_string()),
                });
            }
            // Made by this very resource before a crash of the engine.
            self.set(&name, request)?;
        }
        Ok(resource(&name, &request.region))
    }

    async fn update(
        &self,
        physical_id: &str,
        _previous: &Value,
        request: &ResourceRequest,
    ) -> Result<Resource, ResourceError> {
        self.set(physical_id, request)?;
        Ok(resource(physical_id, &request.region))
    }

    async fn delete(&self, physical_id: &str) -> Result<(), ResourceError> {
        match self.0.delete_bucket(physical_id) {
            Ok(()) | Err(S3Fault::NoSuchBucket) => Ok(()),
            Err(S3Fault::BucketNotEmpty { .. }) => Err(ResourceError::new(
                "The bucket you tried to delete is not empty. You must delete all versions in the bucket.",
            )),
            Err(fault) => Err(ResourceError::new(fault.to_string())),
        }
    }

    fn read(&self, physical_id: &str, expected: &Value) -> Result<Live, ResourceError> {
        match self
            .0
            .look_at_bucket(physical_id, |bucket| Ok(live::properties(bucket, expected)))
        {
            Ok(live) => Ok(live),
            Err(S3Fault::NoSuchBucket) => Ok(Live::Missing),
            Err(fault) => Err(ResourceError::new(fault.to_string())),
        }
    }
}

impl BucketProvider {
    fn set(&self, name: &str, request: &ResourceRequest) -> Result<(), ResourceError> {
        let mut wanted = Bucket::default();
        settings(request, &mut wanted)?;
        let changed = self.0.change_bucket(name, |bucket| {
            // Versioning that was ever on cannot be switched off again, only suspended.
            if wanted.versioning == Versioning::Off && bucket.versioning != Versioning::Off {
                wanted.versioning = Versioning::Suspended;
            }
            *bucket = Bucket {
                account: bucket.account.clone(),
                created: bucket.created,
                region: bucket.region.clone(),
                owner: bucket.owner.clone(),
                policy: bucket.policy.clone(),
                ..wanted
            };
            Ok(())
        });
        changed.map_err(|fault| ResourceError::new(fault.to_string()))
    }
}

fn resource(name: &str, region: &str) -> Resource {
    let attributes = [
        ("Arn", format!("arn:aws:s3:::{name}")),
        ("DomainName", format!("{name}.s3.amazonaws.com")),
        (
            "RegionalDomainName",
            format!("{name}.s3.{region}.amazonaws.com"),
        ),
        (
            "DualStackDomainName",
            format!("{name}.s3.dualstack.{region}.amazonaws.com"),
        ),
    ];
    Resource {
        physical_id: name.to_owned(),
        attributes: attributes
            .into_iter()
            .map(|(name, value)| (name.to_owned(), Value::String(value)))
            .collect(),
    }
}

fn check_name(name: &str) -> Result<(), ResourceError> {
    let inner = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'.'
    };
    let edge = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = name.as_bytes();
    let valid = (3..=63).contains(&bytes.len())
        && bytes.iter().copied().all(inner)
        && edge(bytes.first())
        && edge(bytes.last())
        && !name.contains("..");
    if valid {
        return Ok(());
    }
    Err(ResourceError::new(format!(
        "The specified bucket is not valid: {name:?} (3 to 63 lower-case letters, digits, dots and hyphens)"
    )))
}

/// Reads the properties that can change in place.
fn settings(request: &ResourceRequest, bucket: &mut Bucket) -> Result<(), ResourceError> {
    let properties = &request.properties;
    bucket.versioning = versioning(&properties["VersioningConfiguration"])?;
    bucket.tags = tags(request)?;
    bucket.encryption = encryption(&properties["BucketEncryption"])?;
    bucket.public_access = public_access(&properties["PublicAccessBlockConfiguration"])?;
    bucket.ownership = ownership(&properties["OwnershipControls"])?;
    bucket.lifecycle = lifecycle(properties)?;
    Ok(())
}

fn versioning(set: &Value) -> Result<Versioning, ResourceError> {
    match (set, set["Status"].as_str()) {
        (Value::Null, _) => Ok(Versioning::Off),
        (_, Some("Enabled")) => Ok(Versioning::Enabled),
        (_, Some("Suspended")) => Ok(Versioning::Suspended),
        _ => Err(ResourceError::new(
            "VersioningConfiguration: Status must be Enabled or Suspended",
        )),
    }
}

fn tags(request: &ResourceRequest) -> Result<BTreeMap<String, String>, ResourceError> {
    let mut tags = request.tags.clone();
    let own = request.properties.get("Tags").and_then(Value::as_array);
    for tag in own.into_iter().flatten() {
        let (Some(key), Some(value)) = (tag["Key"].as_str(), tag["Value"].as_str()) else {
            return Err(ResourceError::new(
                "Tags: every tag needs a Key and a Value",
            ));
        };
        tags.insert(key.to_owned(), value.to_owned());
    }
    Ok(tags)
}

fn encryption(set: &Value) -> Result<Option<ServerSideEncryptionConfiguration>, ResourceError> {
    let Some(rules) = set["ServerSideEncryptionConfiguration"].as_array() else {
        return match set {
            Value::Null => Ok(None),
            _ => Err(ResourceError::new(
                "BucketEncryption: the required key ServerSideEncryptionConfiguration was not found",
            )),
        };
    };
    let rules = rules.iter().map(|rule| {
        let default = &rule["ServerSideEncryptionByDefault"];
        let by_default = match default["SSEAlgorithm"].as_str() {
            Some(name) => Some(ServerSideEncryptionByDefault {
                kms_master_key_id: default["KMSMasterKeyID"].as_str().map(str::to_owned),
                sse_algorithm: name.to_owned().into(),
            }),
            None if default.is_null() => None,
            None => {
                return Err(ResourceError::new(
                    "BucketEncryption: SSEAlgorithm is required",
                ));
            }
        };
        Ok(ServerSideEncryptionRule {
            apply_server_side_encryption_by_default: by_default,
            bucket_key_enabled: flag(&rule["BucketKeyEnabled"])?,
        })
    });
    Ok(Some(ServerSideEncryptionConfiguration {
        rules: rules.collect::<Result<_, _>>()?,
    }))
}

fn public_access(set: &Value) -> Result<Option<PublicAccessBlockConfiguration>, ResourceError> {
    if set.is_null() {
        return Ok(None);
    }
    let setting = |name: &str| Ok::<_, ResourceError>(Some(flag(&set[name])?.unwrap_or(false)));
    Ok(Some(PublicAccessBlockConfiguration {
        block_public_acls: setting("BlockPublicAcls")?,
        block_public_policy: setting("BlockPublicPolicy")?,
        ignore_public_acls: setting("IgnorePublicAcls")?,
        restrict_public_buckets: setting("RestrictPublicBuckets")?,
    }))
}

fn ownership(set: &Value) -> Result<Option<String>, ResourceError> {
    if set.is_null() {
        return Ok(None);
    }
    let name = set["Rules"][0]["ObjectOwnership"].as_str();
    let name = name.ok_or_else(|| {
        ResourceError::new("OwnershipControls: one rule with ObjectOwnership is required")
    })?;
    Ok(Some(name.to_owned()))
}

/// Reads a boolean, which templates may also write as a string.
fn flag(value: &Value) -> Result<Option<bool>, ResourceError> {
    match value {
        Value::Null => Ok(None),
        Value::Bool(flag) => Ok(Some(*flag)),
        Value::String(text) if text == "true" => Ok(Some(true)),
        Value::String(text) if text == "false" => Ok(Some(false)),
        other => Err(ResourceError::new(format!("{other} is not a boolean"))),
    }
}
