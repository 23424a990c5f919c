//! What roles and resources allow: named actions, on named resources.

use crate::code::Example;
use crate::policy::facts;
use crate::policy::finding::{Policy, Severity, Sighting};
use crate::policy::statement::{Attachment, Statement, statements};
use crate::policy::subject::{Subject, is_given, text};

pub(super) const POLICIES: &[Policy] = &[
    Policy {
        id: "IAM-ACTION-WILDCARD",
        severity: Severity::Error,
        title: "No statement allows every action, or every action of a service",
        reason: "whoever gets hold of the role can do far more than its work needs, delete included",
        remedy: "name the actions that are used",
        example: Example {
            before: "\
Role:
  Type: AWS::IAM::Role
  Properties:
    Policies:
      - PolicyName: data
        PolicyDocument:
          Statement:
            - Effect: Allow
              Action: s3:*
              Resource: { Fn::Sub: '${Bucket.Arn}/*' }",
            after: "\
Role:
  Type: AWS::IAM::Role
  Properties:
    Policies:
      - PolicyName: data
        PolicyDocument:
          Statement:
            - Effect: Allow
              Action: [s3:GetObject, s3:PutObject]
              Resource: { Fn::Sub: '${Bucket.Arn}/*' }",
        },
        check: action_wildcard,
    },
    Policy {
        id: "IAM-ACTION-PATTERN",
        severity: Severity::Note,
        title: "Statements name actions in full",
        reason: "a pattern also allows the actions that AWS adds to it later",
        remedy: "name the actions that are used",
        example: Example {
            before: "\
Role:
  Type: AWS::IAM::Role
  Properties:
    Policies:
      - PolicyName: data
        PolicyDocument:
          Statement:
            - Effect: Allow
              Action: s3:Get*
              Resource: { Fn::Sub: '${Bucket.Arn}/*' }",
            after: "\
Role:
  Type: AWS::IAM::Role
  Properties:
    Policies:
      - PolicyName: data
        PolicyDocument:
          Statement:
            - Effect: Allow
              Action: s3:GetObject
              Resource: { Fn::Sub: '${Bucket.Arn}/*' }",
        },
        check: action_pattern,
    },
    Policy {
        id: "IAM-RESOURCE-WILDCARD",
        severity: Severity::Error,
        title: "Statements name their resources where the action knows any",
        reason: "the role reaches everything of that kind in the account, of other stacks too",
        remedy: "name the ARNs; only an action that knows no resource needs `*`",
        example: Example {
            before: "\
Role:
  Type: AWS::IAM::Role
  Properties:
    Policies:
      - PolicyName: data
        PolicyDocument:
          Statement: [{ Effect: Allow, Action: s3:GetObject, Resource: '*' }]",
            after: "\
Role:
  Type: AWS::IAM::Role
  Properties:
    Policies:
      - PolicyName: data
        PolicyDocument:
          Statement:
            - Effect: Allow
              Action: s3:GetObject
              Resource: { Fn::Sub: '${Bucket.Arn}/data/*' }",
        },
        check: resource_wildcard,
    },
    Policy {
        id: "IAM-EXCEPT",
        severity: Severity::Error,
        title: "No statement allows everything except something",
        reason: "`NotAction` and `NotResource` with `Allow` allow all that is not thought of",
        remedy: "say what is allowed, with `Action` and `Resource`",
        example: Example {
            before: "\
Role:
  Type: AWS::IAM::Role
  Properties:
    Policies:
      - PolicyName: work
        PolicyDocument:
          Statement: [{ Effect: Allow, NotAction: iam:*, Resource: { Fn::GetAtt: [Bucket, Arn] } }]",
            after: "\
Role:
  Type: AWS::IAM::Role
  Properties:
    Policies:
      - PolicyName: work
        PolicyDocument:
          Statement: [{ Effect: Allow, Action: s3:ListBucket, Resource: { Fn::GetAtt: [Bucket, Arn] } }]",
        },
        check: all_except,
    },
    Policy {
        id: "IAM-PASS-ROLE",
        severity: Severity::Error,
        title: "Passing roles is limited to named roles and services",
        reason: "who may pass any role to any service can act as the most powerful role there is",
        remedy: "name the role's ARN, and set `iam:PassedToService` in the condition",
        example: Example {
            before: "\
Role:
  Type: AWS::IAM::Role
  Properties:
    Policies:
      - PolicyName: pass
        PolicyDocument:
          Statement:
            - Effect: Allow
              Action: iam:PassRole
              Resource: { Fn::GetAtt: [TrainingRole, Arn] }",
            after: "\
Role:
  Type: AWS::IAM::Role
  Properties:
    Policies:
      - PolicyName: pass
        PolicyDocument:
          Statement:
            - Effect: Allow
              Action: iam:PassRole
              Resource: { Fn::GetAtt: [TrainingRole, Arn] }
              Condition: { StringEquals: { iam:PassedToService: sagemaker.amazonaws.com } }",
        },
        check: pass_role,
    },
    Policy {
        id: "IAM-MANAGED-BROAD",
        severity: Severity::Error,
        title: "No role has a managed policy that allows a whole service or account",
        reason: "such a policy allows far more than the role's work needs, delete included",
        remedy: "write a policy with the actions that are used, on the resources that are used",
        example: Example {
            before: "\
Role:
  Type: AWS::IAM::Role
  Properties:
    ManagedPolicyArns: [arn:aws:iam::aws:policy/AmazonSageMakerFullAccess]",
            after: "\
Role:
  Type: AWS::IAM::Role
  Properties:
    ManagedPolicyArns: [arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole]",
        },
        check: broad_managed_policy,
    },
];

/// The statements that allow something to a role or to a resource's users.
fn allowing<'a>(subject: &Subject<'a>) -> impl Iterator<Item = Statement<'a>> {
    statements(subject)
        .into_iter()
        .filter(|statement| statement.attachment != Attachment::Trust && statement.allows())
}

fn is_whole_service(action: &str) -> bool {
    action == "*" || action.split_once(':').is_some_and(|(_, name)| name == "*")
}

fn action_wildcard(subject: &Subject<'_>) -> Vec<Sighting> {
    allowing(subject)
        .filter_map(|statement| {
            let action = statement
                .actions()
                .find(|action| is_whole_service(action))?;
            Some(statement.sighting("Action", format!("`{action}` is allowed")))
        })
        .collect()
}

fn action_pattern(subject: &Subject<'_>) -> Vec<Sighting> {
    allowing(subject)
        .filter_map(|statement| {
            let pattern = statement
                .actions()
                .find(|action| action.contains(['*', '?']) && !is_whole_service(action))?;
            Some(statement.sighting("Action", format!("the pattern `{pattern}` is allowed")))
        })
        .collect()
}

fn resource_wildcard(subject: &Subject<'_>) -> Vec<Sighting> {
    allowing(subject)
        // In a resource's own policy `*` is that resource.
        .filter(|statement| statement.attachment == Attachment::Identity)
        .filter(|statement| statement.is_for_all_resources() && !is_narrowed(statement))
        .filter_map(|statement| {
            let action = statement
                .actions()
                .find(|action| *action == "*" || facts::knows_resource(action) == Some(true))?;
            let message = format!("`{action}` is allowed on every resource");
            Some(statement.sighting("Resource", message))
        })
        .collect()
}

/// Whether a condition limits the statement to some resources, or to a part of a service.
fn is_narrowed(statement: &Statement<'_>) -> bool {
    statement.condition_keys().iter().any(|key| {
        !key.starts_with("aws:")
            || key.starts_with("aws:resourcetag/")
            || key == "aws:resourceaccount"
            || key == "aws:resourceorgid"
    })
}

fn all_except(subject: &Subject<'_>) -> Vec<Sighting> {
    allowing(subject)
        .filter_map(|statement| {
            let key = ["NotAction", "NotResource"]
                .into_iter()
                .find(|key| statement.get(key).is_some())?;
            Some(statement.sighting(key, format!("everything is allowed except a `{key}`")))
        })
        .collect()
}

fn pass_role(subject: &Subject<'_>) -> Vec<Sighting> {
    allowing(subject)
        .filter(|statement| {
            statement
                .actions()
                .any(|action| action.eq_ignore_ascii_case("iam:PassRole"))
        })
        .filter_map(|statement| {
            let (key, message) = if statement.is_for_all_resources() {
                ("Resource", "any role can be passed")
            } else if !statement.condition_keys().contains("iam:passedtoservice") {
                ("Action", "roles can be passed to any service")
            } else {
                return None;
            };
            Some(statement.sighting(key, message))
        })
        .collect()
}

fn broad_managed_policy(subject: &Subject<'_>) -> Vec<Sighting> {
    let mut found = Vec::new();
    for role in subject
        .resources()
        .filter(|r| is_given(r.property("/ManagedPolicyArns")))
    {
        for (pointer, arn) in role.items("/ManagedPolicyArns") {
            let name = text(arn).and_then(|arn: &str| arn.rsplit('/').next());
            if let Some(name) = name.filter(|name| is_broad(name)) {
                found.push(
                    role.sighting(&pointer, format!("the managed policy `{name}` is attached")),
                );
            }
        }
    }
    found
}

fn is_broad(name: &str) -> bool {
    matches!(
        name,
        "AdministratorAccess" | "PowerUserAccess" | "IAMFullAccess"
    ) || name.ends_with("FullAccess")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::testing::{on_resource, on_statement};

    fn allow(action: impl Into<Value>, resource: impl Into<Value>) -> Value {
        json!({"Effect": "Allow", "Action": action.into(), "Resource": resource.into()})
    }

    #[test]
    fn whole_services_and_patterns_are_told_apart() {
        let find = |id, action: &str| on_statement(id, allow(action, "arn:aws:s3:::b")).len();
        for (action, wildcard, pattern) in [
            ("*", 1, 0),
            ("s3:*", 1, 0),
            ("s3:Get*", 0, 1),
            ("s3:GetObject", 0, 0),
        ] {
            assert_eq!(find("IAM-ACTION-WILDCARD", action), wildcard, "{action}");
            assert_eq!(find("IAM-ACTION-PATTERN", action), pattern, "{action}");
        }
        let deny = json!({"Effect": "Deny", "Action": "*", "Resource": "*"});
        assert!(on_statement("IAM-ACTION-WILDCARD", deny).is_empty());
    }

    #[test]
    fn a_star_is_for_actions_without_resource_only() {
        let find = |action: &str| on_statement("IAM-RESOURCE-WILDCARD", allow(action, "*"));
        assert!(find("ecr:GetAuthorizationToken").is_empty());
        assert!(find("ec2:DescribeSubnets").is_empty());
        assert_eq!(find("s3:GetObject").len(), 1);
        assert_eq!(find("*").len(), 1);
        let named = allow("s3:GetObject", "arn:aws:s3:::b/*");
        assert!(on_statement("IAM-RESOURCE-WILDCARD", named).is_empty());
        let mut narrowed = allow("cloudwatch:PutMetricData", "*");
        assert_eq!(
            on_statement("IAM-RESOURCE-WILDCARD", narrowed.clone()).len(),
            1
        );
        narrowed["Condition"] = json!({"StringEquals": {"cloudwatch:namespace": "n"}});
        assert!(on_statement("IAM-RESOURCE-WILDCARD", narrowed).is_empty());
    }

    #[test]
    fn everything_except_something_is_found() {
        let except = json!({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"});
        assert_eq!(on_statement("IAM-EXCEPT", except).len(), 1);
        assert!(on_statement("IAM-EXCEPT", allow("s3:GetObject", "*")).is_empty());
    }

    #[test]
    fn a_role_is_passed_to_a_named_service() {
        assert_eq!(
            on_statement("IAM-PASS-ROLE", allow("iam:PassRole", "*")).len(),
            1
        );
        let mut named = allow("iam:PassRole", "arn:aws:iam::1:role/r");
        assert_eq!(on_statement("IAM-PASS-ROLE", named.clone()).len(), 1);
        named["Condition"] = json!({"StringEquals": {"iam:PassedToService": "s"}});
        assert!(on_statement("IAM-PASS-ROLE", named).is_empty());
    }

    #[test]
    fn broad_managed_policies_are_found() {
        let find = |arn: &str| {
            let role = json!({"ManagedPolicyArns": [{"Fn::Sub": arn}]});
            on_resource("IAM-MANAGED-BROAD", "AWS::IAM::Role", role)
        };
        assert_eq!(
            find("arn:${AWS::Partition}:iam::aws:policy/AmazonSageMakerFullAccess").len(),
            1
        );
        assert!(find("arn:aws:iam::aws:policy/AmazonSSMReadOnlyAccess").is_empty());
    }
}
