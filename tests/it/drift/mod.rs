//! Drift, with the shipped binary: an environment is changed behind its back by an ordinary client, and every
//! change is named, with who sees it; what CloudFormation can change back is changed back.

use std::collections::BTreeMap;
use std::process::Command;

use deploy::local::PythonSpec;
use serde_json::Value;

use crate::faults::{GOOD_INFERENCE, training_of, with_script_on};
use crate::support::project::Project;
use crate::support::{repository, tools};

/// A project that is up, and a client that changes what it deployed.
struct Scene {
    project: Project,
    client: std::path::PathBuf,
}

impl Scene {
    fn new() -> Self {
        let client = tools::environment(PythonSpec::Project {
            folder: repository().join("tests/it/drift"),
            group: "client".to_owned(),
        })
        .unwrap_or_else(|error| panic!("cannot prepare Python: {error}"));
        let project = with_script_on(&client, &training_of(GOOD_INFERENCE));
        project.deploy(&["up"]).ok();
        Self { project, client }
    }

    fn edit(&self, edits: &[&str]) {
        let credentials = self.project.path().join(".deploy/local/credentials");
        tools::must_succeed(
            Command::new(&self.client)
                .arg(repository().join("tests/it/drift/edits.py"))
                .args(edits)
                .env("PYTHONDONTWRITEBYTECODE", "1")
                .env("AWS_SHARED_CREDENTIALS_FILE", credentials)
                .env("AWS_DEFAULT_REGION", "us-east-1")
                .env(
                    "ENDPOINT",
                    format!("http://127.0.0.1:{}", self.project.port()),
                )
                .env("STEM", "tiny-local"),
        );
    }

    fn report(&self, code: i32) -> Value {
        let run = self.project.deploy(&["drift", "--output", "json"]);
        assert_eq!(run.code, code, "{run}");
        run.json()
    }

    /// What is found, as `Function /MemorySize` with who sees it.
    fn findings(&self, code: i32) -> BTreeMap<String, String> {
        let report = self.report(code);
        let findings = report["findings"].as_array().unwrap();
        let text = |value: &Value| value.as_str().unwrap_or("is gone").to_owned();
        findings
            .iter()
            .map(|one| {
                let name = format!("{} {}", text(&one["logical_id"]), text(&one["property"]));
                (name, text(&one["seen_by"]))
            })
            .collect()
    }

    /// Takes back what can be taken back; tells why something is left.
    fn revert(&self) -> Result<(), String> {
        let run = self.project.deploy(&["up", "--revert-drift"]);
        match run.code {
            0 => Ok(()),
            1 => Err(run.stderr[run.stderr.find("error[").unwrap()..].to_owned()),
            _ => panic!("{run}"),
        }
    }
}

#[test]
fn what_others_changed_is_named_and_taken_back_where_that_can_be_done() {
    let scene = Scene::new();

    // Nothing was changed, and all that the templates say is known.
    let report = scene.report(0);
    assert_eq!(report["drifted"], false);
    assert_eq!(report["unknown"], serde_json::json!([]));

    scene.edit(&[
        "role_policy",
        "configuration",
        "route",
        "versioning",
        "stage",
        "same_bucket_policy",
    ]);
    let run = scene.project.deploy(&["drift"]);
    assert_eq!(run.code, 2, "{run}");
    for text in [
        "FunctionRole",
        "/Policies/extra",
        "s3:*",
        "GET /evil",
        "512",
    ] {
        assert!(run.stdout.contains(text), "{text}: {run}");
    }
    assert!(run.stderr.contains("--revert-drift"), "{run}");
    assert!(!run.stdout.contains("hunter2"), "a secret is shown: {run}");
    let expected = [
        ("Bucket /VersioningConfiguration/Status", "both"),
        ("Function /Environment/Variables/TOKEN", "both"),
        ("Function /MemorySize", "both"),
        ("FunctionRole /Policies/extra", "read-back"),
        ("HttpApi /Routes/GET /evil", "read-back"),
        (
            "Stage /DefaultRouteSettings/ThrottlingBurstLimit",
            "read-back",
        ),
        (
            "Stage /DefaultRouteSettings/ThrottlingRateLimit",
            "read-back",
        ),
    ];
    let expected = expected.map(|(name, who)| (name.to_owned(), who.to_owned()));
    assert_eq!(scene.findings(2), BTreeMap::from(expected));

    // What CloudFormation can change back is changed back; the rest is named.
    let error = scene.revert().unwrap_err();
    for left in ["/Policies/extra", "GET /evil", "ThrottlingRateLimit"] {
        assert!(error.contains(left), "{left}: {error}");
    }
    for reverted in ["MemorySize", "TOKEN", "VersioningConfiguration"] {
        assert!(!error.contains(reverted), "{reverted}: {error}");
    }
    scene.edit(&["undo_role_policy", "undo_route"]);
    assert_eq!(scene.findings(2).len(), 2, "only the stage is left");
    scene.project.deploy(&["down"]).ok();
    scene
        .project
        .deploy(&["drift"])
        .failed(1, &["nothing of tiny/local is deployed", "deploy up"]);
}

#[test]
fn code_trust_integration_counts_and_a_deleted_policy_are_found_and_reverted() {
    let scene = Scene::new();
    scene.edit(&["trust", "integration", "bucket_policy"]);
    let expected = [
        ("BucketPolicy is gone", "both"),
        ("FunctionRole /AssumeRolePolicyDocument", "both"),
        ("Integration /TimeoutInMillis", "both"),
    ];
    let expected = expected.map(|(name, who)| (name.to_owned(), who.to_owned()));
    assert_eq!(scene.findings(2), BTreeMap::from(expected));
    scene.revert().unwrap();
    assert_eq!(scene.report(0)["drifted"], false);

    scene.edit(&["code", "instances"]);
    let expected = [
        ("Endpoint /InstanceCounts/AllTraffic", "read-back"),
        ("Function /Code", "read-back"),
    ];
    let expected = expected.map(|(name, who)| (name.to_owned(), who.to_owned()));
    assert_eq!(scene.findings(2), BTreeMap::from(expected));
    scene.project.deploy(&["down"]).ok();
}
