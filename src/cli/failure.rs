//! How a command ends badly: one type, one table of exit codes, one printer.

use std::fmt::Write as _;
use std::process::ExitCode;

use serde_json::json;

use super::output::{self, Format};
use crate::cloud::FaultKind;
use crate::plan::Held;
use crate::reconcile::ReconcileError;
use crate::stack::Problems;

/// Exit code of anything that failed.
pub(super) const FAILED: u8 = 1;
/// Exit code of a check that found differences.
pub(super) const DIFFERENCES: u8 = 2;
/// Exit code of a declined question.
pub(super) const DECLINED: u8 = 3;
/// Exit code of a change that was undone.
pub(super) const ROLLED_BACK: u8 = 6;
/// Exit code of a teardown that left something.
pub(super) const LEFTOVERS: u8 = 7;
/// Exit code of wrong arguments and wrong stack files (`EX_USAGE` of sysexits.h).
pub(super) const USAGE: u8 = 64;
/// Exit code after Ctrl-C (128 + SIGINT).
pub(super) const INTERRUPTED: u8 = 130;

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub(super) struct Failure {
    /// The exit code.
    pub(super) code: u8,
    /// What went wrong, and what lies behind it.
    pub(super) what: What,
    /// Lines of a log that tell more.
    pub(super) log: Vec<String>,
    /// What to do about it.
    pub(super) hints: Vec<String>,
}

/// What went wrong.
#[derive(Debug)]
pub(super) enum What {
    /// An error with its causes.
    Error(anyhow::Error),
    /// Mistakes in a stack file, each with its place.
    Problems(Box<Problems>),
    /// What the result on stdout says already, so that stdout stays one document; this line is for people.
    Reported(String),
}

impl Failure {
    /// Makes a plain failure.
    pub(super) fn failed(error: impl Into<anyhow::Error>) -> Self {
        Self::with_code(FAILED, error)
    }

    /// Makes a failure with its own exit code.
    pub(super) fn with_code(code: u8, error: impl Into<anyhow::Error>) -> Self {
        Self {
            code,
            what: What::Error(error.into()),
            log: Vec::new(),
            hints: Vec::new(),
        }
    }

    /// Makes a failure of wrong usage.
    pub(super) fn usage(message: impl Into<String>) -> Self {
        Self::with_code(USAGE, anyhow::Error::msg(message.into()))
    }

    /// Makes a failure of a command whose result, printed already, says what is wrong.
    pub(super) fn reported(message: impl Into<String>) -> Self {
        Self {
            code: FAILED,
            what: What::Reported(message.into()),
            log: Vec::new(),
            hints: Vec::new(),
        }
    }

    /// Adds what to do about it.
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

impl From<Problems> for Failure {
    fn from(problems: Problems) -> Self {
        Self {
            code: USAGE,
            what: What::Problems(Box::new(problems)),
            log: Vec::new(),
            hints: Vec::new(),
        }
    }
}

impl From<Vec<Held>> for Failure {
    fn from(held: Vec<Held>) -> Self {
        let text: Vec<String> = held.iter().map(ToString::to_string).collect();
        let mut failure = Self::failed(anyhow::Error::msg(text.join("; ")));
        failure.hints = held.iter().map(Held::remedy).collect();
        failure
    }
}

impl From<ReconcileError> for Failure {
    fn from(error: ReconcileError) -> Self {
        let code = match &error {
            ReconcileError::Interrupted => INTERRUPTED,
            ReconcileError::Leftovers { .. } => LEFTOVERS,
            error if error.rolled_back() => ROLLED_BACK,
            _ => FAILED,
        };
        let log = error.log().to_vec();
        let hint = remedy(&error);
        let mut failure = Self::with_code(code, error);
        failure.log = log;
        failure.hints.extend(hint);
        failure
    }
}

/// Says what to do about an error of a run.
fn remedy(error: &ReconcileError) -> Option<String> {
    let text = match error {
        ReconcileError::Cloud { fault, .. } => match fault.kind {
            FaultKind::Unauthenticated => {
                "log in again (`aws sso login`, or new keys), or name a profile in `target.profile`"
            }
            FaultKind::Denied => "the credentials lack this permission; ask for it, or use others",
            FaultKind::Throttled | FaultKind::Unavailable => {
                "run the command again; it goes on where it stopped"
            }
            _ => return None,
        },
        ReconcileError::ChangeRefused { .. } => {
            "mend the stack file or the template; nothing was changed"
        }
        ReconcileError::StackFailed { status, .. } if status.rolled_back() => {
            "mend the cause and run `deploy up` again; what served before is unchanged"
        }
        ReconcileError::StackFailed { .. } => {
            "mend the cause and run the command again, or remove it with `deploy down`"
        }
        ReconcileError::TrainingFailed {
            transient: true, ..
        } => "run `deploy up` again once the cause is gone; it trains anew",
        ReconcileError::TrainingFailed { .. } => {
            "mend the code, data or hyperparameters and run `deploy up` again; \
             `--retry-training` repeats it unchanged"
        }
        ReconcileError::NotServing { .. } => {
            "`deploy status` shows what is deployed; `deploy up` checks again"
        }
        ReconcileError::Interrupted => "run the command again to go on",
        ReconcileError::Leftovers { .. } => {
            "something outside of deploy may have made it again; run `deploy down` once more"
        }
        ReconcileError::TimedOut { .. } => "run the command again to go on waiting",
        _ => return None,
    };
    Some(text.to_owned())
}

/// Makes a process exit code.
pub(super) fn exit_code(code: u8) -> ExitCode {
    ExitCode::from(code)
}

/// Shows a failure and returns its exit code.
pub(super) fn show(failure: &Failure, format: Format) -> ExitCode {
    let text = match &failure.what {
        What::Error(error) => chain(error),
        What::Problems(problems) => problems.to_string(),
        What::Reported(message) => message.clone(),
    };
    if format == Format::Json && !matches!(failure.what, What::Reported(_)) {
        output::result(&json!({
            "error": { "message": text, "hints": failure.hints, "exit_code": failure.code }
        }));
    }
    match &failure.what {
        What::Error(_) | What::Reported(_) => output::error_line(&text),
        What::Problems(problems) => output::problems(problems),
    }
    if !failure.log.is_empty() {
        output::note("the end of its log:");
        for line in &failure.log {
            output::progress_line(&format!("    {line}"));
        }
    }
    for hint in &failure.hints {
        output::hint(hint);
    }
    exit_code(failure.code)
}

/// Writes an error and what lies behind it; a cause whose text is said already is left out.
fn chain(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain() {
        let cause = cause.to_string();
        if text.is_empty() {
            text.push_str(&cause);
        } else if !text.contains(&cause) {
            // Writing to a String cannot fail.
            let _ = write!(text, ": {cause}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::CloudFault;
    use crate::cloud::condition::StackStatus;

    #[test]
    fn a_rollback_and_an_interruption_have_codes_of_their_own() {
        let rolled_back = ReconcileError::StackFailed {
            stack: "s".into(),
            status: StackStatus::UpdateRollbackComplete,
            cause: None,
        };
        assert_eq!(Failure::from(rolled_back).code, ROLLED_BACK);
        assert_eq!(Failure::from(ReconcileError::Interrupted).code, INTERRUPTED);
    }

    #[test]
    fn the_chain_says_everything_once() {
        let fault = CloudFault {
            kind: FaultKind::Denied,
            operation: "CreateChangeSet",
            code: "AccessDenied".into(),
            message: "not authorized".into(),
        };
        let failure = Failure::from(ReconcileError::Cloud {
            doing: "submit the change set",
            fault,
        });
        let What::Error(error) = &failure.what else {
            panic!("an error")
        };
        assert_eq!(
            chain(error),
            "cannot submit the change set: CreateChangeSet failed: not authorized"
        );
        assert_eq!(failure.hints.len(), 1);
    }
}
