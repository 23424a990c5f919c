//! Who is trusted: not everybody, and a service only on behalf of this account.

use crate::code::Example;
use crate::policy::facts;
use crate::policy::finding::{Policy, Severity, Sighting};
use crate::policy::statement::{Attachment, Statement, statements};
use crate::policy::subject::{Subject, is_given};

pub(super) const POLICIES: &[Policy] = &[
    Policy {
        id: "IAM-PRINCIPAL-WILDCARD",
        severity: Severity::Error,
        title: "No statement allows everybody something",
        reason: "a principal of `*` is every account on AWS, and for some services everybody at all",
        remedy: "name the principal, or narrow it by `aws:SourceArn` or `aws:PrincipalOrgID`",
        example: Example {
            before: "\
Role:
  Type: AWS::IAM::Role
  Properties:
    AssumeRolePolicyDocument:
      Statement: [{ Effect: Allow, Principal: { AWS: '*' }, Action: sts:AssumeRole }]",
            after: "\
Role:
  Type: AWS::IAM::Role
  Properties:
    AssumeRolePolicyDocument:
      Statement: [{ Effect: Allow, Principal: { AWS: '111122223333' }, Action: sts:AssumeRole }]",
        },
        check: principal_wildcard,
    },
    Policy {
        id: "IAM-CONFUSED-DEPUTY",
        severity: Severity::Error,
        title: "A service takes on a role for this account's own resources only",
        reason: "otherwise a stranger may have the service use the role on his behalf",
        remedy: "add a condition on `aws:SourceArn` or `aws:SourceAccount` to the trust policy",
        example: Example {
            before: "\
Role:
  Type: AWS::IAM::Role
  Properties:
    AssumeRolePolicyDocument:
      Statement:
        - Effect: Allow
          Principal: { Service: sagemaker.amazonaws.com }
          Action: sts:AssumeRole",
            after: "\
Role:
  Type: AWS::IAM::Role
  Properties:
    AssumeRolePolicyDocument:
      Statement:
        - Effect: Allow
          Principal: { Service: sagemaker.amazonaws.com }
          Action: sts:AssumeRole
          Condition: { StringEquals: { aws:SourceAccount: { Ref: AWS::AccountId } } }",
        },
        check: confused_deputy,
    },
    Policy {
        id: "LAMBDA-PERMISSION",
        severity: Severity::Error,
        title: "A function can be called by named callers only",
        reason: "a service without a source may call the function on behalf of any account",
        remedy: "set `SourceArn` (or `SourceAccount`), and name the principal",
        example: Example {
            before: "\
Permission:
  Type: AWS::Lambda::Permission
  Properties:
    Principal: apigateway.amazonaws.com
    Action: lambda:InvokeFunction",
            after: "\
Permission:
  Type: AWS::Lambda::Permission
  Properties:
    Principal: apigateway.amazonaws.com
    Action: lambda:InvokeFunction
    SourceArn: { Fn::Sub: 'arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/*' }",
        },
        check: lambda_permission,
    },
];

/// Conditions that make "everybody" a few.
const NARROW: &[&str] = &[
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceorgid",
    "aws:sourceowner",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "kms:calleraccount",
    "kms:viaservice",
];

/// Whether a condition says whom or what a statement is for.
pub(super) fn names_a_narrow_source(statement: &Statement<'_>) -> bool {
    let keys = statement.condition_keys();
    NARROW.iter().any(|narrow| keys.contains(*narrow))
}

fn principal_wildcard(subject: &Subject<'_>) -> Vec<Sighting> {
    statements(subject)
        .into_iter()
        // A bucket's is a case of its own: `S3-PUBLIC-POLICY`.
        .filter(|statement| statement.resource.kind != "AWS::S3::BucketPolicy")
        .filter(|statement| statement.allows() && statement.is_for_everybody())
        .filter(|statement| !names_a_narrow_source(statement))
        .map(|statement| statement.sighting("Principal", "everybody is allowed"))
        .collect()
}

fn confused_deputy(subject: &Subject<'_>) -> Vec<Sighting> {
    statements(subject)
        .into_iter()
        .filter(|statement| statement.attachment == Attachment::Trust && statement.allows())
        .filter(|statement| {
            let keys = statement.condition_keys();
            !["aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid"]
                .iter()
                .any(|key| keys.contains(*key))
        })
        .filter_map(|statement| {
            let service = statement
                .principals("Service")
                .into_iter()
                .find(|service| facts::NAMES_ITS_SOURCE.contains(service))?;
            let message = format!("`{service}` may take on the role for anybody's resources");
            Some(statement.sighting("Principal", message))
        })
        .collect()
}

fn lambda_permission(subject: &Subject<'_>) -> Vec<Sighting> {
    subject
        .of_type("AWS::Lambda::Permission")
        .filter_map(|permission| {
            let given = |key: &str| is_given(permission.property(key));
            if given("/SourceArn") || given("/SourceAccount") || given("/PrincipalOrgID") {
                return None;
            }
            let principal = permission.property("/Principal")?.as_str()?;
            let message = match principal {
                "*" => "everybody may call the function".to_owned(),
                service if service.ends_with(".amazonaws.com") => {
                    format!("`{service}` may call the function for any account")
                }
                _ => return None,
            };
            Some(permission.sighting("/Principal", message))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::testing::{on_resource, on_statement};
    use super::*;

    fn trust(statement: &Value) -> Vec<Sighting> {
        let document = json!({"AssumeRolePolicyDocument": {"Statement": statement}});
        on_resource("IAM-CONFUSED-DEPUTY", "AWS::IAM::Role", document)
    }

    #[test]
    fn everybody_needs_a_condition() {
        let mut open = json!({"Effect": "Allow", "Principal": "*", "Action": "sns:Publish"});
        assert_eq!(
            on_statement("IAM-PRINCIPAL-WILDCARD", open.clone()).len(),
            1
        );
        open["Condition"] = json!({"ArnLike": {"AWS:SourceArn": "arn"}});
        assert!(on_statement("IAM-PRINCIPAL-WILDCARD", open).is_empty());
        let named =
            json!({"Effect": "Allow", "Principal": {"AWS": "arn"}, "Action": "sns:Publish"});
        assert!(on_statement("IAM-PRINCIPAL-WILDCARD", named).is_empty());
    }

    #[test]
    fn a_service_that_names_its_source_must_be_asked_for_it() {
        let mut sagemaker = json!({"Effect": "Allow", "Action": "sts:AssumeRole",
            "Principal": {"Service": ["sagemaker.amazonaws.com"]}});
        assert_eq!(trust(&sagemaker).len(), 1);
        sagemaker["Condition"] = json!({"StringEquals": {"aws:SourceAccount": "1"}});
        assert!(trust(&json!([sagemaker])).is_empty());
        let lambda = json!({"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}});
        assert!(trust(&lambda).is_empty());
    }

    #[test]
    fn a_function_is_called_by_named_callers() {
        let find =
            |permission| on_resource("LAMBDA-PERMISSION", "AWS::Lambda::Permission", permission);
        let service = "apigateway.amazonaws.com";
        assert_eq!(find(json!({"Principal": service})).len(), 1);
        assert_eq!(find(json!({"Principal": "*"})).len(), 1);
        assert!(find(json!({"Principal": service, "SourceArn": "arn"})).is_empty());
        assert!(find(json!({"Principal": "111122223333"})).is_empty());
    }
}
