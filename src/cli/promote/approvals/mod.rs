//! Who approved a promotion: signatures that are checked, and the word of the CI system.
//!
//! Approvals come with the promotion, or later with the run that carries a pin out. Those that a pin keeps are
//! checked again: anybody may have written the file.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use jiff::Timestamp;

use crate::cli::context::variable;
use crate::cli::failure::{FAILED, Failure, GATE_FAILED, USAGE};
use crate::cli::reason;
use crate::release::{Approval, Means, NAMESPACE, Pin, Promotion, Signers};
use crate::stack::Approvals;

/// Arguments that bring approvals.
#[derive(Debug, Args)]
pub(in crate::cli) struct ApprovalArguments {
    /// A signature of what `deploy approve` prints, by one who may; can be given several times
    #[arg(long = "approval", value_name = "FILE")]
    signatures: Vec<PathBuf>,
    /// Who approved in the CI system that runs this; can be given several times
    #[arg(long, value_name = "NAME", value_parser = reason::read)]
    approved_by: Vec<String>,
}

impl ApprovalArguments {
    /// Whether none was given.
    pub(in crate::cli) fn is_empty(&self) -> bool {
        self.signatures.is_empty() && self.approved_by.is_empty()
    }
}

/// Checks every approval that was given.
pub(super) fn collect(
    terms: Option<&Approvals>,
    arguments: &ApprovalArguments,
    statement: &str,
    at: Timestamp,
) -> Result<Vec<Approval>, Failure> {
    let mut approvals = signed(terms, &arguments.signatures, statement, at)?;
    approvals.extend(said(terms, &arguments.approved_by, at)?);
    Ok(approvals)
}

/// Checks the approvals that a pin keeps once more; of those that nobody asks for any more, none is left.
pub(super) fn kept(terms: Option<&Approvals>, pin: &Pin) -> Result<Vec<Approval>, Failure> {
    let Some(terms) = terms else {
        return Ok(Vec::new());
    };
    let approvals = pin.promotion.approvals.clone();
    for approval in &approvals {
        still_counts(terms, approval, &pin.statement())?;
    }
    Ok(approvals)
}

/// Requires that an approval which a pin keeps is one of this promotion. The word of a CI system is taken as
/// the file has it: what stands in the file was reviewed.
fn still_counts(terms: &Approvals, approval: &Approval, statement: &str) -> Result<(), Failure> {
    let fails = |why: anyhow::Error| {
        let error = why.context(format!(
            "the approval of {} that is pinned does not count",
            approval.by
        ));
        Failure::with_code(GATE_FAILED, error).hint(
            "promote with `--pin` again, or take the approval out of the file and give a good one by `--approval`",
        )
    };
    match (&approval.means, &terms.signers, &approval.signature) {
        (Means::Ci(_), ..) if terms.ci => Ok(()),
        (Means::Ci(_), ..) => Err(fails(anyhow::anyhow!(
            "the word of a CI system is not asked for"
        ))),
        (Means::Signature(_), Some(list), Some(signature)) => {
            let signed = signers(list)?.who(statement, signature);
            match signed {
                Ok(signed) if signed.by == approval.by => Ok(()),
                Ok(signed) => Err(fails(anyhow::anyhow!("{} signed it", signed.by))),
                Err(error) => Err(fails(error.into())),
            }
        }
        (Means::Signature(_), Some(_), None) => {
            Err(fails(anyhow::anyhow!("there is no signature with it")))
        }
        (Means::Signature(_), None, _) => Err(fails(anyhow::anyhow!("no signature is asked for"))),
    }
}

fn signed(
    terms: Option<&Approvals>,
    files: &[PathBuf],
    statement: &str,
    at: Timestamp,
) -> Result<Vec<Approval>, Failure> {
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
    let signers = signers(list)?;
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
        Ok(Approval {
            by: signed.by,
            means: Means::Signature(signed.fingerprint),
            at,
            signature: Some(signature),
        })
    };
    files.iter().map(one).collect()
}

/// Reads who may sign.
fn signers(list: &Path) -> Result<Signers, Failure> {
    let text = std::fs::read_to_string(list)
        .with_context(|| format!("cannot read {}", list.display()))
        .map_err(|error| Failure::with_code(FAILED, error))?;
    Signers::read(&text)
        .with_context(|| format!("{} cannot be used", list.display()))
        .map_err(|error| {
            Failure::with_code(USAGE, error)
                .hint("each line is a name and a public key, as in `alice ssh-ed25519 AAAA…`")
        })
}

fn said(
    terms: Option<&Approvals>,
    names: &[String],
    at: Timestamp,
) -> Result<Vec<Approval>, Failure> {
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
    let one = |name: &String| Approval {
        by: name.clone(),
        means: Means::Ci(run.clone()),
        at,
        signature: None,
    };
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
mod tests;
