//! Approvals of a promotion, signed by `ssh-keygen` itself, with the gates that ask a service that runs.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use deploy::local::PythonSpec;
use serde_json::Value;

use crate::faults::training_of;
use crate::support::project::{Project, Run, tiny_stack};
use crate::support::{repository, tools};

/// Tells two kinds of headlines apart by a word.
const INFERENCE: &str = r#"
import json
def model_fn(model_dir): return None
def input_fn(body, content_type): return json.loads(body)["inputs"]
def one(text):
    label = "Business" if "bank" in text else "Health"
    return {"predicted_label": label, "probabilities": [0.5, 0.5], "scores": {"Business": 0.5, "Health": 0.5}}
def predict_fn(data, model):
    if isinstance(data, str): return one(data) | {"probabilities": [[0.5, 0.5]]}
    return {"predictions": [one(text) for text in data]}
def output_fn(answer, accept): return json.dumps(answer)
"#;

/// What has to hold before `prod` takes a release over; one of the four hold-out texts is answered wrongly.
const PROMOTION: &str = "
    promotes_from: staging
    promotion:
      holdout: { file: holdout.csv, labels: { b: Business, m: Health }, accuracy: '>= 0.75', macro_f1: '> 0.7' }
      load: { connections: 1, duration: 1s, p95: 30s }
      approvals: { needed: 2, signers: approvers }
";
const HOLDOUT: &str = "label,title\nb,a bank\nb,the bank\nb,a bond\nm,a doctor\n";

fn project() -> Project {
    // The function needs boto3 and nothing else.
    let python = tools::environment(PythonSpec::Project {
        folder: repository().join("tests/it/drift"),
        group: "client".to_owned(),
    });
    let python = python.unwrap_or_else(|error| panic!("cannot prepare Python: {error}"));
    let stack = tiny_stack(&format!("{{ interpreter: {} }}", python.display()));
    let (shared, local) = stack.split_once("  local:\n").unwrap();
    let code = repository().join("training-code/src").display().to_string();
    let shared = shared
        .replace(&format!("code: {code}"), "code: code")
        .replace(
            "{ file: headlines.csv }",
            "{ file: headlines.csv, format: { separator: comma, header: true, columns: [label, title], \
             text: title, label: label, classes: [b, m] } }",
        );
    let project = Project::new(&format!(
        "registry: {{ group: classifiers }}\n{shared}  staging:\n{local}  prod:\n{}{PROMOTION}",
        local.trim_end()
    ));
    project.write("stacks/tiny/headlines.csv", HOLDOUT);
    project.write("stacks/tiny/holdout.csv", HOLDOUT);
    let script = format!("print('eval_accuracy=0.93')\n{}", training_of(INFERENCE));
    project.write("stacks/tiny/code/train.py", &script);
    project
}

/// Makes a key, and returns its public half.
fn key(project: &Project, name: &str) -> String {
    let path = project.path().join(name);
    let mut command = Command::new("ssh-keygen");
    command
        .args(["-q", "-t", "ed25519", "-N", "", "-f"])
        .arg(&path);
    tools::must_succeed(&mut command);
    fs::read_to_string(path.with_extension("pub")).unwrap()
}

/// Signs a text, and returns the file with the signature.
fn sign(project: &Project, key: &str, namespace: &str, name: &str, text: &str) -> String {
    project.write(name, text);
    let file: PathBuf = project.path().join(name);
    let mut command = Command::new("ssh-keygen");
    command.args(["-Y", "sign", "-n", namespace, "-f"]);
    tools::must_succeed(command.arg(project.path().join(key)).arg(&file));
    format!("{}.sig", file.display())
}

fn promote(project: &Project, signatures: &[&str]) -> Run {
    let mut arguments = vec!["promote", "staging", "prod", "--yes"];
    for signature in signatures {
        arguments.extend(["--approval", signature]);
    }
    project.deploy(&arguments)
}

#[test]
fn two_people_approve_by_signature_what_the_gates_let_pass() {
    let project = project();
    let list = format!(
        "alice {}bob {}",
        key(&project, "alice"),
        key(&project, "bob")
    );
    project.write("stacks/tiny/approvers", &format!("# who may\n{list}"));
    key(&project, "mallory");
    project.deploy(&["up", "--env", "staging"]).ok();

    let text = project.deploy(&["approve", "staging", "prod"]).ok().stdout;
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[..3],
        ["deploy approval 1", "stack tiny", "from staging"]
    );
    assert_eq!(lines[5..], ["to prod"]);
    assert_eq!(
        project.deploy(&["approve", "staging", "prod"]).ok().stdout,
        text
    );

    let good = sign(&project, "alice", "deploy", "alice.txt", &text);
    what_is_no_approval_is_refused(&project, &text);
    let again = sign(&project, "alice", "deploy", "again.txt", &text);
    promote(&project, &[&good, &again]).failed(
        5,
        &[
            "2 people must approve it, only alice has approved it",
            "deploy approve staging prod",
            "ok     holdout accuracy: >= 0.75 is asked, 0.7500 of 4 texts was found",
            "ok     load p95: below 30s is asked",
        ],
    );

    pinned(&project, &good);
    let of_pin = project.deploy(&["approve", "staging", "prod", "--pin"]);
    assert_eq!(of_pin.ok().stdout, text);
    let other = sign(&project, "bob", "deploy", "bob.txt", &text);
    a_forged_pin_is_refused(&project, &other);
    carried_out(&project, &other);
    for environment in ["prod", "staging"] {
        project
            .deploy(&["down", "--env", environment, "--yes"])
            .ok();
    }
}

/// Signatures of something else, for something else, or by somebody else, and somebody's mere word.
fn what_is_no_approval_is_refused(project: &Project, text: &str) {
    let git = sign(project, "alice", "git", "git.txt", text);
    let another = text.replace("to prod", "to live");
    let another = sign(project, "alice", "deploy", "another.txt", &another);
    let stranger = sign(project, "mallory", "deploy", "mallory.txt", text);
    for (signature, why) in [
        (&git, "in the namespace `git`, not in `deploy`"),
        (&another, "it signs another text"),
        (&stranger, "is not among those of the signers"),
        (
            &project.path().join("alice.txt").display().to_string(),
            "no signature of `ssh-keygen",
        ),
    ] {
        promote(project, &[signature]).failed(5, &["is no approval of this promotion", why]);
    }
    let ci = ["promote", "staging", "prod", "--approved-by", "alice"];
    project.deploy(&ci).failed(64, &["promotion.approvals.ci"]);
}

/// Pins the promotion with the only approval that there is so far.
fn pinned(project: &Project, approval: &str) {
    let pin = ["promote", "staging", "prod", "--pin", "--output", "json"];
    let pinned = project.deploy(&[&pin[..], &["--approval", approval]].concat());
    let pinned = pinned.ok();
    assert!(
        pinned.stderr.contains("only alice has approved it"),
        "{pinned}"
    );
    let promotion = pinned.json()["pin"]["promotion"].clone();
    let names = |list: &str, field: &str| -> Vec<Value> {
        let list = promotion[list].as_array().unwrap().iter();
        list.map(|one| one[field].clone()).collect()
    };
    assert_eq!(names("approvals", "by"), ["alice"]);
    let key = promotion["approvals"][0]["means"]["signature"].as_str();
    assert!(key.unwrap().starts_with("SHA256:"), "{promotion}");
    let gates = names("evidence", "gate");
    for gate in [
        "holdout accuracy",
        "holdout macro_f1",
        "load p95",
        "load errors",
    ] {
        assert!(gates.contains(&gate.into()), "{gate}: {gates:?}");
    }
}

/// The pin is a file: what somebody writes into it does not count because it stands there.
fn a_forged_pin_is_refused(project: &Project, missing: &str) {
    let path = "stacks/tiny/prod.lock.yaml";
    let good = fs::read_to_string(project.path().join(path)).unwrap();
    let artifact = good.split("artifact:").nth(1).unwrap();
    let digest = artifact.split("sha256: ").nth(1).unwrap()[..64].to_owned();
    for (from, to, code, why) in [
        (
            "by: alice",
            "by: bob",
            5,
            "the approval of bob that is pinned does not count: alice signed it",
        ),
        (
            "passed: true",
            "passed: false",
            5,
            "may not be taken over: ",
        ),
        (
            &digest,
            &"f".repeat(64),
            64,
            "is not what the file says of it",
        ),
    ] {
        assert!(good.contains(from), "{from:?} is not in the pin:\n{good}");
        project.write(path, &good.replacen(from, to, 1));
        let up = ["up", "--env", "prod", "--yes", "--approval", missing];
        project.deploy(&up).failed(code, &[why]);
    }
    project.write(path, &good);
}

/// What is pinned comes to serve once everybody has approved whose approval is asked.
fn carried_out(project: &Project, missing: &str) {
    let up = ["up", "--env", "prod", "--yes"];
    let lacks = "2 people must approve it, only alice has approved it";
    project.deploy(&up).failed(5, &[lacks]);
    project
        .deploy(&[&up[..], &["--approval", missing]].concat())
        .ok();
    let shown = project.deploy(&["show", "1", "--env", "prod"]).ok();
    for text in [
        "promoted from staging 1-",
        "ok  holdout accuracy: >= 0.75 is asked, 0.7500 of 4 texts was found",
        "approved by  alice, signed with SHA256:",
        "approved by  bob, signed with SHA256:",
        ":model-package/classifiers/2 (approved)",
    ] {
        assert!(
            shown.stdout.contains(text),
            "{text:?} is not said:\n{shown}"
        );
    }
    // What serves is not asked for approval again.
    let again = project.deploy(&[&up[..], &["--output", "json"]].concat());
    assert_eq!(again.ok().json()["changed"], false);
}
