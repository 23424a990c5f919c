//! Findings for people: like a compiler's messages, the same finding of several environments once.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use crate::cli::output;
use crate::policy::report::Report;
use crate::policy::{self, Finding, Severity};

/// Prints the findings and, on stderr, how many there are.
pub(super) fn print(report: &Report<'_>) {
    for same in groups(report) {
        output::text(&message(report, &same));
    }
    let counts = [Severity::Error, Severity::Warning, Severity::Note]
        .map(|severity| counted(report.open(severity), severity.word()));
    let waived = report.waived();
    output::note(&format!(
        "{} ({}): {}, {waived} waived",
        report.stack,
        report.environments.join(", "),
        counts.join(", "),
    ));
}

/// Prints the policies.
pub(super) fn list() {
    for policy in policy::all() {
        let style = style(policy.severity);
        let word = policy.severity.word();
        output::text(&format!(
            "{:<24}{style}{word:<8}{style:#} {}",
            policy.id, policy.title
        ));
    }
}

/// Findings that say the same of several environments, together.
fn groups<'a>(report: &Report<'a>) -> Vec<Vec<&'a Finding>> {
    let mut groups: Vec<Vec<&Finding>> = Vec::new();
    for finding in &report.findings {
        let is_same = |group: &&mut Vec<&Finding>| {
            group.first().is_some_and(|first| {
                first.policy.id == finding.policy.id
                    && first.document == finding.document
                    && first.pointer == finding.pointer
                    && first.message == finding.message
                    && first.waived == finding.waived
            })
        };
        match groups.iter_mut().find(is_same) {
            Some(group) => group.push(finding),
            None => groups.push(vec![finding]),
        }
    }
    groups
}

/// Writes one finding with all its places.
fn message(report: &Report<'_>, same: &[&Finding]) -> String {
    let Some(finding) = same.first() else {
        return String::new();
    };
    let policy = finding.policy;
    let (style, word) = match finding.waived {
        Some(_) => (Style::new().dimmed(), "waived"),
        None => (style(policy.severity), policy.severity.word()),
    };
    let bold = Style::new().bold();
    let blue = AnsiColor::Blue.on_default().bold();
    let mut text = format!(
        "{style}{word}[{}]{style:#}{bold}: {}{bold:#}\n",
        policy.id, finding.message
    );
    for (index, finding) in same.iter().enumerate() {
        let arrow = if index == 0 { "-->" } else { ":::" };
        let place = format!("{}:{}", report.file(finding), finding.line);
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {blue}{arrow}{blue:#} {place}");
    }
    if let Some(origin) = &finding.origin {
        let template = &origin.template;
        let stack = origin
            .stack_line
            .map(|line| format!(" from {}:{line}", report.stack_file));
        let from = stack.unwrap_or_default();
        let _ = writeln!(
            text,
            "   {blue}={blue:#} {bold}made by{bold:#}: {template}{from}"
        );
    }
    let mut line = |label: &str, what: &str| {
        let _ = writeln!(text, "   {blue}={blue:#} {bold}{label}{bold:#}: {what}");
    };
    let property = finding.property();
    match &finding.resource {
        Some(resource) if property.is_empty() => line("resource", resource),
        Some(resource) => line("resource", &format!("{resource}, property {property}")),
        None if !property.is_empty() => line("property", &property),
        None => {}
    }
    line("why", policy.reason);
    match &finding.waived {
        Some(reason) => line("waived", reason),
        None => line("help", policy.remedy),
    }
    text
}

fn style(severity: Severity) -> Style {
    match severity {
        Severity::Error => AnsiColor::Red.on_default().bold(),
        Severity::Warning => AnsiColor::Yellow.on_default().bold(),
        Severity::Note => AnsiColor::Green.on_default().bold(),
    }
}

fn counted(count: usize, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_has_its_plural() {
        assert_eq!(counted(1, "note"), "1 note");
        assert_eq!(counted(0, "error"), "0 errors");
    }
}
