//! A bucket's settings and its policy.

use serde_json::{Map, Value, json};

use super::{Services, object, unset_is_none};
use crate::aws::fault::fault;
use crate::cloud::CloudFault;

impl Services {
    pub(super) async fn bucket(&self, name: &str) -> Result<Map<String, Value>, CloudFault> {
        let (versioning, encryption, access) = futures::try_join!(
            self.versioning(name),
            self.encryption(name),
            self.public_access(name),
        )?;
        Ok(object([
            ("BucketEncryption", encryption),
            ("PublicAccessBlockConfiguration", access),
            ("VersioningConfiguration", versioning),
        ]))
    }

    pub(super) async fn bucket_policy(&self, name: &str) -> Result<Map<String, Value>, CloudFault> {
        let answer = self.s3.get_bucket_policy().bucket(name).send().await;
        let answer = answer.map_err(|error| fault("GetBucketPolicy", &error))?;
        Ok(object([("PolicyDocument", json!(answer.policy))]))
    }

    async fn versioning(&self, name: &str) -> Result<Value, CloudFault> {
        let answer = self.s3.get_bucket_versioning().bucket(name).send().await;
        let answer = answer.map_err(|error| fault("GetBucketVersioning", &error))?;
        Ok(answer
            .status
            .map_or(Value::Null, |status| json!({ "Status": status.as_str() })))
    }

    async fn encryption(&self, name: &str) -> Result<Value, CloudFault> {
        let answer = self.s3.get_bucket_encryption().bucket(name).send().await;
        let answer = answer.map_err(|error| fault("GetBucketEncryption", &error));
        let answer = unset_is_none(answer, "ServerSideEncryptionConfigurationNotFoundError")?;
        let Some(set) = answer.and_then(|answer| answer.server_side_encryption_configuration)
        else {
            return Ok(Value::Null);
        };
        let rules: Vec<Value> = set
            .rules
            .into_iter()
            .map(|rule| {
                let mut shown = json!({ "BucketKeyEnabled": rule.bucket_key_enabled });
                if let Some(default) = rule.apply_server_side_encryption_by_default {
                    shown["ServerSideEncryptionByDefault"] = json!({
                        "SSEAlgorithm": default.sse_algorithm.as_str(),
                        "KMSMasterKeyID": default.kms_master_key_id,
                    });
                }
                shown
            })
            .collect();
        Ok(json!({ "ServerSideEncryptionConfiguration": rules }))
    }

    async fn public_access(&self, name: &str) -> Result<Value, CloudFault> {
        let answer = self.s3.get_public_access_block().bucket(name).send().await;
        let answer = answer.map_err(|error| fault("GetPublicAccessBlock", &error));
        let answer = unset_is_none(answer, "NoSuchPublicAccessBlockConfiguration")?;
        let set = answer.and_then(|answer| answer.public_access_block_configuration);
        Ok(set.map_or(Value::Null, |set| {
            json!({
                "BlockPublicAcls": set.block_public_acls.unwrap_or(false),
                "BlockPublicPolicy": set.block_public_policy.unwrap_or(false),
                "IgnorePublicAcls": set.ignore_public_acls.unwrap_or(false),
                "RestrictPublicBuckets": set.restrict_public_buckets.unwrap_or(false),
            })
        }))
    }
}
