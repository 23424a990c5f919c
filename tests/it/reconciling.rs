//! What a user meets around `up` and `down`, with the shipped binary: kept plans, a lock that somebody
//! holds, two runs at once, a kill, data that stays.

use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::faults::{GOOD_INFERENCE, training_of, with_script};
use crate::support::project::{Project, eventually};

/// A project whose training takes a few seconds.
fn slow_project() -> Project {
    let slow = format!(
        "import time\ntime.sleep(5)\n{}",
        training_of(GOOD_INFERENCE)
    );
    with_script(&slow)
}

/// Starts a command whose stderr goes to a file, and waits until that says something.
pub(crate) fn started(project: &Project, arguments: &[&str], until: &str) -> std::process::Child {
    let path = project.path().join("first.txt");
    let child = project
        .command(arguments)
        .stdout(Stdio::null())
        .stderr(std::fs::File::create(&path).unwrap())
        .spawn()
        .unwrap();
    eventually("it never began", || {
        std::fs::read_to_string(&path).unwrap().contains(until)
    });
    child
}

#[test]
fn a_plan_is_kept_and_carried_out_exactly_or_not_at_all() {
    let project = with_script(&training_of(GOOD_INFERENCE));
    // To look at what was never brought up, nothing is started.
    let plan = project.deploy(&["plan", "--output", "json"]).ok().json();
    assert_eq!(plan["changes"], true);
    assert_eq!(plan["steps"][0]["kind"], "foundation");
    assert!(!project.path().join(".deploy").exists());
    let run = project.deploy(&["plan", "--exit-code", "--out", "plan.json"]);
    assert_eq!(run.code, 2, "{run}");
    assert!(run.stdout.contains("not there yet"), "{run}");
    let kept = std::fs::read_to_string(project.path().join("plan.json")).unwrap();
    assert!(!kept.contains("AWSTemplateFormatVersion"), "{kept}");

    // Another project than the one that the plan was made for.
    let script = std::fs::read_to_string(project.path().join("stacks/tiny/code/train.py")).unwrap();
    project.write("stacks/tiny/code/train.py", &format!("{script}\n# changed"));
    project.deploy(&["up", "--plan", "plan.json"]).failed(
        1,
        &[
            "changed since the plan was made",
            "the training key in the project is another one",
            "deploy plan",
        ],
    );
    project.write("stacks/tiny/code/train.py", &script);

    project.deploy(&["up", "--plan", "plan.json"]).ok();
    let plan = project.deploy(&["plan", "--exit-code"]).ok();
    assert!(plan.stdout.contains("done means that it answers"), "{plan}");
    // Carried out once, it is no plan for what is there now.
    project
        .deploy(&["up", "--plan", "plan.json"])
        .failed(1, &["foundation status: was not there, is CREATE_COMPLETE"]);
    project.write("plan.json", "{}");
    project
        .deploy(&["up", "--plan", "plan.json"])
        .failed(64, &["plan.json", "deploy plan --out"]);
    project
        .deploy(&["up", "--plan", "nowhere.json"])
        .failed(64, &["nowhere.json"]);
    let refreshed = project
        .deploy(&["up", "--refresh", "--output", "json"])
        .ok()
        .json();
    let actions: Vec<&Value> = refreshed["plan"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| &step["action"])
        .collect();
    assert_eq!(
        actions,
        [
            &json!("update"),
            &json!("reuse"),
            &json!("update"),
            &json!("check")
        ]
    );
    project.deploy(&["down"]).ok();
}

#[test]
fn of_two_runs_at_once_one_works_and_the_other_says_who() {
    let project = slow_project();
    let mut first = started(&project, &["up"], "training: ");
    project.deploy(&["up"]).failed(
        4,
        &[
            "another run holds the lock",
            "`deploy up` since",
            "--lock-timeout",
        ],
    );
    project.deploy(&["down"]).failed(4, &["another run holds"]);
    // Whoever is patient comes next, and finds nothing to do.
    let second = project.deploy(&["up", "--lock-timeout", "2m", "--output", "json"]);
    assert!(first.wait().unwrap().success());
    assert_eq!(second.ok().json()["plan"].as_array().unwrap().len(), 1);
    let unlocked = project.deploy(&["unlock"]).ok();
    assert!(
        unlocked.stderr.contains("nobody holds the lock"),
        "{unlocked}"
    );
    project.deploy(&["down"]).ok();
}

#[test]
fn a_run_that_was_killed_is_taken_up_at_once_on_its_machine() {
    let project = slow_project();
    let mut first = started(&project, &["up"], "training: ");
    first.kill().unwrap();
    first.wait().unwrap();
    let found = project.deploy(&["unlock", "--output", "json"]).ok().json();
    assert_eq!(found["removed"]["operation"], "up", "{found}");
    let mut second = started(&project, &["up"], "training: ");
    second.kill().unwrap();
    second.wait().unwrap();
    let third = project.deploy(&["up", "--output", "json"]).ok();
    assert!(third.stderr.contains("taking over the lock"), "{third}");
    let steps = third.json()["plan"].clone();
    let training = steps
        .as_array()
        .unwrap()
        .iter()
        .find(|step| step["kind"] == "training");
    let action = training.unwrap()["action"].as_str().unwrap();
    assert!(["attach", "reuse"].contains(&action), "{steps}");
    project.deploy(&["down"]).ok();
}

#[test]
fn data_that_is_kept_makes_the_next_up_train_nothing() {
    let project = with_script(&training_of(GOOD_INFERENCE));
    project.deploy(&["up"]).ok();
    let down = project
        .deploy(&["down", "--keep-data", "--output", "json"])
        .ok()
        .json();
    let kinds = |list: &Value| -> Vec<String> {
        let items = list.as_array().unwrap().iter();
        items
            .map(|item| item["kind"].as_str().unwrap().to_owned())
            .collect()
    };
    assert!(
        kinds(&down["items"]).contains(&"SageMaker endpoint".to_owned()),
        "{down}"
    );
    assert!(
        kinds(&down["kept"]).contains(&"S3 bucket".to_owned()),
        "{down}"
    );
    let status = project.deploy(&["status", "--output", "json"]).ok().json();
    assert_eq!(status["endpoint"], Value::Null);
    assert_eq!(status["foundation"]["status"], "CREATE_COMPLETE");
    let up = project.deploy(&["up", "--output", "json"]).ok().json();
    let training = up["plan"]
        .as_array()
        .unwrap()
        .iter()
        .find(|step| step["kind"] == "training");
    assert_eq!(training.unwrap()["action"], "reuse", "{up}");
    project.deploy(&["down", "--keep-data"]).ok();
    let down = project.deploy(&["down"]).ok();
    assert!(down.stderr.contains("nothing is left"), "{down}");
    assert!(!project.path().join(".deploy").exists());
}

#[test]
fn a_signal_lets_the_lock_go() {
    let project = slow_project();
    let mut first = started(&project, &["up"], "training: ");
    let signal = |name: &str, pid: u32| {
        let sent = Command::new("kill").args([name, &pid.to_string()]).status();
        assert!(sent.unwrap().success());
    };
    signal("-TERM", first.id());
    assert_eq!(first.wait().unwrap().code(), Some(130));
    let unlocked = project.deploy(&["unlock"]).ok();
    assert!(
        unlocked.stderr.contains("nobody holds the lock"),
        "{unlocked}"
    );
    project.deploy(&["up"]).ok();
    project.deploy(&["down"]).ok();
}
