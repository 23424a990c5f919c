//! Prints: results on stdout, everything else on stderr, colours only on a terminal.

mod columns;
mod fields;
mod finding;
mod mistake;
mod problems;
mod progress;
mod reason;
pub(super) mod signs;
mod table;
pub(super) mod width;

use std::io::{self, IsTerminal, Write};
use std::sync::OnceLock;

use annotate_snippets::Renderer;
use annotate_snippets::renderer::DecorStyle;
use anstyle::{AnsiColor, Style};
use clap::ValueEnum;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::cloud::inventory::Item;
use crate::code::Code;
use crate::plan::{Action, Plan, expected};
use crate::stack::Deprecation;

pub(super) use columns::columns;
pub(super) use fields::fields;
pub(super) use finding::finding;
pub(super) use mistake::mistake;
pub(super) use problems::problems;
pub(super) use progress::{
    Pace, elapsed, following, instances, log_line, number, observer, training_status,
};
pub(super) use reason::{age, moment, reason};
pub(super) use table::{Column, table};

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people.
    Human,
    /// For programs: one JSON document on stdout, and one JSON object a line on stderr.
    Json,
}

/// What is printed beside results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Loudness {
    /// Progress, notes, warnings and errors.
    Normal,
    /// Warnings and errors.
    Quiet,
}

static LOUDNESS: OnceLock<Loudness> = OnceLock::new();

/// Decides for the whole run how results are printed and what is printed beside them.
pub(super) fn begin(format: Format, loudness: Loudness) {
    progress::begin(format);
    LOUDNESS.get_or_init(|| loudness);
}

fn is_quiet() -> bool {
    LOUDNESS.get() == Some(&Loudness::Quiet)
}

/// Prints a line of a result.
pub(super) fn text(line: &str) {
    to_stdout(line);
}

/// Prints a result that is a file, byte by byte.
pub(super) fn bytes(content: &[u8]) -> io::Result<()> {
    progress::aside();
    let mut stdout = io::stdout().lock();
    match stdout.write_all(content).and_then(|()| stdout.flush()) {
        // A reader that has gone away is no failure of ours.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// Prints a result as JSON.
pub(super) fn result(value: &Value) {
    to_stdout(&format!("{value:#}"));
}

/// Prints a remark.
pub(super) fn note(text: &str) {
    if !is_quiet() {
        to_stderr(text);
    }
}

/// Prints what belongs to an error.
pub(super) fn detail(text: &str) {
    to_stderr(text);
}

/// Prints an error with its code.
pub(super) fn error_line(code: &Code, text: &str) {
    let style = AnsiColor::Red.on_default().bold();
    to_stderr(&format!("{style}error[{}]:{style:#} {text}", code.name));
}

/// Prints the parser's own words about wrong arguments, with their code.
pub(super) fn usage_error(code: &Code, error: &clap::Error) {
    let text = error.render().ansi().to_string();
    let text = text.replacen("error:", &format!("error[{}]:", code.name), 1);
    to_stderr(text.trim_end());
}

/// Prints what is known of an error's cause, with the code of the cause.
pub(super) fn cause_line(code: &Code, text: &str) {
    let style = AnsiColor::Yellow.on_default().bold();
    to_stderr(&format!("{style}cause[{}]:{style:#} {text}", code.name));
}

/// Prints a warning.
pub(super) fn warning(text: &str) {
    let style = AnsiColor::Yellow.on_default().bold();
    to_stderr(&format!("{style}warning:{style:#} {text}"));
}

/// Warns of the use of a name that is going.
pub(super) fn deprecated(deprecation: &Deprecation) {
    let Deprecation {
        old, new, gone_in, ..
    } = deprecation;
    let event = json!({ "event": "deprecated", "old": old, "new": new, "gone_in": gone_in });
    if !progress::told_as_json(&event) {
        warning(&deprecation.to_string());
    }
}

/// Prints what to do about an error.
pub(super) fn hint(text: &str) {
    let style = AnsiColor::Cyan.on_default();
    to_stderr(&format!("{style}hint:{style:#} {text}"));
}

/// Draws mistakes with their places, as stderr can show them.
fn renderer() -> Renderer {
    match (io::stderr().is_terminal(), signs::only_ascii()) {
        (false, _) => Renderer::plain(),
        (true, true) => Renderer::styled(),
        (true, false) => Renderer::styled().decor_style(DecorStyle::Unicode),
    }
}

/// Most things that are named one by one.
const NAMED: usize = 40;

/// Writes a plan in lines, with colours.
pub(super) fn plan(title: &str, plan: &Plan, pace: Pace, now: Timestamp) -> Vec<String> {
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
        let usual = match pace {
            Pace::Aws => expected(step.kind, step.action),
            Pace::Local => None,
        };
        let usual = usual.map_or_else(String::new, |usual| format!(" (usually {usual})"));
        lines.push(format!(
            "  {style}{symbol}{style:#} {kind:<22} {}{usual}",
            reason(&step.reason, now)
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
        let code = held.code().name;
        lines.push(format!("  {style}held back[{code}]:{style:#} {held}"));
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

fn to_stdout(line: &str) {
    progress::aside();
    // A reader that has gone away (`deploy … | head`) is no failure of ours.
    let _ = writeln!(anstream::stdout(), "{line}");
}

fn to_stderr(line: &str) {
    progress::remark(line);
}
