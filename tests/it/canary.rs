//! A canary that fails, with the shipped binary and real servers: the errors alarm takes it back while
//! people call, the run says so, and the mended model gets through.
//!
//! This takes real time: alarms are judged when a minute begins, so that up to one passes until it rings.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::commands::python;
use crate::faults::{GOOD_INFERENCE, training_of, with_script_on};
use crate::reconciling::started;
use crate::support::http::post;
use crate::support::project::Project;
use crate::support::{pause, tools};

/// Half of two instances, watched for longer than it takes until the next minute begins.
const WATCHED: &str = "rollout: { canary: { size: 50%, wait: 90s } }";
/// The same, watched for hardly a moment.
const BRIEF: &str = "rollout: { canary: { size: 50%, wait: 1s } }";

/// Callers' answers, one by one.
#[derive(Debug, Default)]
struct Calls {
    answered: u32,
    failed: u32,
}

impl Calls {
    /// Calls once; whoever answers must be the model with this label.
    fn call(&mut self, url: &str, label: &str) {
        let (status, answer) = post(url, r#"{"headline": "x"}"#);
        match status {
            200 => {
                assert!(answer.contains(label), "{answer}");
                self.answered += 1;
            }
            502 => self.failed += 1,
            _ => panic!("{status} {answer}"),
        }
    }
}

/// Inference code that answers with this label.
fn answering(label: &str) -> String {
    GOOD_INFERENCE.replace("Business", label)
}

/// Inference code that comes up, and fails with every request.
fn failing() -> String {
    let body = "raise RuntimeError('the weights do not fit the tokenizer')";
    let (before, _) = GOOD_INFERENCE.split_once("return {").unwrap();
    format!("{before}{body}\ndef output_fn(answer, accept): return json.dumps(answer)\n")
}

fn with_model(project: &Project, inference: &str) {
    project.write("stacks/tiny/code/train.py", &training_of(inference));
}

fn up(python: &Path) -> Project {
    let project = with_script_on(python, "");
    with_model(&project, &answering("Business"));
    edit(
        &project,
        "  count: 1\n",
        &format!("  count: 2\n  {WATCHED}\n"),
    );
    let alarms = "alarms: { errors: 5, window: 1m }\nenvironments:\n";
    edit(&project, "environments:\n", alarms);
    project
}

/// Changes the stack file.
fn edit(project: &Project, from: &str, to: &str) {
    let stack = "stacks/tiny/stack.yaml";
    let text = std::fs::read_to_string(project.path().join(stack)).unwrap();
    assert!(text.contains(from), "{text}");
    project.write(stack, &text.replacen(from, to, 1));
}

fn config(project: &Project) -> Value {
    let outputs = project.deploy(&["outputs", "--output", "json"]).ok().json();
    outputs["EndpointConfigName"].clone()
}

/// Silences the alarm as somebody who has seen it would, with an ordinary client.
fn silence(project: &Project, python: &Path) {
    let program = "import boto3, sys; boto3.client('cloudwatch', endpoint_url=sys.argv[1])\
        .set_alarm_state(AlarmName='tiny-local-endpoint-errors', StateValue='OK', StateReason='seen')";
    let address = format!("http://127.0.0.1:{}", project.port());
    let credentials = project.path().join(".deploy/local/credentials");
    tools::must_succeed(
        Command::new(python)
            .args(["-c", program, &address])
            .env("AWS_SHARED_CREDENTIALS_FILE", credentials)
            .env("AWS_DEFAULT_REGION", "us-east-1"),
    );
}

#[test]
fn a_canary_that_fails_is_taken_back_and_the_mended_model_gets_through() {
    let python = python();
    let project = up(&python);
    let first = project.deploy(&["up", "--output", "json"]).ok().json();
    let url = first["outputs"]["ClassifyUrl"].as_str().unwrap();
    let serving = config(&project);

    with_model(&project, &failing());
    let mut run = started(&project, &["up"], "training: ");
    let mut calls = Calls::default();
    let status = loop {
        calls.call(url, "Business");
        if let Some(status) = run.try_wait().unwrap() {
            break status;
        }
        pause();
    };
    let said = std::fs::read_to_string(project.path().join("first.txt")).unwrap();
    assert_eq!(status.code(), Some(6), "{said}");
    for text in [
        "in ALARM: tiny-local-endpoint-errors",
        "what served before is unchanged",
    ] {
        assert!(said.contains(text), "{text:?} is not said:\n{said}");
    }
    assert!(calls.failed >= 5 && calls.answered > 5, "{calls:?}");

    // The old model serves, and alone.
    assert_eq!(config(&project), serving);
    let mut after = Calls::default();
    (0..10).for_each(|_| after.call(url, "Business"));
    assert_eq!((after.answered, after.failed), (10, 0));
    let status = project.deploy(&["status", "--output", "json"]).ok().json();
    assert_eq!(status["endpoint"]["status"], json!("InService"), "{status}");

    silence(&project, &python);
    with_model(&project, &answering("Health"));
    edit(&project, WATCHED, BRIEF);
    project.deploy(&["up"]).ok();
    assert_ne!(config(&project), serving);
    let mut mended = Calls::default();
    (0..10).for_each(|_| mended.call(url, "Health"));
    assert_eq!((mended.answered, mended.failed), (10, 0));
    project.deploy(&["down"]).ok();
}
