//! The one place that reads and writes YAML: text to a tree whose every key and value knows its place.
//!
//! The reader's options close the traps of the language: duplicate keys, YAML 1.1 booleans, tags,
//! several documents, alias bombs and over-long files are errors. A tree is read rather than
//! structs because all mistakes of a file are wanted at once, and because an environment is merged
//! over the stack before anything is checked.

use std::fmt;

use indexmap::IndexMap;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Number, Value};
use serde_yaml::options::{DuplicateKeyPolicy, MergeKeyPolicy};
use serde_yaml::{Location, Spanned, Tagged};

use super::problem::{Place, Problem};
use crate::stack::codes;

/// The largest text that is read, in bytes.
pub const MAX_BYTES: usize = 1 << 20;
/// The deepest nesting that is read: far more than any stack file or template has, and little enough
/// for the stack of any thread.
const MAX_DEPTH: usize = 32;
/// The most nodes that are read.
const MAX_NODES: usize = 50_000;
/// The most aliases that are followed.
const MAX_ALIASES: usize = 1_000;

/// A value of a document with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// What it is.
    pub content: Content,
    /// Its tag, such as `!Sub`; only where tags are kept.
    pub tag: Option<String>,
    /// Where it stands.
    pub place: Place,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// Nothing, or `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A map, in the order of the file.
    Map(IndexMap<String, Entry>),
}

/// One entry of a map.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Where the key stands.
    pub key: Place,
    /// The value.
    pub value: Node,
}

/// What is made of tags such as `!Sub`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tags {
    /// A tag is an error.
    Refused,
    /// Tags are kept in the tree.
    Kept,
}

impl Node {
    /// The entries, if this is a map.
    pub fn map(&self) -> Option<&IndexMap<String, Entry>> {
        match &self.content {
            Content::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The value at a path of map keys and list indexes.
    pub fn at<'a>(&self, path: impl IntoIterator<Item = &'a str>) -> Option<&Node> {
        path.into_iter()
            .try_fold(self, |node, step| match &node.content {
                Content::Map(map) => map.get(step).map(|entry| &entry.value),
                Content::List(list) => list.get(step.parse::<usize>().ok()?),
                _ => None,
            })
    }

    /// The value without places and tags.
    pub fn to_json(&self) -> Value {
        match &self.content {
            Content::Null => Value::Null,
            Content::Bool(value) => Value::Bool(*value),
            Content::Number(value) => Value::Number(value.clone()),
            Content::Text(text) => Value::String(text.clone()),
            Content::List(list) => list.iter().map(Node::to_json).collect(),
            Content::Map(map) => map
                .iter()
                .map(|(key, entry)| (key.clone(), entry.value.to_json()))
                .collect::<serde_json::Map<_, _>>()
                .into(),
        }
    }
}

/// Writes a value as a YAML document.
///
/// # Errors
/// The value cannot be written as YAML.
pub fn write(value: &Value) -> Result<String, serde_yaml::SerializeError> {
    serde_yaml::to_string(value)
}

/// Reads one YAML document.
///
/// # Errors
/// The first thing that makes the text no single, unambiguous document, with its place.
pub fn read(text: &str, tags: Tags) -> Result<Node, Box<Problem>> {
    if text.len() > MAX_BYTES {
        let summary = format!(
            "the file has {} bytes, more than the {MAX_BYTES} allowed",
            text.len()
        );
        return Err(Box::new(Problem::new(
            &codes::UNREADABLE_STACK_FILE,
            summary,
        )));
    }
    if text.starts_with('\u{feff}') {
        let place = Place {
            line: 1,
            column: 1,
            bytes: 0..'\u{feff}'.len_utf8(),
        };
        let problem = Problem::new(
            &codes::UNREADABLE_STACK_FILE,
            "the file begins with a byte order mark",
        )
        .because("it cannot be seen, and some readers take it for a part of the first key");
        return Err(Box::new(
            problem.at(place).help("save it as UTF-8 without BOM"),
        ));
    }
    let options = serde_yaml::options! {
        strict_booleans: true,
        reject_unsupported_tags: tags == Tags::Refused,
        duplicate_keys: DuplicateKeyPolicy::Error,
        merge_keys: MergeKeyPolicy::Merge,
        budget: serde_yaml::budget! {
            max_depth: MAX_DEPTH,
            max_nodes: MAX_NODES,
            max_aliases: MAX_ALIASES,
            // The second is refused by the reader itself, in clearer words than the budget's.
            max_documents: 2,
        },
        with_snippet: false,
    };
    serde_yaml::from_str_with_options::<Node>(text, options)
        .map_err(|error| Box::new(syntax_problem(text, &error)))
}

/// Puts the reader's error into our words.
fn syntax_problem(text: &str, error: &serde_yaml::Error) -> Problem {
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

fn place_of(location: Location) -> Place {
    let number = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    let span = location.span();
    let start = number(span.byte_offset().unwrap_or(0));
    let length = number(span.byte_len().unwrap_or(0));
    Place {
        line: number(location.line()),
        column: number(location.column()),
        bytes: start..start.saturating_add(length),
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Tagged<Content>>::deserialize(deserializer)?;
        let Tagged(content, tag) = spanned.value;
        Ok(Self {
            content,
            tag,
            place: place_of(spanned.defined),
        })
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ContentVisitor)
    }
}

struct ContentVisitor;

impl<'de> Visitor<'de> for ContentVisitor {
    type Value = Content;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a YAML value")
    }

    fn visit_unit<E>(self) -> Result<Content, E> {
        Ok(Content::Null)
    }

    fn visit_none<E>(self) -> Result<Content, E> {
        Ok(Content::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Content, E> {
        Ok(Content::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Content, E> {
        Ok(Content::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Content, E> {
        Ok(Content::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Content, E> {
        Number::from_f64(value)
            .map(Content::Number)
            .ok_or_else(|| E::custom("infinity and not-a-number have no meaning here"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Content, E> {
        Ok(Content::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Content, E> {
        Ok(Content::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Content, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Content::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Content, A::Error> {
        let mut map = IndexMap::new();
        while let Some(key) = entries.next_key::<Spanned<String>>()? {
            let entry = Entry {
                key: place_of(key.defined),
                value: entries.next_value()?,
            };
            if map.insert(key.value, entry).is_some() {
                return Err(A::Error::custom("the same key is here twice"));
            }
        }
        Ok(Content::Map(map))
    }
}

/// Finds words that YAML 1.1 reads as booleans, and empty values: both are surprises sooner or later.
///
/// Under the key `environments`, a `null` that is written out is meant: it removes something.
pub(super) fn traps(text: &str, root: &Node) -> Vec<Problem> {
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
pub(super) fn is_disputed(raw: &str) -> bool {
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

    fn refused(text: &str) -> Problem {
        *read(text, Tags::Refused).unwrap_err()
    }

    fn line_column(problem: &Problem) -> (usize, usize) {
        let place = problem.place.as_ref().unwrap();
        (place.line, place.column)
    }

    #[test]
    fn every_key_and_value_has_its_place() {
        let text = "a:\n  b: [1, \"two\"]\n";
        let root = read(text, Tags::Refused).unwrap();
        let two = root.at(["a", "b", "1"]).unwrap();
        assert_eq!(two.content, Content::Text("two".into()));
        assert_eq!((two.place.line, two.place.column), (2, 10));
        assert_eq!(&text[two.place.bytes.clone()], "\"two\"");
        let key = &root.at(["a"]).unwrap().map().unwrap()["b"].key;
        assert_eq!(&text[key.bytes.clone()], "b");
    }

    #[test]
    fn a_key_twice_is_an_error_at_the_second() {
        let problem = refused("a: 1\nb: 2\na: 3\n");
        assert_eq!(line_column(&problem), (3, 1));
        assert!(problem.summary.contains("`a`"), "{}", problem.summary);
    }

    #[test]
    fn tags_are_refused_or_kept() {
        assert_eq!(line_column(&refused("a: !Sub x\n")).0, 1);
        let kept = read("a: !Sub x\n", Tags::Kept).unwrap();
        assert_eq!(kept.at(["a"]).unwrap().tag.as_deref(), Some("!Sub"));
    }

    #[test]
    fn a_second_document_is_refused() {
        let problem = refused("a: 1\n---\nb: 2\n");
        assert!(problem.summary.contains("second document"), "{problem:?}");
    }

    #[test]
    fn a_tab_is_refused_with_the_remedy() {
        let problem = refused("a:\n\tb: 1\n");
        assert_eq!(line_column(&problem).0, 2);
        assert!(problem.help.unwrap().contains("spaces"));
    }

    #[test]
    fn a_bomb_and_a_huge_file_are_refused() {
        let level = |level: usize| {
            let below = level
                .checked_sub(1)
                .map_or("x".to_owned(), |below| format!("*a{below}"));
            format!("a{level}: &a{level} [{}]", vec![below; 9].join(","))
        };
        let bomb = (0..9).map(level).collect::<Vec<_>>().join("\n");
        assert!(
            refused(&bomb).summary.contains("too large"),
            "{:?}",
            refused(&bomb)
        );
        assert!(refused(&"[".repeat(20_000)).place.is_some());
        assert!(
            refused(&" ".repeat(MAX_BYTES + 1))
                .summary
                .contains("bytes")
        );
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

    #[test]
    fn every_kind_of_deep_nesting_is_refused() {
        let blocks: String = (0..200).map(|depth| " ".repeat(depth) + "a:\n").collect();
        for text in [
            "[".repeat(500_000),
            "{a: ".repeat(100_000),
            "- ".repeat(100_000),
            blocks,
        ] {
            assert!(read(&text, Tags::Refused).is_err());
        }
    }

    #[test]
    fn merge_keys_and_aliases_that_stay_small_are_read() {
        let text = "a: &a { x: 1 }\nb: { <<: *a, y: 2 }\nc: *a\n";
        let root = read(text, Tags::Refused).unwrap();
        assert_eq!(root.to_json()["b"], serde_json::json!({ "x": 1, "y": 2 }));
        assert_eq!(root.to_json()["c"], serde_json::json!({ "x": 1 }));
    }

    #[test]
    fn an_empty_file_is_nothing() {
        assert_eq!(read("", Tags::Refused).unwrap().content, Content::Null);
    }

    #[test]
    fn infinity_is_refused() {
        let problem = refused("a: .inf\n");
        assert!(problem.summary.contains("infinity"), "{problem:?}");
    }
}
