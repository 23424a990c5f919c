//! The structure of a template.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::TemplateError;
use super::parameters::ParameterSpec;

/// A template whose sections and attributes are all known.
#[derive(Debug, Clone, Default)]
pub(crate) struct Template {
    pub(crate) description: Option<String>,
    pub(crate) parameters: IndexMap<String, ParameterSpec>,
    pub(crate) mappings: Map<String, Value>,
    pub(crate) conditions: Map<String, Value>,
    pub(crate) resources: IndexMap<String, ResourceSpec>,
    pub(crate) outputs: IndexMap<String, OutputSpec>,
}

/// One entry of `Resources`, nothing in it evaluated.
#[derive(Debug, Clone)]
pub(crate) struct ResourceSpec {
    pub(crate) kind: String,
    /// An object; intrinsic functions as in the template.
    pub(crate) properties: Value,
    pub(crate) condition: Option<String>,
    pub(crate) depends_on: Vec<String>,
    pub(crate) deletion_policy: Policy,
    pub(crate) update_replace_policy: Policy,
    pub(crate) metadata: Value,
}

/// One entry of `Outputs`.
#[derive(Debug, Clone)]
pub(crate) struct OutputSpec {
    pub(crate) value: Value,
    pub(crate) description: Option<String>,
    pub(crate) condition: Option<String>,
}

/// What becomes of a resource that leaves the stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) enum Policy {
    /// It is deleted.
    #[default]
    Delete,
    /// It stays, out of the stack's hands.
    Retain,
    /// It stays, except when the operation that created it is rolled back.
    RetainExceptOnCreate,
}

impl Template {
    /// Reads and checks a template's text.
    ///
    /// # Errors
    /// The text is no template, or has a section or attribute that is unknown or not emulated.
    pub(crate) fn parse(text: &str) -> Result<Self, TemplateError> {
        let Value::Object(sections) = super::loader::load(text)? else {
            return Err(TemplateError::Format("unsupported structure.".into()));
        };
        let mut template = Self::default();
        for (name, section) in sections {
            template.take_section(&name, section)?;
        }
        if template.resources.is_empty() {
            return Err(TemplateError::Format(
                "At least one Resources member must be defined.".into(),
            ));
        }
        Ok(template)
    }

    fn take_section(&mut self, name: &str, section: Value) -> Result<(), TemplateError> {
        match name {
            "AWSTemplateFormatVersion" => match section.as_str() {
                Some("2010-09-09") => {}
                _ => {
                    return Err(TemplateError::Format(format!(
                        "Template version {section} is not supported; use \"2010-09-09\"."
                    )));
                }
            },
            "Description" => self.description = Some(text("Description", &section)?),
            "Metadata" => {}
            "Parameters" => {
                for (name, value) in object("Parameters", section)? {
                    logical_name("Parameters", &name)?;
                    self.parameters
                        .insert(name.clone(), ParameterSpec::parse(&name, value)?);
                }
            }
            "Mappings" => self.mappings = object("Mappings", section)?,
            "Conditions" => self.conditions = object("Conditions", section)?,
            "Resources" => {
                for (name, value) in object("Resources", section)? {
                    logical_name("Resources", &name)?;
                    let resource = ResourceSpec::parse(&name, value)?;
                    self.resources.insert(name, resource);
                }
            }
            "Outputs" => {
                for (name, value) in object("Outputs", section)? {
                    logical_name("Outputs", &name)?;
                    let output = OutputSpec::parse(&name, value)?;
                    self.outputs.insert(name, output);
                }
            }
            "Transform" | "Rules" | "Hooks" => {
                return Err(TemplateError::NotEmulated(format!(
                    "the template section {name}"
                )));
            }
            _ => {
                return Err(TemplateError::Format(format!(
                    "Invalid template property or properties [{name}]"
                )));
            }
        }
        Ok(())
    }
}

impl ResourceSpec {
    fn parse(name: &str, value: Value) -> Result<Self, TemplateError> {
        let mut attributes = object(&format!("Resources/{name}"), value)?;
        let kind = attributes.remove("Type").ok_or_else(|| {
            TemplateError::Format(format!(
                "[/Resources/{name}] Every Resources object must contain a Type member."
            ))
        })?;
        let mut resource = Self {
            kind: text(&format!("Resources/{name}/Type"), &kind)?,
            properties: Value::Object(Map::new()),
            condition: None,
            depends_on: Vec::new(),
            deletion_policy: Policy::default(),
            update_replace_policy: Policy::default(),
            metadata: Value::Null,
        };
        for (attribute, value) in attributes {
            let place = format!("Resources/{name}/{attribute}");
            match attribute.as_str() {
                "Properties" => resource.properties = Value::Object(object(&place, value)?),
                "Condition" => resource.condition = Some(text(&place, &value)?),
                "DependsOn" => resource.depends_on = names(&place, value)?,
                "DeletionPolicy" => resource.deletion_policy = Policy::parse(&place, &value)?,
                "UpdateReplacePolicy" => {
                    resource.update_replace_policy = Policy::parse(&place, &value)?;
                }
                "Metadata" => resource.metadata = value,
                "CreationPolicy" | "UpdatePolicy" => {
                    return Err(TemplateError::NotEmulated(format!("the attribute {place}")));
                }
                _ => {
                    return Err(TemplateError::Format(format!(
                        "[/Resources/{name}] Encountered unrecognized attribute {attribute}"
                    )));
                }
            }
        }
        Ok(resource)
    }
}

impl OutputSpec {
    fn parse(name: &str, value: Value) -> Result<Self, TemplateError> {
        let place = format!("Outputs/{name}");
        let mut attributes = object(&place, value)?;
        let value = attributes.remove("Value").ok_or_else(|| {
            TemplateError::Format(format!(
                "[/{place}] Every Outputs member must contain a Value object"
            ))
        })?;
        let description = attributes
            .remove("Description")
            .map(|value| text(&place, &value))
            .transpose()?;
        let condition = attributes
            .remove("Condition")
            .map(|value| text(&place, &value))
            .transpose()?;
        match attributes.keys().next().map(String::as_str) {
            None => Ok(Self {
                value,
                description,
                condition,
            }),
            Some("Export") => Err(TemplateError::NotEmulated(format!(
                "exports ({place}/Export)"
            ))),
            Some(other) => Err(TemplateError::Format(format!(
                "[/{place}] Encountered unsupported attribute {other}"
            ))),
        }
    }
}

impl Policy {
    fn parse(place: &str, value: &Value) -> Result<Self, TemplateError> {
        match value.as_str() {
            Some("Delete") => Ok(Self::Delete),
            Some("Retain") => Ok(Self::Retain),
            Some("RetainExceptOnCreate") if place.ends_with("/DeletionPolicy") => {
                Ok(Self::RetainExceptOnCreate)
            }
            Some("Snapshot") => Err(TemplateError::NotEmulated(format!("{place}: Snapshot"))),
            _ => Err(TemplateError::Format(format!(
                "Unrecognized value {value} of {place}"
            ))),
        }
    }
}

fn object(place: &str, value: Value) -> Result<Map<String, Value>, TemplateError> {
    match value {
        Value::Object(map) => Ok(map),
        _ => Err(TemplateError::Format(format!(
            "[/{place}] must be an object"
        ))),
    }
}

fn text(place: &str, value: &Value) -> Result<String, TemplateError> {
    value
        .as_str()
        .map(str::to_owned)
        .ok_or_else(|| TemplateError::Format(format!("[/{place}] must be a string")))
}

fn names(place: &str, value: Value) -> Result<Vec<String>, TemplateError> {
    match value {
        Value::String(name) => Ok(vec![name]),
        Value::Array(items) => items.iter().map(|item| text(place, item)).collect(),
        _ => Err(TemplateError::Format(format!(
            "[/{place}] must be a string or a list of strings"
        ))),
    }
}

fn logical_name(section: &str, name: &str) -> Result<(), TemplateError> {
    if !name.is_empty()
        && name.len() <= 255
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
    {
        return Ok(());
    }
    Err(TemplateError::Format(format!(
        "{section} name '{name}' is non alphanumeric."
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_all_attributes_of_a_resource() {
        let template = Template::parse(
            "Resources:\n  Bucket:\n    Type: AWS::S3::Bucket\n    Condition: Wanted\n    DependsOn: Role\n\
             \x20   DeletionPolicy: RetainExceptOnCreate\n    UpdateReplacePolicy: Retain\n    Metadata: {a: 1}\n",
        )
        .unwrap();
        let bucket = &template.resources["Bucket"];
        assert_eq!(bucket.depends_on, ["Role"]);
        assert_eq!(bucket.condition.as_deref(), Some("Wanted"));
        assert_eq!(bucket.deletion_policy, Policy::RetainExceptOnCreate);
        assert_eq!(bucket.update_replace_policy, Policy::Retain);
        assert!(bucket.properties.as_object().unwrap().is_empty());
    }

    #[test]
    fn names_what_it_refuses() {
        for (text, reason) in [
            ("Resources: {}\n", "At least one Resources member"),
            ("Resources:\n  A: {Properties: {}}\n", "contain a Type"),
            ("Resources:\n  A-b: {Type: T}\n", "A-b"),
            ("Resources:\n  A: {Type: T, Foo: 1}\n", "Foo"),
            (
                "Resources:\n  A: {Type: T, DeletionPolicy: Snapshot}\n",
                "does not emulate Resources/A/DeletionPolicy: Snapshot",
            ),
            (
                "Resources:\n  A: {Type: T, UpdatePolicy: {}}\n",
                "UpdatePolicy",
            ),
            (
                "Resources:\n  A: {Type: T}\nTransform: AWS::Serverless-2016-10-31\n",
                "Transform",
            ),
            ("Resources:\n  A: {Type: T}\nThings: {}\n", "[Things]"),
            (
                "Resources:\n  A: {Type: T}\nOutputs:\n  O: {Value: 1, Export: {Name: x}}\n",
                "Export",
            ),
            (
                "Resources:\n  A: {Type: T}\nOutputs:\n  O: {}\n",
                "contain a Value",
            ),
            (
                "AWSTemplateFormatVersion: 2010-09-08\nResources:\n  A: {Type: T}\n",
                "2010-09-08",
            ),
        ] {
            let error = Template::parse(text).unwrap_err().to_string();
            assert!(error.contains(reason), "{text:?}: {error}");
        }
    }
}
