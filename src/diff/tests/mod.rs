//! Tests of whole comparisons, on the shipped templates and changes made to them.

mod forms;
mod laws;
mod models;
mod templates;

use std::path::Path;
use std::sync::LazyLock;

use serde_json::{Value, json};

use super::*;
use crate::bundle::Digest;
use crate::release::testing::release;
use crate::render::{Library, render};
use crate::stack::{Stack, StackFile};

fn shipped(environment: &str) -> Stack {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("stacks/news-classifier/stack.yaml");
    StackFile::read(&path)
        .unwrap()
        .environment(environment)
        .unwrap()
}

fn documents(stack: &Stack) -> Documents {
    documents_of(&render(stack, &Library::builtin()).unwrap()).unwrap()
}

fn prod() -> Documents {
    static PROD: LazyLock<Documents> = LazyLock::new(|| documents(&shipped("prod")));
    PROD.clone()
}

fn compared(before: &Documents, after: &Documents) -> EnvironmentDiff {
    compare_environment("prod", Some(before), Some(after), Vec::new())
}

/// The first resource of a type in a document.
fn first<'a>(documents: &'a mut Documents, document: &str, kind: &str) -> (String, &'a mut Value) {
    let resources = documents.get_mut(document).unwrap()["Resources"]
        .as_object_mut()
        .unwrap();
    let (id, resource) = resources
        .iter_mut()
        .find(|(_, one)| one["Type"] == kind)
        .unwrap();
    (id.clone(), &mut resource["Properties"])
}

fn action(diff: &EnvironmentDiff, kind: &str) -> Option<Action> {
    let mut changes = diff.documents.iter().flat_map(|document| &document.changes);
    let change = changes.find(|change| change.kind.as_deref() == Some(kind));
    change.map(|change| change.action)
}

fn says(diff: &EnvironmentDiff, severity: Severity, text: &str) {
    let found = diff
        .consequences
        .iter()
        .any(|one| one.severity == severity && one.text.contains(text));
    assert!(
        found,
        "{severity:?} {text:?} is not in {:#?}",
        diff.consequences
    );
}

/// Two releases with other models, the second without the label `a`.
fn models() -> ModelDiff {
    let mut before = release(1, "s");
    before.model.classes = [("a", 0.5), ("b|c", 0.5)]
        .map(|(l, f)| (l.to_owned(), f))
        .into();
    let mut after = release(2, "t");
    after.model.training_key = Digest::of_bytes(b"other");
    after.model.classes = [("b|c".to_owned(), 0.75)].into();
    let [before, after] = [&before, &after].map(|one| Some(Compared::Released(one)));
    ModelDiff::between(before, after)
}

/// Every row of a table has the cells of its head, whatever the values are.
fn tables_hold(markdown: &str) {
    let mut cells = None;
    for line in markdown.lines() {
        if line.starts_with('|') {
            let count = line.matches('|').count();
            assert_eq!(*cells.get_or_insert(count), count, "{line}");
        } else {
            cells = None;
        }
    }
}
