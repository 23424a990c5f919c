//! Runs one policy on a template written down in a test.

#![expect(
    clippy::needless_pass_by_value,
    reason = "a test writes the value down in the call"
)]

use std::borrow::Cow;

use serde_json::{Value, json};

use crate::policy::finding::Sighting;
use crate::policy::registry;
use crate::policy::subject::{Document, DocumentName, Subject};
use crate::stack::Protection;

/// What a policy finds in a service template with one resource, `R`.
pub(super) fn on_resource(id: &str, kind: &str, properties: Value) -> Vec<Sighting> {
    on_template(
        id,
        json!({ "R": { "Type": kind, "Properties": properties } }),
    )
}

/// What a policy finds in a service template of a protected environment.
pub(super) fn on_template(id: &str, resources: Value) -> Vec<Sighting> {
    on(
        id,
        DocumentName::Service,
        &json!({ "Resources": resources }),
        Protection::Protected,
    )
}

/// What a policy finds in a service template of an environment that is not protected.
pub(super) fn on_unprotected(id: &str, resources: Value) -> Vec<Sighting> {
    on(
        id,
        DocumentName::Service,
        &json!({ "Resources": resources }),
        Protection::Unprotected,
    )
}

/// What a policy finds in a training request.
pub(super) fn on_training(id: &str, request: Value) -> Vec<Sighting> {
    on(
        id,
        DocumentName::TrainingJob,
        &request,
        Protection::Protected,
    )
}

/// What a policy finds in a policy document of a role.
pub(super) fn on_statement(id: &str, statement: Value) -> Vec<Sighting> {
    let document = json!({ "Statement": [statement] });
    on_resource(
        id,
        "AWS::IAM::Role",
        json!({ "Policies": [{ "PolicyDocument": document }] }),
    )
}

pub(super) fn on(
    id: &str,
    name: DocumentName,
    body: &Value,
    protection: Protection,
) -> Vec<Sighting> {
    let subject = Subject {
        stack: "s",
        environment: "e",
        protection,
        documents: vec![Document {
            name,
            body,
            text: Cow::Borrowed(""),
        }],
    };
    let found = (registry::find(id).expect("a known policy").check)(&subject);
    for sighting in &found {
        assert!(
            body.pointer(&sighting.pointer).is_some(),
            "{}",
            sighting.pointer
        );
    }
    found
}
