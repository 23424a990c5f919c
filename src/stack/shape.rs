//! Checks the shape of a merged environment: unknown fields, missing fields, wrong types, all at once.
//!
//! The tree is checked against the JSON Schema made from [`Document`], whose errors name the place
//! in the value; here they get the place in the text and words for people.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use jsonschema::error::ValidationErrorKind as Kind;
use jsonschema::{ValidationError, Validator};
use serde_json::Value;

use super::document::Document;
use super::problem::{Place, Problem};
use super::schema::{self, ENVIRONMENT_FIELDS, FILE, MERGED, STACK_FIELDS};
use super::suggest;
use super::yaml::Node;
use crate::stack::codes;

static VALIDATOR: LazyLock<Validator> = LazyLock::new(|| validator(&MERGED));

static FILE_VALIDATOR: LazyLock<Validator> = LazyLock::new(|| validator(&FILE));

/// Compiles a schema. What it says for people only is left out first: at every start of the program
/// the compiler would look through it.
fn validator(schema: &Value) -> Validator {
    jsonschema::draft202012::new(&schema::bare(schema))
        .expect("the schema is made from types of this crate")
}

/// Says what is wrong with the shape of a whole file, whatever the environments make of it: what
/// one of them hides or removes must be right too.
///
/// What is missing is told by [`shape`], where it is known what the environments add.
pub(super) fn file_problems(text: &str, root: &Node) -> Vec<Problem> {
    let value = root.to_json();
    let translator = Translator {
        text,
        root,
        value: &value,
        schema: &FILE,
    };
    let mut problems = Vec::new();
    for error in FILE_VALIDATOR.iter_errors(&value) {
        let elsewhere = matches!(
            error.kind(),
            Kind::Required { .. } | Kind::PropertyNames { .. }
        );
        let environments = error.instance_path().as_str() == "/environments";
        let empty = environments && matches!(error.kind(), Kind::MinProperties { .. });
        if !elsewhere && !empty {
            translator.translate(&error, &mut problems);
        }
    }
    problems
}

/// What the shape of a merged environment is like.
pub(super) struct Shaped {
    /// The document, without what is wrong.
    pub(super) document: Document,
    /// What is wrong.
    pub(super) problems: Vec<Problem>,
    /// The sections that were left out since something in them cannot be read.
    pub(super) broken: BTreeSet<String>,
}

/// Turns the tree into the document, leaving out fields that nobody knows and sections that cannot
/// be read, and saying why.
pub(super) fn shape(text: &str, root: &Node) -> Shaped {
    let mut value = root.to_json();
    let mut problems = Vec::new();
    let mut broken = BTreeSet::new();
    let translator = Translator {
        text,
        root,
        value: &value,
        schema: &MERGED,
    };
    let mut strays = Vec::new();
    for error in VALIDATOR.iter_errors(&value) {
        translator.translate(&error, &mut problems);
        let pointer = error.instance_path().as_str();
        if let Kind::AdditionalProperties { unexpected } = error.kind() {
            strays.push((pointer.to_owned(), unexpected.clone()));
        } else if let Some(section) = steps(pointer).into_iter().next() {
            broken.insert(section);
        }
    }
    // Without the fields that nobody knows, the rest of their section can be looked at.
    for (pointer, fields) in strays {
        if let Some(Value::Object(map)) = value.pointer_mut(&pointer) {
            map.retain(|field, _| !fields.contains(field));
        }
    }
    if let Some(map) = value.as_object_mut() {
        map.retain(|section, _| !broken.contains(section));
    }
    let document = serde_path_to_error::deserialize(&value).unwrap_or_else(|error| {
        let path = error.path().to_string();
        let steps: Vec<&str> = path.split('.').collect();
        let place = place_of(root, &steps);
        problems.push(
            Problem::new(&codes::WRONG_TYPE, format!("`{path}`: {}", error.inner())).at(place),
        );
        broken.extend(steps.first().map(|section| (*section).to_owned()));
        Document::default()
    });
    Shaped {
        document,
        problems,
        broken,
    }
}

/// The place of the value at a path, or of what is nearest above it.
pub(super) fn place_of(root: &Node, path: &[&str]) -> Place {
    for length in (1..=path.len()).rev() {
        let (parents, last) = (&path[..length - 1], path[length - 1]);
        let Some(parent) = root.at(parents.iter().copied()) else {
            continue;
        };
        if let Some(entry) = parent.map().and_then(|map| map.get(last)) {
            let inner = entry.value.map().is_some() || length < path.len();
            return if inner {
                entry.key.clone()
            } else {
                entry.value.place.clone()
            };
        }
        if let Some(node) = root.at(path[..length].iter().copied()) {
            return node.place.clone();
        }
    }
    root.place.clone()
}

struct Translator<'a> {
    text: &'a str,
    root: &'a Node,
    value: &'a Value,
    schema: &'static Value,
}

impl Translator<'_> {
    fn translate(&self, error: &ValidationError<'_>, problems: &mut Vec<Problem>) {
        let pointer = error.instance_path().as_str();
        let steps = steps(pointer);
        let path: Vec<&str> = steps.iter().map(String::as_str).collect();
        let name = path.last().copied().unwrap_or("the file");
        let place = || place_of(self.root, &path);
        match error.kind() {
            Kind::AdditionalProperties { unexpected } => {
                let known = self.known_fields(error.schema_path().as_str());
                for field in unexpected {
                    let mut inner = path.clone();
                    inner.push(field);
                    let problem = unknown_field(field, &path, &known);
                    problems.push(problem.at(self.key_place(&inner)));
                }
            }
            Kind::Required { property } => {
                let field = property.as_str().unwrap_or_default();
                let whole = path.is_empty();
                let name = if whole {
                    "the stack".to_owned()
                } else {
                    format!("`{name}`")
                };
                problems.push(
                    Problem::new(&codes::MISSING_FIELD, format!("{name} lacks `{field}`"))
                        .at(place())
                        .help(format!("add `{field}:`")),
                );
            }
            Kind::AnyOf { context } | Kind::OneOfNotValid { context } => {
                self.translate_choice(error, context, problems);
            }
            Kind::Type { .. } => {
                let expected = self.keyword(error.schema_path().as_str());
                problems.push(self.wrong_type(&path, &type_words(expected)));
            }
            Kind::Constant { expected_value } => {
                let summary = format!("`{name}` must be `{}`", plain(expected_value));
                problems.push(Problem::new(&codes::UNKNOWN_VALUE, summary).at(place()));
            }
            Kind::MinProperties { .. } | Kind::MaxProperties { .. } => {
                let pointer = error.schema_path().as_str();
                let known = self.known_fields(pointer);
                let summary = format!(
                    "`{name}` must be exactly one of {}",
                    suggest::listed(&known)
                );
                problems.push(Problem::new(&codes::CONTRADICTION, summary).at(place()));
            }
            Kind::Enum { options } => {
                let known: Vec<&str> = options
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(Value::as_str)
                    .collect();
                problems.push(self.wrong_word(&path, &known));
            }
            kind => {
                let summary = beyond(name, kind).unwrap_or_else(|| format!("`{name}`: {error}"));
                problems.push(Problem::new(&codes::OUT_OF_RANGE, summary).at(place()));
            }
        }
    }

    /// Reports a value that fits none of several alternatives by the alternative that was meant:
    /// the one whose type fits.
    fn translate_choice(
        &self,
        error: &ValidationError<'_>,
        context: &[Vec<ValidationError<'static>>],
        problems: &mut Vec<Problem>,
    ) {
        let pointer = error.instance_path().as_str();
        let found = self.value.pointer(pointer).unwrap_or(&Value::Null);
        let misses = |e: &ValidationError<'_>| {
            e.instance_path().as_str() == pointer && Self::misses_type(e, found)
        };
        // Several words to choose from come as one alternative each.
        let words: Vec<&str> = context
            .iter()
            .flatten()
            .filter_map(|error| match error.kind() {
                Kind::Constant { expected_value } => expected_value.as_str(),
                _ => None,
            })
            .collect();
        if found.is_string() && words.len() > 1 {
            let steps = steps(pointer);
            let path: Vec<&str> = steps.iter().map(String::as_str).collect();
            problems.push(self.wrong_word(&path, &words));
            return;
        }
        if let Some(meant) = context.iter().find(|errors| !errors.iter().any(misses)) {
            for error in meant {
                self.translate(error, problems);
            }
            return;
        }
        let mut words: Vec<&'static str> = Vec::new();
        for error in context.iter().flatten() {
            if matches!(error.kind(), Kind::Type { .. }) {
                let more = type_words(self.keyword(error.schema_path().as_str()));
                words.extend(
                    more.into_iter()
                        .filter(|word| !words.contains(word))
                        .collect::<Vec<_>>(),
                );
            }
        }
        let steps = steps(pointer);
        let path: Vec<&str> = steps.iter().map(String::as_str).collect();
        problems.push(self.wrong_type(&path, &words));
    }

    /// A word that is none of those that are known.
    fn wrong_word(&self, path: &[&str], known: &[&str]) -> Problem {
        let name = path.last().copied().unwrap_or("the file");
        let place = place_of(self.root, path);
        let node = self.root.at(path.iter().copied());
        let found = node.map_or(Value::Null, Node::to_json);
        Problem::new(
            &codes::UNKNOWN_VALUE,
            format!("`{}` is no valid `{name}`", plain(&found)),
        )
        .at(place)
        .help(suggest::remedy(&plain(&found), known))
    }

    /// Whether an error says that the value is of another type than the alternative takes.
    fn misses_type(error: &ValidationError<'_>, found: &Value) -> bool {
        match error.kind() {
            Kind::Type { .. } => true,
            Kind::Constant { expected_value } => type_of(expected_value) != type_of(found),
            Kind::OneOfNotValid { context } | Kind::AnyOf { context } => context
                .iter()
                .all(|errors| errors.iter().any(|inner| Self::misses_type(inner, found))),
            _ => false,
        }
    }

    /// The value of the schema keyword at a pointer into the schema.
    fn keyword(&self, pointer: &str) -> &'static Value {
        self.schema.pointer(pointer).unwrap_or(&Value::Null)
    }

    /// The fields that the schema knows where `additionalProperties` at a pointer forbids others.
    fn known_fields(&self, pointer: &str) -> Vec<&'static str> {
        let parent = pointer.rsplit_once('/').map_or("", |(parent, _)| parent);
        let properties = self.schema.pointer(&format!("{parent}/properties"));
        let properties = properties.and_then(Value::as_object);
        properties.map_or_else(Vec::new, |map| map.keys().map(String::as_str).collect())
    }

    fn wrong_type(&self, path: &[&str], words: &[&str]) -> Problem {
        let name = path.last().copied().unwrap_or("the file");
        let node = self.root.at(path.iter().copied());
        let place = place_of(self.root, path);
        let found = node.map_or(Value::Null, Node::to_json);
        let expected = if words.is_empty() {
            "something else".to_owned()
        } else {
            words.join(" or ")
        };
        let problem = Problem::new(
            &codes::WRONG_TYPE,
            format!("`{name}` must be {expected}, not {}", type_of(&found)),
        );
        let quotable = found.is_number() || found.is_boolean();
        let raw = self
            .text
            .get(place.bytes.clone())
            .unwrap_or_default()
            .trim();
        let problem = if words.contains(&"a text") && quotable && !raw.is_empty() {
            problem.help(format!("write it in quotes: \"{raw}\""))
        } else {
            problem
        };
        problem.at(place)
    }

    fn key_place(&self, path: &[&str]) -> Place {
        let parents = &path[..path.len().saturating_sub(1)];
        let entry = self.root.at(parents.iter().copied()).and_then(Node::map);
        let key = path
            .last()
            .and_then(|last| entry?.get(*last))
            .map(|entry| entry.key.clone());
        key.unwrap_or_else(|| place_of(self.root, path))
    }
}

/// The steps of a JSON pointer.
fn steps(pointer: &str) -> Vec<String> {
    pointer
        .split('/')
        .skip(1)
        .map(|step| step.replace("~1", "/").replace("~0", "~"))
        .collect()
}

/// Words for a value that is beyond a limit.
fn beyond(name: &str, kind: &Kind) -> Option<String> {
    Some(match kind {
        Kind::Minimum { limit } => format!("`{name}` must be at least {limit}"),
        Kind::Maximum { limit } => format!("`{name}` must be at most {limit}"),
        Kind::MinItems { limit } => format!("`{name}` must have at least {limit} entries"),
        Kind::MaxItems { limit } => format!("`{name}` must have at most {limit} entries"),
        _ => return None,
    })
}

/// Words for a field that does not belong where it is.
fn unknown_field(field: &str, path: &[&str], known: &[&str]) -> Problem {
    match path {
        [] if ENVIRONMENT_FIELDS.contains(&field) => Problem::new(
            &codes::MISPLACED_FIELD,
            format!("`{field}` belongs in an environment"),
        )
        .help(format!("move it to `environments: <name>: {field}:`")),
        ["environments", _] if STACK_FIELDS.contains(&field) => Problem::new(
            &codes::MISPLACED_FIELD,
            format!("an environment cannot change `{field}`"),
        )
        .help("remove it"),
        _ => Problem::new(&codes::UNKNOWN_FIELD, format!("unknown field `{field}`"))
            .help(suggest::remedy(field, known)),
    }
}

/// Words for the types that a schema's `type` allows; that `null` is allowed is no news.
fn type_words(expected: &Value) -> Vec<&'static str> {
    let one = |name: &Value| match name.as_str() {
        Some("string") => Some("a text"),
        Some("integer") => Some("a whole number"),
        Some("number") => Some("a number"),
        Some("boolean") => Some("true or false"),
        Some("object") => Some("a map"),
        Some("array") => Some("a list"),
        _ => None, // That `null` may remove something is no news.
    };
    match expected {
        Value::Array(names) => names.iter().filter_map(one).collect(),
        name => one(name).into_iter().collect(),
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "empty",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}

fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
