//! Credentials, and whose they are.

use jiff::{SignedDuration, Timestamp};

use super::Finding;
use crate::cloud::checkup::CredentialSource;
use crate::cloud::diagnosis::{Symptom, diagnose};
use crate::cloud::{Cloud, CloudFault};
use crate::stack::Stack;

/// How long credentials should last at least: a deployment takes a part of an hour, and training longer.
const LASTING: SignedDuration = SignedDuration::from_mins(30);

/// Whether there are credentials, and which.
pub async fn credentials(cloud: &Cloud, now: Timestamp) -> Finding {
    match cloud.checkup.credentials().await {
        Ok(source) => judged(&source, now),
        Err(fault) => failed(
            &fault,
            "log in (`aws sso login`), or name a profile in `target.profile`",
        ),
    }
}

fn judged(source: &CredentialSource, now: Timestamp) -> Finding {
    let place = match source.provider.as_str() {
        "EnvironmentVariable" => "the environment variables AWS_ACCESS_KEY_ID and so on",
        "ProfileFile" => "a profile of the AWS configuration files",
        "SSO" => "a login by IAM Identity Center",
        "Login" => "a login by `aws login`",
        "CredentialProcess" => "the credential_process of a profile",
        "AssumeRoleProvider" => "the role that is assumed",
        "WebIdentityToken" => "a web identity token, as CI systems give",
        "IMDSv2" | "Ec2InstanceMetadata" => "the role of this EC2 instance",
        "EcsContainer" => "the role of this container",
        other => other,
    };
    let Some(end) = source.expires else {
        return Finding::ok(format!("from {place}; they do not end"));
    };
    let left = end.duration_since(now);
    let found = format!("from {place}, until {}", end.strftime("%Y-%m-%d %H:%M UTC"));
    if left.is_negative() {
        Finding::failed(
            format!("{found}: over"),
            "log in again (`aws sso login`, or new keys)",
        )
    } else if left < LASTING {
        let fix = "log in anew before a long run; one that is broken off goes on afterwards";
        Finding::warning(found, fix)
    } else {
        Finding::ok(found)
    }
}

/// Whether the credentials are of the account that the stack file names.
pub async fn identity(cloud: &Cloud, stack: &Stack) -> Finding {
    let caller = match cloud.identity.caller().await {
        Ok(caller) => caller,
        Err(fault) => return failed(&fault, "log in (`aws sso login`), or use other credentials"),
    };
    let (account, region) = (&stack.account, &stack.region);
    if caller.account == account.as_str() {
        return Finding::ok(format!("{} in {region}", caller.arn));
    }
    Finding::failed(
        format!(
            "the credentials are of account {} ({}), the stack file says {account}",
            caller.account, caller.arn
        ),
        "use credentials of that account, or correct `target.account`",
    )
}

/// A finding of a fault: of a known cause with what that asks for.
pub(super) fn failed(fault: &CloudFault, fix: &str) -> Finding {
    let known = diagnose(&Symptom::of(fault));
    let fix = known.map_or_else(|| fix.to_owned(), |known| known.remedy);
    Finding::failed(fault.to_string(), fix)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::State;

    #[test]
    fn credentials_are_judged_by_how_long_they_last() {
        let now: Timestamp = "2026-11-26T12:00:00Z".parse().unwrap();
        let lasting = |minutes: Option<i64>| {
            let source = CredentialSource {
                provider: "SSO".into(),
                expires: minutes.map(|minutes| now + SignedDuration::from_mins(minutes)),
            };
            judged(&source, now)
        };
        assert_eq!(lasting(None).state, State::Ok);
        assert_eq!(lasting(Some(60)).state, State::Ok);
        assert_eq!(lasting(Some(29)).state, State::Warning);
        let over = lasting(Some(-1));
        assert_eq!(over.state, State::Failed);
        assert!(over.found.contains("IAM Identity Center"), "{over:?}");
    }
}
