//! A finding of a check in one line.

use anstyle::{AnsiColor, Style};

use crate::doctor::{Finding, State};

/// Writes a finding, its fix at the end.
pub(in crate::cli) fn finding(title: &str, finding: &Finding) -> String {
    let (word, style) = match finding.state {
        State::Ok => ("ok", AnsiColor::Green.on_default()),
        State::Skipped => ("skipped", Style::new().dimmed()),
        State::Warning => ("warning", AnsiColor::Yellow.on_default()),
        State::Failed => ("failed", AnsiColor::Red.on_default()),
    };
    let fix = finding.fix.as_ref().map(|fix| format!(" -> {fix}"));
    let fix = fix.unwrap_or_default();
    let address = finding.address.as_ref();
    let address = address.map(|address| format!("{address}: "));
    let address = address.unwrap_or_default();
    format!(
        "{style}{word:<8}{style:#} {title:<22} {address}{}{fix}",
        finding.found
    )
}
