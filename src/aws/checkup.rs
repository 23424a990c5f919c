//! Looks before anything is done, by STS' credentials, IAM's policy simulator, S3 and plain HTTP.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_iam::types::{ContextEntry, ContextKeyTypeEnum, EvaluationResult};
use aws_smithy_runtime_api::client::http::{HttpConnector, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::DateTime;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::date_time::Format;
use jiff::Timestamp;

use super::fault::{fault, incomplete};
use super::signer::Signer;
use crate::cloud::checkup::{BucketOwner, Checkup, CredentialSource, Question, Refused};
use crate::cloud::{CloudFault, FaultKind, chain};

/// Pages of a simulation that are read at most; one page holds a hundred decisions.
const PAGES: usize = 50;

/// Looks.
pub(super) struct Looks {
    signer: Signer,
    connector: SharedHttpConnector,
    iam: aws_sdk_iam::Client,
    s3: aws_sdk_s3::Client,
}

#[async_trait]
impl Checkup for Looks {
    async fn credentials(&self) -> Result<CredentialSource, CloudFault> {
        self.signer.source().await.map_err(|message| CloudFault {
            kind: FaultKind::Unauthenticated,
            operation: "finding credentials",
            code: String::new(),
            message,
        })
    }

    async fn knock(&self, url: &str, patience: Duration) -> Result<Option<Timestamp>, CloudFault> {
        let mut request = HttpRequest::new(SdkBody::empty());
        let asked = async {
            request.set_uri(url).map_err(|error| error.to_string())?;
            let answer = self.connector.call(request).await;
            answer.map_err(|error| chain(&error))
        };
        let asked = tokio::time::timeout(patience, asked).await;
        let answer =
            asked.unwrap_or_else(|_| Err(format!("timed out after {} s", patience.as_secs())));
        let answer = answer.map_err(|message| CloudFault {
            kind: FaultKind::Unavailable,
            operation: "GET",
            code: String::new(),
            message,
        })?;
        Ok(answer.headers().get("date").and_then(http_date))
    }

    async fn refused(
        &self,
        principal: &str,
        questions: &[Question],
    ) -> Result<Vec<Refused>, CloudFault> {
        let source = self.source_of(principal).await;
        let mut refused = Vec::new();
        for question in questions {
            refused.extend(self.simulate(&source, question).await?);
        }
        refused.sort();
        refused.dedup();
        Ok(refused)
    }

    async fn bucket(&self, name: &str, account: &str) -> Result<BucketOwner, CloudFault> {
        let head = self.s3.head_bucket().bucket(name);
        let head = head.expected_bucket_owner(account).send().await;
        let Err(error) = head else {
            return self.tags(name).await.map(BucketOwner::Account);
        };
        let status = error.raw_response().map(|answer| answer.status().as_u16());
        match status {
            Some(404) => Ok(BucketOwner::Free),
            Some(403) => Ok(BucketOwner::Forbidden),
            Some(301 | 307 | 400) => Ok(BucketOwner::Elsewhere),
            _ => Err(fault("HeadBucket", &error)),
        }
    }
}

impl Looks {
    pub(super) fn new(
        signer: &Signer,
        connector: &SharedHttpConnector,
        iam: &aws_sdk_iam::Client,
        s3: &aws_sdk_s3::Client,
    ) -> Self {
        Self {
            signer: signer.clone(),
            connector: connector.clone(),
            iam: iam.clone(),
            s3: s3.clone(),
        }
    }

    /// What the simulator takes for a caller: a role in place of its session. The session does not tell the
    /// role's path, so IAM is asked; whoever may not ask gets what the name alone tells.
    async fn source_of(&self, principal: &str) -> String {
        let Some((plain, name)) = role_of(principal) else {
            return principal.to_owned();
        };
        let role = self.iam.get_role().role_name(name).send().await;
        let known = role.ok().and_then(|answer| answer.role);
        known.map_or(plain, |role| role.arn)
    }

    async fn simulate(
        &self,
        source: &str,
        question: &Question,
    ) -> Result<Vec<Refused>, CloudFault> {
        let context: Vec<ContextEntry> = question
            .context
            .iter()
            .map(|(name, values)| {
                ContextEntry::builder()
                    .context_key_name(name)
                    .context_key_type(ContextKeyTypeEnum::StringList)
                    .set_context_key_values(Some(values.clone()))
                    .build()
            })
            .collect();
        let mut refused = Vec::new();
        let mut marker = None;
        for _ in 0..PAGES {
            let answer = self
                .iam
                .simulate_principal_policy()
                .policy_source_arn(source)
                .set_action_names(Some(question.actions.clone()))
                .set_resource_arns(Some(question.resources.clone()))
                .set_context_entries(Some(context.clone()))
                .set_marker(marker)
                .send()
                .await
                .map_err(|error| fault("SimulatePrincipalPolicy", &error))?;
            let results = answer.evaluation_results.unwrap_or_default();
            refused.extend(results.into_iter().filter_map(decision));
            marker = answer.marker;
            if marker.is_none() {
                return Ok(refused);
            }
        }
        Err(incomplete("SimulatePrincipalPolicy", "an end"))
    }

    /// A bucket's tags; `None` where they may not be read.
    async fn tags(&self, bucket: &str) -> Result<Option<BTreeMap<String, String>>, CloudFault> {
        let answer = self.s3.get_bucket_tagging().bucket(bucket).send().await;
        match answer.map_err(|error| fault("GetBucketTagging", &error)) {
            Ok(answer) => {
                let tags = answer.tag_set.into_iter();
                Ok(Some(tags.map(|tag| (tag.key, tag.value)).collect()))
            }
            Err(fault) if fault.code == "NoSuchTagSet" => Ok(Some(BTreeMap::new())),
            Err(fault) if fault.kind == FaultKind::Denied => Ok(None),
            Err(fault) => Err(fault),
        }
    }
}

/// What is refused, of a decision.
fn decision(result: EvaluationResult) -> Option<Refused> {
    let word = result.eval_decision.as_str();
    (word != "allowed").then(|| Refused {
        explicit: word == "explicitDeny",
        action: result.eval_action_name,
        resource: result.eval_resource_name.unwrap_or_else(|| "*".to_owned()),
    })
}

/// The ARN and name of the role behind a session's ARN, `arn:aws:sts::ACCOUNT:assumed-role/NAME/SESSION`.
fn role_of(principal: &str) -> Option<(String, &str)> {
    let (head, tail) = principal.split_once(":assumed-role/")?;
    let name = tail.split('/').next()?;
    let (partition, account) = head.strip_prefix("arn:")?.split_once(":sts::")?;
    Some((format!("arn:{partition}:iam::{account}:role/{name}"), name))
}

/// A time as HTTP writes it (RFC 9110, section 5.6.7).
fn http_date(text: &str) -> Option<Timestamp> {
    let time = DateTime::from_str(text, Format::HttpDate).ok()?;
    Timestamp::from_second(time.secs()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_known_by_its_role() {
        let arn = "arn:aws:sts::111122223333:assumed-role/deployer/ci-7";
        let (role, name) = role_of(arn).unwrap();
        assert_eq!(role, "arn:aws:iam::111122223333:role/deployer");
        assert_eq!(name, "deployer");
        assert_eq!(role_of("arn:aws:iam::111122223333:user/ada"), None);
    }

    #[test]
    fn the_time_of_the_other_side_is_read() {
        let time = http_date("Thu, 26 Nov 2026 08:49:37 GMT").unwrap();
        assert_eq!(time.to_string(), "2026-11-26T08:49:37Z");
        assert_eq!(http_date("yesterday"), None);
    }
}
