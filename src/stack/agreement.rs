//! Tests that the printed schema and the parser accept and reject the same files.
//!
//! The schema says what shape a file has. What only the rules of `resolve` can know (that a file
//! exists, that two durations fit together) is listed in the tables of `file::tests`, which are
//! checked here too: the schema must accept all of those.

use std::sync::LazyLock;

use jsonschema::Validator;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::file::{shape_of, tests};
use super::schema::{FILE, schema};

static PRINTED: LazyLock<Validator> =
    LazyLock::new(|| jsonschema::draft202012::new(&schema()).unwrap());

/// A file that says everything somewhere; only its shape matters.
static FULL: LazyLock<Value> = LazyLock::new(|| {
    let mut file = json!({ "stack": "news", "environments": {
        "prod": { "target": { "account": "111122223333", "region": "eu-west-1", "profile": "x",
                "role": { "arn": "arn:aws:iam::111122223333:role/r", "external_id": "x", "session_name": "s" } },
            "local": { "port": 4600, "region": "eu-west-1",
                "python": { "interpreter": "i" } },
            "protected": true, "ttl": "8h", "promotes_from": "stage" },
        "stage": { "target": "local", "local": { "port": 4600, "region": "eu-west-1",
            "python": { "project": "p", "group": "g" } } },
    } });
    let environment = &FILE["properties"]["environments"]["additionalProperties"];
    let promotion = &environment["properties"]["promotion"];
    file["environments"]["prod"]["promotion"] = filled(promotion);
    for (name, field) in FILE["properties"].as_object().unwrap() {
        if file.get(name).is_none() {
            file[name] = filled(field);
        }
    }
    file
});

/// A value with every field of a schema.
fn filled(schema: &Value) -> Value {
    let Some(fields) = schema["properties"].as_object() else {
        return schema["examples"][0].clone();
    };
    fields
        .iter()
        .map(|(name, field)| (name.clone(), filled(field)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// Requires schema and parser to agree, and returns what they say.
fn accepted(file: &Value) -> bool {
    let by_schema = PRINTED.is_valid(file);
    let problems = shape_of(&file.to_string());
    assert_eq!(
        by_schema,
        problems.is_empty(),
        "schema: {:?}\nparser: {problems:?}\n{file:#}",
        PRINTED
            .iter_errors(file)
            .map(|e| e.to_string())
            .collect::<Vec<_>>()
    );
    by_schema
}

/// Every field of the schema with its path in a file.
fn fields() -> Vec<(Vec<String>, &'static Value)> {
    fn walk(schema: &'static Value, path: &[String], out: &mut Vec<(Vec<String>, &'static Value)>) {
        for (name, field) in schema["properties"].as_object().into_iter().flatten() {
            let mut inner = path.to_vec();
            inner.push(name.clone());
            if name == "environments" {
                inner.push("prod".to_owned());
                walk(&field["additionalProperties"], &inner, out);
            } else {
                walk(field, &inner, out);
                out.push((inner, field));
            }
        }
    }
    let mut out = Vec::new();
    walk(&FILE, &[], &mut out);
    out
}

/// Puts a value at a path, making the maps on the way.
fn put(file: &mut Value, path: &[String], value: Value) {
    let mut here = file;
    for step in path {
        if !here.is_object() {
            *here = json!({});
        }
        here = &mut here[step];
    }
    *here = value;
}

/// A path as a JSON pointer.
fn pointer(path: &[String]) -> String {
    path.iter().flat_map(|step| ["/", step]).collect()
}

/// The value at a path is taken out of its map or list.
fn take(file: &mut Value, path: &[String]) -> Option<Value> {
    let (last, parents) = path.split_last()?;
    match file.pointer_mut(&pointer(parents))? {
        Value::Object(map) => map.shift_remove(last),
        Value::Array(items) => {
            let index: usize = last.parse().ok()?;
            (index < items.len()).then(|| items.remove(index))
        }
        _ => None,
    }
}

/// All paths into a value.
fn paths(value: &Value, path: &[String], out: &mut Vec<Vec<String>>) {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(map) => map
            .iter()
            .map(|(name, inner)| (name.clone(), inner))
            .collect(),
        Value::Array(list) => {
            let numbered = list.iter().enumerate();
            numbered
                .map(|(index, inner)| (index.to_string(), inner))
                .collect()
        }
        _ => Vec::new(),
    };
    for (name, inner) in children {
        let mut path = path.to_vec();
        path.push(name);
        paths(inner, &path, out);
        out.push(path);
    }
}

#[test]
fn every_field_is_taken_with_its_examples_and_refused_with_another_type() {
    assert!(accepted(&FULL));
    let fields = fields();
    assert!(fields.len() > 150, "{}", fields.len());
    for (path, field) in fields {
        for example in field["examples"].as_array().unwrap() {
            let mut file = FULL.clone();
            put(&mut file, &path, example.clone());
            // Only an environment's partial map may miss something: examples are whole.
            assert!(accepted(&file), "{path:?}: {example}");
        }
        let mut file = FULL.clone();
        put(&mut file, &path, json!([[1]]));
        assert!(!accepted(&file), "{path:?} takes a list of lists");
    }
}

#[test]
fn hand_written_files_of_wrong_shape_are_refused_and_wrong_rules_are_not_of_the_schema() {
    let (shape, semantic) = tests::corpus();
    assert!(shape.len() + semantic.len() > 100);
    for text in shape {
        assert!(!PRINTED.is_valid(&tests::value(&text)), "{text}");
        assert!(!shape_of(&text).is_empty(), "{text}");
    }
    for text in semantic {
        assert!(PRINTED.is_valid(&tests::value(&text)), "{text}");
        assert!(shape_of(&text).is_empty(), "{text}");
    }
}

#[test]
fn the_shipped_stack_fits_the_schema() {
    let text = include_str!("../../stacks/news-classifier/stack.yaml");
    assert!(accepted(&tests::value(text)));
}

/// One change of a file.
#[derive(Debug, Clone)]
enum Mutation {
    Delete,
    Replace(Value),
    AddField,
    ToProd,
    ToAll,
    RemoveInProd,
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let values = vec![
        json!(null),
        json!(true),
        json!(0),
        json!(-1),
        json!(1.5),
        json!(1_000_000_000),
        json!("x"),
        json!([]),
        json!({}),
        json!([["x"]]),
        json!(["a", "b", "c", "d", "e", "f"]),
    ];
    prop_oneof![
        Just(Mutation::Delete),
        prop::sample::select(values).prop_map(Mutation::Replace),
        Just(Mutation::AddField),
        Just(Mutation::ToProd),
        Just(Mutation::ToAll),
        Just(Mutation::RemoveInProd),
    ]
}

fn mutate(file: &mut Value, path: &[String], mutation: &Mutation) {
    let shared = path.first().is_some_and(|first| first != "environments");
    let listed = path.iter().any(|step| step.parse::<usize>().is_ok());
    let environment = |name: &str| {
        let mut inner = vec!["environments".to_owned(), name.to_owned()];
        inner.extend_from_slice(path);
        inner
    };
    match mutation {
        Mutation::Delete => {
            take(file, path);
        }
        Mutation::Replace(value) => {
            if take(file, path).is_some() && !listed {
                put(file, path, value.clone());
            }
        }
        Mutation::AddField => {
            let pointer = pointer(path);
            if let Some(Value::Object(map)) = file.pointer_mut(&pointer) {
                map.insert("surplus".to_owned(), json!("x"));
            }
        }
        Mutation::ToProd | Mutation::ToAll if shared && !listed => {
            if let Some(value) = take(file, path) {
                put(file, &environment("prod"), value.clone());
                if matches!(mutation, Mutation::ToAll) {
                    put(file, &environment("stage"), value);
                }
            }
        }
        Mutation::RemoveInProd if shared && !listed => put(file, &environment("prod"), json!(null)),
        Mutation::ToProd | Mutation::ToAll | Mutation::RemoveInProd => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn schema_and_parser_agree_on_mutated_files(
        changes in prop::collection::vec((any::<prop::sample::Index>(), mutation()), 1..4)
    ) {
        let mut file = FULL.clone();
        for (index, mutation) in &changes {
            let mut all = Vec::new();
            paths(&file, &[], &mut all);
            let path = all[index.index(all.len())].clone();
            mutate(&mut file, &path, mutation);
        }
        accepted(&file);
    }
}
