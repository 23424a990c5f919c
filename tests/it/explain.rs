//! `deploy explain` as it is shipped, and codes where errors are printed.

use std::collections::BTreeSet;
use std::fs;
use std::net::TcpListener;

use serde_json::Value;

use crate::support::project::{Project, Run, some_headlines, tiny_stack};

fn project() -> Project {
    let project = Project::new(&tiny_stack("{ interpreter: /usr/bin/python3 }"));
    project.write("stacks/tiny/headlines.csv", &some_headlines(20));
    project
}

/// The words of an example, which has quotes around the only argument with spaces.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (at, part) in line.split('"').enumerate() {
        if at % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    assert_eq!(words.remove(0), "deploy");
    words
}

#[test]
fn the_command_line_s_own_examples_raise_their_codes() {
    let project = project();
    // One example writes where something is already.
    project.deploy(&["init", "news"]).ok();
    let catalogue = project.deploy(&["explain", "--output", "json"]).ok().json();
    let codes = catalogue["codes"].as_array().unwrap();
    assert!(codes.len() > 180, "{}", codes.len());
    let mut run = 0;
    for code in codes.iter().filter(|code| code["group"] == "Command line") {
        let Some(before) = code["examples"][0]["piece"]["before"].as_str() else {
            continue;
        };
        let words = words(before);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let name = code["code"].as_str().unwrap();
        let ended = project.deploy(&words);
        let said = format!("error[{name}]: ");
        assert!(
            ended.code != 0 && ended.stderr.contains(&said),
            "{before}: {ended}"
        );
        run += 1;
    }
    assert!(run >= 5, "{run}");
}

/// Codes of the command line whose examples need more than a command line, with the texts of the test that raises
/// each where something is deployed.
const RAISED_ELSEWHERE: [(&str, &str); 3] = [
    ("promotion-refused", include_str!("promotion.rs")),
    ("api-refused", include_str!("commands/mod.rs")),
    ("no-browser", include_str!("commands/mod.rs")),
];

/// Raises codes that take a situation: a port that is taken, a stack file of another kind.
fn raised_in_situations(project: &Project) -> Vec<(&'static str, Run)> {
    let path = "stacks/tiny/stack.yaml";
    let stack = fs::read_to_string(project.path().join(path)).unwrap();
    let mut raised = vec![
        (
            "no-release",
            project.deploy(&["rollback", "local", "--yes"]),
        ),
        ("no-report", project.deploy(&["report", "--save", "-"])),
        (
            "failed",
            project.deploy(&["plan", "--out", "nowhere/plan.json"]),
        ),
    ];
    let taken = TcpListener::bind(("127.0.0.1", project.port())).unwrap();
    raised.push(("findings", project.deploy(&["doctor"])));
    raised.push(("engine-failed", project.deploy(&["local", "start"])));
    drop(taken);
    let nine = stack.replace("  max_run: 10m\n", "  max_run: 10m\n  count: 9\n");
    project.write(path, &nine);
    raised.push(("not-emulated", project.deploy(&["up"])));
    project.write(path, &stack);
    raised
}

#[test]
fn every_other_code_of_the_command_line_is_raised_by_the_program() {
    let project = project();
    let catalogue = project.deploy(&["explain", "--output", "json"]).ok().json();
    let codes = catalogue["codes"].as_array().unwrap().iter();
    let own = codes.filter(|code| code["group"] == "Command line");
    let bare = own.filter(|code| code["examples"].as_array().unwrap().is_empty());
    let mut left: BTreeSet<&str> = bare.map(|code| code["code"].as_str().unwrap()).collect();
    for (code, run) in raised_in_situations(&project) {
        let said = format!("error[{code}]: ");
        assert!(run.code != 0 && run.stderr.contains(&said), "{code}: {run}");
        assert!(left.remove(code), "{code} has an example");
    }
    for (code, test) in RAISED_ELSEWHERE {
        assert!(test.contains(&format!("error[{code}]")), "{code}");
        assert!(left.remove(code), "{code} has an example");
    }
    assert!(left.is_empty(), "nothing raises {left:?}");
}

#[test]
fn a_code_is_told_in_words_and_as_data() {
    let project = project();
    let text = project.deploy(&["explain", "unknown-field"]).ok().stdout;
    for part in [
        "Stack files",
        "Wrong:",
        "startup_timout: 20m",
        "Right:",
        "To mend it:",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    // Policies and the causes of `error.cause` are known by their own names, in any case.
    for name in ["S3-TLS", "s3_tls", "no_capacity", "No-Capacity"] {
        project.deploy(&["explain", name]).ok();
    }
    let policy = project
        .deploy(&["explain", "S3-TLS", "--output", "json"])
        .ok()
        .json();
    assert_eq!(policy["group"], "Policies");
    project.deploy(&["explain", "unknwon-field"]).failed(
        64,
        &["error[unknown-code]", "did you mean `unknown-field`?"],
    );
}

#[test]
fn an_error_has_its_code_for_people_and_programs() {
    let project =
        Project::new("stack: tiny\nendpiont: {}\nenvironments: { a: { target: local } }\n");
    let run = project
        .deploy(&["validate", "--output", "json"])
        .failed(64, &["error[unknown-field]"]);
    let error = &run.json()["error"];
    assert_eq!(error["code"], "invalid-stack-file");
    let codes: Vec<&Value> = error["problems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|problem| &problem["code"])
        .collect();
    assert!(codes.contains(&&Value::from("unknown-field")), "{codes:?}");
    assert!(codes.contains(&&Value::from("missing-field")), "{codes:?}");
}
