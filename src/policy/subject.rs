//! What policies look at: the documents of one environment, and how to find things in them.

use std::borrow::Cow;

use serde_json::Value;

use super::finding::Sighting;
use crate::render::Rendered;
use crate::stack::{Protection, Stack};

/// The name of a rendered document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DocumentName {
    /// The bucket and the roles.
    Foundation,
    /// Everything that serves.
    Service,
    /// The request that starts the training job.
    TrainingJob,
    /// The request that starts the batch job.
    TransformJob,
}

impl DocumentName {
    /// The name without its ending.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Foundation => "foundation",
            Self::Service => "service",
            Self::TrainingJob => "training-job",
            Self::TransformJob => "transform-job",
        }
    }
}

/// A rendered document.
#[derive(Debug, Clone)]
pub struct Document<'a> {
    /// Which one it is.
    pub name: DocumentName,
    /// Its value, functions in their long form.
    pub body: &'a Value,
    /// Its text, for the lines of findings.
    pub text: Cow<'a, str>,
}

/// One environment, rendered.
#[derive(Debug, Clone)]
pub struct Subject<'a> {
    /// The stack's name.
    pub stack: &'a str,
    /// The environment's name.
    pub environment: &'a str,
    /// Whether it is protected.
    pub protection: Protection,
    /// Its documents.
    pub documents: Vec<Document<'a>>,
}

impl<'a> Subject<'a> {
    /// Takes the documents of a rendered environment.
    pub fn new(stack: &'a Stack, rendered: &'a Rendered) -> Self {
        let document = |name, body, text: &'a str| Document {
            name,
            body,
            text: Cow::Borrowed(text),
        };
        let (foundation, service) = (&rendered.foundation, &rendered.service);
        let mut documents = vec![
            document(
                DocumentName::Foundation,
                foundation.body(),
                foundation.text(),
            ),
            document(DocumentName::Service, service.body(), service.text()),
        ];
        for (name, job) in [
            (DocumentName::TrainingJob, &rendered.training_job),
            (DocumentName::TransformJob, &rendered.transform_job),
        ] {
            let job = job.as_ref();
            documents.extend(job.map(|job| document(name, job.value(), job.text())));
        }
        Self {
            stack: stack.name.as_str(),
            environment: stack.environment.as_str(),
            protection: stack.protection,
            documents,
        }
    }

    /// Whether the environment is protected.
    pub(super) fn is_protected(&self) -> bool {
        self.protection == Protection::Protected
    }

    /// A document, if it is rendered.
    pub(super) fn document(&self, name: DocumentName) -> Option<&Document<'a>> {
        self.documents.iter().find(|document| document.name == name)
    }

    /// All resources of all templates.
    pub(super) fn resources(&self) -> impl Iterator<Item = Resource<'a>> {
        self.documents.iter().flat_map(|document| {
            let map = document.body.get("Resources").and_then(Value::as_object);
            map.into_iter().flatten().map(|(id, body)| Resource {
                document: document.name,
                id,
                kind: body.get("Type").and_then(Value::as_str).unwrap_or_default(),
                body,
            })
        })
    }

    /// The resources of one type.
    pub(super) fn of_type(&self, kind: &'static str) -> impl Iterator<Item = Resource<'a>> {
        self.resources()
            .filter(move |resource| resource.kind == kind)
    }

    /// The request documents.
    pub(super) fn requests(&self) -> impl Iterator<Item = &Document<'a>> {
        self.documents
            .iter()
            .filter(|document| document.body.get("Resources").is_none())
    }
}

impl Document<'_> {
    /// A violation in a request, at a JSON pointer or the nearest that is there.
    pub(super) fn sighting(&self, pointer: &str, message: impl Into<String>) -> Sighting {
        Sighting {
            document: self.name,
            resource: None,
            pointer: nearest(self.body, pointer).to_owned(),
            message: message.into(),
        }
    }
}

/// A resource of a template.
#[derive(Debug, Clone, Copy)]
pub(super) struct Resource<'a> {
    /// The template.
    pub(super) document: DocumentName,
    /// Its logical id.
    pub(super) id: &'a str,
    /// Its type, e.g. `AWS::S3::Bucket`.
    pub(super) kind: &'a str,
    /// All of it.
    pub(super) body: &'a Value,
}

impl<'a> Resource<'a> {
    /// The property at a JSON pointer below `Properties`.
    pub(super) fn property(&self, pointer: &str) -> Option<&'a Value> {
        self.body.get("Properties")?.pointer(pointer)
    }

    /// The items of a list at a JSON pointer below `Properties`, with their own pointers.
    pub(super) fn items(&self, pointer: &str) -> impl Iterator<Item = (String, &'a Value)> {
        let list = self.property(pointer).and_then(Value::as_array);
        let pointer = pointer.to_owned();
        list.into_iter()
            .flatten()
            .enumerate()
            .map(move |(index, item)| (format!("{pointer}/{index}"), item))
    }

    /// A violation at a JSON pointer below `Properties`, or at the nearest that is there.
    pub(super) fn sighting(&self, pointer: &str, message: impl Into<String>) -> Sighting {
        let inside = format!("/Properties{pointer}");
        Sighting {
            document: self.document,
            resource: Some(self.id.to_owned()),
            pointer: format!(
                "/Resources/{}{}",
                escape(self.id),
                nearest(self.body, &inside)
            ),
            message: message.into(),
        }
    }
}

/// Writes a key as a step of a JSON pointer.
pub(super) fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// The longest part of a JSON pointer that leads to something.
fn nearest<'p>(value: &Value, pointer: &'p str) -> &'p str {
    let mut end = pointer.len();
    while end > 0 && value.pointer(&pointer[..end]).is_none() {
        end = pointer[..end].rfind('/').unwrap_or(0);
    }
    &pointer[..end]
}

/// Whether a value is decided later, by a function of CloudFormation.
pub(super) fn is_function(value: &Value) -> bool {
    value.as_object().is_some_and(|map| {
        map.len() == 1
            && map.keys().all(|key| {
                key == "Ref"
                    || key == "Condition" && map[key].is_string()
                    || key.starts_with("Fn::")
            })
    })
}

/// Whether a value is given: not absent, not null, not `AWS::NoValue`, not an empty list or map.
pub(super) fn is_given(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => false,
        Some(Value::Array(list)) => !list.is_empty(),
        Some(Value::Object(map)) => {
            !map.is_empty() && map.get("Ref").and_then(Value::as_str) != Some("AWS::NoValue")
        }
        Some(_) => true,
    }
}

/// Whether a value is the wanted word (a boolean counts by its word), or is decided later.
pub(super) fn is_or_may_be(value: Option<&Value>, wanted: &str) -> bool {
    match value {
        Some(Value::String(text)) => text.eq_ignore_ascii_case(wanted),
        Some(Value::Bool(flag)) => wanted == if *flag { "true" } else { "false" },
        Some(value) => is_given(Some(value)) && is_function(value),
        None => false,
    }
}

/// The number that a value is; CloudFormation takes a text for one too.
pub(super) fn number(value: Option<&Value>) -> Option<f64> {
    match value? {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// The text of a value, looking into `Fn::Sub`.
pub(super) fn text(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => Some(text),
        Value::Object(map) if map.len() == 1 => match map.get("Fn::Sub")? {
            Value::String(text) => Some(text),
            Value::Array(list) => list.first()?.as_str(),
            _ => None,
        },
        _ => None,
    }
}

/// Whether a value refers to a resource by `Ref`, `Fn::GetAtt` or `Fn::Sub`.
pub(super) fn refers_to(value: &Value, id: &str) -> bool {
    match value {
        Value::Array(list) => list.iter().any(|item| refers_to(item, id)),
        Value::Object(map) => map.iter().any(|(key, inner)| match (key.as_str(), inner) {
            ("Ref", Value::String(name)) => name == id,
            ("Fn::GetAtt", Value::Array(list)) => list.first().and_then(Value::as_str) == Some(id),
            ("Fn::GetAtt", Value::String(name)) => {
                name.split_once('.').is_some_and(|(name, _)| name == id)
            }
            ("Fn::Sub", inner) if text_refers_to(inner, id) => true,
            _ => refers_to(inner, id),
        }),
        _ => false,
    }
}

fn text_refers_to(value: &Value, id: &str) -> bool {
    let text = match value {
        Value::Array(list) => list.first().and_then(Value::as_str),
        value => value.as_str(),
    };
    text.is_some_and(|text| {
        text.split("${").skip(1).any(|part| {
            part.strip_prefix(id)
                .is_some_and(|rest| rest.starts_with(['}', '.']))
        })
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_pointer_ends_at_the_last_thing_that_is_there() {
        let value = json!({"Properties": {"A": {"B": 1}}});
        assert_eq!(nearest(&value, "/Properties/A/B"), "/Properties/A/B");
        assert_eq!(nearest(&value, "/Properties/A/C/D"), "/Properties/A");
        assert_eq!(nearest(&json!({}), "/Properties/A"), "");
    }

    #[test]
    fn references_are_found_in_all_their_forms() {
        for value in [
            json!({"Ref": "F"}),
            json!({"Fn::GetAtt": ["F", "Arn"]}),
            json!({"Fn::GetAtt": "F.Arn"}),
            json!({"Fn::Sub": "x${F.Arn}y"}),
            json!({"Fn::Sub": ["x${F}y", {}]}),
            json!({"Fn::Join": ["", ["a", {"Ref": "F"}]]}),
        ] {
            assert!(refers_to(&value, "F"), "{value}");
            assert!(!refers_to(&value, "Fn"), "{value}");
        }
    }

    #[test]
    fn what_is_decided_later_is_taken_to_be_right() {
        assert!(is_or_may_be(Some(&json!({"Ref": "P"})), "true"));
        assert!(!is_or_may_be(Some(&json!({"Ref": "AWS::NoValue"})), "true"));
        assert!(is_or_may_be(Some(&json!(true)), "true"));
        assert!(!is_or_may_be(Some(&json!("false")), "true"));
        assert!(!is_or_may_be(None, "true"));
    }
}
