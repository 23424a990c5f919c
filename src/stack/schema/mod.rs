//! The JSON Schemas of a stack file: of one merged environment, and of the whole file.
//!
//! The first is made from [`Document`]; the second from the first, by one rule: what the stack or
//! an environment says may be partial, and an environment removes with `null` what is optional.

use std::sync::LazyLock;

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::document::Document;
use super::merge;

/// Keywords that constrain nothing.
const ANNOTATIONS: [&str; 4] = ["title", "description", "default", "examples"];
/// Fields that belong in an environment, not in the stack.
pub(super) const ENVIRONMENT_FIELDS: [&str; 6] = [
    "target",
    "local",
    "protected",
    "ttl",
    "promotes_from",
    "promotion",
];
/// Fields that belong in the stack, not in an environment.
pub(super) const STACK_FIELDS: [&str; 2] = ["stack", "environments"];

/// The schema of a merged environment, without references, so that a path into it can be followed.
pub(super) static MERGED: LazyLock<Value> = LazyLock::new(|| {
    let settings = SchemaSettings::draft2020_12().with(|s| s.inline_subschemas = true);
    let mut schema = settings
        .into_generator()
        .into_root_schema_for::<Document>()
        .to_value();
    tidy(&mut schema);
    say_required(&mut schema);
    schema
});

/// Adds to the description of every required field that it is.
fn say_required(schema: &mut Value) {
    if let Value::Array(list) = schema {
        list.iter_mut().for_each(say_required);
        return;
    }
    let Value::Object(map) = schema else { return };
    map.values_mut().for_each(say_required);
    let required = map.get("required").and_then(Value::as_array).cloned();
    for name in required.iter().flatten().filter_map(Value::as_str) {
        let field = map.get_mut("properties").and_then(|all| all.get_mut(name));
        if let Some(Value::String(text)) = field.and_then(|field| field.get_mut("description")) {
            text.push_str(" (required)");
        }
    }
}

/// Takes out what only Rust knows: the widths of integers, and `null` for what may be left out.
fn tidy(schema: &mut Value) {
    match schema {
        Value::Array(list) => list.iter_mut().for_each(tidy),
        Value::Object(map) => {
            map.values_mut().for_each(tidy);
            tidy_map(map);
        }
        _ => {}
    }
}

fn tidy_map(map: &mut Map<String, Value>) {
    if map.get("format").is_some_and(Value::is_string) {
        map.shift_remove("format");
    }
    if let Some(Value::Array(types)) = map.get("type") {
        let named: Vec<Value> = types.iter().filter(|t| *t != "null").cloned().collect();
        if let [one] = named.as_slice() {
            map.insert("type".to_owned(), one.clone());
        }
    }
    let Some(Value::Array(choices)) = map.get_mut("anyOf") else {
        return;
    };
    choices.retain(|choice| choice != &json!({ "type": "null" }));
    if choices.len() == 1 {
        let only = choices.remove(0);
        map.shift_remove("anyOf");
        for (key, value) in only.as_object().into_iter().flatten() {
            // What is said of the field is more to the point than what is said of its type.
            map.entry(key.clone()).or_insert_with(|| value.clone());
        }
    }
}

/// A schema without what it says for people only.
pub(super) fn bare(schema: &Value) -> Value {
    match schema {
        Value::Array(list) => list.iter().map(bare).collect(),
        Value::Object(map) => {
            let kept = map
                .iter()
                .filter(|(key, _)| !ANNOTATIONS.contains(&key.as_str()));
            let one = |(key, value): (&String, &Value)| {
                let value = match value {
                    // The names in here are fields of the file, whatever they are called.
                    Value::Object(fields) if key == "properties" => {
                        fields.iter().map(|(k, v)| (k.clone(), bare(v))).collect()
                    }
                    value => bare(value),
                };
                (key.clone(), value)
            };
            Value::Object(kept.map(one).collect())
        }
        value => value.clone(),
    }
}

/// The schema of a stack file, for people and editors.
pub fn schema() -> Value {
    let mut schema = FILE.clone();
    if let Some(map) = schema.as_object_mut() {
        map.insert("allOf".to_owned(), complete(&MERGED));
    }
    schema
}

/// The schema of a stack file as far as one place of it is concerned: that what is required is
/// there in the stack or in every environment is not in it, since the merged environments tell that
/// in better words.
pub(super) static FILE: LazyLock<Value> = LazyLock::new(|| {
    let none = Map::new();
    let fields = MERGED["properties"].as_object().unwrap_or(&none);
    let mut shared = Map::new();
    let mut environment = Map::new();
    for (name, field) in fields {
        if ENVIRONMENT_FIELDS.contains(&name.as_str()) {
            environment.insert(name.clone(), field.clone());
        } else {
            shared.insert(name.clone(), partial(name, field));
        }
    }
    for (name, field) in fields {
        if !environment.contains_key(name) && !STACK_FIELDS.contains(&name.as_str()) {
            environment.insert(
                name.clone(),
                removable(name, field, is_required(&MERGED, name)),
            );
        }
    }
    shared.insert("environments".to_owned(), environments(&environment));
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Stack file of deploy",
        "description": "A text classifier from its data to an HTTP API, and its environments. An environment lies over the stack: maps merge, lists and values replace, `null` removes.",
        "type": "object",
        "properties": shared,
        "required": STACK_FIELDS,
        "additionalProperties": false,
    })
});

/// The field `environments`.
fn environments(fields: &Map<String, Value>) -> Value {
    json!({
        "description": "The environments: `local` on this machine, others in AWS accounts. Each lies over the stack. (required)",
        "examples": [{ "local": { "target": "local", "local": { "python": { "interpreter": "/usr/bin/python3" } } } }],
        "type": "object",
        "minProperties": 1,
        "propertyNames": { "pattern": "^[a-z][a-z0-9]*(-[a-z0-9]+)*$" },
        "additionalProperties": {
            "description": "One environment: where it lives, and what is different there.",
            "type": "object",
            "properties": fields,
            "required": ["target"],
            "additionalProperties": false,
        },
    })
}

fn is_required(schema: &Value, name: &str) -> bool {
    let list = schema.get("required").and_then(Value::as_array);
    list.is_some_and(|list| list.iter().any(|required| required == name))
}

/// Whether a field is a map that an environment merges into.
fn merges(name: &str, schema: &Value) -> bool {
    schema.get("properties").is_some() && !merge::WHOLE.contains(&name)
}

/// A field of the stack, of which the environments may add the rest.
fn partial(name: &str, schema: &Value) -> Value {
    let mut schema = schema.clone();
    if !merges(name, &schema) {
        return schema;
    }
    if let Some(map) = schema.as_object_mut() {
        map.shift_remove("required");
        if let Some(Value::Object(fields)) = map.get_mut("properties") {
            for (name, field) in fields {
                *field = partial(name, field);
            }
        }
    }
    schema
}

/// A field of an environment: partial, and `null` where something optional can be removed.
fn removable(name: &str, schema: &Value, required: bool) -> Value {
    let mut result = schema.clone();
    if let Some(map) = result.as_object_mut() {
        if merges(name, schema) {
            map.shift_remove("required");
            if let Some(Value::Object(fields)) = map.get_mut("properties") {
                for (name, field) in fields {
                    *field = removable(name, field, is_required(schema, name));
                }
            }
        } else if let Some(entry) = map
            .get_mut("additionalProperties")
            .filter(|e| e.is_object())
        {
            *entry = removable("", entry, false);
        }
        if !required {
            allow_null(map);
        }
    }
    result
}

fn allow_null(map: &mut Map<String, Value>) {
    let null = json!({ "type": "null" });
    for choice in ["anyOf", "oneOf"] {
        if let Some(Value::Array(choices)) = map.get_mut(choice) {
            choices.push(null);
            return;
        }
    }
    if let Some(Value::Array(values)) = map.get_mut("enum") {
        values.push(Value::Null);
    }
    if let Some(kind) = map.get_mut("type") {
        *kind = json!([kind.take(), "null"]);
    }
}

/// The rules that what is required is there once an environment lies over the stack.
fn complete(merged: &Value) -> Value {
    let mut rules = Vec::new();
    collect(merged, &mut Vec::new(), false, &mut rules);
    Value::Array(rules)
}

/// Collects the rules of a map at a path; `optional` if it, or a map around it, may be left out.
fn collect(schema: &Value, path: &mut Vec<String>, optional: bool, rules: &mut Vec<Value>) {
    let required = schema.get("required").and_then(Value::as_array);
    let names = required.into_iter().flatten().filter_map(Value::as_str);
    for name in names {
        let top = path.is_empty() && (name == "stack" || ENVIRONMENT_FIELDS.contains(&name));
        if !top {
            rules.push(rule(path, name, optional));
        }
    }
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let own = path.is_empty() && ENVIRONMENT_FIELDS.contains(&name.as_str());
        if merges(name, field) && !own {
            path.push(name.clone());
            let optional = optional || !is_required(schema, name);
            collect(field, path, optional, rules);
            path.pop();
        }
    }
}

/// The rule that a field is in the stack or in every environment; of an optional map, only where
/// the map is.
fn rule(path: &[String], name: &str, optional: bool) -> Value {
    let given = inside(path, &json!({ "type": "object", "required": [name] }));
    let everywhere = |schema: Value| json!({ "properties": { "environments": { "additionalProperties": schema } } });
    if !optional {
        return json!({ "anyOf": [given, everywhere(given.clone())] });
    }
    let there = inside(path, &json!({ "type": "object" }));
    let removed: Vec<Value> = (1..=path.len())
        .map(|length| inside(&path[..length], &json!({ "type": "null" })))
        .collect();
    json!({ "anyOf": [
        given,
        {
            "not": there,
            "allOf": [everywhere(json!({ "anyOf": [given, { "not": there }] }))],
        },
        everywhere(json!({ "anyOf": [given, { "anyOf": removed }] })),
    ] })
}

/// A schema that requires the value at a path to be there and to fit.
fn inside(path: &[String], schema: &Value) -> Value {
    path.iter().rev().fold(schema.clone(), |inner, name| {
        json!({ "type": "object", "required": [name], "properties": { name: inner } })
    })
}

#[cfg(test)]
mod tests;
