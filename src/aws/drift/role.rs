//! A role and its policies. Documents are told as IAM sends them, percent-encoded.

use serde_json::{Map, Value, json};

use super::{Services, object};
use crate::aws::fault::{fault, incomplete};
use crate::cloud::CloudFault;

/// Pages of policies that are read at most.
const PAGES: usize = 20;

impl Services {
    pub(super) async fn role(&self, name: &str) -> Result<Map<String, Value>, CloudFault> {
        let answer = self.iam.get_role().role_name(name).send().await;
        let role = answer
            .map_err(|error| fault("GetRole", &error))?
            .role
            .ok_or_else(|| incomplete("GetRole", "the role"))?;
        let mut policies = Vec::new();
        for policy in self.inline_policies(name).await? {
            let answer = self
                .iam
                .get_role_policy()
                .role_name(name)
                .policy_name(&policy)
                .send()
                .await
                .map_err(|error| fault("GetRolePolicy", &error))?;
            policies.push(json!({
                "PolicyName": policy,
                "PolicyDocument": answer.policy_document,
            }));
        }
        Ok(object([
            (
                "AssumeRolePolicyDocument",
                json!(role.assume_role_policy_document),
            ),
            ("Description", json!(role.description)),
            ("ManagedPolicyArns", self.managed_policies(name).await?),
            ("MaxSessionDuration", json!(role.max_session_duration)),
            ("Policies", Value::Array(policies)),
        ]))
    }

    async fn inline_policies(&self, role: &str) -> Result<Vec<String>, CloudFault> {
        let mut names = Vec::new();
        let mut marker = None;
        for _ in 0..PAGES {
            let answer = self
                .iam
                .list_role_policies()
                .role_name(role)
                .set_marker(marker)
                .send()
                .await
                .map_err(|error| fault("ListRolePolicies", &error))?;
            names.extend(answer.policy_names);
            marker = answer.marker;
            if marker.is_none() {
                return Ok(names);
            }
        }
        Err(incomplete("ListRolePolicies", "an end"))
    }

    async fn managed_policies(&self, role: &str) -> Result<Value, CloudFault> {
        let mut arns = Vec::new();
        let mut marker = None;
        for _ in 0..PAGES {
            let answer = self
                .iam
                .list_attached_role_policies()
                .role_name(role)
                .set_marker(marker)
                .send()
                .await
                .map_err(|error| fault("ListAttachedRolePolicies", &error))?;
            let attached = answer.attached_policies.unwrap_or_default();
            arns.extend(attached.into_iter().filter_map(|policy| policy.policy_arn));
            marker = answer.marker;
            if marker.is_none() {
                return Ok(json!(arns));
            }
        }
        Err(incomplete("ListAttachedRolePolicies", "an end"))
    }
}
