//! Evaluates intrinsic functions.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::references::{Part, function, sub_parts};
use super::{Template, TemplateError};

/// Where a value is evaluated: everything that functions can refer to.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub(crate) template: &'a Template,
    pub(crate) parameters: &'a BTreeMap<String, String>,
    pub(crate) conditions: &'a BTreeMap<String, bool>,
    pub(crate) pseudo: &'a Pseudo,
    pub(crate) resources: &'a dyn Resources,
}

/// Values of the pseudo parameters.
#[derive(Debug, Clone)]
pub(crate) struct Pseudo {
    pub(crate) account: String,
    pub(crate) region: String,
    pub(crate) stack_name: String,
    pub(crate) stack_id: String,
}

/// What is known of the stack's resources.
pub(crate) trait Resources {
    /// Returns what `Ref` gives for a resource.
    fn reference(&self, logical_id: &str) -> Option<Value>;
    /// Returns what `Fn::GetAtt` gives.
    fn attribute(&self, logical_id: &str, name: &str) -> Option<Value>;
}

/// No resources at all: for conditions and checks.
pub(crate) struct NoResources;

impl Resources for NoResources {
    fn reference(&self, _: &str) -> Option<Value> {
        None
    }

    fn attribute(&self, _: &str, _: &str) -> Option<Value> {
        None
    }
}

/// Marks a text that is known only once another resource exists; no template can contain it.
pub(crate) const UNKNOWN: char = '\0';

/// Largest text that functions may produce, in bytes: properties are bounded, products of lists are not.
const LARGEST: usize = 1024 * 1024;

impl Scope<'_> {
    /// Evaluates a value; `None` stands for `AWS::NoValue`, which removes what holds it.
    ///
    /// # Errors
    /// A function has the wrong form, refers to what does not exist, or is not emulated.
    pub(crate) fn resolve(&self, value: &Value) -> Result<Option<Value>, TemplateError> {
        match value {
            Value::Array(items) => {
                let mut list = Vec::with_capacity(items.len());
                for item in items {
                    list.extend(self.resolve(item)?);
                }
                Ok(Some(list.into()))
            }
            Value::Object(map) => match function(map) {
                Some((name, argument)) => self.call(name, argument),
                None => self.resolve_map(map).map(|map| Some(Value::Object(map))),
            },
            plain => Ok(Some(plain.clone())),
        }
    }

    /// Evaluates the values of a mapping; those that are `AWS::NoValue` are left out.
    ///
    /// # Errors
    /// As [`Scope::resolve`].
    pub(crate) fn resolve_map(
        &self,
        map: &Map<String, Value>,
    ) -> Result<Map<String, Value>, TemplateError> {
        let mut resolved = Map::new();
        for (key, value) in map {
            if let Some(value) = self.resolve(value)? {
                resolved.insert(key.clone(), value);
            }
        }
        Ok(resolved)
    }

    /// Evaluates a condition: a function of conditions, or a reference to one.
    ///
    /// # Errors
    /// It is no condition.
    pub(crate) fn holds(&self, value: &Value) -> Result<bool, TemplateError> {
        let wrong = || failed(format!("{value} is no condition"));
        let (name, argument) = value.as_object().and_then(function).ok_or_else(wrong)?;
        let all = |least: usize| match argument {
            Value::Array(items) if (least..=10).contains(&items.len()) => Ok(items),
            _ => Err(failed(format!("{name} must have {least} to 10 conditions"))),
        };
        match name {
            "Condition" => self.condition(argument.as_str().ok_or_else(wrong)?),
            "Fn::Equals" => match argument {
                Value::Array(pair) if pair.len() == 2 => {
                    let (left, right) = (self.resolve(&pair[0])?, self.resolve(&pair[1])?);
                    Ok(match (&left, &right) {
                        // Numbers and booleans equal their text: parameters are text.
                        (Some(left), Some(right)) => match (scalar(left), scalar(right)) {
                            (Some(left), Some(right)) => left == right,
                            _ => left == right,
                        },
                        _ => left == right,
                    })
                }
                _ => Err(failed(
                    "every Fn::Equals object requires a list of 2 string parameters.",
                )),
            },
            "Fn::Not" => match argument {
                Value::Array(items) if items.len() == 1 => Ok(!self.holds(&items[0])?),
                _ => Err(failed("Fn::Not must have exactly one condition")),
            },
            "Fn::And" => all(2)?
                .iter()
                .try_fold(true, |held, item| Ok(self.holds(item)? && held)),
            "Fn::Or" => all(2)?
                .iter()
                .try_fold(false, |held, item| Ok(self.holds(item)? || held)),
            _ => Err(wrong()),
        }
    }

    fn call(&self, name: &str, argument: &Value) -> Result<Option<Value>, TemplateError> {
        match name {
            "Ref" => match argument.as_str() {
                Some("AWS::NoValue") => Ok(None),
                Some(target) => self.reference(target).map(Some),
                None => Err(failed("Ref must be a string")),
            },
            "Fn::GetAtt" => self.attribute_of(argument).map(Some),
            "Fn::Sub" => self.substitute(argument).map(|text| Some(text.into())),
            "Fn::Join" => self.join(argument).map(|text| Some(text.into())),
            "Fn::Select" => self.select(argument).map(Some),
            "Fn::Split" => self.split(argument).map(Some),
            "Fn::If" => match argument {
                Value::Array(items) if items.len() == 3 => {
                    let name = items[0]
                        .as_str()
                        .ok_or_else(|| failed("Fn::If needs the name of a condition"))?;
                    self.resolve(&items[if self.condition(name)? { 1 } else { 2 }])
                }
                _ => Err(failed(
                    "Fn::If requires a list argument with three elements",
                )),
            },
            "Fn::FindInMap" => self.find_in_map(argument).map(Some),
            "Fn::Base64" => {
                let text = self.text("Fn::Base64", argument)?;
                Ok(Some(base64(text.as_bytes()).into()))
            }
            "Fn::Equals" | "Fn::Not" | "Fn::And" | "Fn::Or" | "Condition" => {
                Err(failed(format!("{name} belongs in Conditions")))
            }
            other => Err(TemplateError::NotEmulated(format!("the function {other}"))),
        }
    }

    fn reference(&self, target: &str) -> Result<Value, TemplateError> {
        let pseudo = self.pseudo;
        let value = match target {
            "AWS::AccountId" => &pseudo.account,
            "AWS::Region" => &pseudo.region,
            "AWS::StackName" => &pseudo.stack_name,
            "AWS::StackId" => &pseudo.stack_id,
            "AWS::Partition" => "aws",
            "AWS::URLSuffix" => "amazonaws.com",
            _ if target.starts_with("AWS::") => {
                return Err(TemplateError::NotEmulated(format!(
                    "the pseudo parameter {target}"
                )));
            }
            _ => {
                if let (Some(spec), Some(value)) = (
                    self.template.parameters.get(target),
                    self.parameters.get(target),
                ) {
                    return Ok(spec.json(value));
                }
                return self
                    .resources
                    .reference(target)
                    .ok_or_else(|| unresolved(target));
            }
        };
        Ok(value.into())
    }

    fn attribute_of(&self, argument: &Value) -> Result<Value, TemplateError> {
        let (target, name) = match argument {
            Value::String(text) => text.split_once('.').map(|(a, b)| (a.to_owned(), b.to_owned())),
            Value::Array(items) if items.len() == 2 => match items[0].as_str() {
                Some(target) => Some((target.to_owned(), self.text("Fn::GetAtt", &items[1])?)),
                None => None,
            },
            _ => None,
        }
        .ok_or_else(|| failed("every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource attribute"))?;
        if !self.template.resources.contains_key(&target) {
            return Err(failed(format!(
                "instance of Fn::GetAtt references undefined resource {target}"
            )));
        }
        self.resources.attribute(&target, &name).ok_or_else(|| {
            failed(format!(
                "resource {target} does not support attribute type {name} in Fn::GetAtt"
            ))
        })
    }

    fn substitute(&self, argument: &Value) -> Result<String, TemplateError> {
        let empty = Map::new();
        let (text, variables) = match argument {
            Value::String(text) => (text, &empty),
            Value::Array(items) if items.len() == 2 => match (&items[0], &items[1]) {
                (Value::String(text), Value::Object(variables)) => (text, variables),
                _ => return Err(failed("Fn::Sub must have a string and a map of variables")),
            },
            _ => {
                return Err(failed(
                    "Fn::Sub must be a string, or a list of a string and a map of variables",
                ));
            }
        };
        let mut result = String::new();
        for part in sub_parts(text) {
            match part {
                Part::Text(text) => result.push_str(&text),
                Part::Name(name) => {
                    let value = if let Some(value) = variables.get(&name) {
                        self.text("Fn::Sub", value)?
                    } else if let Some((target, attribute)) =
                        name.split_once('.').filter(|_| !name.starts_with("AWS::"))
                    {
                        let pair = Value::from(vec![target.to_owned(), attribute.to_owned()]);
                        as_text("Fn::Sub", &self.attribute_of(&pair)?)?
                    } else if let Some(value) = self.parameters.get(&name) {
                        value.clone()
                    } else {
                        as_text("Fn::Sub", &self.reference(&name)?)?
                    };
                    result.push_str(&value);
                }
            }
            bounded("Fn::Sub", result.len())?;
        }
        Ok(result)
    }

    fn join(&self, argument: &Value) -> Result<String, TemplateError> {
        let Value::Array(pair) = argument else {
            return Err(failed("every Fn::Join object requires two parameters"));
        };
        let [Value::String(delimiter), items] = &pair[..] else {
            return Err(failed(
                "every Fn::Join object requires a string delimiter and a list",
            ));
        };
        let Some(Value::Array(items)) = self.resolve(items)? else {
            return Err(failed(
                "every Fn::Join object requires a list of strings to be joined",
            ));
        };
        let items: Vec<String> = items
            .iter()
            .map(|item| as_text("Fn::Join", item))
            .collect::<Result<_, _>>()?;
        bounded(
            "Fn::Join",
            items.iter().map(|item| item.len() + delimiter.len()).sum(),
        )?;
        Ok(items.join(delimiter))
    }

    fn select(&self, argument: &Value) -> Result<Value, TemplateError> {
        let Some([index, items]) = argument.as_array().map(Vec::as_slice) else {
            return Err(failed(
                "every Fn::Select object requires two parameters, the index and the list",
            ));
        };
        let index = self.text("Fn::Select", index)?;
        let Some(Value::Array(items)) = self.resolve(items)? else {
            return Err(failed("Fn::Select requires a list argument"));
        };
        let found = index
            .parse()
            .ok()
            .and_then(|index: usize| items.get(index).cloned());
        // A text that is not known yet cannot be split either: its only piece stands for all of them.
        let unknown = || {
            items
                .iter()
                .find(|item| item.as_str().is_some_and(|text| text.contains(UNKNOWN)))
        };
        found.or_else(|| unknown().cloned()).ok_or_else(|| {
            failed(format!(
                "Fn::Select cannot select nonexistent value at index {index}"
            ))
        })
    }

    fn split(&self, argument: &Value) -> Result<Value, TemplateError> {
        let Some([Value::String(delimiter), text]) = argument.as_array().map(Vec::as_slice) else {
            return Err(failed(
                "every Fn::Split object requires a string delimiter and a string",
            ));
        };
        if delimiter.is_empty() {
            return Err(failed("the delimiter of Fn::Split must not be empty"));
        }
        let text = self.text("Fn::Split", text)?;
        Ok(text.split(delimiter.as_str()).collect::<Vec<_>>().into())
    }

    fn find_in_map(&self, argument: &Value) -> Result<Value, TemplateError> {
        let Some([map, first, second]) = argument.as_array().map(Vec::as_slice) else {
            return Err(failed(
                "every Fn::FindInMap object requires three parameters",
            ));
        };
        let keys = [
            self.text("Fn::FindInMap", map)?,
            self.text("Fn::FindInMap", first)?,
            self.text("Fn::FindInMap", second)?,
        ];
        self.template
            .mappings
            .get(&keys[0])
            .and_then(|map| map.get(&keys[1])?.get(&keys[2]))
            .cloned()
            .ok_or_else(|| failed(format!("Unable to get mapping for {}", keys.join("::"))))
    }

    fn condition(&self, name: &str) -> Result<bool, TemplateError> {
        self.conditions.get(name).copied().ok_or_else(|| {
            TemplateError::Format(format!(
                "Unresolved condition dependency {name} in the template"
            ))
        })
    }

    fn text(&self, function: &str, value: &Value) -> Result<String, TemplateError> {
        match self.resolve(value)? {
            Some(value) => as_text(function, &value),
            None => Err(failed(format!("{function} cannot use AWS::NoValue"))),
        }
    }
}

fn as_text(function: &str, value: &Value) -> Result<String, TemplateError> {
    scalar(value).ok_or_else(|| failed(format!("{function} needs a string, not {value}")))
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

fn bounded(function: &str, length: usize) -> Result<(), TemplateError> {
    if length > LARGEST {
        return Err(failed(format!(
            "{function} produces more than {LARGEST} bytes"
        )));
    }
    Ok(())
}

fn failed(what: impl Into<String>) -> TemplateError {
    TemplateError::Evaluation(what.into())
}

fn unresolved(target: &str) -> TemplateError {
    TemplateError::Format(format!(
        "Unresolved resource dependencies [{target}] in the Resources block of the template"
    ))
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let bits = chunk
            .iter()
            .fold(0_usize, |bits, byte| (bits << 8) | usize::from(*byte))
            << (8 * (3 - chunk.len()));
        for position in 0..4 {
            text.push(if position <= chunk.len() {
                char::from(ALPHABET[(bits >> (18 - 6 * position)) & 63])
            } else {
                '='
            });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    struct Known;

    impl Resources for Known {
        fn reference(&self, logical_id: &str) -> Option<Value> {
            (logical_id == "Role").then(|| json!("role-1"))
        }

        fn attribute(&self, logical_id: &str, name: &str) -> Option<Value> {
            (logical_id == "Role" && name == "Arn").then(|| json!("arn:aws:iam::0:role/role-1"))
        }
    }

    fn resolve(value: &Value) -> Result<Option<Value>, String> {
        let template = Template::parse(
            "Parameters:\n  Name: {Type: String}\n  Size: {Type: Number}\n  List: {Type: CommaDelimitedList}\n\
             Mappings: {M: {a: {b: [1, 2]}}}\nResources:\n  Role: {Type: T}\n",
        )
        .unwrap();
        let parameters = [("Name", "x"), ("Size", "4"), ("List", "p,q")];
        let parameters = parameters
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        let conditions = BTreeMap::from([("Yes".to_owned(), true), ("No".to_owned(), false)]);
        let pseudo = Pseudo {
            account: "000000000000".into(),
            region: "eu-west-1".into(),
            stack_name: "s".into(),
            stack_id: "arn:stack".into(),
        };
        Scope {
            template: &template,
            parameters: &parameters,
            conditions: &conditions,
            pseudo: &pseudo,
            resources: &Known,
        }
        .resolve(value)
        .map_err(|error| error.to_string())
    }

    #[test]
    fn functions_give_their_values() {
        for (value, expected) in [
            (json!({ "Ref": "Name" }), json!("x")),
            (json!({ "Ref": "Size" }), json!(4)),
            (json!({ "Ref": "List" }), json!(["p", "q"])),
            (json!({ "Ref": "Role" }), json!("role-1")),
            (json!({ "Ref": "AWS::Region" }), json!("eu-west-1")),
            (
                json!({ "Fn::GetAtt": ["Role", "Arn"] }),
                json!("arn:aws:iam::0:role/role-1"),
            ),
            (
                json!({ "Fn::GetAtt": "Role.Arn" }),
                json!("arn:aws:iam::0:role/role-1"),
            ),
            (
                json!({ "Fn::Sub": "a-${Name}-${Size}-${Role.Arn}-${!Name}-${AWS::AccountId}-$x" }),
                json!("a-x-4-arn:aws:iam::0:role/role-1-${Name}-000000000000-$x"),
            ),
            (
                json!({ "Fn::Sub": ["${V}${Name}", { "V": { "Ref": "Size" } }] }),
                json!("4x"),
            ),
            (
                json!({ "Fn::Join": ["-", [{ "Ref": "Name" }, 1, { "Ref": "AWS::NoValue" }]] }),
                json!("x-1"),
            ),
            (
                json!({ "Fn::Join": ["+", { "Ref": "List" }] }),
                json!("p+q"),
            ),
            (
                json!({ "Fn::Select": ["1", { "Fn::Split": [",", "a,b"] }] }),
                json!("b"),
            ),
            (json!({ "Fn::FindInMap": ["M", "a", "b"] }), json!([1, 2])),
            (json!({ "Fn::If": ["No", 1, [2]] }), json!([2])),
            (json!({ "Fn::Base64": "headline" }), json!("aGVhZGxpbmU=")),
            (
                json!({ "A": { "Ref": "AWS::NoValue" }, "B": [{ "Ref": "AWS::NoValue" }, 1] }),
                json!({ "B": [1] }),
            ),
            (
                json!({ "Condition": { "StringEquals": 1 } }),
                json!({ "Condition": { "StringEquals": 1 } }),
            ),
        ] {
            assert_eq!(resolve(&value), Ok(Some(expected)), "{value}");
        }
        assert_eq!(resolve(&json!({ "Ref": "AWS::NoValue" })), Ok(None));
    }

    #[test]
    fn wrong_functions_are_named() {
        for (value, reason) in [
            (json!({ "Ref": "Nothing" }), "[Nothing]"),
            (
                json!({ "Fn::GetAtt": ["Role", "Size"] }),
                "Role does not support attribute type Size",
            ),
            (
                json!({ "Fn::GetAtt": ["Other", "Arn"] }),
                "undefined resource Other",
            ),
            (
                json!({ "Fn::ImportValue": "x" }),
                "does not emulate the function Fn::ImportValue",
            ),
            (json!({ "Fn::Unknown": "x" }), "Fn::Unknown"),
            (json!({ "Fn::Select": [2, [1, 2]] }), "index 2"),
            (json!({ "Fn::FindInMap": ["M", "a", "c"] }), "M::a::c"),
            (json!({ "Fn::If": ["Maybe", 1, 2] }), "Maybe"),
            (json!({ "Fn::Join": ["-", "text"] }), "Fn::Join"),
            (json!({ "Fn::Sub": "${Role.Nothing}" }), "Nothing"),
            (
                json!({ "Fn::Join": ["", [["a"]]] }),
                "Fn::Join needs a string",
            ),
        ] {
            let error = resolve(&value).unwrap_err();
            assert!(error.contains(reason), "{value}: {error}");
        }
    }

    #[test]
    fn base64_pads_as_it_must() {
        let encoded = ["", "f", "fo", "foo", "foob"].map(|text| base64(text.as_bytes()));
        assert_eq!(encoded, ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg=="]);
    }
}
