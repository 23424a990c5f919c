//! Buckets: nobody else reads them, nothing crosses the network in the open, nothing is lost.

use crate::code::Example;
use crate::policy::finding::{Policy, Severity, Sighting};
use crate::policy::statement::{Attachment, statements};
use crate::policy::subject::{Resource, Subject, is_given, is_or_may_be, refers_to};

use super::trust::names_a_narrow_source;

const BUCKET: &str = "AWS::S3::Bucket";
const POLICY: &str = "AWS::S3::BucketPolicy";

pub(super) const POLICIES: &[Policy] = &[
    Policy {
        id: "S3-PUBLIC-BLOCK",
        severity: Severity::Error,
        title: "Buckets block public access in all four ways",
        reason: "one careless policy or object ACL is enough to publish training data and models",
        remedy: "set all four of `PublicAccessBlockConfiguration` to true",
        example: Example {
            before: "\
Bucket:
  Type: AWS::S3::Bucket
  Properties:
    PublicAccessBlockConfiguration:
      BlockPublicAcls: true
      BlockPublicPolicy: true",
            after: "\
Bucket:
  Type: AWS::S3::Bucket
  Properties:
    PublicAccessBlockConfiguration:
      BlockPublicAcls: true
      BlockPublicPolicy: true
      IgnorePublicAcls: true
      RestrictPublicBuckets: true",
        },
        check: public_block,
    },
    Policy {
        id: "S3-PUBLIC-ACL",
        severity: Severity::Error,
        title: "No bucket has an ACL that lets strangers in",
        reason: "such an ACL lets everybody, or every AWS account, read or write the bucket",
        remedy: "remove `AccessControl`, and let a bucket policy name who may",
        example: Example {
            before: "\
Bucket:
  Type: AWS::S3::Bucket
  Properties:
    AccessControl: PublicRead",
            after: "\
Bucket:
  Type: AWS::S3::Bucket
  Properties:
    OwnershipControls:
      Rules: [{ ObjectOwnership: BucketOwnerEnforced }]",
        },
        check: public_acl,
    },
    Policy {
        id: "S3-PUBLIC-POLICY",
        severity: Severity::Error,
        title: "No bucket policy allows everybody something",
        reason: "a principal of `*` without a narrowing condition is everybody on the internet",
        remedy: "name the roles that need it, or narrow it by `aws:SourceArn` or `aws:PrincipalOrgID`",
        example: Example {
            before: "\
BucketPolicy:
  Type: AWS::S3::BucketPolicy
  Properties:
    Bucket: { Ref: Bucket }
    PolicyDocument:
      Statement:
        - Effect: Allow
          Principal: '*'
          Action: s3:GetObject
          Resource: { Fn::Sub: '${Bucket.Arn}/*' }",
            after: "\
BucketPolicy:
  Type: AWS::S3::BucketPolicy
  Properties:
    Bucket: { Ref: Bucket }
    PolicyDocument:
      Statement:
        - Effect: Allow
          Principal: { AWS: { Fn::GetAtt: [TrainingRole, Arn] } }
          Action: s3:GetObject
          Resource: { Fn::Sub: '${Bucket.Arn}/*' }",
        },
        check: public_policy,
    },
    Policy {
        id: "S3-OWNERSHIP",
        severity: Severity::Warning,
        title: "Buckets own their objects, and ACLs are off",
        reason: "with ACLs on, who may read an object is decided in two places",
        remedy: "set `OwnershipControls` to `BucketOwnerEnforced`",
        example: Example {
            before: "\
Bucket:
  Type: AWS::S3::Bucket
  Properties:
    OwnershipControls:
      Rules: [{ ObjectOwnership: ObjectWriter }]",
            after: "\
Bucket:
  Type: AWS::S3::Bucket
  Properties:
    OwnershipControls:
      Rules: [{ ObjectOwnership: BucketOwnerEnforced }]",
        },
        check: ownership,
    },
    Policy {
        id: "S3-TLS",
        severity: Severity::Error,
        title: "Buckets refuse requests without TLS",
        reason: "without TLS anybody on the way reads data and models, and can replace them",
        remedy: "add a bucket policy that denies `s3:*` where `aws:SecureTransport` is `false`",
        example: Example {
            before: "\
Bucket:
  Type: AWS::S3::Bucket",
            after: "\
Bucket:
  Type: AWS::S3::Bucket
BucketPolicy:
  Type: AWS::S3::BucketPolicy
  Properties:
    Bucket: { Ref: Bucket }
    PolicyDocument:
      Statement:
        - Effect: Deny
          Principal: '*'
          Action: s3:*
          Resource: { Fn::Sub: '${Bucket.Arn}/*' }
          Condition: { Bool: { aws:SecureTransport: false } }",
        },
        check: tls_only,
    },
    Policy {
        id: "S3-VERSIONING",
        severity: Severity::Warning,
        title: "Buckets keep old versions",
        reason: "an object that is overwritten or deleted by mistake is gone otherwise",
        remedy: "set `VersioningConfiguration` to `Enabled`, with a rule that ends old versions",
        example: Example {
            before: "\
Bucket:
  Type: AWS::S3::Bucket",
            after: "\
Bucket:
  Type: AWS::S3::Bucket
  Properties:
    VersioningConfiguration: { Status: Enabled }",
        },
        check: versioning,
    },
    Policy {
        id: "S3-LIFECYCLE",
        severity: Severity::Note,
        title: "Buckets clean up uploads that were cut off",
        reason: "the parts of an unfinished upload cost money and show in no listing",
        remedy: "add a lifecycle rule with `AbortIncompleteMultipartUpload`",
        example: Example {
            before: "\
Bucket:
  Type: AWS::S3::Bucket",
            after: "\
Bucket:
  Type: AWS::S3::Bucket
  Properties:
    LifecycleConfiguration:
      Rules:
        - Status: Enabled
          AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 }",
        },
        check: lifecycle,
    },
];

fn public_block(subject: &Subject<'_>) -> Vec<Sighting> {
    let block = |bucket: Resource<'_>| {
        let open: Vec<&str> = [
            "BlockPublicAcls",
            "BlockPublicPolicy",
            "IgnorePublicAcls",
            "RestrictPublicBuckets",
        ]
        .into_iter()
        .filter(|key| {
            let value = bucket.property(&format!("/PublicAccessBlockConfiguration/{key}"));
            !is_or_may_be(value, "true")
        })
        .collect();
        (!open.is_empty()).then(|| {
            let message = format!("the bucket does not set {}", open.join(", "));
            bucket.sighting("/PublicAccessBlockConfiguration", message)
        })
    };
    subject.of_type(BUCKET).filter_map(block).collect()
}

fn public_acl(subject: &Subject<'_>) -> Vec<Sighting> {
    subject
        .of_type(BUCKET)
        .filter_map(|bucket| {
            let acl = bucket.property("/AccessControl")?.as_str()?;
            ["PublicRead", "PublicReadWrite", "AuthenticatedRead"]
                .contains(&acl)
                .then(|| bucket.sighting("/AccessControl", format!("the bucket's ACL is `{acl}`")))
        })
        .collect()
}

fn public_policy(subject: &Subject<'_>) -> Vec<Sighting> {
    statements(subject)
        .into_iter()
        .filter(|statement| statement.resource.kind == POLICY)
        .filter(|statement| statement.allows() && statement.is_for_everybody())
        .filter(|statement| !names_a_narrow_source(statement))
        .map(|statement| statement.sighting("Principal", "the bucket policy allows everybody"))
        .collect()
}

fn ownership(subject: &Subject<'_>) -> Vec<Sighting> {
    subject
        .of_type(BUCKET)
        .filter(|bucket| {
            let value = bucket.property("/OwnershipControls/Rules/0/ObjectOwnership");
            !is_or_may_be(value, "BucketOwnerEnforced")
        })
        .map(|bucket| bucket.sighting("/OwnershipControls", "the bucket does not turn ACLs off"))
        .collect()
}

fn tls_only(subject: &Subject<'_>) -> Vec<Sighting> {
    let refusing: Vec<Resource<'_>> = statements(subject)
        .into_iter()
        .filter(|statement| statement.resource.kind == POLICY)
        .filter(|statement| statement.attachment == Attachment::Resource && statement.denies())
        .filter(|statement| {
            is_or_may_be(statement.condition("Bool", "aws:SecureTransport"), "false")
                && statement.is_for_everybody()
                && statement
                    .actions()
                    .any(|action| action == "s3:*" || action == "*")
        })
        .map(|statement| statement.resource)
        .collect();
    let is_covered = |bucket: &Resource<'_>| {
        refusing.iter().any(|policy| {
            policy.document == bucket.document
                && policy.property("/Bucket").is_some_and(|value| {
                    refers_to(value, bucket.id) || Some(value) == bucket.property("/BucketName")
                })
        })
    };
    subject
        .of_type(BUCKET)
        .filter(|bucket| !is_covered(bucket))
        .map(|bucket| bucket.sighting("", "no bucket policy refuses requests without TLS"))
        .collect()
}

fn versioning(subject: &Subject<'_>) -> Vec<Sighting> {
    subject
        .of_type(BUCKET)
        .filter(|bucket| {
            !is_or_may_be(
                bucket.property("/VersioningConfiguration/Status"),
                "Enabled",
            )
        })
        .map(|bucket| {
            bucket.sighting(
                "/VersioningConfiguration",
                "the bucket keeps no old versions",
            )
        })
        .collect()
}

fn lifecycle(subject: &Subject<'_>) -> Vec<Sighting> {
    subject
        .of_type(BUCKET)
        .filter(|bucket| {
            !bucket
                .items("/LifecycleConfiguration/Rules")
                .any(|(_, rule)| is_given(rule.get("AbortIncompleteMultipartUpload")))
        })
        .map(|bucket| {
            bucket.sighting(
                "/LifecycleConfiguration",
                "cut-off uploads stay in the bucket",
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::testing::{on_resource, on_template};
    use super::*;

    #[test]
    fn every_way_of_public_access_is_blocked() {
        let all = json!({"PublicAccessBlockConfiguration": {"BlockPublicAcls": true,
            "BlockPublicPolicy": true, "IgnorePublicAcls": true, "RestrictPublicBuckets": "true"}});
        assert!(on_resource("S3-PUBLIC-BLOCK", BUCKET, all.clone()).is_empty());
        let mut three = all;
        three["PublicAccessBlockConfiguration"]["IgnorePublicAcls"] = json!(false);
        let found = on_resource("S3-PUBLIC-BLOCK", BUCKET, three);
        assert!(
            found[0].message.ends_with("set IgnorePublicAcls"),
            "{found:?}"
        );
        assert_eq!(on_resource("S3-PUBLIC-BLOCK", BUCKET, json!({})).len(), 1);
    }

    #[test]
    fn an_acl_for_strangers_is_found() {
        let acl = |acl: &str| on_resource("S3-PUBLIC-ACL", BUCKET, json!({"AccessControl": acl}));
        assert_eq!(acl("PublicRead").len(), 1);
        assert!(acl("Private").is_empty());
    }

    #[test]
    fn a_policy_for_everybody_needs_a_condition() {
        let find = |statement: Value| {
            let document = json!({"PolicyDocument": {"Statement": statement}});
            on_resource("S3-PUBLIC-POLICY", POLICY, document)
        };
        let open =
            json!({"Effect": "Allow", "Principal": {"AWS": ["*"]}, "Action": "s3:GetObject"});
        assert_eq!(find(open.clone()).len(), 1);
        let mut narrow = open.clone();
        narrow["Condition"] = json!({"StringEquals": {"aws:PrincipalOrgID": "o-1"}});
        assert!(find(narrow).is_empty());
        let mut denied = open;
        denied["Effect"] = json!("Deny");
        assert!(find(denied).is_empty());
    }

    #[test]
    fn acls_are_off() {
        let owner = |rule: &str| {
            let rules = json!({"OwnershipControls": {"Rules": [{"ObjectOwnership": rule}]}});
            on_resource("S3-OWNERSHIP", BUCKET, rules)
        };
        assert!(owner("BucketOwnerEnforced").is_empty());
        assert_eq!(owner("ObjectWriter").len(), 1);
    }

    #[test]
    fn a_bucket_needs_a_policy_of_its_own_that_refuses_plain_http() {
        let bucket = json!({"Type": BUCKET, "Properties": {}});
        let policy = |id: &str, value: &str| {
            json!({"Type": POLICY, "Properties": {"Bucket": {"Ref": id}, "PolicyDocument": {
                "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "s3:*",
                    "Condition": {"Bool": {"aws:SecureTransport": value}}}]}}})
        };
        let find = |policy: Value| on_template("S3-TLS", json!({"B": bucket, "P": policy}));
        assert!(find(policy("B", "false")).is_empty());
        assert_eq!(find(policy("Other", "false")).len(), 1);
        assert_eq!(find(policy("B", "true")).len(), 1);
        assert_eq!(find(json!({})).len(), 1);
    }

    #[test]
    fn old_versions_are_kept_and_cut_off_uploads_are_not() {
        let enabled = json!({"VersioningConfiguration": {"Status": "Enabled"}});
        assert!(on_resource("S3-VERSIONING", BUCKET, enabled).is_empty());
        assert_eq!(on_resource("S3-VERSIONING", BUCKET, json!({})).len(), 1);
        let rule = json!({"LifecycleConfiguration": {"Rules": [
            {"AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}}]}});
        assert!(on_resource("S3-LIFECYCLE", BUCKET, rule).is_empty());
        assert_eq!(on_resource("S3-LIFECYCLE", BUCKET, json!({})).len(), 1);
    }
}
