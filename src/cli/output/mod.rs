//! Prints: results on stdout, everything else on stderr, colours only on a terminal.

mod live;
mod mistake;
mod plain;
mod problems;
mod words;

use std::io::{IsTerminal, Write};

use anstyle::{AnsiColor, Style};
use clap::ValueEnum;
use serde_json::Value;

use crate::cloud::inventory::Item;
use crate::plan::{Action, Plan};
use crate::reconcile::progress::Observer;

pub(super) use mistake::mistake;
pub(super) use problems::problems;

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people.
    Human,
    /// For programs: one JSON document on stdout.
    Json,
}

/// Prints a line of a result.
pub(super) fn text(line: &str) {
    to_stdout(line);
}

/// Prints a result as JSON.
pub(super) fn result(value: &Value) {
    to_stdout(&format!("{value:#}"));
}

/// Prints a line of progress.
pub(super) fn progress_line(line: &str) {
    to_stderr(line);
}

/// Prints a remark.
pub(super) fn note(text: &str) {
    to_stderr(text);
}

/// Prints an error.
pub(super) fn error_line(text: &str) {
    let style = AnsiColor::Red.on_default().bold();
    to_stderr(&format!("{style}error:{style:#} {text}"));
}

/// Prints what to do about an error.
pub(super) fn hint(text: &str) {
    let style = AnsiColor::Cyan.on_default();
    to_stderr(&format!("{style}hint:{style:#} {text}"));
}

/// Most things that are named one by one.
const NAMED: usize = 40;

/// Writes a plan in lines, with colours.
pub(super) fn plan(title: &str, plan: &Plan) -> Vec<String> {
    let mut lines = vec![format!("{title}:")];
    for step in &plan.steps {
        let style = match step.action {
            Action::Create | Action::Attach => AnsiColor::Green.on_default(),
            Action::Update | Action::Replace | Action::RollBack => AnsiColor::Yellow.on_default(),
            Action::Delete => AnsiColor::Red.on_default(),
            Action::Reuse | Action::Check => Style::new().dimmed(),
        };
        let symbol = step.action.symbol();
        let kind = step.kind.to_string();
        lines.push(format!(
            "  {style}{symbol}{style:#} {kind:<22} {}",
            step.reason
        ));
    }
    if plan.only_recovers() {
        lines.push("  what follows is planned when that is done".to_owned());
    }
    let red = AnsiColor::Red.on_default();
    lines.extend(items("removed:", red, "-", &plan.removes));
    lines.extend(items("kept:", Style::new().dimmed(), "=", &plan.keeps));
    for held in &plan.held {
        let style = AnsiColor::Red.on_default();
        lines.push(format!("  {style}held back:{style:#} {held}"));
    }
    lines
}

fn items(title: &str, style: Style, symbol: &str, items: &[Item]) -> Vec<String> {
    if items.is_empty() {
        return Vec::new();
    }
    let named = items
        .iter()
        .take(NAMED)
        .map(|item| format!("    {style}{symbol}{style:#} {item}"));
    let more = items.len().saturating_sub(NAMED);
    let rest = (more > 0).then(|| format!("    and {more} more"));
    std::iter::once(format!("  {title}"))
        .chain(named)
        .chain(rest)
        .collect()
}

/// Makes the observer that fits stderr: live on a terminal, plain lines elsewhere.
pub(super) fn observer() -> Box<dyn Observer> {
    if std::io::stderr().is_terminal() {
        Box::new(live::Live::new())
    } else {
        Box::new(plain::Plain::new())
    }
}

fn to_stdout(line: &str) {
    // A reader that has gone away (`deploy … | head`) is no failure of ours.
    let _ = writeln!(anstream::stdout(), "{line}");
}

fn to_stderr(line: &str) {
    // There is nowhere to tell that stderr cannot be written to.
    let _ = writeln!(anstream::stderr(), "{line}");
}
