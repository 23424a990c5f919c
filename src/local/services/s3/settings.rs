//! A bucket's sub-resources: versioning, tags, encryption, public access block, ownership, lifecycle,
//! policy. Put, read back, removed.

use axum::http::StatusCode;
use s3s::dto::{
    BucketVersioningStatus, GetBucketEncryptionOutput, GetBucketLifecycleConfigurationOutput,
    GetBucketOwnershipControlsOutput, GetBucketPolicyOutput, GetBucketTaggingOutput,
    GetBucketVersioningOutput, GetPublicAccessBlockOutput, OwnershipControls,
    OwnershipControlsRule, Tag, Tagging, VersioningConfiguration,
};

use super::S3;
use super::fault::S3Fault;
use super::model::Versioning;

impl S3 {
    /// Turns versioning on or suspends it.
    pub(super) fn put_versioning(
        &self,
        bucket: &str,
        set: &VersioningConfiguration,
    ) -> Result<(), S3Fault> {
        if set
            .mfa_delete
            .as_ref()
            .is_some_and(|set| set.as_str() == "Enabled")
        {
            return Err(S3Fault::not_emulated("MFA delete"));
        }
        let status = set.status.as_ref().map(BucketVersioningStatus::as_str);
        let versioning = match status {
            Some("Enabled") => Versioning::Enabled,
            Some("Suspended") => Versioning::Suspended,
            _ => {
                return Err(S3Fault::bad_request(
                    "IllegalVersioningConfigurationException",
                    "The Versioning element must be specified",
                ));
            }
        };
        self.change_bucket(bucket, |bucket| {
            bucket.versioning = versioning;
            Ok(())
        })
    }

    /// Tells the state of versioning.
    pub(super) fn get_versioning(
        &self,
        bucket: &str,
    ) -> Result<GetBucketVersioningOutput, S3Fault> {
        self.look_at_bucket(bucket, |bucket| {
            Ok(GetBucketVersioningOutput {
                status: bucket
                    .versioning
                    .status()
                    .map(|status| BucketVersioningStatus::from(status.to_owned())),
                ..GetBucketVersioningOutput::default()
            })
        })
    }

    /// Replaces the tags.
    pub(super) fn put_tags(&self, bucket: &str, tagging: Tagging) -> Result<(), S3Fault> {
        if tagging.tag_set.len() > 50 {
            return Err(S3Fault::bad_request(
                "BadRequest",
                "Bucket tag count cannot be greater than 50",
            ));
        }
        let mut tags = std::collections::BTreeMap::new();
        for tag in tagging.tag_set {
            let key = tag.key.unwrap_or_default();
            if tags.insert(key, tag.value.unwrap_or_default()).is_some() {
                return Err(S3Fault::bad_request(
                    "InvalidTag",
                    "Cannot provide multiple Tags with the same key",
                ));
            }
        }
        self.change_bucket(bucket, |bucket| {
            bucket.tags = tags;
            Ok(())
        })
    }

    /// Tells the tags.
    pub(super) fn get_tags(&self, bucket: &str) -> Result<GetBucketTaggingOutput, S3Fault> {
        self.look_at_bucket(bucket, |bucket| {
            if bucket.tags.is_empty() {
                return Err(S3Fault::not_set(
                    "NoSuchTagSet",
                    "The TagSet does not exist",
                ));
            }
            let tags = bucket.tags.iter().map(|(key, value)| Tag {
                key: Some(key.clone()),
                value: Some(value.clone()),
            });
            Ok(GetBucketTaggingOutput {
                tag_set: tags.collect(),
            })
        })
    }

    /// Tells the encryption; every bucket has at least S3's own.
    pub(super) fn get_encryption(
        &self,
        bucket: &str,
    ) -> Result<GetBucketEncryptionOutput, S3Fault> {
        self.look_at_bucket(bucket, |bucket| {
            let set = bucket.encryption.clone().unwrap_or_else(own_encryption);
            Ok(GetBucketEncryptionOutput {
                server_side_encryption_configuration: Some(set),
            })
        })
    }

    /// Tells the public access block.
    pub(super) fn get_public_access_block(
        &self,
        bucket: &str,
    ) -> Result<GetPublicAccessBlockOutput, S3Fault> {
        self.look_at_bucket(bucket, |bucket| {
            let set = bucket.public_access.clone().ok_or_else(|| {
                S3Fault::not_set(
                    "NoSuchPublicAccessBlockConfiguration",
                    "The public access block configuration was not found",
                )
            })?;
            Ok(GetPublicAccessBlockOutput {
                public_access_block_configuration: Some(set),
            })
        })
    }

    /// Replaces the ownership controls.
    pub(super) fn put_ownership(
        &self,
        bucket: &str,
        controls: &OwnershipControls,
    ) -> Result<(), S3Fault> {
        let [rule] = controls.rules.as_slice() else {
            return Err(S3Fault::bad_request(
                "MalformedXML",
                "The XML you provided was not well-formed or did not validate against our published schema",
            ));
        };
        let ownership = rule.object_ownership.as_str().to_owned();
        self.change_bucket(bucket, |bucket| {
            bucket.ownership = Some(ownership);
            Ok(())
        })
    }

    /// Tells the ownership controls.
    pub(super) fn get_ownership(
        &self,
        bucket: &str,
    ) -> Result<GetBucketOwnershipControlsOutput, S3Fault> {
        self.look_at_bucket(bucket, |bucket| {
            let ownership = bucket.ownership.clone().ok_or_else(|| {
                S3Fault::not_set(
                    "OwnershipControlsNotFoundError",
                    "The bucket ownership controls were not found",
                )
            })?;
            Ok(GetBucketOwnershipControlsOutput {
                ownership_controls: Some(OwnershipControls {
                    rules: vec![OwnershipControlsRule {
                        object_ownership: ownership.into(),
                    }],
                }),
            })
        })
    }

    /// Tells the lifecycle rules.
    pub(super) fn get_lifecycle(
        &self,
        bucket: &str,
    ) -> Result<GetBucketLifecycleConfigurationOutput, S3Fault> {
        self.look_at_bucket(bucket, |bucket| {
            let set = bucket.lifecycle.clone().ok_or_else(|| {
                S3Fault::not_set(
                    "NoSuchLifecycleConfiguration",
                    "The lifecycle configuration does not exist",
                )
            })?;
            Ok(GetBucketLifecycleConfigurationOutput {
                rules: Some(set.rules),
                ..GetBucketLifecycleConfigurationOutput::default()
            })
        })
    }

    /// Replaces the policy.
    ///
    /// # Errors
    /// `MalformedPolicy` when it is no policy document.
    pub(super) fn put_policy(&self, bucket: &str, policy: String) -> Result<(), S3Fault> {
        let document: Result<serde_json::Value, _> = serde_json::from_str(&policy);
        match document {
            Ok(document) if document.get("Statement").is_some() => {}
            Ok(_) => {
                return Err(S3Fault::bad_request(
                    "MalformedPolicy",
                    "Missing required field Statement",
                ));
            }
            Err(_) => {
                return Err(S3Fault::bad_request(
                    "MalformedPolicy",
                    "This policy contains invalid Json",
                ));
            }
        }
        self.change_bucket(bucket, |bucket| {
            bucket.policy = Some(policy);
            Ok(())
        })
    }

    /// Tells the policy.
    pub(super) fn get_policy(&self, bucket: &str) -> Result<GetBucketPolicyOutput, S3Fault> {
        self.look_at_bucket(bucket, |bucket| {
            let policy = bucket.policy.clone().ok_or_else(|| {
                S3Fault::refused(
                    StatusCode::NOT_FOUND,
                    "NoSuchBucketPolicy",
                    "The bucket policy does not exist",
                )
            })?;
            Ok(GetBucketPolicyOutput {
                policy: Some(policy),
            })
        })
    }
}

fn own_encryption() -> s3s::dto::ServerSideEncryptionConfiguration {
    s3s::dto::ServerSideEncryptionConfiguration {
        rules: vec![s3s::dto::ServerSideEncryptionRule {
            apply_server_side_encryption_by_default: Some(
                s3s::dto::ServerSideEncryptionByDefault {
                    kms_master_key_id: None,
                    sse_algorithm: "AES256".to_owned().into(),
                },
            ),
            bucket_key_enabled: Some(false),
        }],
    }
}
