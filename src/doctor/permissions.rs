//! What the caller may do, by IAM's policy simulator.
//!
//! It reckons with the policies of the caller, its permissions boundary and those of the organization; not with
//! policies of resources, nor with what a session was limited to ("Testing IAM policies with the IAM policy
//! simulator" in the IAM user guide).

use super::Finding;
use crate::cloud::checkup::{Question, Refused};
use crate::cloud::{Cloud, CloudFault, FaultKind};

/// Actions that are named one by one.
const NAMED: usize = 12;

/// Whether the caller may do all of this.
pub async fn permissions(cloud: &Cloud, questions: &[Question]) -> Finding {
    let caller = match cloud.identity.caller().await {
        Ok(caller) => caller,
        Err(fault) => return Finding::skipped(format!("not known: {fault}")),
    };
    if caller.arn.ends_with(":root") {
        return Finding::warning(
            "the account's root user may do everything",
            "use a role with the policy that `deploy permissions` prints",
        );
    }
    judged(
        cloud.checkup.refused(&caller.arn, questions).await,
        questions,
    )
}

fn judged(refused: Result<Vec<Refused>, CloudFault>, questions: &[Question]) -> Finding {
    let refused = match refused {
        Ok(refused) => refused,
        Err(fault) if fault.kind == FaultKind::Denied => {
            return Finding::skipped(
                "not known: the credentials may not ask IAM (iam:SimulatePrincipalPolicy)",
            );
        }
        Err(fault) => return Finding::skipped(format!("cannot be asked here: {fault}")),
    };
    let asked: usize = questions
        .iter()
        .map(|question| question.actions.len())
        .sum();
    let mut actions: Vec<&str> = refused.iter().map(|one| one.action.as_str()).collect();
    actions.dedup();
    let Some(first) = refused.first() else {
        return Finding::ok(format!("all {asked} actions that `deploy up` needs"));
    };
    let explicit = refused.iter().find(|one| one.explicit);
    let more = actions.len().saturating_sub(NAMED);
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    let named = actions
        .iter()
        .take(NAMED)
        .copied()
        .collect::<Vec<_>>()
        .join(", ");
    let example = explicit.unwrap_or(first);
    let fix = match explicit {
        Some(_) => {
            "a statement denies it, or an organization does: ask whoever manages the account"
        }
        None => "attach the policy that `deploy permissions` prints",
    };
    Finding::failed(
        format!(
            "missing: {named}{more} (for one, {} on {})",
            example.action, example.resource
        ),
        fix,
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::doctor::State;

    fn question() -> Question {
        Question {
            actions: vec!["s3:GetObject".into(), "s3:PutObject".into()],
            resources: vec!["arn:aws:s3:::b/*".into()],
            context: BTreeMap::new(),
        }
    }

    fn refused(explicit: bool) -> Refused {
        Refused {
            action: "s3:PutObject".into(),
            resource: "arn:aws:s3:::b/*".into(),
            explicit,
        }
    }

    #[test]
    fn missing_actions_are_named_with_what_mends_them() {
        let questions = [question()];
        let all = judged(Ok(Vec::new()), &questions);
        assert_eq!(all, Finding::ok("all 2 actions that `deploy up` needs"));
        let missing = judged(Ok(vec![refused(false)]), &questions);
        assert_eq!(missing.state, State::Failed);
        assert!(
            missing.found.contains("s3:PutObject on arn:aws:s3:::b/*"),
            "{missing:?}"
        );
        assert!(missing.fix.unwrap().contains("deploy permissions"));
        let denied = judged(Ok(vec![refused(false), refused(true)]), &questions);
        assert!(denied.fix.unwrap().contains("denies"));
    }

    #[test]
    fn what_may_not_be_asked_is_not_known() {
        let fault = |kind, message: &str| CloudFault {
            kind,
            operation: "SimulatePrincipalPolicy",
            code: String::new(),
            message: message.into(),
        };
        let told = |fault| judged(Err(fault), &[question()]);
        assert_eq!(told(fault(FaultKind::Denied, "no")).state, State::Skipped);
        let here = told(fault(FaultKind::Unavailable, "not emulated"));
        assert!(here.found.starts_with("cannot be asked here"), "{here:?}");
    }
}
