//! The managed policies that the engine holds: nobody can make one there.

use serde_json::{Value, json};

use crate::local::policy::NotUnderstood;

/// Returns the document of a managed policy, as the AWS Managed Policy Reference has it (November 2026).
///
/// # Errors
/// The engine does not hold it.
pub(super) fn document(arn: &str) -> Result<Value, NotUnderstood> {
    match arn.split_once(":iam::aws:policy/").map(|(_, name)| name) {
        Some("AdministratorAccess") => Ok(json!({ "Statement": [
            { "Effect": "Allow", "Action": "*", "Resource": "*" },
        ] })),
        Some("PowerUserAccess") => Ok(json!({ "Statement": [
            { "Effect": "Allow", "NotAction": ["iam:*", "organizations:*", "account:*"], "Resource": "*" },
            { "Effect": "Allow", "Resource": "*", "Action": [
                "account:GetAccountInformation",
                "account:GetGovCloudAccountInformation",
                "account:GetPrimaryEmail",
                "account:ListRegions",
                "iam:CreateServiceLinkedRole",
                "iam:DeleteServiceLinkedRole",
                "iam:ListRoles",
                "organizations:DescribeEffectivePolicy",
                "organizations:DescribeOrganization",
            ] },
        ] })),
        _ => Err(NotUnderstood::new(format!("the managed policy {arn}"))),
    }
}
