//! One form for everything that CloudFormation reads the same.
//!
//! `Fn::Sub`, `Fn::Join` and a lone `Ref` are all texts with holes, so all become one form; what is
//! `AWS::NoValue` is left out. Numbers and booleans equal their texts, as CloudFormation has it.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

/// A part of a text with holes.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Segment {
    /// Plain text.
    Text(String),
    /// `Ref`.
    Ref(String),
    /// `Fn::GetAtt`.
    Attribute(String, String),
    /// Any other function.
    Other(Value),
}

/// What a hole is known to be; `None` leaves it as it is.
pub(super) type Known<'a> = &'a dyn Fn(&Segment) -> Option<Value>;

/// Puts a value into its one form.
pub(super) fn normal(value: &Value) -> Value {
    normal_with(value, &|_| None)
}

/// Puts a value into its one form, with the holes filled that are known.
pub(super) fn normal_with(value: &Value, known: Known<'_>) -> Value {
    match value {
        Value::Array(list) => list
            .iter()
            .map(|item| normal_with(item, known))
            .filter(|item| !is_nothing(item))
            .collect(),
        Value::Object(map) => {
            if let Some(segments) = segments(value, known) {
                return joined(segments);
            }
            let mut out = Map::new();
            for (key, item) in map {
                let item = normal_with(item, known);
                if !is_nothing(&item) {
                    out.insert(key.clone(), item);
                }
            }
            Value::Object(out)
        }
        other => other.clone(),
    }
}

/// A text by which equal values are equal: maps sorted, numbers and booleans as their texts.
pub(super) fn key(value: &Value) -> String {
    let mut out = String::new();
    write_key(value, &mut out);
    out
}

/// Whether two values in their one form mean the same.
pub(super) fn same(before: &Value, after: &Value) -> bool {
    before == after || key(before) == key(after)
}

/// A scalar as the text that CloudFormation makes of it.
pub(super) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Number(number) => Some(match number.as_f64() {
            // Display of a whole float has no fraction: 50.0 is 50.
            Some(float) if !number.is_i64() && !number.is_u64() => float.to_string(),
            _ => number.to_string(),
        }),
        _ => None,
    }
}

/// A value as one line for people: functions as in a template's short form.
pub(super) fn text(value: &Value) -> String {
    if let Some(text) = scalar(value) {
        return text;
    }
    let single = value.as_object().filter(|map| map.len() == 1);
    match single.and_then(|map| map.iter().next()) {
        Some((name, Value::String(target))) if name == "Ref" => format!("!Ref {target}"),
        Some((name, Value::Array(list))) if name == "Fn::GetAtt" => {
            let parts: Vec<String> = list.iter().filter_map(scalar).collect();
            format!("!GetAtt {}", parts.join("."))
        }
        Some((name, Value::String(text))) if name == "Fn::Sub" => text.clone(),
        _ => value.to_string(),
    }
}

fn is_nothing(value: &Value) -> bool {
    value.get("Ref").and_then(Value::as_str) == Some("AWS::NoValue")
}

fn write_key(value: &Value, out: &mut String) {
    match value {
        Value::Array(list) => {
            out.push('[');
            for item in list {
                write_key(item, out);
                out.push(',');
            }
            out.push(']');
        }
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort_unstable();
            out.push('{');
            for key in keys {
                // Writing to a String cannot fail.
                let _ = write!(out, "{key:?}:");
                write_key(&map[key], out);
                out.push(',');
            }
            out.push('}');
        }
        Value::Null => out.push('~'),
        plain => {
            let _ = write!(out, "{:?}", scalar(plain).unwrap_or_default());
        }
    }
}

/// The segments of a function that makes a text; `None` for everything else.
fn segments(value: &Value, known: Known<'_>) -> Option<Vec<Segment>> {
    let map = value.as_object().filter(|map| map.len() == 1)?;
    let (name, argument) = map.iter().next()?;
    match name.as_str() {
        "Ref" => Some(hole(Segment::Ref(argument.as_str()?.to_owned()), known)),
        "Fn::GetAtt" => {
            let (resource, attribute) = attribute(argument)?;
            Some(hole(Segment::Attribute(resource, attribute), known))
        }
        "Fn::Sub" => match argument {
            Value::String(text) => Some(substitution(text, None, known)),
            Value::Array(list) => {
                let variables = list.get(1).and_then(Value::as_object);
                Some(substitution(list.first()?.as_str()?, variables, known))
            }
            _ => None,
        },
        "Fn::Join" => {
            let delimiter = argument.get(0)?.as_str()?;
            let items = argument.get(1)?.as_array()?;
            let mut out = Vec::new();
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(Segment::Text(delimiter.to_owned()));
                }
                out.extend(parts(&normal_with(item, known)));
            }
            Some(out)
        }
        _ => None,
    }
}

fn attribute(argument: &Value) -> Option<(String, String)> {
    match argument {
        Value::String(text) => {
            let (resource, attribute) = text.split_once('.')?;
            Some((resource.to_owned(), attribute.to_owned()))
        }
        Value::Array(list) => {
            let resource = list.first()?.as_str()?;
            let rest: Option<Vec<&str>> = list.iter().skip(1).map(Value::as_str).collect();
            Some((resource.to_owned(), rest?.join(".")))
        }
        _ => None,
    }
}

fn hole(segment: Segment, known: Known<'_>) -> Vec<Segment> {
    match known(&segment) {
        Some(value) => parts(&value),
        None => vec![segment],
    }
}

/// The segments of a value that is in its one form already.
pub(super) fn parts(value: &Value) -> Vec<Segment> {
    if let Some(text) = scalar(value) {
        return vec![Segment::Text(text)];
    }
    if !is_nothing(value)
        && let Some(segments) = segments(value, &|_| None)
    {
        return segments;
    }
    vec![Segment::Other(value.clone())]
}

/// Splits the text of `Fn::Sub` at its `${…}`.
fn substitution(
    text: &str,
    variables: Option<&Map<String, Value>>,
    known: Known<'_>,
) -> Vec<Segment> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        out.push(Segment::Text(before.to_owned()));
        let Some((name, tail)) = after.split_once('}') else {
            // Without an end nothing is a hole any more; `${!` is what `written` makes of `${`.
            out.push(Segment::Text(format!("${{{after}").replace("${!", "${")));
            return out;
        };
        rest = tail;
        if let Some(literal) = name.strip_prefix('!') {
            let literal = format!("${{{literal}}}").replace("${!", "${");
            out.push(Segment::Text(literal));
        } else if let Some(value) = variables.and_then(|variables| variables.get(name)) {
            out.extend(parts(&normal_with(value, known)));
        } else if let Some((resource, attribute)) = name.split_once('.') {
            let segment = Segment::Attribute(resource.to_owned(), attribute.to_owned());
            out.extend(hole(segment, known));
        } else {
            out.extend(hole(Segment::Ref(name.to_owned()), known));
        }
    }
    out.push(Segment::Text(rest.to_owned()));
    out
}

/// Puts segments together: a plain text, a lone function, or `Fn::Sub`.
fn joined(segments: Vec<Segment>) -> Value {
    let mut merged: Vec<Segment> = Vec::new();
    for segment in segments {
        match (merged.last_mut(), segment) {
            (_, Segment::Text(text)) if text.is_empty() => {}
            (Some(Segment::Text(last)), Segment::Text(text)) => last.push_str(&text),
            (_, segment) => merged.push(segment),
        }
    }
    match merged.as_slice() {
        [] => json!(""),
        [Segment::Text(text)] => json!(text),
        [Segment::Ref(name)] => json!({ "Ref": name }),
        [Segment::Attribute(resource, attribute)] => json!({ "Fn::GetAtt": [resource, attribute] }),
        [Segment::Other(value)] => value.clone(),
        _ => written(&merged),
    }
}

fn written(segments: &[Segment]) -> Value {
    let mut text = String::new();
    let mut variables = Map::new();
    for segment in segments {
        match segment {
            Segment::Text(plain) => text.push_str(&plain.replace("${", "${!")),
            Segment::Ref(name) => {
                let _ = write!(text, "${{{name}}}");
            }
            Segment::Attribute(resource, attribute) => {
                let _ = write!(text, "${{{resource}.{attribute}}}");
            }
            Segment::Other(value) => {
                let name = format!("Part{}", variables.len());
                let _ = write!(text, "${{{name}}}");
                variables.insert(name, value.clone());
            }
        }
    }
    if variables.is_empty() {
        json!({ "Fn::Sub": text })
    } else {
        json!({ "Fn::Sub": [text, variables] })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn texts_with_holes_have_one_form() {
        let sub = normal(&json!({"Fn::Sub": "a-${B}-${C.Arn}/*"}));
        let join = json!({"Fn::Join": ["-", ["a", {"Ref": "B"}, {"Fn::Sub": "${C.Arn}/*"}]]});
        assert_eq!(normal(&join), sub);
        let listed = json!({"Fn::Sub": ["a-${x}-${C.Arn}/*", {"x": {"Ref": "B"}}]});
        assert_eq!(normal(&listed), sub);
        assert_eq!(normal(&json!({"Fn::Sub": "${B}"})), json!({"Ref": "B"}));
        assert_eq!(
            normal(&json!({"Fn::GetAtt": "C.Endpoint.Address"})),
            json!({"Fn::GetAtt": ["C", "Endpoint.Address"]})
        );
        assert_eq!(normal(&json!({"Fn::Sub": "plain"})), json!("plain"));
    }

    #[test]
    fn an_escaped_hole_stays_a_text() {
        assert_eq!(normal(&json!({"Fn::Sub": "${!B}"})), json!("${B}"));
        let mixed = json!({"Fn::Sub": "${!B}${B}"});
        assert_eq!(normal(&mixed), mixed);
        assert!(!same(
            &normal(&mixed),
            &normal(&json!({"Fn::Sub": "${B}${B}"}))
        ));
    }

    #[test]
    fn a_join_with_an_unknown_function_keeps_it() {
        let select = json!({"Fn::Select": [0, {"Ref": "L"}]});
        let join = json!({"Fn::Join": ["", ["a", select]]});
        assert_eq!(
            normal(&join),
            json!({"Fn::Sub": ["a${Part0}", {"Part0": {"Fn::Select": [0, {"Ref": "L"}]}}]})
        );
        assert_eq!(normal(&normal(&join)), normal(&join));
    }

    #[test]
    fn numbers_and_booleans_equal_their_texts_and_texts_only_themselves() {
        assert!(same(&json!(50.0), &json!("50")));
        assert!(same(&json!(50), &json!(50.0)));
        assert!(same(&json!(true), &json!("true")));
        assert!(!same(&json!("1.10"), &json!("1.1")));
        assert!(!same(&json!("True"), &json!("true")));
        assert!(!same(&Value::Null, &json!("null")));
        assert!(!same(&json!({"a": 1}), &json!("{\"a\":\"1\",}")));
    }

    #[test]
    fn what_has_no_value_is_left_out() {
        let value = json!({"a": {"Ref": "AWS::NoValue"}, "b": [1, {"Ref": "AWS::NoValue"}]});
        assert_eq!(normal(&value), json!({"b": [1]}));
    }

    proptest! {
        #[test]
        fn the_one_form_is_final(text in "[a${}!.B-]{0,12}") {
            let once = normal(&json!({"x": {"Fn::Sub": text}}));
            prop_assert_eq!(normal(&once), once);
        }
    }
}
