//! What is valid YAML, but another thing to another reader, or nothing at all.

use super::{Content, Entry, Node};
use crate::stack::codes;
use crate::stack::problem::{Place, Problem};

/// Finds words that YAML 1.1 reads as booleans, and empty values: both are surprises sooner or later.
///
/// Under the key `environments`, a `null` that is written out is meant: it removes something.
pub(in crate::stack) fn traps(text: &str, root: &Node) -> Vec<Problem> {
    let mut found = Vec::new();
    let mut rest = vec![(root, false)];
    while let Some((node, removable)) = rest.pop() {
        match &node.content {
            Content::Text(value) => found.extend(boolean_word(text, value, &node.place)),
            Content::List(list) => rest.extend(list.iter().map(|item| (item, false))),
            Content::Map(map) => {
                for (key, entry) in map {
                    found.extend(boolean_word(text, key, &entry.key));
                    let inside = removable || (std::ptr::eq(node, root) && key == "environments");
                    if entry.value.content == Content::Null {
                        found.extend(empty_value(text, key, entry, inside));
                    } else {
                        rest.push((&entry.value, inside));
                    }
                }
            }
            Content::Number(_) => found.extend(other_number(text, &node.place)),
            Content::Null | Content::Bool(_) => {}
        }
    }
    found
}

/// Complains about a number that readers of YAML do not agree on: `012`, `0x1F`, `1_000`.
fn other_number(text: &str, place: &Place) -> Option<Problem> {
    let raw = text.get(place.bytes.clone())?.trim();
    is_disputed(raw).then(|| {
        let summary =
            format!("`{raw}` is one number to some readers of YAML and another to others");
        Problem::new(&codes::AMBIGUOUS_YAML, summary)
            .at(place.clone())
            .help(format!(
                "write it in decimal without `0` in front, or as a text: \"{raw}\""
            ))
    })
}

/// Whether readers of YAML disagree on a number as it is written.
pub(in crate::stack) fn is_disputed(raw: &str) -> bool {
    let digits = raw.trim_start_matches(['-', '+']);
    let second = digits.chars().nth(1);
    let octal = digits.starts_with('0') && second.is_some_and(|c| c.is_ascii_alphanumeric());
    octal || digits.contains('_')
}

/// Complains about a value that is not there, or that says so where nothing can be removed.
fn empty_value(text: &str, key: &str, entry: &Entry, removable: bool) -> Option<Problem> {
    let raw = text
        .get(entry.value.place.bytes.clone())
        .unwrap_or_default();
    let written = matches!(raw.trim(), "null" | "~");
    if removable && written {
        return None;
    }
    let problem =
        Problem::new(&codes::EMPTY_VALUE, format!("`{key}` has no value")).at(entry.key.clone());
    Some(if removable {
        problem.help("give it one, remove the line, or write `null` to remove what the stack says")
    } else {
        problem.help("give it one, or remove the line")
    })
}

/// Complains about an unquoted `yes`, `no`, `on` or `off`.
fn boolean_word(text: &str, value: &str, place: &Place) -> Option<Problem> {
    let boolean = ["yes", "no", "on", "off"]
        .iter()
        .any(|word| value.eq_ignore_ascii_case(word));
    let plain = text
        .get(place.bytes.clone())
        .is_some_and(|raw| raw.trim() == value);
    (boolean && plain).then(|| {
        Problem::new(
            &codes::AMBIGUOUS_YAML,
            format!("`{value}` is a boolean to some readers of YAML and a text to others"),
        )
        .at(place.clone())
        .help(format!("write \"{value}\" in quotes, or `true` or `false`"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::yaml::{Tags, read};

    fn line_column(problem: &Problem) -> (usize, usize) {
        let place = problem.place.as_ref().unwrap();
        (place.line, place.column)
    }

    #[test]
    fn unquoted_boolean_words_and_empty_values_are_traps() {
        let text = "a: no\nb: \"no\"\non: 1\nc:\nd: normal\n";
        let root = read(text, Tags::Refused).unwrap();
        let mut lines: Vec<usize> = traps(text, &root)
            .iter()
            .map(|p| line_column(p).0)
            .collect();
        lines.sort_unstable();
        assert_eq!(lines, [1, 3, 4]);
    }

    #[test]
    fn numbers_that_readers_disagree_on_are_traps() {
        let text = "a: [012, 0x1F, 0o17, 10, 0, 0.5, -7, 1e3, \"012\"]\n";
        let root = read(text, Tags::Refused).unwrap();
        let mut told: Vec<usize> = traps(text, &root)
            .iter()
            .map(|problem| line_column(problem).1)
            .collect();
        told.sort_unstable();
        assert_eq!(told, [5, 10, 16]);
    }
}
