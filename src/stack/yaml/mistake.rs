//! What makes a text no document, in our words and with its place.

use serde_yaml::Location;

use super::tree::place_of;
use crate::stack::codes;
use crate::stack::problem::{Place, Problem};

/// Puts the reader's error into our words.
pub(super) fn syntax_problem(text: &str, error: &serde_yaml::Error) -> Problem {
    use serde_yaml::Error;
    let error = error.without_snippet();
    let cause = match error {
        Error::AliasError { error, .. } => error.without_snippet(),
        other => other,
    };
    let problem = match cause {
        Error::DuplicateMappingKey { key, .. } => {
            let name = key
                .as_ref()
                .map_or_else(String::new, |key| format!(" `{key}`"));
            Problem::new(
                &codes::DUPLICATE_KEY,
                format!("the key{name} is here a second time"),
            )
            .help("keep one of the two; YAML would silently drop the other")
        }
        Error::MultipleDocuments { .. } => {
            Problem::new(&codes::INVALID_YAML, "a second document begins here")
                .help("a stack file is one document: remove the `---`")
        }
        Error::Budget { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. } => Problem::new(
            &codes::INVALID_YAML,
            "the document is too large or too deeply nested",
        )
        .because(first_line(cause))
        .help("write it out without so many aliases and levels"),
        Error::NonFiniteFloat { .. } => Problem::new(
            &codes::INVALID_YAML,
            "infinity and not-a-number have no meaning here",
        ),
        Error::Eof { .. } => Problem::new(&codes::INVALID_YAML, "the file is empty"),
        _ => {
            let problem = Problem::new(
                &codes::INVALID_YAML,
                format!("this is not valid YAML: {}", first_line(cause)),
            );
            if text.contains('\t') {
                problem.help("indent with spaces: YAML does not allow tabs")
            } else {
                problem
            }
        }
    };
    match error.location() {
        Some(location) if location != Location::UNKNOWN => problem.at(place(text, location)),
        _ => problem,
    }
}

/// The first line of an error's text, without the position that the place gives already.
fn first_line(error: &serde_yaml::Error) -> String {
    let text = error.to_string();
    let line = text.lines().next().unwrap_or_default();
    let line = line.split(" at line ").next().unwrap_or(line);
    line.trim_start_matches("error: ").to_owned()
}

/// Turns the reader's location into a place; syntax errors come without byte offsets.
fn place(text: &str, location: Location) -> Place {
    let span = location.span();
    let mut place = place_of(location);
    if span.byte_offset().is_none() {
        let before: usize = text
            .split_inclusive('\n')
            .take(place.line.saturating_sub(1))
            .map(str::len)
            .sum();
        let rest = text.get(before..).unwrap_or_default();
        let column: usize = rest
            .chars()
            .take(place.column.saturating_sub(1))
            .map(char::len_utf8)
            .sum();
        let start = (before + column).min(text.len());
        place.bytes = start..start;
    }
    place
}
