//! What can go wrong on the way: each ends with a message that says what, where and what to do, a
//! non-zero exit, and a state from which `up` or `down` works.

use std::net::TcpListener;
use std::process::Command;

use serde_json::Value;

use crate::support::project::{Project, is_alive, some_headlines, tiny_stack};
use crate::support::tools;

/// A project that trains with the given script instead of the repository's.
pub(crate) fn with_script(script: &str) -> Project {
    with_script_on(&tools::interpreter("test"), script)
}

/// The same, on the given interpreter.
pub(crate) fn with_script_on(python: &std::path::Path, script: &str) -> Project {
    let stack = tiny_stack(&format!("{{ interpreter: {} }}", python.display()));
    let code = stack
        .lines()
        .find(|line| line.trim_start().starts_with("code:"))
        .unwrap()
        .to_owned();
    let project = Project::new(&stack.replacen(&code, "  code: code", 1));
    project.write("stacks/tiny/headlines.csv", &some_headlines(20));
    project.write("stacks/tiny/code/train.py", script);
    project
}

/// A training script that ships the given inference code in its model.
pub(crate) fn training_of(inference: &str) -> String {
    format!(
        r#"
import os, pathlib
model = pathlib.Path(os.environ["SAGEMAKER_BASE_DIR"]) / "model" / "code"
model.mkdir(parents=True)
(model / "inference.py").write_text({inference:?})
"#
    )
}

pub(crate) const GOOD_INFERENCE: &str = r#"
import json
def model_fn(model_dir): return None
def input_fn(body, content_type): return json.loads(body)
def predict_fn(data, model): return {"predicted_label": "Business", "probabilities": [[1, 0, 0, 0]]}
def output_fn(answer, accept): return json.dumps(answer)
"#;

#[test]
fn a_missing_stack_names_where_it_was_looked_for() {
    let project = Project::new("stack: tiny\n");
    std::fs::remove_dir_all(project.path().join("stacks")).unwrap();
    project
        .deploy(&["up"])
        .failed(64, &["stack.yaml", "stacks"]);
    project
        .deploy(&["up", "--stack", "nope"])
        .failed(64, &["nope/stack.yaml"]);
}

#[test]
fn an_unknown_environment_names_the_known_ones() {
    let project = Project::new(&tiny_stack("{ interpreter: /usr/bin/python3 }"));
    project
        .deploy(&["up", "--env", "locla"])
        .failed(64, &["locla", "`local`", "did you mean"]);
}

#[test]
fn malformed_yaml_is_shown_with_its_place() {
    let project = Project::new("stack: tiny\ndata: [\n");
    project.deploy(&["validate"]).failed(64, &["stack.yaml:"]);
    let stack =
        tiny_stack("{ interpreter: /usr/bin/python3 }").replace("\nendpoint:", "\nendpiont:");
    let line = 1 + stack
        .lines()
        .position(|line| line.starts_with("endpiont"))
        .unwrap();
    let project = Project::new(&stack);
    let place = format!("stack.yaml:{line}:1");
    project
        .deploy(&["up"])
        .failed(64, &[&place, "endpiont", "did you mean `endpoint`"]);
    assert_eq!(project.engine(), None);
}

#[test]
fn a_missing_data_file_is_said_before_anything_starts() {
    let project = Project::new(&tiny_stack("{ interpreter: /usr/bin/python3 }"));
    project
        .deploy(&["up"])
        .failed(64, &["headlines.csv", "stack.yaml:"]);
    assert_eq!(project.engine(), None);
}

#[test]
fn a_port_in_use_is_named_with_the_way_to_another() {
    let project = with_script("");
    let _taken = TcpListener::bind(("127.0.0.1", project.port())).unwrap();
    let port = project.port().to_string();
    project
        .deploy(&["up"])
        .failed(1, &[&port, "--local-port", "uses port"]);
}

#[test]
fn without_python_the_job_says_so_and_works_once_there_is_one() {
    let project = with_script(&training_of(GOOD_INFERENCE));
    let stack = project.path().join("stacks/tiny/stack.yaml");
    let good = std::fs::read_to_string(&stack).unwrap();
    let python = tools::interpreter("test").display().to_string();
    let missing = good.replace(&python, "/nowhere/python3");
    std::fs::write(&stack, missing).unwrap();
    project
        .deploy(&["up"])
        .failed(64, &["/nowhere/python3", "stack.yaml:"]);
    assert_eq!(project.engine(), None);
    // One that is there and does not run is seen only when it is run.
    let broken = project.path().join("broken-python");
    std::fs::write(&broken, "#!/bin/sh\nexit 3\n").unwrap();
    let runnable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&broken, runnable).unwrap();
    let broken = good.replace(&python, &broken.display().to_string());
    std::fs::write(&stack, broken).unwrap();
    project
        .deploy(&["up"])
        .failed(1, &["broken-python", "run `deploy up` again"]);
    std::fs::write(&stack, good).unwrap();
    project.deploy(&["up"]).ok();
    project.deploy(&["down"]).ok();
}

#[test]
fn without_a_network_the_first_run_says_so_and_can_be_removed() {
    let project = Project::new(&tiny_stack("{ project: python, group: local }"));
    project.write("stacks/tiny/headlines.csv", &some_headlines(20));
    project.write(
        "stacks/tiny/python/pyproject.toml",
        "[project]\nname = \"p\"\nversion = \"0\"\n[dependency-groups]\nlocal = [\"idna==3.10\"]\n",
    );
    // Every way out leads to a port on which nothing listens.
    let closed = "http://127.0.0.1:9";
    let cache = project.path().join("cache");
    let run = project.deploy_with(&["up"], |command| {
        command.env("DEPLOY_CACHE", &cache).env("NO_PROXY", "");
        for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
            command.env(name, closed).env(name.to_lowercase(), closed);
        }
    });
    run.failed(1, &["network", "interpreter", "run `deploy up` again"]);
    project.deploy(&["down"]).ok();
    assert!(!project.path().join(".deploy").exists());
}

#[test]
fn a_dependency_group_that_is_not_there_is_named() {
    let project = Project::new(&tiny_stack("{ project: python, group: loco }"));
    project.write("stacks/tiny/headlines.csv", &some_headlines(20));
    project.write(
        "stacks/tiny/python/pyproject.toml",
        "[project]\nname = \"p\"\nversion = \"0\"\n",
    );
    project.deploy(&["up"]).failed(1, &["'loco' was not found"]);
    project.deploy(&["down"]).ok();
}

#[test]
fn a_script_that_raises_is_quoted_and_not_repeated_unasked() {
    let project = with_script("raise ValueError('the third column is missing')\n");
    project
        .deploy(&["up"])
        .failed(1, &["the third column is missing", "hint:"]);
    project
        .deploy(&["up"])
        .failed(1, &["failed", "--retry-training"]);
    project.write("stacks/tiny/code/train.py", &training_of(GOOD_INFERENCE));
    project.deploy(&["up"]).ok();
    project.deploy(&["down"]).ok();
    assert!(!project.path().join(".deploy").exists());
}

#[test]
fn a_model_that_does_not_pass_its_gates_does_not_serve() {
    let measured = format!(
        "print('eval_accuracy=0.5')\n{}",
        training_of(GOOD_INFERENCE)
    );
    let project = with_script(&measured);
    let stack = project.path().join("stacks/tiny/stack.yaml");
    let lenient = std::fs::read_to_string(&stack).unwrap();
    let gates = "  gates: { eval_accuracy: '>= 0.9', eval_macro_f1: '> 0.1' }\nendpoint:";
    std::fs::write(&stack, lenient.replacen("endpoint:", gates, 1)).unwrap();
    project.deploy(&["up"]).failed(
        5,
        &[
            "eval_accuracy >= 0.9 is asked, 0.5 was measured",
            "eval_macro_f1 > 0.1 is asked, nothing was measured",
            "training.gates",
        ],
    );
    let status = project.deploy(&["status", "--output", "json"]).ok().json();
    assert_eq!(status["endpoint"], Value::Null, "{status}");
    // The model is kept: with gates that it passes it is not trained again.
    std::fs::write(&stack, lenient).unwrap();
    let up = project.deploy(&["up", "--output", "json"]).ok().json();
    let steps = up["plan"].as_array().unwrap();
    let training = steps.iter().find(|step| step["kind"] == "training");
    assert_eq!(training.unwrap()["action"], "reuse");
    project.deploy(&["down"]).ok();
}

#[test]
fn an_endpoint_that_never_answers_is_rolled_back_with_its_log() {
    let broken = "raise RuntimeError('the weights are unreadable')\n";
    let project = with_script(&training_of(broken));
    project.deploy(&["up"]).failed(
        6,
        &[
            "ping health check",
            "the weights are unreadable",
            "Endpoint",
        ],
    );
    project.write("stacks/tiny/code/train.py", &training_of(GOOD_INFERENCE));
    project.deploy(&["up"]).ok();
    // A change that does not come up leaves what served before.
    project.write("stacks/tiny/code/train.py", &training_of(broken));
    project.deploy(&["up"]).failed(6, &["ping health check"]);
    let answer = project
        .deploy(&["invoke", "a headline", "--output", "json"])
        .ok()
        .json();
    assert_eq!(answer[0]["answer"]["predicted_label"], "Business");
    project.deploy(&["down"]).ok();
}

#[test]
fn an_interrupted_run_is_picked_up_by_the_next() {
    let slow = format!(
        "import time\ntime.sleep(4)\n{}",
        training_of(GOOD_INFERENCE)
    );
    let project = with_script(&slow);
    let mut command = project.command(&["up"]);
    let mut child = command
        .stderr(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stderr.take().unwrap()));
    assert!(
        lines.any(|line| line.unwrap().contains("training: Training")),
        "it ended before training"
    );
    Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    let rest: Vec<String> = lines.map(Result::unwrap).collect();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{rest:?}");
    for text in ["training not waited for", "run the command again"] {
        assert!(rest.iter().any(|line| line.contains(text)), "{rest:?}");
    }
    let up = project.deploy(&["up", "--output", "json"]).ok().json();
    let training = &up["plan"]
        .as_array()
        .unwrap()
        .iter()
        .find(|step| step["kind"] == "training");
    let action = training.unwrap()["action"].as_str().unwrap();
    assert!(["attach", "reuse"].contains(&action), "{action}");
    project.deploy(&["down"]).ok();
}

#[test]
fn a_teardown_that_was_killed_is_resumed() {
    let project = with_script(&training_of(GOOD_INFERENCE));
    project.deploy(&["up"]).ok();
    let engine = project.engine().unwrap();
    let mut child = project
        .command(&["down"])
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stderr.take().unwrap()));
    assert!(lines.any(|line| line.unwrap().contains("service …")));
    child.kill().unwrap();
    child.wait().unwrap();
    project.deploy(&["down"]).ok();
    assert!(!is_alive(engine));
    assert!(!project.path().join(".deploy").exists());
}
