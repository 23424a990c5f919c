//! What a stack's resources are expected to be: its template with the functions evaluated. Pure.
//!
//! Only what the template, its parameters and the names of what exists tell is known. Whatever else is
//! asked for is [`Expected::Unknown`] with the reason, so that it is never taken for being as it should.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::cloud::drift::DeployedResource;

/// A value as it is expected to be.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expected {
    /// A text, number, boolean, or `Null` for what is not to be set.
    Scalar(Value),
    /// A map.
    Object(BTreeMap<String, Expected>),
    /// A list.
    List(Vec<Expected>),
    /// It cannot be told, for the given reason.
    Unknown(String),
}

impl Expected {
    /// Turns a plain value into an expectation.
    pub(super) fn of(value: &Value) -> Self {
        match value {
            Value::Array(items) => Self::List(items.iter().map(Self::of).collect()),
            Value::Object(map) => Self::Object(
                map.iter()
                    .map(|(name, value)| (name.clone(), Self::of(value)))
                    .collect(),
            ),
            scalar => Self::Scalar(scalar.clone()),
        }
    }

    /// Returns a member of a map.
    pub(super) fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(map) => map.get(name),
            _ => None,
        }
    }

    /// Returns the value if all of it is known, or the reason why something is not.
    pub(super) fn known(&self) -> Result<Value, &str> {
        match self {
            Self::Scalar(value) => Ok(value.clone()),
            Self::Unknown(reason) => Err(reason),
            Self::List(items) => items.iter().map(Self::known).collect(),
            Self::Object(map) => map
                .iter()
                .map(|(name, value)| Ok((name.clone(), value.known()?)))
                .collect::<Result<Map<_, _>, _>>()
                .map(Value::Object),
        }
    }

    /// Returns what is known, without the rest.
    pub(super) fn partly(&self) -> Value {
        match self {
            Self::Scalar(value) => value.clone(),
            Self::Unknown(_) => Value::Null,
            Self::List(items) => items.iter().map(Self::partly).collect(),
            Self::Object(map) => map
                .iter()
                .map(|(name, value)| (name.clone(), value.partly()))
                .collect(),
        }
    }
}

/// Where a template's functions are evaluated.
pub(super) struct Scope<'a> {
    /// The template, functions in their long form.
    pub(super) template: &'a Value,
    /// Parameters of the stack.
    pub(super) parameters: &'a BTreeMap<String, String>,
    /// Outputs of the stack.
    pub(super) outputs: &'a BTreeMap<String, String>,
    /// What exists of it.
    pub(super) resources: &'a [DeployedResource],
    /// Its ARN.
    pub(super) stack_id: &'a str,
}

type Evaluated<T> = Result<T, String>;

impl Scope<'_> {
    /// Evaluates the properties of a resource.
    pub(super) fn properties(&self, logical_id: &str) -> Expected {
        let properties = &self.template["Resources"][logical_id]["Properties"];
        match properties {
            Value::Null => Expected::Object(BTreeMap::new()),
            properties => self
                .evaluate(properties)
                .unwrap_or_else(|| Expected::Unknown("the template sets no properties".to_owned())),
        }
    }

    /// Evaluates a value; `None` is `AWS::NoValue`.
    fn evaluate(&self, value: &Value) -> Option<Expected> {
        match value {
            Value::Array(items) => Some(Expected::List(
                items
                    .iter()
                    .filter_map(|item| self.evaluate(item))
                    .collect(),
            )),
            Value::Object(map) => {
                let single = map.iter().next().filter(|_| map.len() == 1);
                if let Some((name, argument)) =
                    single.filter(|(name, _)| *name == "Ref" || name.starts_with("Fn::"))
                {
                    return self.function(name, argument);
                }
                let members = map
                    .iter()
                    .filter_map(|(name, value)| Some((name.clone(), self.evaluate(value)?)));
                Some(Expected::Object(members.collect()))
            }
            scalar => Some(Expected::Scalar(scalar.clone())),
        }
    }

    fn function(&self, name: &str, argument: &Value) -> Option<Expected> {
        if name == "Fn::If" {
            return match self.branch(argument) {
                Ok(branch) => self.evaluate(branch),
                Err(reason) => Some(Expected::Unknown(reason)),
            };
        }
        let result = match name {
            "Ref" if argument == "AWS::NoValue" => return None,
            "Ref" => self.reference(argument.as_str().unwrap_or_default()),
            "Fn::GetAtt" => self.attribute(argument).map(Value::String),
            "Fn::Sub" => self.substitution(argument).map(Value::String),
            "Fn::Join" => self.join(argument).map(Value::String),
            "Fn::Select" => return Some(self.select(argument)),
            other => Err(format!("{other} is not evaluated here")),
        };
        Some(match result {
            Ok(value) => Expected::of(&value),
            Err(reason) => Expected::Unknown(reason),
        })
    }

    fn reference(&self, name: &str) -> Evaluated<Value> {
        if let Some(value) = self.pseudo(name) {
            return Ok(Value::String(value));
        }
        if let Some(value) = self.parameters.get(name) {
            let declared = &self.template["Parameters"][name];
            if declared["NoEcho"] == true || declared["NoEcho"] == "true" {
                return Err(format!("the parameter {name} is not told (NoEcho)"));
            }
            let is_list = declared["Type"]
                .as_str()
                .is_some_and(|kind| kind.starts_with("List<") || kind == "CommaDelimitedList");
            return Ok(if is_list {
                value
                    .split(',')
                    .map(|item| Value::from(item.trim()))
                    .collect()
            } else {
                Value::String(value.clone())
            });
        }
        self.physical(name).map(Value::String)
    }

    fn physical(&self, name: &str) -> Evaluated<String> {
        self.resource(name)
            .map(|resource| resource.physical_id.clone())
            .ok_or_else(|| format!("{name} is not there"))
    }

    fn resource(&self, name: &str) -> Option<&DeployedResource> {
        self.resources
            .iter()
            .find(|resource| resource.logical_id == name)
    }

    /// A stack's ARN says where it is: `arn:<partition>:cloudformation:<region>:<account>:stack/<name>/<id>`.
    fn pseudo(&self, name: &str) -> Option<String> {
        let part = |index| self.stack_id.split(':').nth(index).map(str::to_owned);
        match name {
            "AWS::Partition" => part(1),
            "AWS::Region" => part(3),
            "AWS::AccountId" => part(4),
            "AWS::StackId" => Some(self.stack_id.to_owned()),
            "AWS::StackName" => self.stack_id.split('/').nth(1).map(str::to_owned),
            "AWS::URLSuffix" => Some(
                if part(1)?.as_str() == "aws-cn" {
                    "amazonaws.com.cn"
                } else {
                    "amazonaws.com"
                }
                .to_owned(),
            ),
            _ => None,
        }
    }

    /// Tells an attribute: from an output that is this attribute, or from what its form is known to be.
    fn attribute(&self, argument: &Value) -> Evaluated<String> {
        let (name, attribute) = attribute_of(argument)
            .ok_or_else(|| format!("Fn::GetAtt {argument} is not understood"))?;
        let outputs = self.template["Outputs"].as_object();
        let told = outputs.into_iter().flatten().find(|(_, output)| {
            let value = &output["Value"]["Fn::GetAtt"];
            attribute_of(value).is_some_and(|told| told == (name.clone(), attribute.clone()))
        });
        if let Some(value) = told.and_then(|(key, _)| self.outputs.get(key)) {
            return Ok(value.clone());
        }
        let resource = self
            .resource(&name)
            .ok_or_else(|| format!("{name} is not there"))?;
        self.formed(resource, &attribute)
            .ok_or_else(|| format!("{name}.{attribute} is not told by the stack"))
    }

    fn formed(&self, resource: &DeployedResource, attribute: &str) -> Option<String> {
        let id = &resource.physical_id;
        let place = |name| self.pseudo(name);
        let arn = |service: &str, rest: String| {
            let (partition, region, account) = (
                place("AWS::Partition")?,
                place("AWS::Region")?,
                place("AWS::AccountId")?,
            );
            Some(format!(
                "arn:{partition}:{service}:{region}:{account}:{rest}"
            ))
        };
        match (resource.kind.as_str(), attribute) {
            ("AWS::S3::Bucket", "Arn") => {
                Some(format!("arn:{}:s3:::{id}", place("AWS::Partition")?))
            }
            ("AWS::Lambda::Function", "Arn") => arn("lambda", format!("function:{id}")),
            ("AWS::Logs::LogGroup", "Arn") => arn("logs", format!("log-group:{id}:*")),
            ("AWS::KMS::Key", "Arn") => arn("kms", format!("key/{id}")),
            ("AWS::IAM::Role", "Arn") => {
                let properties = &self.template["Resources"][&resource.logical_id]["Properties"];
                if !properties["Path"].is_null() {
                    return None;
                }
                let (partition, account) = (place("AWS::Partition")?, place("AWS::AccountId")?);
                Some(format!("arn:{partition}:iam::{account}:role/{id}"))
            }
            ("AWS::ApiGatewayV2::Api", "ApiId") => Some(id.clone()),
            (kind, name) if kind.starts_with("AWS::SageMaker::") && name.ends_with("Name") => {
                Some(id.rsplit('/').next().unwrap_or(id).to_owned())
            }
            _ => None,
        }
    }

    fn substitution(&self, argument: &Value) -> Evaluated<String> {
        let (text, variables) = match argument {
            Value::String(text) => (text.as_str(), None),
            Value::Array(parts) => (
                parts.first().and_then(Value::as_str).unwrap_or_default(),
                parts.get(1),
            ),
            _ => return Err(format!("Fn::Sub {argument} is not understood")),
        };
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            out.push_str(before);
            let (name, tail) = after
                .split_once('}')
                .ok_or_else(|| "Fn::Sub has a ${ without an end".to_owned())?;
            rest = tail;
            if let Some(literal) = name.strip_prefix('!') {
                out.extend(["${", literal, "}"]);
            } else if let Some(value) = variables.and_then(|variables| variables.get(name)) {
                out.push_str(&self.text(value)?);
            } else if name.contains('.') {
                out.push_str(&self.attribute(&Value::from(name))?);
            } else {
                out.push_str(&text_of(&self.reference(name)?)?);
            }
        }
        out.push_str(rest);
        Ok(out)
    }

    fn join(&self, argument: &Value) -> Evaluated<String> {
        let delimiter = argument[0].as_str().unwrap_or_default();
        match self.evaluate(&argument[1]) {
            Some(Expected::List(items)) => {
                let texts = items
                    .iter()
                    .map(|item| text_of(&item.known().map_err(str::to_owned)?));
                Ok(texts.collect::<Evaluated<Vec<String>>>()?.join(delimiter))
            }
            Some(Expected::Unknown(reason)) => Err(reason),
            _ => Err("Fn::Join needs a list".to_owned()),
        }
    }

    fn select(&self, argument: &Value) -> Expected {
        let index = self.text(&argument[0]).map(|text| text.parse::<usize>());
        match (index, self.evaluate(&argument[1])) {
            (Ok(Ok(index)), Some(Expected::List(mut items))) if index < items.len() => {
                items.swap_remove(index)
            }
            (_, Some(Expected::Unknown(reason))) | (Err(reason), _) => Expected::Unknown(reason),
            _ => Expected::Unknown("Fn::Select finds no such item".to_owned()),
        }
    }

    fn branch<'b>(&self, argument: &'b Value) -> Evaluated<&'b Value> {
        let name = argument[0].as_str().unwrap_or_default();
        let index = if self.condition(name)? { 1 } else { 2 };
        argument
            .get(index)
            .ok_or_else(|| "Fn::If lacks a branch".to_owned())
    }

    fn condition(&self, name: &str) -> Evaluated<bool> {
        match self.template["Conditions"].get(name) {
            Some(condition) => self.holds(condition),
            None => Err(format!("there is no condition {name}")),
        }
    }

    fn holds(&self, condition: &Value) -> Evaluated<bool> {
        let (name, argument) = condition
            .as_object()
            .and_then(|map| map.iter().next())
            .ok_or_else(|| "a condition is not understood".to_owned())?;
        let items = || argument.as_array().into_iter().flatten();
        match name.as_str() {
            "Fn::Equals" => Ok(self.text(&argument[0])? == self.text(&argument[1])?),
            "Fn::Not" => Ok(!self.holds(&argument[0])?),
            "Fn::And" => items().try_fold(true, |all, one| Ok(self.holds(one)? && all)),
            "Fn::Or" => items().try_fold(false, |any, one| Ok(self.holds(one)? || any)),
            "Condition" => self.condition(argument.as_str().unwrap_or_default()),
            other => Err(format!("{other} is not evaluated here")),
        }
    }

    fn text(&self, value: &Value) -> Evaluated<String> {
        match self.evaluate(value) {
            None => Err("AWS::NoValue is no text".to_owned()),
            Some(value) => text_of(&value.known().map_err(str::to_owned)?),
        }
    }
}

fn attribute_of(argument: &Value) -> Option<(String, String)> {
    match argument {
        Value::String(text) => {
            let (name, attribute) = text.split_once('.')?;
            Some((name.to_owned(), attribute.to_owned()))
        }
        Value::Array(parts) => {
            let texts: Option<Vec<&str>> = parts.iter().map(Value::as_str).collect();
            let texts = texts?;
            let (name, rest) = texts.split_first()?;
            Some(((*name).to_owned(), rest.join(".")))
        }
        _ => None,
    }
}

fn text_of(value: &Value) -> Evaluated<String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(_) | Value::Bool(_) => Ok(value.to_string()),
        other => Err(format!("{other} is no text")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn evaluated(value: &Value) -> Expected {
        let template = json!({
            "Parameters": {
                "Key": { "Type": "String" },
                "Secret": { "Type": "String", "NoEcho": true },
                "Names": { "Type": "CommaDelimitedList" },
            },
            "Conditions": {
                "IsB": { "Fn::Equals": [{ "Ref": "Key" }, "b"] },
                "NotB": { "Fn::Not": [{ "Condition": "IsB" }] },
            },
            "Resources": { "Role": { "Type": "AWS::IAM::Role" }, "X": { "Properties": { "P": value } } },
            "Outputs": { "Url": { "Value": { "Fn::GetAtt": ["Api", "ApiEndpoint"] } } },
        });
        let pairs = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect()
        };
        let resource = |logical_id: &str, kind: &str, physical_id: &str| DeployedResource {
            logical_id: logical_id.to_owned(),
            kind: kind.to_owned(),
            physical_id: physical_id.to_owned(),
        };
        let scope = Scope {
            template: &template,
            parameters: &pairs(&[("Key", "a"), ("Secret", "****"), ("Names", "x, y")]),
            outputs: &pairs(&[("Url", "https://api")]),
            resources: &[
                resource("Bucket", "AWS::S3::Bucket", "data"),
                resource("Role", "AWS::IAM::Role", "app-Role-1"),
                resource("Api", "AWS::ApiGatewayV2::Api", "abc"),
                resource("Config", "AWS::SageMaker::EndpointConfig", "arn:x/config-1"),
            ],
            stack_id: "arn:aws:cloudformation:eu-west-1:111122223333:stack/app/1",
        };
        scope
            .properties("X")
            .get("P")
            .cloned()
            .unwrap_or_else(|| Expected::Unknown("left out".to_owned()))
    }

    #[test]
    fn functions_are_evaluated_from_what_the_stack_tells() {
        for (value, expected) in [
            (json!({ "Ref": "Key" }), json!("a")),
            (json!({ "Ref": "Names" }), json!(["x", "y"])),
            (json!({ "Ref": "Bucket" }), json!("data")),
            (json!({ "Ref": "AWS::Region" }), json!("eu-west-1")),
            (
                json!({ "Fn::GetAtt": ["Bucket", "Arn"] }),
                json!("arn:aws:s3:::data"),
            ),
            (
                json!({ "Fn::GetAtt": "Api.ApiEndpoint" }),
                json!("https://api"),
            ),
            (
                json!({ "Fn::GetAtt": ["Config", "EndpointConfigName"] }),
                json!("config-1"),
            ),
            (
                json!({ "Fn::GetAtt": ["Role", "Arn"] }),
                json!("arn:aws:iam::111122223333:role/app-Role-1"),
            ),
            (
                json!({ "Fn::Sub": "${Bucket.Arn}/${Key}/${!Literal}/${AWS::AccountId}" }),
                json!("arn:aws:s3:::data/a/${Literal}/111122223333"),
            ),
            (
                json!({ "Fn::Sub": ["${V}!", { "V": { "Ref": "Key" } }] }),
                json!("a!"),
            ),
            (
                json!({ "Fn::Join": ["-", ["a", { "Ref": "Key" }, 1]] }),
                json!("a-a-1"),
            ),
            (json!({ "Fn::Select": ["1", ["x", "y"]] }), json!("y")),
            (
                json!({ "Fn::If": ["NotB", { "a": 1 }, 2] }),
                json!({ "a": 1 }),
            ),
            (
                json!([1, { "Fn::If": ["IsB", 2, { "Ref": "AWS::NoValue" }] }]),
                json!([1]),
            ),
        ] {
            assert_eq!(evaluated(&value).known(), Ok(expected), "{value}");
        }
    }

    #[test]
    fn what_cannot_be_told_says_why() {
        for (value, reason) in [
            (json!({ "Ref": "Secret" }), "NoEcho"),
            (json!({ "Ref": "Nothing" }), "Nothing is not there"),
            (
                json!({ "Fn::GetAtt": ["Api", "Other"] }),
                "Api.Other is not told",
            ),
            (
                json!({ "Fn::ImportValue": "x" }),
                "Fn::ImportValue is not evaluated",
            ),
            (json!({ "Fn::Sub": "a${Secret}" }), "NoEcho"),
            (
                json!({ "Fn::Join": ["", ["a", { "Ref": "Secret" }]] }),
                "NoEcho",
            ),
            (json!({ "Fn::If": ["Nope", 1, 2] }), "no condition Nope"),
        ] {
            let Expected::Unknown(told) = evaluated(&value) else {
                panic!("{value} is unknown")
            };
            assert!(told.contains(reason), "{told}");
        }
        let nested = evaluated(&json!({ "a": [1, { "Ref": "Secret" }] }));
        assert!(nested.known().is_err(), "unknown to the top");
        assert_eq!(nested.partly(), json!({ "a": [1, null] }));
    }
}
