//! The printed schema: that it is sound, whole, and says what the parser does.

use std::path::Path;

use serde_json::{Value, json};

use super::{MERGED, schema};

/// Calls `visit` with the path and the schema of every property, and whether it is required.
fn walk(schema: &Value, path: &str, visit: &mut dyn FnMut(&str, &Value, bool)) {
    if !schema.is_object() {
        return;
    }
    let required = schema["required"].as_array();
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let inner = format!("{path}/{name}");
        let required = required.is_some_and(|list| list.contains(&json!(name)));
        visit(&inner, field, required);
        walk(field, &inner, visit);
    }
    for key in ["anyOf", "oneOf"] {
        for choice in schema[key].as_array().into_iter().flatten() {
            walk(choice, path, visit);
        }
    }
    for key in ["items", "additionalProperties"] {
        walk(&schema[key], path, visit);
    }
}

#[test]
fn the_schema_is_a_schema_of_draft_2020_12() {
    jsonschema::draft202012::meta::validate(&schema()).unwrap();
    jsonschema::draft202012::meta::validate(&MERGED).unwrap();
    assert_eq!(
        schema()["$schema"],
        "https://json-schema.org/draft/2020-12/schema"
    );
}

#[test]
fn every_field_has_a_description_an_example_and_a_default_unless_it_is_required() {
    let mut seen = 0;
    walk(&MERGED, "", &mut |path, field, required| {
        seen += 1;
        let text = field["description"].as_str().unwrap_or_default();
        assert!(text.len() > 10, "{path} has no description");
        let examples = field["examples"].as_array();
        assert!(
            examples.is_some_and(|list| !list.is_empty()),
            "{path} has no example"
        );
        assert_eq!(field.get("default").is_none(), required, "{path}: default");
        assert_eq!(
            text.ends_with("(required)"),
            required,
            "{path}: description"
        );
    });
    assert!(seen > 80, "{seen}");
    // The same fields are in the printed schema, where what is required may come from elsewhere.
    walk(&schema(), "", &mut |path, field, _| {
        assert!(
            field["description"].is_string(),
            "{path} has no description"
        );
        assert!(field["examples"].is_array(), "{path} has no example");
        let required = field["description"]
            .as_str()
            .unwrap()
            .ends_with("(required)");
        assert!(
            required || field.get("default").is_some(),
            "{path} has no default"
        );
    });
}

#[test]
fn examples_and_defaults_fit_their_own_fields() {
    walk(&MERGED, "", &mut |path, field, _| {
        let validator = jsonschema::draft202012::new(field).unwrap();
        let default = field.get("default").filter(|default| !default.is_null());
        for value in field["examples"].as_array().unwrap().iter().chain(default) {
            assert!(validator.is_valid(value), "{path}: {value}");
        }
    });
}

/// The schema that editors use must be what is printed today; with `DEPLOY_UPDATE_RENDERED` set at
/// compile time of the test it is written instead.
#[test]
fn the_shipped_schema_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("stacks/schema.json");
    let text = format!("{:#}\n", schema());
    if option_env!("DEPLOY_UPDATE_RENDERED").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == text, "{} is out of date", path.display());
}

#[test]
fn the_shipped_stack_names_the_schema() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("stacks/news-classifier/stack.yaml");
    let text = std::fs::read_to_string(&path).unwrap();
    let named = text
        .lines()
        .find_map(|line| line.strip_prefix("# yaml-language-server: $schema="));
    let schema = path.with_file_name(named.expect("a line for editors"));
    assert!(schema.is_file(), "{}", schema.display());
}
