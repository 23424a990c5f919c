//! The whole way, with the shipped binary: train a tiny model, serve it, classify over HTTP, lose the
//! engine, change nothing, remove everything.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use crate::batch;
use crate::support::http::post;
use crate::support::project::{
    Project, eventually, is_alive, processes_of, some_headlines, tiny_stack,
};
use crate::support::tools;

const LABELS: [&str; 4] = ["Business", "Science", "Entertainment", "Health"];

fn classify(url: &str) -> String {
    let body = json!({ "query": { "headline": "Fed official says weak data caused by weather" } });
    let (status, answer) = post(url, &body.to_string());
    assert_eq!(status, 200, "{answer}");
    let start = answer.find('{').unwrap();
    let end = answer.rfind('}').unwrap();
    let answer: Value = serde_json::from_str(&answer[start..=end]).unwrap();
    let label = answer["predicted_label"].as_str().unwrap().to_owned();
    assert!(LABELS.contains(&label.as_str()), "{label}");
    let row = answer["probabilities"][0].as_array().unwrap();
    let sum: f64 = row.iter().map(|value| value.as_f64().unwrap()).sum();
    assert!((sum - 1.0).abs() < 1e-3, "{row:?}");
    label
}

/// The report of the model that serves, saved and opened.
fn report(project: &Project, accuracy: f64) {
    let data = project.deploy(&["report", "--output", "json"]).ok().json();
    assert_eq!(data["serves"], true);
    let measured = data["metrics"]["accuracy"].as_f64().unwrap();
    // The log, from which `up` has it, rounds to four digits.
    assert!((measured - accuracy).abs() <= 0.5e-4 + 1e-9, "{measured}");
    let key = data["key"].as_str().unwrap();

    let saved = project.deploy(&["report", "--save", "reports/"]).ok();
    let name = format!("report-tiny-local-{}.html", &key[..8]);
    let path = project.path().join("reports").join(&name);
    assert_eq!(saved.stdout.trim_end(), path.to_str().unwrap());
    let page = fs::read_to_string(&path).unwrap();
    assert!(page.starts_with("<!doctype html>"), "{page:.99}");
    let (_, after) = page.split_once("<dt>Accuracy</dt>").unwrap();
    let (_, shown) = after.split_once('>').unwrap();
    assert!(shown.starts_with(&format!("{measured:.3}<")), "{shown:.60}");

    // The same page on stdout, told by the key or the job.
    for (option, value) in [
        ("--model", &key[..6]),
        ("--job", data["job"].as_str().unwrap()),
    ] {
        let printed = project
            .deploy(&["report", option, value, "--save", "-"])
            .ok();
        assert!(printed.stdout == page, "{printed}");
    }

    // What is no page is not written over.
    let stack = "stacks/tiny/stack.yaml";
    project
        .deploy(&["report", "--save", stack])
        .failed(64, &["is no HTML page"]);
    project
        .deploy(&["report", "--model", "0000000000"])
        .failed(64, &["training key begins with 0000000000"]);

    // A desktop's opener is given the page, and where there is no desktop the page is saved all the same.
    project.write("bin/xdg-open", "#!/bin/sh\ncp \"$1\" \"$OPENED\"\n");
    let program = project.path().join("bin/xdg-open");
    fs::set_permissions(program, fs::Permissions::from_mode(0o755)).unwrap();
    let opened = project.path().join("opened.html");
    let open = |display: &str| {
        project.deploy_with(&["report", "--open"], |command| {
            let bin = project.path().join("bin");
            command
                .env("PATH", format!("{}:/usr/bin:/bin", bin.display()))
                .env("OPENED", &opened)
                .env("DISPLAY", display)
                .env_remove("WAYLAND_DISPLAY")
                .env_remove("BROWSER");
        })
    };
    let without = open("").ok();
    assert!(without.stderr.contains("there is no display"), "{without}");
    assert_eq!(fs::read_to_string(without.stdout.trim_end()).unwrap(), page);
    assert!(!opened.exists());
    assert_eq!(open(":0").ok().stdout, without.stdout);
    eventually("the page is not opened", || {
        fs::read_to_string(&opened).is_ok_and(|text| text == page)
    });
}

#[test]
fn a_tiny_classifier_from_nothing_to_nothing() {
    let python = tools::interpreter("test");
    let project = Project::new(&tiny_stack(&format!(
        "{{ interpreter: {} }}",
        python.display()
    )));
    project.write("stacks/tiny/headlines.csv", &some_headlines(1500));

    // From nothing.
    let up = project.deploy(&["up", "--output", "json"]).ok();
    let steps: Vec<Value> = up.events();
    let done = |step: &str| {
        let is_done = |event: &Value| event["event"] == "step_done" && event["step"] == step;
        steps.iter().any(is_done)
    };
    assert!(done("training") && done("verification"), "{up}");
    let first = up.json();
    assert_eq!(first["changed"], true);
    let accuracy = first["training"]["metrics"]["eval_accuracy"]
        .as_f64()
        .unwrap();
    assert!((0.0..=1.0).contains(&accuracy), "{accuracy}");
    let url = first["outputs"]["ClassifyUrl"].as_str().unwrap().to_owned();
    let label = classify(&url);

    // A bad request is the caller's fault, and says so.
    let (status, answer) = post(&url, "{}");
    assert_eq!(status, 400, "{answer}");

    // Nothing has changed: nothing is done.
    let again = project.deploy(&["up", "--output", "json"]).ok().json();
    assert_eq!(again["changed"], false);
    assert_eq!(again["training"], Value::Null);
    assert_eq!(again["outputs"], first["outputs"]);

    // The commands around it.
    let headline = "Fed official says weak data caused by weather";
    for extra in [&[][..], &["--endpoint"][..]] {
        let arguments = [&["invoke", headline, "--output", "json"], extra].concat();
        let answers = project.deploy(&arguments).ok().json();
        assert_eq!(answers[0]["answer"]["predicted_label"], label.as_str());
    }
    let status = project.deploy(&["status", "--output", "json"]).ok().json();
    assert_eq!(status["endpoint"]["status"], "InService");
    assert_eq!(status["url"], url.as_str());

    report(&project, accuracy);
    batch::with_a_real_model(&project, &LABELS);

    // The engine is killed: its children go with it, its state does not.
    let pid = project.engine().unwrap();
    std::process::Command::new("kill")
        .args(["-9", &pid.to_string()])
        .status()
        .unwrap();
    eventually("the engine's children outlive it", || {
        processes_of(&project.path().join(".deploy")).is_empty()
    });
    let after = project.deploy(&["up", "--output", "json"]).ok().json();
    assert_eq!(after["changed"], false);
    assert_eq!(classify(&url), label);

    // To nothing.
    let pid = project.engine().unwrap();
    project.deploy(&["down"]).ok();
    assert!(!is_alive(pid));
    assert!(!project.path().join(".deploy").exists());
    eventually("processes are left", || {
        processes_of(project.path()).is_empty()
    });
    project.deploy(&["down"]).ok();
}
