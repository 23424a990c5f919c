//! A bucket's settings in the form of a template, as they are now.

use serde_json::{Value, json};

use crate::local::resource::Live;
use crate::local::services::s3::model::Bucket;

/// Writes the settings as properties of `AWS::S3::Bucket`. Lifecycle rules are only told to be there or
/// not: their form in the API says less than the template's.
pub(super) fn properties(bucket: &Bucket, expected: &Value) -> Live {
    let lifecycle = match bucket.lifecycle {
        Some(_) => expected["LifecycleConfiguration"].clone(),
        None => Value::Null,
    };
    Live::over(
        expected,
        [
            ("BucketEncryption", encryption(bucket)),
            ("LifecycleConfiguration", lifecycle),
            ("OwnershipControls", ownership(bucket)),
            ("PublicAccessBlockConfiguration", public_access(bucket)),
            ("VersioningConfiguration", versioning(bucket)),
        ],
    )
}

fn versioning(bucket: &Bucket) -> Value {
    bucket
        .versioning
        .status()
        .map_or(Value::Null, |status| json!({ "Status": status }))
}

fn ownership(bucket: &Bucket) -> Value {
    let Some(name) = &bucket.ownership else {
        return Value::Null;
    };
    json!({ "Rules": [{ "ObjectOwnership": name }] })
}

fn public_access(bucket: &Bucket) -> Value {
    let Some(set) = &bucket.public_access else {
        return Value::Null;
    };
    json!({
        "BlockPublicAcls": set.block_public_acls.unwrap_or(false),
        "BlockPublicPolicy": set.block_public_policy.unwrap_or(false),
        "IgnorePublicAcls": set.ignore_public_acls.unwrap_or(false),
        "RestrictPublicBuckets": set.restrict_public_buckets.unwrap_or(false),
    })
}

fn encryption(bucket: &Bucket) -> Value {
    let Some(set) = &bucket.encryption else {
        return Value::Null;
    };
    let rules: Vec<Value> = set
        .rules
        .iter()
        .map(|rule| {
            let mut shown = json!({ "BucketKeyEnabled": rule.bucket_key_enabled.unwrap_or(false) });
            if let Some(default) = &rule.apply_server_side_encryption_by_default {
                shown["ServerSideEncryptionByDefault"] =
                    json!({ "SSEAlgorithm": default.sse_algorithm.as_str() });
                if let Some(key) = &default.kms_master_key_id {
                    shown["ServerSideEncryptionByDefault"]["KMSMasterKeyID"] = json!(key);
                }
            }
            shown
        })
        .collect();
    json!({ "ServerSideEncryptionConfiguration": rules })
}
