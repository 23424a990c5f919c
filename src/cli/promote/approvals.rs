//! Who approved a promotion: signatures that are checked, and the word of the CI system.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use jiff::Timestamp;

use super::super::context::variable;
use super::super::failure::{FAILED, Failure, GATE_FAILED, USAGE};
use super::super::reason;
use crate::release::{Approval, Means, NAMESPACE, Promotion, Signers};
use crate::stack::Approvals;

/// Arguments that bring approvals.
#[derive(Debug, Args)]
pub(super) struct ApprovalArguments {
    /// A signature of what `deploy approve` prints, by one who may; can be given several times
    #[arg(long = "approval", value_name = "FILE")]
    signatures: Vec<PathBuf>,
    /// Who approved in the CI system that runs this; can be given several times
    #[arg(long, value_name = "NAME", value_parser = reason::read)]
    approved_by: Vec<String>,
}

/// Checks every approval that was given. Each person counts once, by whatever means.
pub(super) fn collect(
    terms: Option<&Approvals>,
    arguments: &ApprovalArguments,
    statement: &str,
    at: Timestamp,
) -> Result<Vec<Approval>, Failure> {
    let signed = signed(terms, &arguments.signatures, statement)?;
    let mut approvals: Vec<Approval> = Vec::new();
    for (by, means) in signed
        .into_iter()
        .chain(said(terms, &arguments.approved_by)?)
    {
        if approvals.iter().all(|approval| approval.by != by) {
            approvals.push(Approval { by, means, at });
        }
    }
    Ok(approvals)
}

fn signed(
    terms: Option<&Approvals>,
    files: &[PathBuf],
    statement: &str,
) -> Result<Vec<(String, Means)>, Failure> {
    if files.is_empty() {
        return Ok(Vec::new());
    }
    let list = terms
        .and_then(|terms| terms.signers.as_ref())
        .ok_or_else(|| {
            Failure::usage("no signature is asked for this promotion").hint(
                "`promotion.approvals.signers` in the stack file names a file of who may sign",
            )
        })?;
    let text = std::fs::read_to_string(list)
        .with_context(|| format!("cannot read {}", list.display()))
        .map_err(|error| Failure::with_code(FAILED, error))?;
    let signers = Signers::read(&text)
        .with_context(|| format!("{} cannot be used", list.display()))
        .map_err(|error| {
            Failure::with_code(USAGE, error)
                .hint("each line is a name and a public key, as in `alice ssh-ed25519 AAAA…`")
        })?;
    let one = |file: &PathBuf| {
        let signature = std::fs::read_to_string(file)
            .with_context(|| format!("cannot read {}", file.display()))
            .map_err(|error| Failure::with_code(USAGE, error))?;
        let signed = signers
            .who(statement, &signature)
            .with_context(|| format!("{} is no approval of this promotion", file.display()));
        let signed = signed.map_err(|error| {
            Failure::with_code(GATE_FAILED, error).hint(format!(
                "`deploy approve FROM TO > approval` writes what is approved now, and `ssh-keygen -Y sign \
                 -n {NAMESPACE} -f KEY approval` signs it; who may is said by {}",
                list.display()
            ))
        })?;
        Ok((signed.by, Means::Signature(signed.fingerprint)))
    };
    files.iter().map(one).collect()
}

fn said(terms: Option<&Approvals>, names: &[String]) -> Result<Vec<(String, Means)>, Failure> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    if !terms.is_some_and(|terms| terms.ci) {
        return Err(
            Failure::usage("the word of a CI system does not count here")
                .hint("`promotion.approvals.ci: true` in the stack file lets it count"),
        );
    }
    let run = run_of(variable).ok_or_else(|| {
        Failure::usage("`--approved-by` counts only in a CI system")
            .hint("one says so with `CI=true` in the environment; sign an approval in its place")
    })?;
    let one = |name: &String| (name.clone(), Means::Ci(run.clone()));
    Ok(names.iter().map(one).collect())
}

/// The address of the CI run that this is, as far as the system tells it ("Default environment variables" of
/// GitHub Actions, "Predefined CI/CD variables" of GitLab); `None` outside of one.
fn run_of(variable: impl Fn(&str) -> Option<String>) -> Option<String> {
    if variable("CI").as_deref() != Some("true") {
        return None;
    }
    let github = || {
        let server = variable("GITHUB_ACTIONS").and_then(|_| variable("GITHUB_SERVER_URL"))?;
        let (repository, run) = (variable("GITHUB_REPOSITORY")?, variable("GITHUB_RUN_ID")?);
        Some(format!("{server}/{repository}/actions/runs/{run}"))
    };
    let run = github().or_else(|| variable("CI_JOB_URL"));
    Some(run.unwrap_or_else(|| "a CI system that tells no address".to_owned()))
}

/// Refuses a promotion that too few have approved, saying how to.
pub(super) fn require(
    terms: Option<&Approvals>,
    promotion: &Promotion,
    to: &str,
) -> Result<(), Failure> {
    let Some(terms) = terms else { return Ok(()) };
    let given: Vec<&str> = promotion
        .approvals
        .iter()
        .map(|one| one.by.as_str())
        .collect();
    if given.len() >= usize::try_from(terms.needed).unwrap_or(usize::MAX) {
        return Ok(());
    }
    let source = &promotion.from;
    let given = if given.is_empty() {
        "nobody has approved it".to_owned()
    } else {
        format!("only {} has approved it", given.join(" and "))
    };
    let message = format!(
        "release {} may not be taken over: {} must approve it, {given}",
        source.release,
        match terms.needed {
            1 => "one person".to_owned(),
            count => format!("{count} people"),
        }
    );
    let mut failure = Failure::with_code(GATE_FAILED, anyhow::Error::msg(message));
    if let Some(signers) = &terms.signers {
        let from = &source.environment;
        failure = failure.hint(format!(
            "`deploy approve {from} {to} > approval` prints what is approved, one of {} signs it with \
             `ssh-keygen -Y sign -n {NAMESPACE} -f KEY approval`, and `deploy promote {from} {to} --approval \
             approval.sig` takes it",
            signers.display()
        ));
    }
    if terms.ci {
        failure = failure.hint(
            "in a CI system that has asked for approval, `--approved-by NAME` says who gave it",
        );
    }
    Err(failure)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::release::{ReleaseId, Source};

    fn terms(needed: u32, ci: bool) -> Approvals {
        Approvals {
            needed,
            signers: (!ci).then(|| "approvers".into()),
            ci,
        }
    }

    fn promotion(by: &[&str]) -> Promotion {
        let approval = |by: &&str| Approval {
            by: (*by).to_owned(),
            means: Means::Ci("run".into()),
            at: Timestamp::UNIX_EPOCH,
        };
        Promotion {
            from: Source {
                environment: "staging".into(),
                account: "111122223333".into(),
                region: "eu-west-1".into(),
                bucket: "b".into(),
                release: ReleaseId::new(7, "f", "s"),
                record: crate::bundle::Digest::of_bytes(b"record"),
            },
            evidence: Vec::new(),
            approvals: by.iter().map(approval).collect(),
            unproven: None,
        }
    }

    #[test]
    fn too_few_approvals_are_told_with_how_to_approve() {
        let failure = require(Some(&terms(2, false)), &promotion(&["alice"]), "prod").unwrap_err();
        assert_eq!(failure.code, GATE_FAILED);
        assert!(
            failure
                .text()
                .ends_with("2 people must approve it, only alice has approved it"),
            "{}",
            failure.text()
        );
        assert!(failure.hints[0].contains("deploy approve staging prod > approval"));
        let failure = require(Some(&terms(1, true)), &promotion(&[]), "prod").unwrap_err();
        assert!(
            failure
                .text()
                .ends_with("one person must approve it, nobody has approved it")
        );
        assert!(failure.hints[0].contains("--approved-by NAME"));
        assert!(require(Some(&terms(2, true)), &promotion(&["a", "b"]), "prod").is_ok());
        assert!(require(None, &promotion(&[]), "prod").is_ok());
    }

    #[test]
    fn an_approval_that_nobody_asks_for_is_wrong_usage() {
        let arguments = |signatures: &[&str], names: &[&str]| ApprovalArguments {
            signatures: signatures.iter().map(PathBuf::from).collect(),
            approved_by: names.iter().map(|name| (*name).to_owned()).collect(),
        };
        for (terms, arguments, why) in [
            (None, arguments(&["a.sig"], &[]), "no signature is asked"),
            (
                Some(terms(1, true)),
                arguments(&["a.sig"], &[]),
                "no signature is asked",
            ),
            (None, arguments(&[], &["alice"]), "does not count here"),
            (
                Some(terms(1, false)),
                arguments(&[], &["alice"]),
                "does not count here",
            ),
        ] {
            let failure =
                collect(terms.as_ref(), &arguments, "text", Timestamp::UNIX_EPOCH).unwrap_err();
            assert_eq!(failure.code, USAGE);
            assert!(failure.text().contains(why), "{}", failure.text());
        }
    }

    #[test]
    fn the_run_of_a_ci_system_is_told_by_its_address() {
        let run = |variables: &[(&str, &str)]| {
            run_of(|name| {
                let found = variables.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| (*value).to_owned())
            })
        };
        let github = [
            ("CI", "true"),
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_SERVER_URL", "https://github.com"),
            ("GITHUB_REPOSITORY", "news/classifier"),
            ("GITHUB_RUN_ID", "42"),
        ];
        assert_eq!(
            run(&github).unwrap(),
            "https://github.com/news/classifier/actions/runs/42"
        );
        assert_eq!(run(&github[1..]), None);
        assert_eq!(run(&[("CI", "false")]), None);
        let gitlab = [("CI", "true"), ("CI_JOB_URL", "https://gitlab.example/j/1")];
        assert_eq!(run(&gitlab).unwrap(), "https://gitlab.example/j/1");
        assert!(run(&gitlab[..1]).unwrap().contains("no address"));
    }
}
