//! `deploy diff` with real repositories, between environments, and between releases.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::commands::python;
use crate::faults::{GOOD_INFERENCE, training_of, with_script_on};
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

/// The news classifier with its code and data where they are, in a project of its own.
fn news() -> Project {
    let root = crate::support::repository();
    let folder = root.join("stacks/news-classifier");
    let text = fs::read_to_string(folder.join("stack.yaml")).unwrap();
    let text = text
        .replace(
            "../../training-code",
            &root.join("training-code").display().to_string(),
        )
        .replace(
            "data/headlines.csv",
            &folder.join("data/headlines.csv").display().to_string(),
        );
    Project::new(&text)
}

#[test]
fn two_environments_are_compared_without_their_names_and_without_a_cloud() {
    let project = news();
    let run = project.deploy(&["diff", "staging", "prod"]);
    assert_eq!(run.code, 2, "{run}");
    for part in [
        "news-classifier: prod against staging",
        "InitialInstanceCount: 1 -> 2",
        "RetentionInDays: 30 -> 90",
        "protected: (none) -> true",
        "note: names, account and region",
    ] {
        assert!(run.stdout.contains(part), "{part}: {run}");
    }
    for part in [
        "BucketName",
        "deploy:environment",
        "444455556666",
        "Description",
    ] {
        assert!(!run.stdout.contains(part), "{part}: {run}");
    }
    assert_eq!(project.engine(), None);

    let run = project.deploy(&["diff", "staging", "prod", "--output", "json"]);
    let report = run.json();
    assert_eq!(
        (&report["subject"], &report["base"]),
        (&"prod".into(), &"staging".into())
    );
    let prod = environment(&report, "prod");
    assert_eq!(prod["documents"].as_array().unwrap().len(), 1, "{run}");
    assert_eq!(prod["settings"][0]["setting"], "protected", "{run}");
    // Where prod's own values come from is told by the lines of prod.
    let text = fs::read_to_string(project.path().join("stacks/tiny/stack.yaml")).unwrap();
    let line = text
        .lines()
        .position(|line| line.contains("count: 2"))
        .unwrap()
        + 1;
    let changes = prod["documents"][0]["changes"].as_array().unwrap().iter();
    let origins = changes.flat_map(|change| change["properties"].as_array().unwrap());
    let mut lines = origins.map(|property| property["origin"]["stack"]["line"].as_u64());
    assert!(lines.any(|found| found == Some(line as u64)), "{run}");

    let run = project.deploy(&["diff", "staging", "prod", "--format", "markdown"]);
    assert!(
        run.stdout
            .starts_with("### deploy diff: `news-classifier`, `prod` against `staging`"),
        "{run}"
    );

    let run = project.deploy(&["diff", "staging", "staging"]).ok();
    assert!(run.stdout.contains("no differences"), "{run}");
    project
        .deploy(&["diff", "staging", "prd"])
        .failed(64, &["prd", "prod"]);
    project
        .deploy(&["diff", "staging"])
        .failed(64, &["2 values"]);
    project
        .deploy(&["diff", "staging", "tree"])
        .failed(64, &["with a release", "prod@current tree"]);
    project
        .deploy(&["diff", "staging", "prod", "--base", "HEAD"])
        .failed(64, &["cannot be used with"]);
    project
        .deploy(&["diff", "local@current", "tree"])
        .failed(64, &["no release that serves", "deploy history local"]);
}

#[test]
fn the_same_version_in_another_region_is_no_difference() {
    let project = news();
    let path = "stacks/tiny/stack.yaml";
    let text = fs::read_to_string(project.path().join(path)).unwrap();
    let promotes = |line: &&str| line.contains("promotes_from:") || line.contains("promotion:");
    let text: Vec<&str> = text.lines().filter(|line| !promotes(line)).collect();
    let text = text
        .join("\n")
        .replace(
            "{ account: \"444455556666\", region: eu-west-1 }",
            "{ account: \"444455556666\", region: ap-east-1 }",
        )
        .replace("    protected: true\n", "")
        .replace("    endpoint: { instance: ml.m5.xlarge, count: 2 }\n", "")
        .replace("    logs: { retention: 90d }", "");
    project.write(path, &text);
    let run = project.deploy(&["diff", "staging", "prod"]).ok();
    assert!(run.stdout.contains("no differences"), "{run}");
}

/// A training script whose model has these labels.
fn training(accuracy: &str, labels: [&str; 2]) -> String {
    let [one, other] = labels;
    format!(
        "print('eval_accuracy={accuracy}')\n{}
data = pathlib.Path(os.environ['SAGEMAKER_BASE_DIR']) / 'output' / 'data'
data.mkdir(parents=True, exist_ok=True)
(data / 'metrics.json').write_text('{{\"classes\": {{\"{one}\": {{\"f1\": 0.5}}, \"{other}\": {{\"f1\": 0.75}}}}}}')
",
        training_of(GOOD_INFERENCE)
    )
}

#[test]
fn releases_are_compared_with_each_other_and_with_the_tree() {
    let project = with_script_on(&python(), &training("0.93", ["Business", "Health"]));
    project.deploy(&["up"]).ok();
    let run = project.deploy(&["diff", "local@current", "tree"]).ok();
    assert!(run.stdout.contains("no differences"), "{run}");
    project
        .deploy(&["diff", "local@7", "tree"])
        .failed(64, &["no release `7`", "deploy history"]);

    project.write(
        "stacks/tiny/code/train.py",
        &training("0.95", ["Business", "Science"]),
    );
    let path = "stacks/tiny/stack.yaml";
    let text = fs::read_to_string(project.path().join(path)).unwrap();
    project.write(path, &text.replace("memory: 256 MiB", "memory: 512 MiB"));
    let run = project.deploy(&["diff", "local@1", "tree"]);
    assert_eq!(run.code, 2, "{run}");
    for part in [
        "working tree against release 1-",
        "it retrains",
        "MemorySize: 256 -> 512",
    ] {
        assert!(run.stdout.contains(part), "{part}: {run}");
    }

    project.deploy(&["up"]).ok();
    let run = project.deploy(&["diff", "local@1", "local@current", "--output", "json"]);
    assert_eq!(run.code, 2, "{run}");
    let report = run.json();
    let local = environment(&report, "local");
    let model = &local["model"];
    assert_eq!(model["labels"]["added"][0], "Science", "{run}");
    assert_eq!(model["labels"]["removed"][0], "Health", "{run}");
    assert_eq!(model["metrics"][0]["before"], 0.93, "{run}");
    assert_eq!(model["metrics"][0]["after"], 0.95, "{run}");
    assert_eq!(model["after"]["release"]["how"], "deployed", "{run}");
    assert_ne!(
        model["before"]["training_key"], model["after"]["training_key"],
        "{run}"
    );
    let said = consequences(local);
    assert!(
        said.contains("`Health`: no longer among the labels"),
        "{said}"
    );
    assert!(local["consequences"][0]["severity"] == "danger", "{said}");

    let run = project.deploy(&["diff", "local@1", "local@2"]);
    assert!(
        run.stdout
            .contains("eval_accuracy: 0.9300 -> 0.9500  (+0.0200)"),
        "{run}"
    );
    let run = project.deploy(&["diff", "local@2", "local@2"]).ok();
    assert!(run.stdout.contains("no differences"), "{run}");
    project.deploy(&["down"]).ok();
}
