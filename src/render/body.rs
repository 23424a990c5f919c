//! Reads rendered YAML: CloudFormation's short tags become their long forms.

use std::ops::Range;

use serde_json::{Map, Value, json};

use super::engine::Output;
use super::error::{Mistake, RenderError};
use super::provenance::template_line;
use crate::stack::Place;
use crate::stack::yaml::{self, Content, Node, Tags};

/// Reads what a template wrote, with the places in its text.
pub(super) fn read(output: &Output<'_>) -> Result<Node, RenderError> {
    yaml::read(&output.text, Tags::Kept).map_err(|problem| {
        let place = problem.place.as_ref();
        let line = place.map_or(1, |place| place.line);
        let message = format!(
            "this does not write valid YAML: {}",
            plain(&problem.summary)
        );
        RenderError::NotYaml(Box::new(mistake(output, line, message).help(problem.help)))
    })
}

/// The reader's words, without those that say what it was reading.
fn plain(summary: &str) -> &str {
    summary.trim_start_matches("this is not valid YAML: ")
}

/// Turns a document's tree into its value, with `!Ref` as `Ref` and `!Sub` as `Fn::Sub`.
pub(super) fn parse(output: &Output<'_>) -> Result<Value, RenderError> {
    let root = read(output)?;
    value(&root)
        .map_err(|(line, message)| RenderError::Content(Box::new(mistake(output, line, message))))
}

/// Makes a mistake of what a template wrote on a line: at the template's line, where it is known.
pub(super) fn mistake(output: &Output<'_>, line: usize, message: String) -> Mistake {
    let written = output.text.lines().nth(line.saturating_sub(1));
    let note = format!(
        "it wrote, as line {line}: {}",
        written.unwrap_or_default().trim()
    );
    match template_line(output, line) {
        Some((name, at)) => Mistake::at_line(output.library, name, at, message),
        None => Mistake::whole(output.library, output.name, message),
    }
    .note(note)
}

fn value(node: &Node) -> Result<Value, (usize, String)> {
    let plain = match &node.content {
        Content::List(list) => list.iter().map(value).collect::<Result<Value, _>>()?,
        Content::Map(map) => {
            let mut out = Map::new();
            for (key, entry) in map {
                out.insert(key.clone(), value(&entry.value)?);
            }
            Value::Object(out)
        }
        _ => node.to_json(),
    };
    match &node.tag {
        Some(tag) => long_form(tag, plain).ok_or_else(|| {
            let message = format!("`{tag}` is no function of CloudFormation");
            (node.place.line, message)
        }),
        None => Ok(plain),
    }
}

/// The long form of a short tag.
fn long_form(tag: &str, value: Value) -> Option<Value> {
    let value = match (tag, &value) {
        ("!GetAtt", Value::String(text)) => {
            let (resource, attribute) = text.split_once('.')?;
            json!([resource, attribute])
        }
        _ => value,
    };
    Some(json!({ function(tag)?: value }))
}

/// The name of the function that a short tag stands for.
fn function(tag: &str) -> Option<String> {
    match tag.strip_prefix('!')? {
        name @ ("Ref" | "Condition") => Some(name.to_owned()),
        name @ ("Sub" | "GetAtt" | "Join" | "If" | "Equals" | "Not" | "And" | "Or" | "Select"
        | "Split" | "FindInMap" | "Base64" | "ImportValue" | "GetAZs" | "Cidr") => {
            Some(format!("Fn::{name}"))
        }
        _ => None,
    }
}

/// A part of a document's tree.
pub(super) struct Part<'a> {
    /// The value.
    pub(super) node: &'a Node,
    /// Where its key stands, if it is in a map.
    pub(super) key: Option<Place>,
}

/// Finds the part at a JSON pointer into the document's value.
pub(super) fn find<'a>(root: &'a Node, pointer: &str) -> Option<Part<'a>> {
    let mut part = Part {
        node: root,
        key: None,
    };
    let mut in_function = false;
    for step in pointer.split('/').skip(1) {
        let step = step.replace("~1", "/").replace("~0", "~");
        let tag = part.node.tag.as_deref().filter(|_| !in_function);
        if let Some(tag) = tag {
            // The long form has a level that the short one has not.
            if function(tag)? != step {
                return None;
            }
            in_function = true;
            continue;
        }
        part = match &part.node.content {
            Content::Map(map) => {
                let entry = map.get(&step)?;
                Part {
                    node: &entry.value,
                    key: Some(entry.key.clone()),
                }
            }
            Content::List(list) => Part {
                node: list.get(step.parse::<usize>().ok()?)?,
                key: None,
            },
            // `!GetAtt A.B` is a list of two in its long form.
            Content::Text(_) if in_function && matches!(step.as_str(), "0" | "1") => part,
            _ => return None,
        };
        in_function = false;
    }
    Some(part)
}

/// The stretch of text that a value takes, up to the end of the last value in it.
pub(super) fn extent(node: &Node) -> Range<usize> {
    let mut range = node.place.bytes.clone();
    let mut include = |inner: Range<usize>| {
        range = range.start.min(inner.start)..range.end.max(inner.end);
    };
    match &node.content {
        Content::List(list) => list.iter().for_each(|item| include(extent(item))),
        Content::Map(map) => {
            for entry in map.values() {
                include(entry.key.bytes.clone());
                include(extent(&entry.value));
            }
        }
        _ => {}
    }
    range
}

/// Whether a value has no parts.
pub(super) fn is_scalar(node: &Node) -> bool {
    !matches!(node.content, Content::List(_) | Content::Map(_))
}

/// The value of a tree that is known to be good.
#[cfg(test)]
pub(super) fn tests_value(root: &Node) -> Value {
    value(root).unwrap()
}
