//! How a command ends badly: one type, one table of exit codes, one printer.

use std::fmt::Write as _;
use std::process::ExitCode;

use serde_json::{Map, Value, json};

use super::output::{self, Format};
use crate::cloud::FaultKind;
use crate::plan::Held;
use crate::reconcile::ReconcileError;
use crate::render::{Mistake, RenderError};
use crate::stack::Problems;

/// Exit code of anything that failed.
pub(super) const FAILED: u8 = 1;
/// Exit code of a check that found differences.
pub(super) const DIFFERENCES: u8 = 2;
/// Exit code of a declined question.
pub(super) const DECLINED: u8 = 3;
/// Exit code of a model that did not pass its gates.
pub(super) const GATE_FAILED: u8 = 5;
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
    /// What was found nevertheless, for programs; with `--output json` it is printed with the error.
    pub(super) found: Option<Box<Map<String, Value>>>,
    /// Where it comes from, and what else is known.
    pub(super) notes: Vec<String>,
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
    /// The result on stdout says it all, so that stdout stays one document; the line is for people.
    Told(Option<String>),
    /// A mistake in a template, with its place.
    Template(Box<Mistake>),
}

impl Failure {
    /// Makes a plain failure.
    pub(super) fn failed(error: impl Into<anyhow::Error>) -> Self {
        Self::with_code(FAILED, error)
    }

    /// Makes a failure with its own exit code.
    pub(super) fn with_code(code: u8, error: impl Into<anyhow::Error>) -> Self {
        Self::of(code, What::Error(error.into()))
    }

    fn of(code: u8, what: What) -> Self {
        Self {
            code,
            what,
            found: None,
            notes: Vec::new(),
            log: Vec::new(),
            hints: Vec::new(),
        }
    }

    /// Makes a failure of wrong usage.
    pub(super) fn usage(message: impl Into<String>) -> Self {
        Self::with_code(USAGE, anyhow::Error::msg(message.into()))
    }

    /// Ends with the exit code of found differences, which the result has shown already.
    pub(super) fn differences() -> Self {
        Self::of(DIFFERENCES, What::Told(None))
    }

    /// Makes a failure of a command whose result, printed already, says what is wrong.
    pub(super) fn reported(message: impl Into<String>) -> Self {
        Self::of(FAILED, What::Told(Some(message.into())))
    }

    /// Adds what else is known about it.
    pub(super) fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Adds what to do about it.
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

impl From<Problems> for Failure {
    fn from(problems: Problems) -> Self {
        Self::of(USAGE, What::Problems(Box::new(problems)))
    }
}

impl From<RenderError> for Failure {
    fn from(error: RenderError) -> Self {
        let mistake = error.mistake().filter(|mistake| mistake.line > 0).cloned();
        let help = match &error {
            RenderError::Unknown { help, .. } => Some(help.clone()),
            _ => None,
        };
        let mut failure = Self::failed(error);
        if let Some(mistake) = mistake {
            failure.what = What::Template(Box::new(mistake));
        }
        failure.hints.extend(help);
        failure
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
            ReconcileError::GateFailed { .. } => GATE_FAILED,
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
        ReconcileError::GateFailed { .. } => {
            "what served before is untouched, and the model is kept: train a better one, or change \
             `training.gates` in the stack file"
        }
        ReconcileError::NotServing { .. } => {
            "`deploy status` shows what is deployed; `deploy up` checks again"
        }
        ReconcileError::Interrupted => "run the command again to go on",
        ReconcileError::NotAtRest { .. } => {
            "`deploy up` brings it to rest; `deploy status` shows where it stands"
        }
        ReconcileError::DriftLeft { .. } => {
            "CloudFormation does not take this back: undo it where it was done, or replace the \
             resource; `deploy drift` shows it in full"
        }
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
        What::Told(line) => line.clone().unwrap_or_default(),
        What::Template(mistake) => mistake.to_string(),
    };
    if format == Format::Json && !matches!(failure.what, What::Told(_)) {
        let mut result = failure.found.as_deref().cloned().unwrap_or_default();
        let mut error = json!({
            "message": text,
            "notes": failure.notes,
            "hints": failure.hints,
            "exit_code": failure.code,
        });
        if let What::Problems(problems) = &failure.what {
            error["problems"] = problems_as_data(problems);
        }
        result.insert("error".to_owned(), error);
        output::result(&Value::Object(result));
    }
    match &failure.what {
        What::Error(_) | What::Told(Some(_)) => output::error_line(&text),
        What::Problems(problems) => output::problems(problems),
        What::Told(None) => {}
        What::Template(mistake) => output::mistake(mistake),
    }
    for note in &failure.notes {
        output::note(note);
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

/// The mistakes of a stack file as data, in the order of their places; line and column count from 1.
fn problems_as_data(problems: &Problems) -> serde_json::Value {
    let path = problems.source().path.display().to_string();
    let one = |problem: &crate::stack::Problem| {
        let place = problem.place.as_ref();
        json!({
            "path": path,
            "line": place.map(|place| place.line),
            "column": place.map(|place| place.column),
            "message": problem.summary,
            "why": problem.why,
            "help": problem.help,
        })
    };
    problems.list().iter().map(one).collect()
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
    fn mistakes_of_a_stack_file_are_data_too() {
        use crate::stack::{Place, Problem, Source};
        let source = std::sync::Arc::new(Source {
            path: "stack.yaml".into(),
            text: "endpiont: 1".into(),
        });
        let place = Place {
            line: 1,
            column: 1,
            bytes: 0..8,
        };
        let problem = Problem::new("unknown field `endpiont`")
            .at(place)
            .help("remove it");
        let problems = Problems::new(source, vec![problem, Problem::new("no stack")]);
        assert_eq!(
            problems_as_data(&problems),
            json!([
                { "path": "stack.yaml", "line": null, "column": null, "message": "no stack", "why": null, "help": null },
                { "path": "stack.yaml", "line": 1, "column": 1, "message": "unknown field `endpiont`", "why": null, "help": "remove it" },
            ])
        );
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
