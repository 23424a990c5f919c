//! A finding of a check in one line, or in as many as a narrow terminal needs.

use anstyle::{AnsiColor, Style};

use super::fields::beside;
use super::width::{room, width};
use crate::doctor::{Finding, State};

/// The columns of the word that says how a check came out.
const WORD: usize = 8;
/// The columns of a title.
const TITLE: usize = 22;
/// In fewer columns there is no room beside the title.
const NARROW: usize = 72;

/// Writes a finding, its fix at the end.
pub(in crate::cli) fn finding(title: &str, finding: &Finding) -> Vec<String> {
    lines(title, finding, room())
}

fn lines(title: &str, finding: &Finding, room: Option<usize>) -> Vec<String> {
    let (word, style) = match finding.state {
        State::Ok => ("ok", AnsiColor::Green.on_default()),
        State::Skipped => ("skipped", Style::new().dimmed()),
        State::Warning => ("warning", AnsiColor::Yellow.on_default()),
        State::Failed => ("failed", AnsiColor::Red.on_default()),
    };
    let head = format!("{style}{word:<WORD$}{style:#} ");
    let address = finding.address.as_ref();
    let address = address.map(|address| format!("{address}: "));
    let fix = finding.fix.as_ref().map(|fix| format!(" -> {fix}"));
    let text = [address.as_deref(), Some(&finding.found), fix.as_deref()];
    let text: String = text.into_iter().flatten().collect();
    match room {
        None => vec![format!("{head}{title:<TITLE$} {text}")],
        Some(room) if room < NARROW => beside(&head, WORD + 1, &format!("{title}: {text}"), room),
        Some(room) => {
            let columns = WORD + 1 + width(title).max(TITLE) + 1;
            beside(&format!("{head}{title:<TITLE$} "), columns, &text, room)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(room: Option<usize>) -> Vec<String> {
        let found = Finding::failed("port 8085 cannot be had", "`--local-port` names another");
        let lines = lines("engine and port", &found, room).into_iter();
        lines
            .map(|line| anstream::adapter::strip_str(&line).to_string())
            .collect()
    }

    #[test]
    fn a_finding_takes_the_lines_that_it_needs() {
        let line = "failed   engine and port        port 8085 cannot be had -> `--local-port` names another";
        assert_eq!(plain(None), [line]);
        assert_eq!(plain(Some(100)), [line]);
        assert_eq!(
            plain(Some(72)),
            [
                "failed   engine and port        port 8085 cannot be had ->",
                "                                `--local-port` names another",
            ]
        );
        assert_eq!(
            plain(Some(40)),
            [
                "failed   engine and port: port 8085",
                "         cannot be had -> `--local-port`",
                "         names another",
            ]
        );
    }
}
