//! `deploy diff` with real repositories.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::project::{Project, some_headlines, tiny_stack};
use crate::support::tools::must_succeed;

/// A project in a git repository, rendered and committed, with code of its own.
fn repository() -> Project {
    let project = Project::new(&stack(""));
    project.write("stacks/tiny/headlines.csv", &some_headlines(40));
    project.write("code/train.py", "print('train')\n");
    project.write(
        "function/lambda_function.py",
        "def handler(event, context):\n    return {}\n",
    );
    project.write(".gitignore", "out.txt\nerr.txt\n.deploy\n");
    project.deploy(&["render"]).ok();
    git(
        project.path(),
        &["init", "--quiet", "--initial-branch=main"],
    );
    commit(&project, "first");
    project
}

/// The tiny stack with code inside of the project and an environment on AWS.
fn stack(more: &str) -> String {
    let text = tiny_stack("{ interpreter: /usr/bin/python3 }");
    let root = crate::support::repository();
    let code = root.join("training-code");
    text.replace(&format!("{}/src", code.display()), "../../code")
        .replace(&format!("{}/function", code.display()), "../../function")
        + "  prod:\n    target: { account: \"111122223333\", region: eu-west-1 }\n"
        + more
}

fn git(folder: &Path, arguments: &[&str]) {
    let mut command = Command::new("git");
    command.current_dir(folder).args(arguments);
    for (name, value) in [
        ("GIT_AUTHOR_NAME", "a"),
        ("GIT_AUTHOR_EMAIL", "a@example.com"),
        ("GIT_COMMITTER_NAME", "a"),
        ("GIT_COMMITTER_EMAIL", "a@example.com"),
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
    ] {
        command.env(name, value);
    }
    must_succeed(&mut command);
}

fn commit(project: &Project, message: &str) {
    git(project.path(), &["add", "--all"]);
    git(project.path(), &["commit", "--quiet", "-m", message]);
}

fn environment<'a>(report: &'a Value, name: &str) -> &'a Value {
    let all = report["environments"].as_array().unwrap();
    all.iter().find(|one| one["environment"] == name).unwrap()
}

fn consequences(environment: &Value) -> String {
    environment["consequences"].to_string()
}

#[test]
fn nothing_changed_is_no_difference() {
    let project = repository();
    let run = project.deploy(&["diff"]).ok();
    assert!(run.stdout.contains("no differences"), "{run}");
    // What Python leaves behind is no code.
    project.write("code/__pycache__/train.pyc", "x");
    let report = project.deploy(&["diff", "--output", "json"]).ok().json();
    assert_eq!(report["changed"], false);
    assert_eq!(report["version"], 1);
}

#[test]
fn data_code_and_the_stack_file_are_compared_with_the_revision() {
    let project = repository();
    project.write("code/train.py", "print('other')\n");
    project.write("code/new.py", "x = 1\n");
    project.write("stacks/tiny/headlines.csv", &some_headlines(50));
    let changed = stack("    endpoint: { count: 2 }\n");
    project.write("stacks/tiny/stack.yaml", &changed);
    let run = project.deploy(&["diff", "--format", "json", "--env", "prod"]);
    assert_eq!(run.code, 2, "{run}");
    let report = run.json();
    let prod = environment(&report, "prod");
    let said = consequences(prod);
    assert!(
        said.contains("code changed: 2 files") && said.contains("data changed"),
        "{said}"
    );
    assert!(said.contains("updated without downtime"), "{said}");
    assert!(
        said.contains("2 x `ml.m5.large` in place of 1 x `ml.m5.large`"),
        "{said}"
    );
    assert_eq!(report["environments"].as_array().unwrap().len(), 1);

    // Once committed, there is nothing between HEAD and the working tree, and all of it to HEAD~1.
    project.deploy(&["render"]).ok();
    commit(&project, "second");
    project.deploy(&["diff"]).ok();
    let run = project.deploy(&["diff", "--base", "HEAD~1", "--format", "json"]);
    assert_eq!(run.code, 2, "{run}");
    let said = consequences(environment(&run.json(), "local"));
    assert!(
        said.contains("code changed: 2 files") && said.contains("data changed"),
        "{said}"
    );
}

#[test]
fn environments_come_and_go() {
    let project = repository();
    let text = stack("").replace("  prod:\n", "  staging:\n");
    project.write("stacks/tiny/stack.yaml", &text);
    let run = project.deploy(&["diff", "--format", "json"]);
    assert_eq!(run.code, 2, "{run}");
    let report = run.json();
    assert_eq!(environment(&report, "prod")["presence"], "gone");
    assert_eq!(environment(&report, "staging")["presence"], "new");
    assert_eq!(
        environment(&report, "local")["documents"],
        Value::Array(Vec::new())
    );
    project
        .deploy(&["diff", "--env", "stagging"])
        .failed(64, &["stagging", "staging"]);
    let run = project.deploy(&["diff", "--env", "prod"]);
    assert!(run.stdout.contains("deploy down --env prod"), "{run}");
}

#[test]
fn a_folder_and_a_file_are_bases_too() {
    let project = repository();
    let rendered = "stacks/tiny/rendered";
    let run = project.deploy(&["diff", "--base", rendered]).ok();
    assert!(run.stdout.contains("no differences"), "{run}");
    let file = format!("{rendered}/prod/service.yaml");
    let text = fs::read_to_string(project.path().join(&file)).unwrap();
    project.write(&file, &text.replace("ml.m5.large", "ml.c5.large"));
    project
        .deploy(&["diff", "--base", &file])
        .failed(64, &["--env"]);
    let run = project.deploy(&["diff", "--base", &file, "--env", "prod"]);
    assert_eq!(run.code, 2, "{run}");
    assert!(
        run.stdout.contains("EndpointConfig") && run.stdout.contains("replaced"),
        "{run}"
    );
    assert!(!run.stdout.contains("foundation"), "{run}");
    let folder = format!("{rendered}/prod");
    let run = project.deploy(&[
        "diff", "--base", &folder, "--env", "prod", "--format", "markdown",
    ]);
    assert_eq!(run.code, 2, "{run}");
    assert!(
        run.stdout.starts_with("### deploy diff") && run.stdout.contains("<details>"),
        "{run}"
    );
    project.write(&file, "a: [\n<<<<<<< ours\n");
    project
        .deploy(&["diff", "--base", &folder, "--env", "prod"])
        .failed(1, &["service.yaml", "line"]);
}

#[test]
fn a_base_that_cannot_be_read_is_explained() {
    let project = repository();
    project
        .deploy(&["diff", "--base", "no-such"])
        .failed(1, &["no revision `no-such`", "git fetch"]);
    // An option is a revision that is not there, and nothing else.
    project
        .deploy(&["diff", "--base=--output=x"])
        .failed(1, &["no revision `--output=x`"]);
    assert!(!project.path().join("x").exists());
    project
        .deploy(&["diff", "--base", "HEAD:stacks"])
        .failed(1, &["no revision"]);
    project
        .deploy(&["diff", "--output", "json", "--format", "markdown"])
        .failed(64, &["contradict"]);
    let no_git = project.deploy_with(&["diff"], |command| {
        command.env("PATH", "/nonexistent");
    });
    no_git.failed(1, &["`git` is not installed"]);

    let text = stack("");
    let outside = Project::new(&text);
    outside.write("stacks/tiny/headlines.csv", &some_headlines(40));
    outside.write("code/train.py", "");
    outside.write("function/lambda_function.py", "");
    let outside = outside.deploy_with(&["diff"], |command| {
        command.env("GIT_CEILING_DIRECTORIES", std::env::temp_dir());
    });
    outside.failed(1, &["in no git repository", "--base FOLDER"]);
}

#[test]
fn a_shallow_clone_says_so() {
    let project = repository();
    project.write("code/new.py", "");
    commit(&project, "second");
    let clone = tempfile::tempdir().unwrap();
    let source = format!("file://{}", project.path().display());
    git(
        clone.path(),
        &["clone", "--quiet", "--depth", "1", &source, "copy"],
    );
    let copy = clone.path().join("copy");
    let run = project.deploy(&["-C", copy.to_str().unwrap(), "diff", "--base", "HEAD~1"]);
    run.failed(1, &["shallow clone", "fetch-depth: 0"]);
}
