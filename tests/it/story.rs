//! The whole way of a model from staging to prod with the shipped binary: promoted, refused, pinned, gone
//! back from, and both environments torn down.

use serde_json::Value;

use crate::commands::python;
use crate::faults::{GOOD_INFERENCE, training_of, with_script_on};
use crate::support::http::post;
use crate::support::project::Project;

/// Where the function's code of these tests is, in the project.
const FUNCTION: &str = "stacks/tiny/function/lambda_function.py";

/// What prod asks of a release.
const TERMS: &str =
    "promotion: { gates: { eval_accuracy: '>= 0.8', regression: '<= 0.05 against serving' } }";

/// Writes training code whose model gives this label, and measures this accuracy.
fn model(project: &Project, label: &str, accuracy: &str) {
    let inference = GOOD_INFERENCE.replace("Business", label);
    let training = training_of(&inference);
    project.write(
        "stacks/tiny/code/train.py",
        &format!("print('eval_accuracy={accuracy}')\n{training}"),
    );
}

/// A project with two environments, of which one takes releases over from the other.
fn project() -> Project {
    let project = with_script_on(&python(), "");
    let path = "stacks/tiny/stack.yaml";
    let text = std::fs::read_to_string(project.path().join(path)).unwrap();
    let (stack, local) = text.split_once("  local:\n    target: local\n").unwrap();
    let function = stack.lines().find(|line| line.contains("/function"));
    let function = function
        .unwrap()
        .trim()
        .trim_start_matches("code: ")
        .to_owned();
    let stack = stack.replacen(&function, "function", 1);
    for entry in std::fs::read_dir(&function).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if entry.path().is_file() {
            let text = std::fs::read_to_string(entry.path()).unwrap();
            project.write(&format!("stacks/tiny/function/{name}"), &text);
        }
    }
    let environment = |name: &str, place: &str, more: &str| {
        let local = local.replacen("local: {", &format!("local: {{ {place},"), 1);
        format!("  {name}:\n    target: local\n{more}{local}")
    };
    let staging = environment("staging", "account: \"111111111111\"", "");
    let more = format!("    promotes_from: staging\n    {TERMS}\n");
    let prod = environment(
        "prod",
        "account: \"222222222222\", region: eu-west-1",
        &more,
    );
    project.write(path, &format!("{stack}{staging}{prod}"));
    model(&project, "Business", "0.9");
    project
}

/// Changes a file of the project.
fn edit(project: &Project, path: &str, from: &str, to: &str) {
    let text = std::fs::read_to_string(project.path().join(path)).unwrap();
    assert!(text.contains(from), "{from:?} is not in {path}:\n{text}");
    project.write(path, &text.replacen(from, to, 1));
}

/// Asks prod, and requires this label.
fn prod_answers(project: &Project, label: &str) {
    let outputs = project.deploy(&["outputs", "--env", "prod", "--output", "json"]);
    let outputs = outputs.ok().json();
    let (status, answer) = post(
        outputs["ClassifyUrl"].as_str().unwrap(),
        r#"{"headline": "x"}"#,
    );
    assert_eq!(status, 200, "{answer}");
    assert!(answer.contains(label), "{answer}");
}

fn json(project: &Project, arguments: &[&str]) -> Value {
    project
        .deploy(&[arguments, &["--output", "json"]].concat())
        .ok()
        .json()
}

#[test]
fn a_model_goes_from_staging_to_prod_and_back() {
    let project = project();
    refused_before_anything_is_promoted(&project);
    project.deploy(&["up", "--env", "staging"]).ok();
    promoted(&project);
    compared(&project);
    what_does_not_pass_is_refused(&project);
    pinned(&project);
    what_does_not_serve_is_taken_back(&project);
    gone_back(&project);
    for environment in ["prod", "staging"] {
        project.deploy(&["down", "--env", environment]).ok();
    }
    assert!(!project.path().join(".deploy").exists());
}

fn refused_before_anything_is_promoted(project: &Project) {
    let never = ["never trains", "`deploy promote staging prod`"];
    project.deploy(&["up", "--env", "prod"]).failed(64, &never);
    project
        .deploy(&["train", "--env", "prod"])
        .failed(64, &["never trains"]);
    project.deploy(&["promote", "staging", "prod"]).failed(
        1,
        &["nothing serves in `staging`", "deploy up --env staging"],
    );
    project
        .deploy(&["promote", "prod", "staging"])
        .failed(64, &["trains itself", "promotes_from"]);
}

fn promoted(project: &Project) {
    let run = project.deploy(&["promote", "staging", "prod"]).ok();
    for text in [
        "eval_accuracy",
        "smoke test",
        "drift",
        "the endpoint's image is taken in eu-west-1",
        "release 1-",
    ] {
        assert!(run.stderr.contains(text), "{text:?} is not said:\n{run}");
    }
    prod_answers(project, "Business");
    let jobs = json(project, &["train", "list", "--env", "prod"]);
    assert_eq!(jobs["jobs"], serde_json::json!([]), "prod never trains");
    let status = json(project, &["status", "--env", "prod", "--deep"]);
    assert_eq!(status["release"]["proven"], true, "{status}");
    let [staging, prod] = ["staging", "prod"].map(|name| json(project, &["history", name]));
    let digest = "/releases/0/model/artifact/sha256";
    assert_eq!(staging.pointer(digest), prod.pointer(digest));
    assert!(staging.pointer(digest).is_some());
    let from = prod.pointer("/releases/0/provenance/from/record");
    assert_eq!(from, staging.pointer("/releases/0/record"));
    // Once more there is nothing to do, and `up` stays at what was promoted.
    let again = json(project, &["promote", "staging", "prod"]);
    assert_eq!(again["changed"], false, "{again}");
    let up = json(project, &["up", "--env", "prod"]);
    assert_eq!(up["changed"], false, "{up}");
}

/// Both accounts are asked by one command: what serves in them is the same, and then it is not.
fn compared(project: &Project) {
    let run = project.deploy(&["diff", "staging@current", "prod@1"]).ok();
    assert!(run.stdout.contains("no differences"), "{run}");
}

/// What prod would get from what staging has proven since.
fn compared_with_another(project: &Project) {
    let diff = ["diff", "prod@current", "staging@current"];
    let run = project.deploy(&diff);
    assert_eq!(run.code, 2, "{run}");
    for text in [
        "of staging against release 1-",
        "eval_accuracy: 0.9000 -> 0.9500  (+0.0500)",
        "MemorySize: 256 -> 320",
    ] {
        assert!(run.stdout.contains(text), "{text:?} is not said:\n{run}");
    }
    let run = project.deploy(&[&diff[..], &["--output", "json"]].concat());
    let model = run.json()["environments"][0]["model"].clone();
    for (side, environment) in [("before", "prod"), ("after", "staging")] {
        assert_eq!(model[side]["release"]["environment"], environment, "{run}");
    }
}

fn what_does_not_pass_is_refused(project: &Project) {
    model(project, "Health", "0.82");
    project.deploy(&["up", "--env", "staging"]).ok();
    project.deploy(&["promote", "staging", "prod"]).failed(
        5,
        &[
            "regression of eval_accuracy",
            "worse than 0.9 by 0.05 at most",
        ],
    );
    model(project, "Health", "0.95");
    edit(
        project,
        "stacks/tiny/stack.yaml",
        "memory: 256 MiB",
        "memory: 320 MiB",
    );
    project
        .deploy(&["promote", "staging", "prod"])
        .failed(5, &["the template of the service", "--allow-unproven"]);
    project.deploy(&["up", "--env", "staging"]).ok();
    prod_answers(project, "Business");
    compared_with_another(project);
}

fn pinned(project: &Project) {
    let pin = ["promote", "staging", "prod", "--pin"];
    project.deploy(&pin).ok();
    let again = project.deploy(&pin).ok();
    assert!(again.stderr.contains("pins this already"), "{again}");
    prod_answers(project, "Business");
    // What the working tree makes after that is something else.
    edit(
        project,
        "stacks/tiny/stack.yaml",
        "memory: 320 MiB",
        "memory: 384 MiB",
    );
    project
        .deploy(&["up", "--env", "prod"])
        .failed(64, &["prod.lock.yaml", "the service's template"]);
    edit(
        project,
        "stacks/tiny/stack.yaml",
        "memory: 384 MiB",
        "memory: 320 MiB",
    );
    let up = json(project, &["up", "--env", "prod"]);
    assert_eq!(up["changed"], true, "{up}");
    prod_answers(project, "Health");
    let lock = project.path().join("stacks/tiny/prod.lock.yaml");
    std::fs::remove_file(lock).unwrap();
}

fn what_does_not_serve_is_taken_back(project: &Project) {
    let path = project.path().join(FUNCTION);
    let good = std::fs::read_to_string(&path).unwrap();
    project.write(
        FUNCTION,
        "def handler(event, context):\n    return {'statusCode': 200, 'body': '{}'}\n",
    );
    let promote = [
        "promote",
        "staging",
        "prod",
        "--rollback-on-failure",
        "--allow-unproven",
    ];
    project
        .deploy(&[&promote[..], &["a test of going back"]].concat())
        .failed(6, &["does not serve", "went back"]);
    prod_answers(project, "Health");
    project.write(FUNCTION, &good);
    let history = json(project, &["history", "prod"]);
    let how = history.pointer("/releases/0/provenance/how");
    assert_eq!(how, Some(&Value::from("rolled_back")), "{history}");
    assert_eq!(
        history.pointer("/releases/0/serves"),
        Some(&Value::from(true))
    );
}

fn gone_back(project: &Project) {
    project
        .deploy(&["rollback", "prod", "--to", "99"])
        .failed(64, &["there is no release `99`"]);
    let why = "the labels changed";
    let back = project.deploy(&["rollback", "prod", "--to", "1", "--reason", why]);
    let back = back.ok();
    for text in [
        "promoted from staging 1-",
        "then: metric eval_accuracy: >= 0.8 is asked",
    ] {
        assert!(back.stderr.contains(text), "{text:?} is not said:\n{back}");
    }
    prod_answers(project, "Business");
    told_afterwards(project, why);
    let status = json(project, &["status", "--env", "prod", "--deep"]);
    assert_eq!(status["release"]["proven"], true, "{status}");
}

/// Anybody can say at any time what served in prod, where it came from, and on what evidence.
fn told_afterwards(project: &Project, why: &str) {
    let shown = project.deploy(&["history", "prod"]).ok();
    let lines: Vec<&str> = shown.stdout.lines().collect();
    // The third never came to serve.
    for (release, texts) in [
        (
            "  5-",
            &["serves", "accuracy 0.9000", "model, service", why][..],
        ),
        ("  4-", &["rolled back to 2-", "did not serve"]),
        (
            "  2-",
            &[
                "accuracy 0.9500",
                "model, service",
                "promoted from staging 3-",
            ],
        ),
        (
            "  1-",
            &[
                "model, function, foundation, service",
                "promoted from staging 1-",
            ],
        ),
    ] {
        let line = lines.iter().find(|line| line.contains(release));
        let line = line.unwrap_or_else(|| panic!("{release} is not listed:\n{shown}"));
        for text in texts {
            assert!(
                line.contains(text),
                "{text:?} is not said of{release}:\n{shown}"
            );
        }
    }
    let shown = project.deploy(&["show", "1", "--env", "prod"]).ok();
    for text in [
        "promoted from staging 1-",
        "ok  metric eval_accuracy: >= 0.8 is asked, 0.9 was found",
    ] {
        assert!(
            shown.stdout.contains(text),
            "{text:?} is not said:\n{shown}"
        );
    }
}
