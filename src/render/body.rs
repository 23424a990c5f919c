//! Reads rendered YAML: CloudFormation's short tags become their long forms.

use serde_json::{Map, Value, json};

use super::engine::Output;
use super::error::RenderError;
use crate::stack::yaml::{self, Content, Node, Tags};

/// Reads what a template wrote as a value, with `!Ref` as `Ref` and `!Sub` as `Fn::Sub`.
pub(super) fn parse(output: &Output) -> Result<Value, RenderError> {
    let template = || output.name.file().to_owned();
    let node = yaml::read(&output.text, Tags::Kept).map_err(|problem| {
        let (line, column) = problem
            .place
            .map_or((1, 1), |place| (place.line, place.column));
        RenderError::NotYaml {
            template: template(),
            line,
            column,
            message: problem.summary,
        }
    })?;
    value(&node).map_err(|message| RenderError::Content {
        template: template(),
        message,
    })
}

/// Reads the text of a rendered file, whoever wrote it, as a value with functions in long form.
///
/// # Errors
/// When it is no YAML or has a tag that is no function, with the place.
pub fn read_rendered(text: &str) -> Result<Value, String> {
    let node = yaml::read(text, Tags::Kept).map_err(|problem| {
        let place = problem.place.as_ref();
        let place = place.map(|place| format!("line {}, column {}: ", place.line, place.column));
        place.unwrap_or_default() + &problem.summary
    })?;
    value(&node)
}

fn value(node: &Node) -> Result<Value, String> {
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
            format!(
                "line {}: `{tag}` is no function of CloudFormation",
                node.place.line
            )
        }),
        None => Ok(plain),
    }
}

/// The long form of a short tag.
fn long_form(tag: &str, value: Value) -> Option<Value> {
    let name = tag.strip_prefix('!')?;
    let value = match (name, &value) {
        ("GetAtt", Value::String(text)) => {
            let (resource, attribute) = text.split_once('.')?;
            json!([resource, attribute])
        }
        _ => value,
    };
    let key = match name {
        "Ref" | "Condition" => name.to_owned(),
        "Sub" | "GetAtt" | "Join" | "If" | "Equals" | "Not" | "And" | "Or" | "Select" | "Split"
        | "FindInMap" | "Base64" | "ImportValue" | "GetAZs" | "Cidr" => format!("Fn::{name}"),
        _ => return None,
    };
    Some(json!({ key: value }))
}
