//! Deletion: what holds data does not go with the stack.

use serde_json::Value;

use crate::code::Example;
use crate::policy::finding::{Policy, Severity, Sighting};
use crate::policy::subject::Subject;

/// Types that hold what cannot be made again.
const HOLDS_DATA: &[&str] = &[
    "AWS::DynamoDB::Table",
    "AWS::ECR::Repository",
    "AWS::EFS::FileSystem",
    "AWS::KMS::Key",
    "AWS::RDS::DBCluster",
    "AWS::RDS::DBInstance",
    "AWS::S3::Bucket",
];

pub(super) const POLICIES: &[Policy] = &[Policy {
    id: "DATA-DELETION",
    severity: Severity::Warning,
    title: "What holds data in a protected environment outlives its stack",
    reason: "a deleted stack, or a change that replaces the resource, takes the data with it",
    remedy: "set `DeletionPolicy` and `UpdateReplacePolicy` to `Retain`",
    example: Example {
        before: "\
Bucket:
  Type: AWS::S3::Bucket",
        after: "\
Bucket:
  Type: AWS::S3::Bucket
  DeletionPolicy: Retain
  UpdateReplacePolicy: Retain",
    },
    check: deletion,
}];

fn deletion(subject: &Subject<'_>) -> Vec<Sighting> {
    if !subject.is_protected() {
        return Vec::new();
    }
    subject
        .resources()
        .filter(|resource| HOLDS_DATA.contains(&resource.kind))
        .filter_map(|resource| {
            let goes = |key: &&str| {
                let policy = resource.body.get(*key).and_then(Value::as_str);
                !policy.is_some_and(|policy| policy.starts_with("Retain") || policy == "Snapshot")
            };
            let keys: Vec<&str> = ["DeletionPolicy", "UpdateReplacePolicy"]
                .into_iter()
                .filter(goes)
                .collect();
            (!keys.is_empty()).then(|| {
                let message = format!("it is not kept by {}", keys.join(" and "));
                resource.sighting("", message)
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{on_template, on_unprotected};

    #[test]
    fn a_protected_bucket_stays() {
        let mut template = json!({"B": {"Type": "AWS::S3::Bucket", "DeletionPolicy": "Retain"}});
        let found = on_template("DATA-DELETION", template.clone());
        assert_eq!(found[0].message, "it is not kept by UpdateReplacePolicy");
        assert!(on_unprotected("DATA-DELETION", template.clone()).is_empty());
        template["B"]["UpdateReplacePolicy"] = json!("Retain");
        assert!(on_template("DATA-DELETION", template).is_empty());
        let group = json!({"L": {"Type": "AWS::Logs::LogGroup"}});
        assert!(on_template("DATA-DELETION", group).is_empty());
    }
}
