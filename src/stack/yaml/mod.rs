//! The one place that reads and writes YAML: text to a tree whose every key and value knows its place.
//!
//! The reader's options close the traps of the language: duplicate keys, YAML 1.1 booleans, tags,
//! several documents, alias bombs and over-long files are errors. A tree is read rather than
//! structs because all mistakes of a file are wanted at once, and because an environment is merged
//! over the stack before anything is checked.

mod mistake;
mod traps;
mod tree;

use indexmap::IndexMap;
use serde_json::{Number, Value};
use serde_yaml::options::{DuplicateKeyPolicy, MergeKeyPolicy};

use super::problem::{Place, Problem};
use crate::stack::codes;

pub(super) use traps::{is_disputed, traps};

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
        .map_err(|error| Box::new(mistake::syntax_problem(text, &error)))
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
