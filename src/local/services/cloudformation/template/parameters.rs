//! Template parameters: their declaration, and the values that a caller gives them.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use regex::Regex;
use serde_json::{Map, Value};

use super::TemplateError;

/// A declared parameter.
#[derive(Debug, Clone)]
pub(crate) struct ParameterSpec {
    pub(crate) kind: ParameterKind,
    pub(crate) default: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) no_echo: bool,
    allowed_values: Vec<String>,
    allowed_pattern: Option<Regex>,
    constraint: Option<String>,
    length: (Option<f64>, Option<f64>),
    value: (Option<f64>, Option<f64>),
}

/// The types of parameter that are understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ParameterKind {
    String,
    Number,
    Strings,
    Numbers,
}

impl ParameterKind {
    /// Returns the name used in templates.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::String => "String",
            Self::Number => "Number",
            Self::Strings => "CommaDelimitedList",
            Self::Numbers => "List<Number>",
        }
    }
}

/// Gives every declared parameter its value: the caller's, else the default.
///
/// # Errors
/// A value is missing, belongs to no declared parameter, or breaks a constraint.
pub(crate) fn bind(
    specs: &IndexMap<String, ParameterSpec>,
    given: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, TemplateError> {
    let unknown: Vec<&str> = given
        .keys()
        .filter(|name| !specs.contains_key(*name))
        .map(String::as_str)
        .collect();
    if !unknown.is_empty() {
        return Err(TemplateError::Parameters(format!(
            "Parameters: [{}] do not exist in the template",
            unknown.join(", ")
        )));
    }
    let mut values = BTreeMap::new();
    let mut missing = Vec::new();
    for (name, spec) in specs {
        match given.get(name).or(spec.default.as_ref()) {
            Some(value) => {
                spec.check(name, value)?;
                values.insert(name.clone(), value.clone());
            }
            None => missing.push(name.as_str()),
        }
    }
    if missing.is_empty() {
        return Ok(values);
    }
    Err(TemplateError::Parameters(format!(
        "Parameters: [{}] must have values",
        missing.join(", ")
    )))
}

impl ParameterSpec {
    /// Reads one entry of `Parameters`.
    ///
    /// # Errors
    /// An attribute or the type is unknown, or a constraint is no valid one.
    pub(crate) fn parse(name: &str, value: Value) -> Result<Self, TemplateError> {
        let wrong = |what: String| TemplateError::Format(format!("[/Parameters/{name}] {what}"));
        let Value::Object(mut fields) = value else {
            return Err(wrong("must be an object".into()));
        };
        let kind = match fields.remove("Type").as_ref().and_then(Value::as_str) {
            Some("String") => ParameterKind::String,
            Some("Number") => ParameterKind::Number,
            Some("CommaDelimitedList") => ParameterKind::Strings,
            Some("List<Number>") => ParameterKind::Numbers,
            Some(other) if other.starts_with("AWS::") || other.starts_with("List<AWS::") => {
                return Err(TemplateError::NotEmulated(format!(
                    "the type {other} of parameter {name}"
                )));
            }
            Some(other) => return Err(wrong(format!("has the unknown type {other}"))),
            None => return Err(wrong("must contain a Type".into())),
        };
        let spec = Self {
            kind,
            default: scalar(&mut fields, "Default"),
            description: scalar(&mut fields, "Description"),
            no_echo: scalar(&mut fields, "NoEcho").is_some_and(|text| text == "true"),
            allowed_values: match fields.remove("AllowedValues") {
                Some(Value::Array(items)) => items.iter().filter_map(plain).collect(),
                Some(_) => return Err(wrong("AllowedValues must be a list".into())),
                None => Vec::new(),
            },
            allowed_pattern: match scalar(&mut fields, "AllowedPattern") {
                // The whole value must match, as with AWS.
                Some(text) => Some(
                    Regex::new(&format!("^(?:{text})$"))
                        .map_err(|error| wrong(format!("AllowedPattern: {error}")))?,
                ),
                None => None,
            },
            constraint: scalar(&mut fields, "ConstraintDescription"),
            length: (
                number(&mut fields, "MinLength"),
                number(&mut fields, "MaxLength"),
            ),
            value: (
                number(&mut fields, "MinValue"),
                number(&mut fields, "MaxValue"),
            ),
        };
        match fields.keys().next() {
            None => Ok(spec),
            Some(other) => Err(wrong(format!(
                "has the unknown or malformed attribute {other}"
            ))),
        }
    }

    /// Returns the value as `Ref` gives it: a number or a list where the type says so.
    pub(crate) fn json(&self, value: &str) -> Value {
        let number = |text: &str| {
            serde_json::from_str::<serde_json::Number>(text.trim())
                .map_or_else(|_| Value::String(text.trim().to_owned()), Value::Number)
        };
        match self.kind {
            ParameterKind::String => Value::String(value.to_owned()),
            ParameterKind::Number => number(value),
            ParameterKind::Strings if value.is_empty() => Value::Array(Vec::new()),
            ParameterKind::Strings => value
                .split(',')
                .map(|part| Value::String(part.trim().to_owned()))
                .collect(),
            ParameterKind::Numbers => value.split(',').map(number).collect(),
        }
    }

    fn check(&self, name: &str, value: &str) -> Result<(), TemplateError> {
        let broken = |what: String| {
            Err(TemplateError::Parameters(match &self.constraint {
                Some(text) => format!("Parameter '{name}' failed to satisfy constraint: {text}"),
                None => format!("Parameter '{name}' must {what}"),
            }))
        };
        let parts: Vec<&str> = match self.kind {
            ParameterKind::String | ParameterKind::Number => vec![value],
            ParameterKind::Strings | ParameterKind::Numbers => {
                value.split(',').map(str::trim).collect()
            }
        };
        for part in parts {
            if matches!(self.kind, ParameterKind::Number | ParameterKind::Numbers) {
                match part.parse::<f64>() {
                    Ok(number) if !within(number, self.value) => {
                        return broken(format!("be a number {}", bounds(self.value)));
                    }
                    Ok(number) if number.is_finite() => {}
                    _ => return broken("be a number".into()),
                }
            }
            #[expect(clippy::cast_precision_loss, reason = "lengths are far below 2^52")]
            if !within(part.chars().count() as f64, self.length) {
                return broken(format!(
                    "contain a number of characters {}",
                    bounds(self.length)
                ));
            }
            if !self.allowed_values.is_empty()
                && !self.allowed_values.iter().any(|allowed| allowed == part)
            {
                return broken("be one of AllowedValues".into());
            }
            if let Some(pattern) = &self.allowed_pattern
                && !pattern.is_match(part)
            {
                let text = pattern.as_str();
                return broken(format!("match pattern {}", &text[4..text.len() - 2]));
            }
        }
        Ok(())
    }
}

fn within(number: f64, (least, most): (Option<f64>, Option<f64>)) -> bool {
    least.is_none_or(|least| number >= least) && most.is_none_or(|most| number <= most)
}

fn bounds((least, most): (Option<f64>, Option<f64>)) -> String {
    match (least, most) {
        (Some(least), Some(most)) => format!("from {least} to {most}"),
        (Some(least), None) => format!("of at least {least}"),
        (None, Some(most)) => format!("of at most {most}"),
        (None, None) => String::new(),
    }
}

fn scalar(fields: &mut Map<String, Value>, name: &str) -> Option<String> {
    let text = fields.get(name).and_then(plain)?;
    fields.remove(name);
    Some(text)
}

fn number(fields: &mut Map<String, Value>, name: &str) -> Option<f64> {
    let number = fields.get(name).and_then(plain)?.parse().ok()?;
    fields.remove(name);
    Some(number)
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(spec: Value, value: &str) -> Result<(), String> {
        let spec = ParameterSpec::parse("P", spec).map_err(|error| error.to_string())?;
        let specs = IndexMap::from([("P".to_owned(), spec)]);
        let given = BTreeMap::from([("P".to_owned(), value.to_owned())]);
        bind(&specs, &given)
            .map(|_| ())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn constraints_hold() {
        let text = |field: &str, value: Value| json!({ "Type": "String", field: value });
        check(text("AllowedValues", json!(["a", 1])), "1").unwrap();
        for (spec, value, reason) in [
            (
                text("AllowedValues", json!(["a"])),
                "b",
                "Parameter 'P' must be one of AllowedValues",
            ),
            (
                text("AllowedPattern", json!("[a-z]+")),
                "ab1",
                "must match pattern [a-z]+",
            ),
            (text("MinLength", json!("2")), "a", "of at least 2"),
            (json!({ "Type": "Number" }), "x", "must be a number"),
            (
                json!({ "Type": "Number", "MaxValue": 3 }),
                "4",
                "of at most 3",
            ),
            (json!({ "Type": "List<Number>" }), "1,x", "must be a number"),
            (
                json!({ "Type": "String", "AllowedPattern": "a", "ConstraintDescription": "only a" }),
                "b",
                "constraint: only a",
            ),
            (
                json!({ "Type": "AWS::SSM::Parameter::Value<String>" }),
                "b",
                "does not emulate the type AWS::SSM",
            ),
            (json!({ "Type": "Strin" }), "b", "unknown type Strin"),
            (
                json!({ "Type": "String", "AllowedPattern": "(" }),
                "b",
                "AllowedPattern",
            ),
            (json!({ "Type": "String", "Foo": 1 }), "b", "Foo"),
        ] {
            let error = check(spec.clone(), value).unwrap_err();
            assert!(error.contains(reason), "{spec}: {error}");
        }
    }

    #[test]
    fn missing_and_unknown_parameters_are_named() {
        let spec = |value| ParameterSpec::parse("P", value).unwrap();
        let specs = IndexMap::from([
            ("Needed".to_owned(), spec(json!({ "Type": "String" }))),
            (
                "Given".to_owned(),
                spec(json!({ "Type": "String", "Default": 5 })),
            ),
        ]);
        let error = bind(&specs, &BTreeMap::new()).unwrap_err().to_string();
        assert_eq!(error, "Parameters: [Needed] must have values");
        let extra = BTreeMap::from([("Needed".into(), "x".into()), ("More".into(), "y".into())]);
        let error = bind(&specs, &extra).unwrap_err().to_string();
        assert_eq!(error, "Parameters: [More] do not exist in the template");
        let values = bind(&specs, &BTreeMap::from([("Needed".into(), String::new())])).unwrap();
        assert_eq!(
            values,
            BTreeMap::from([
                ("Given".into(), "5".into()),
                ("Needed".into(), String::new())
            ])
        );
    }

    #[test]
    fn values_have_the_type_of_the_parameter() {
        let json = |kind: &str, value: &str| {
            ParameterSpec::parse("P", json!({ "Type": kind }))
                .unwrap()
                .json(value)
        };
        assert_eq!(json("String", "1"), json!("1"));
        assert_eq!(json("Number", "1"), json!(1));
        assert_eq!(json("CommaDelimitedList", "a, b"), json!(["a", "b"]));
        assert_eq!(json("List<Number>", "1,2.5"), json!([1, 2.5]));
    }
}
