//! Tags: whose it is, and what it costs.

use crate::code::Example;
use crate::policy::facts;
use crate::policy::finding::{Policy, Severity, Sighting};
use crate::policy::subject::{Subject, is_given};

pub(super) const POLICIES: &[Policy] = &[Policy {
    id: "TAGS-MISSING",
    severity: Severity::Warning,
    title: "What can be tagged is tagged",
    reason: "without tags nobody can tell whose it is or what it costs, nor find it when it is left over",
    remedy: "add `Tags`; the built-in templates use the macros of `shared.yaml.tera`",
    example: Example {
        before: "\
Bucket:
  Type: AWS::S3::Bucket",
        after: "\
Bucket:
  Type: AWS::S3::Bucket
  Properties:
    Tags: [{ Key: team, Value: search }]",
    },
    check: missing,
}];

fn missing(subject: &Subject<'_>) -> Vec<Sighting> {
    let resources = subject
        .resources()
        .filter(|resource| facts::TAGGABLE.contains(&resource.kind))
        .filter(|resource| !is_given(resource.property("/Tags")))
        .map(|resource| resource.sighting("/Tags", format!("{} has no tags", resource.kind)));
    let requests = subject
        .requests()
        .filter(|request| !is_given(request.body.get("Tags")))
        .map(|request| request.sighting("/Tags", "the job has no tags"));
    resources.chain(requests).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{on_resource, on_training};

    #[test]
    fn what_can_be_tagged_is_tagged() {
        let bucket = |body| on_resource("TAGS-MISSING", "AWS::S3::Bucket", body);
        assert_eq!(bucket(json!({"Tags": []})).len(), 1);
        assert!(bucket(json!({"Tags": [{"Key": "a", "Value": "b"}]})).is_empty());
        assert!(on_resource("TAGS-MISSING", "AWS::S3::BucketPolicy", json!({})).is_empty());
        assert_eq!(on_training("TAGS-MISSING", json!({})).len(), 1);
        assert!(on_training("TAGS-MISSING", json!({"Tags": [{}]})).is_empty());
    }
}
