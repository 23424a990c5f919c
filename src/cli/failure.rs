//! How a command ends badly: one type, one table of exit codes, one printer.

use std::fmt::Write as _;
use std::process::ExitCode;

use serde_json::{Map, Value, json};

use super::codes;
use super::output::{self, Format};
use super::remedy;
use crate::bundle::BundleError;
use crate::cloud::CloudFault;
use crate::cloud::diagnosis::KnownCause;
use crate::code::Code;
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
/// Exit code of an environment that another run works on.
pub(super) const LOCKED: u8 = 4;
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
    /// Which kind of failure it is, for `deploy explain` and for programs.
    pub(super) kind: &'static Code,
    /// What went wrong, and what lies behind it.
    pub(super) what: What,
    /// What was found nevertheless, for programs; with `--output json` it is printed with the error.
    pub(super) found: Option<Box<Map<String, Value>>>,
    /// The cause, where it is a known one; a code for programs.
    pub(super) cause: Option<KnownCause>,
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
            kind: codes::of_exit(code),
            what,
            found: None,
            cause: None,
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
        Self::of(FAILED, What::Told(Some(message.into()))).kind(&codes::FINDINGS)
    }

    /// What went wrong, in one text.
    pub(super) fn text(&self) -> String {
        match &self.what {
            What::Error(error) => chain(error),
            What::Problems(problems) => problems.to_string(),
            What::Told(line) => line.clone().unwrap_or_default(),
            What::Template(mistake) => mistake.to_string(),
        }
    }

    /// Says which kind of failure it is.
    pub(super) fn kind(mut self, kind: &'static Code) -> Self {
        self.kind = kind;
        self
    }

    /// Its code, and those of the mistakes that it is made of.
    pub(super) fn codes(&self) -> impl Iterator<Item = &'static Code> {
        let problems = match &self.what {
            What::Problems(problems) => problems.list(),
            _ => &[],
        };
        std::iter::once(self.kind).chain(problems.iter().map(|problem| problem.code))
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
        Self::of(USAGE, What::Problems(Box::new(problems))).kind(&codes::INVALID_STACK_FILE)
    }
}

impl From<RenderError> for Failure {
    fn from(error: RenderError) -> Self {
        let mistake = error.mistake().filter(|mistake| mistake.line > 0).cloned();
        let help = match &error {
            RenderError::Unknown { help, .. } => Some(help.clone()),
            _ => None,
        };
        let kind = error.code();
        let mut failure = Self::failed(error).kind(kind);
        if let Some(mistake) = mistake {
            failure.what = What::Template(Box::new(mistake));
        }
        failure.hints.extend(help);
        failure
    }
}

impl From<BundleError> for Failure {
    fn from(error: BundleError) -> Self {
        let notes = match &error {
            BundleError::WrongData(wrong) => wrong.examples().to_vec(),
            _ => Vec::new(),
        };
        let hints = error.remedy().into_iter().collect();
        let kind = error.code();
        let mut failure = Self::failed(error).kind(kind);
        failure.notes = notes;
        failure.hints = hints;
        failure
    }
}

/// Makes the failure of a request outside a run; `doing` tells what it was for.
pub(super) fn of_request(doing: &'static str) -> impl FnOnce(CloudFault) -> Failure {
    move |fault| ReconcileError::Cloud { doing, fault }.into()
}

impl From<Vec<Held>> for Failure {
    fn from(held: Vec<Held>) -> Self {
        ReconcileError::Held(held).into()
    }
}

impl From<ReconcileError> for Failure {
    fn from(error: ReconcileError) -> Self {
        let code = match &error {
            ReconcileError::Interrupted => INTERRUPTED,
            ReconcileError::Leftovers { .. } => LEFTOVERS,
            ReconcileError::GateFailed { .. } => GATE_FAILED,
            ReconcileError::Declined { .. } => DECLINED,
            ReconcileError::Locked { .. } => LOCKED,
            ReconcileError::Held(held) if held.iter().any(is_busy) => LOCKED,
            ReconcileError::BatchRequest(_) | ReconcileError::BatchGone(_) => USAGE,
            ReconcileError::Batch(error) if error.is_input() => USAGE,
            error if error.rolled_back() => ROLLED_BACK,
            _ => FAILED,
        };
        let log = error.log().to_vec();
        let known = remedy::known(&error);
        let hints = match &error {
            ReconcileError::Held(held) => held.iter().map(Held::remedy).collect(),
            ReconcileError::Declined { hint, .. } => hint.iter().cloned().collect(),
            error => remedy::general(error, known.as_ref()).into_iter().collect(),
        };
        let kind = error.code();
        let mut failure = Self::with_code(code, error).kind(kind);
        failure.log = log;
        if let Some(known) = known {
            failure.cause = Some(known.cause);
            failure.notes.push(known.explanation);
            failure.hints.push(known.remedy);
        }
        failure.hints.extend::<Vec<String>>(hints);
        failure
    }
}

fn is_busy(held: &Held) -> bool {
    matches!(held, Held::Busy { .. })
}

/// Makes a process exit code.
pub(super) fn exit_code(code: u8) -> ExitCode {
    ExitCode::from(code)
}

/// Shows a failure and returns its exit code.
pub(super) fn show(failure: &Failure, format: Format) -> ExitCode {
    let text = failure.text();
    if format == Format::Json && !matches!(failure.what, What::Told(_)) {
        let mut result = failure.found.as_deref().cloned().unwrap_or_default();
        let mut error = json!({
            "code": failure.kind.name,
            "message": text,
            "cause": failure.cause,
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
        What::Error(_) | What::Told(Some(_)) => output::error_line(failure.kind, &text),
        What::Problems(problems) => output::problems(problems),
        What::Told(None) => {}
        What::Template(mistake) => output::mistake(failure.kind, mistake),
    }
    // What is known of the cause stands first.
    let mut notes = failure.notes.iter();
    if let (Some(cause), Some(explanation)) = (failure.cause, notes.clone().next()) {
        output::cause_line(cause.code(), explanation);
        notes.next();
    }
    for note in notes {
        output::detail(note);
    }
    if !failure.log.is_empty() {
        output::detail("the end of its log:");
        for line in &failure.log {
            output::detail(&format!("    {line}"));
        }
    }
    for hint in &failure.hints {
        output::hint(hint);
    }
    if let Some(code) = unexplained(failure) {
        output::hint(&format!(
            "`deploy explain {}` tells what it means and how to mend it",
            code.name
        ));
    }
    exit_code(failure.code)
}

/// What people see of a failure, without colours and places.
pub(super) fn printed(failure: &Failure) -> String {
    let mut lines = vec![format!("error[{}]: {}", failure.kind.name, failure.text())];
    let mut notes = failure.notes.iter().cloned();
    if let Some((cause, explanation)) = failure.cause.zip(notes.next()) {
        lines.push(format!("cause[{}]: {explanation}", cause.code().name));
    }
    lines.extend(notes);
    lines.extend(failure.hints.iter().map(|hint| format!("hint: {hint}")));
    lines.join("\n")
}

/// The code that the catalogue says more about than the failure itself: one without a hint of its own.
fn unexplained(failure: &Failure) -> Option<&'static Code> {
    match &failure.what {
        What::Problems(problems) => {
            let mut bare = problems.list().iter().filter(|one| one.help.is_none());
            bare.next().map(|problem| problem.code)
        }
        What::Told(_) => None,
        What::Template(mistake) if mistake.help.is_some() => None,
        _ if !failure.hints.is_empty() || failure.kind == &codes::FAILED => None,
        _ => Some(failure.kind),
    }
}

/// The mistakes of a stack file as data, in the order of their places; line and column count from 1.
fn problems_as_data(problems: &Problems) -> serde_json::Value {
    let path = problems.source().path.display().to_string();
    let one = |problem: &crate::stack::Problem| {
        let place = problem.place.as_ref();
        json!({
            "code": problem.code.name,
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
    use crate::cloud::condition::StackStatus;
    use crate::cloud::{CloudFault, FaultKind};

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
        use crate::stack::codes::{NO_ENVIRONMENT, UNKNOWN_FIELD};
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
        let problem = Problem::new(&UNKNOWN_FIELD, "unknown field `endpiont`")
            .at(place)
            .help("remove it");
        let problems = Problems::new(
            source,
            vec![problem, Problem::new(&NO_ENVIRONMENT, "no stack")],
        );
        assert_eq!(
            problems_as_data(&problems),
            json!([
                { "code": "no-environment", "path": "stack.yaml", "line": null, "column": null, "message": "no stack", "why": null, "help": null },
                { "code": "unknown-field", "path": "stack.yaml", "line": 1, "column": 1, "message": "unknown field `endpiont`", "why": null, "help": "remove it" },
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
