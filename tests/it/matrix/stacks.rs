//! The stacks of the matrix and the shipped ones, rendered once for all tests.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use deploy::render::{Library, Rendered, render};
use deploy::stack::{Stack, StackFile};
use serde_json::{Value, json};

use super::LEAST;
use super::options::{self, merged};
use crate::support::{repository, shipped_stacks};

/// A stack with what is rendered for it.
pub(super) struct Case {
    /// What it is, for messages.
    pub(super) name: String,
    /// The stack.
    pub(super) stack: Stack,
    /// Its templates and requests.
    pub(super) rendered: Rendered,
}

/// Renders all stacks of the matrix and all shipped environments.
pub(super) fn rendered() -> &'static [Case] {
    static CASES: OnceLock<Vec<Case>> = OnceLock::new();
    CASES.get_or_init(|| {
        let shipped = shipped_stacks()
            .into_iter()
            .flat_map(|file| StackFile::read(&file).unwrap().all().unwrap())
            .map(|stack| (format!("{} {}", stack.name, stack.environment), stack));
        let library = Library::builtin();
        shipped
            .chain(generated())
            .map(|(name, stack)| {
                let rendered =
                    render(&stack, &library).unwrap_or_else(|error| panic!("{name}: {error}"));
                Case {
                    name,
                    stack,
                    rendered,
                }
            })
            .collect()
    })
}

fn generated() -> Vec<(String, Stack)> {
    let options = options::all();
    let rows = options::space(&options).rows(LEAST);
    let folder = tempfile::tempdir().unwrap();
    let mut refused = BTreeMap::new();
    let stacks = rows
        .iter()
        .enumerate()
        .filter_map(|(number, row)| {
            let region = ["eu-west-1", "us-east-1"][number % 2];
            let chosen = options
                .iter()
                .zip(row)
                .map(|(option, value)| &option.values[*value]);
            let mut document = plain(region);
            let mut name = Vec::new();
            for ((value, over), option) in chosen.zip(&options) {
                document = merged(document, over.clone());
                name.push(format!("{}: {value}", option.name));
            }
            let text = without_nulls(document)
                .to_string()
                .replace("REGION", region);
            let file = folder.path().join(format!("{number}.yaml"));
            std::fs::write(&file, &text).unwrap();
            let stack = StackFile::read(&file).and_then(|file| file.environment("prod"));
            let name = name.join(", ");
            match stack {
                Ok(stack) => Some((name, stack)),
                Err(problems) => {
                    let said = problems
                        .list()
                        .iter()
                        .map(|problem| problem.summary.clone());
                    refused.insert(said.collect::<Vec<_>>().join("; "), name);
                    None
                }
            }
        })
        .collect();
    assert!(refused.is_empty(), "the language refuses: {refused:#?}");
    stacks
}

/// A stack of which every option has its default.
fn plain(region: &str) -> Value {
    let code = repository().join("training-code");
    json!({
        "stack": "matrix",
        "data": { "file": repository().join("stacks/news-classifier/data/headlines.csv") },
        "training": {
            "code": code.join("src"),
            "entry_point": "train.py",
            "image": { "pytorch": "2.8.0", "transformers": "4.56.2" },
            "instance": "ml.g4dn.xlarge",
            "hyperparameters": { "epochs": 2, "learning_rate": "5e-5" },
        },
        "endpoint": {
            "image": { "pytorch": "2.6.0", "transformers": "5.5.3" },
            "instance": "ml.m5.large",
        },
        "function": { "code": code.join("function"), "handler": "lambda_function.handler" },
        "environments": { "prod": { "target": { "account": "111122223333", "region": region } } },
    })
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(map) => map
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name, without_nulls(value)))
            .collect(),
        other => other,
    }
}
