//! Every policy's examples are checked: the wrong one is found by it, the mended one is not.

use serde_json::{Value, json};

use super::testing::on;
use crate::policy::registry;
use crate::policy::subject::DocumentName;
use crate::stack::Protection;
use crate::stack::yaml::{self, Tags};

/// How often a policy finds something in an example: a template, its resources only, or a request.
fn found(id: &str, example: &str) -> usize {
    let body = yaml::read(example, Tags::Refused)
        .unwrap_or_else(|problem| panic!("{id}: {problem:?}"))
        .to_json();
    let is_resource = |value: &Value| value.get("Type").is_some();
    let (name, body) = if body.get("Parameters").is_some() {
        (DocumentName::Service, body)
    } else if body.as_object().unwrap().values().all(is_resource) {
        (DocumentName::Service, json!({ "Resources": body }))
    } else {
        (DocumentName::TrainingJob, body)
    };
    on(id, name, &body, Protection::Protected).len()
}

#[test]
fn every_policy_finds_its_own_example_and_not_the_mended_one() {
    let mut wrong = Vec::new();
    // Waivers are of the stack file: their example is read beside them.
    for policy in registry::all().filter(|policy| policy.id != "WAIVER-UNUSED") {
        let before = found(policy.id, policy.example.before);
        let after = found(policy.id, policy.example.after);
        if before == 0 || after != 0 {
            wrong.push(format!(
                "{}: found {before} before, {after} after",
                policy.id
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
