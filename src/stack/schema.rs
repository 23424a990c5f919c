//! The JSON Schemas of a stack file: of one merged environment, and of the whole file.
//!
//! The first is made from [`Document`]; the second from the first, by one rule: what the stack or
//! an environment says may be partial, and an environment removes with `null` what is optional.

use std::sync::LazyLock;

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::document::Document;
use super::merge;

/// Fields that belong in an environment, not in the stack.
pub(super) const ENVIRONMENT_FIELDS: [&str; 4] = ["target", "local", "protected", "promotes_from"];
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
    schema
});

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
