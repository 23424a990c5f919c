//! Lifecycle rules: from the form of templates into the form of the S3 API.

use s3s::dto::{
    AbortIncompleteMultipartUpload, BucketLifecycleConfiguration, LifecycleExpiration,
    LifecycleRule, LifecycleRuleFilter, NoncurrentVersionExpiration,
};
use serde_json::Value;

use crate::local::resource::ResourceError;

/// Rule properties that are understood; any other is refused by name.
const KNOWN: [&str; 7] = [
    "Id",
    "Status",
    "Prefix",
    "ExpirationInDays",
    "ExpiredObjectDeleteMarker",
    "NoncurrentVersionExpiration",
    "AbortIncompleteMultipartUpload",
];

/// Reads `LifecycleConfiguration`.
///
/// # Errors
/// A rule has an unknown property, no status, or no action.
pub(super) fn lifecycle(
    properties: &Value,
) -> Result<Option<BucketLifecycleConfiguration>, ResourceError> {
    let Some(set) = properties.get("LifecycleConfiguration") else {
        return Ok(None);
    };
    let rules = set.get("Rules").and_then(Value::as_array).ok_or_else(|| {
        ResourceError::new("LifecycleConfiguration: the required key Rules was not found")
    })?;
    Ok(Some(BucketLifecycleConfiguration {
        rules: rules.iter().map(rule).collect::<Result<_, _>>()?,
    }))
}

fn rule(rule: &Value) -> Result<LifecycleRule, ResourceError> {
    let names = rule.as_object().into_iter().flatten().map(|(name, _)| name);
    if let Some(name) = names
        .into_iter()
        .find(|name| !KNOWN.contains(&name.as_str()))
    {
        return Err(ResourceError::new(format!(
            "the local engine does not emulate the lifecycle rule property {name}"
        )));
    }
    let status = rule.get("Status").and_then(Value::as_str);
    let status = status.filter(|status| matches!(*status, "Enabled" | "Disabled"));
    let status = status.ok_or_else(|| {
        ResourceError::new("a lifecycle rule needs the Status Enabled or Disabled")
    })?;
    let expiration = match (
        days(&rule["ExpirationInDays"]),
        &rule["ExpiredObjectDeleteMarker"],
    ) {
        (None, Value::Null) => None,
        (days, marker) => Some(LifecycleExpiration {
            days,
            expired_object_delete_marker: marker.as_bool(),
            ..LifecycleExpiration::default()
        }),
    };
    let noncurrent = rule.get("NoncurrentVersionExpiration");
    let abort = rule.get("AbortIncompleteMultipartUpload");
    if expiration.is_none() && noncurrent.is_none() && abort.is_none() {
        return Err(ResourceError::new(
            "At least one action needs to be specified in a rule",
        ));
    }
    Ok(LifecycleRule {
        abort_incomplete_multipart_upload: abort.map(|set| AbortIncompleteMultipartUpload {
            days_after_initiation: days(&set["DaysAfterInitiation"]),
        }),
        expiration,
        filter: Some(LifecycleRuleFilter {
            prefix: Some(rule["Prefix"].as_str().unwrap_or_default().to_owned()),
            ..LifecycleRuleFilter::default()
        }),
        id: rule["Id"].as_str().map(str::to_owned),
        noncurrent_version_expiration: noncurrent.map(|set| NoncurrentVersionExpiration {
            newer_noncurrent_versions: days(&set["NewerNoncurrentVersions"]),
            noncurrent_days: days(&set["NoncurrentDays"]),
        }),
        noncurrent_version_transitions: None,
        prefix: None,
        status: status.to_owned().into(),
        transitions: None,
    })
}

/// Reads a whole number, which templates may also write as a string.
fn days(value: &Value) -> Option<i32> {
    match value {
        Value::String(text) => text.parse().ok(),
        other => i32::try_from(other.as_i64()?).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn rules_are_translated() {
        let set = lifecycle(&json!({"LifecycleConfiguration": {"Rules": [{
            "Id": "tidy",
            "Status": "Enabled",
            "NoncurrentVersionExpiration": {"NoncurrentDays": "30"},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}
        }]}}))
        .unwrap()
        .unwrap();
        let rule = &set.rules[0];
        let noncurrent = rule.noncurrent_version_expiration.as_ref().unwrap();
        assert_eq!(noncurrent.noncurrent_days, Some(30));
        let abort = rule.abort_incomplete_multipart_upload.as_ref().unwrap();
        assert_eq!(abort.days_after_initiation, Some(7));
    }

    #[test]
    fn what_is_not_understood_is_refused_by_name() {
        let error = lifecycle(&json!({"LifecycleConfiguration": {"Rules": [
            {"Status": "Enabled", "Transitions": []}
        ]}}))
        .unwrap_err();
        assert!(error.message.contains("Transitions"), "{error}");
    }
}
