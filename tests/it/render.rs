//! `deploy render` and `deploy templates` by the shipped binary.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::support::project::{Project, tiny_stack};

fn project() -> Project {
    let stack = tiny_stack("{ interpreter: /usr/bin/env }");
    let more = "  staging: { target: { account: \"111122223333\", region: eu-west-1 } }\n";
    let project = Project::new(&format!("{stack}{more}"));
    project.write("stacks/tiny/headlines.csv", "1\n");
    project
}

fn read(project: &Project, name: &str) -> String {
    fs::read_to_string(project.path().join(name)).unwrap()
}

const STAGING: &str = "stacks/tiny/rendered/staging/service.yaml";

#[test]
fn files_are_written_and_checked() {
    let project = project();
    project
        .deploy(&["render", "--check"])
        .failed(2, &["staging/service.yaml is missing"]);
    let written = project.deploy(&["render", "--output", "json"]).ok().json();
    assert_eq!(written["written"].as_array().unwrap().len(), 8);
    project.deploy(&["render", "--check"]).ok();
    let again = project.deploy(&["render", "--output", "json"]).ok().json();
    assert_eq!(again["written"].as_array().unwrap().len(), 0);

    // Stale: the difference is shown, and nothing is changed by looking.
    let text = read(&project, STAGING);
    project.write(
        STAGING,
        &text.replace(
            "PayloadFormatVersion: \"2.0\"",
            "PayloadFormatVersion: \"1.0\"",
        ),
    );
    let run = project.deploy(&["render", "--check"]);
    for line in [
        "-      PayloadFormatVersion: \"1.0\"",
        "+      PayloadFormatVersion: \"2.0\"",
        "@@",
    ] {
        assert!(run.stdout.contains(line), "{line}: {run}");
    }
    run.failed(2, &["service.yaml is out of date", "`deploy render`"]);
    project
        .deploy(&["render", "--check", "--env", "local"])
        .ok();

    // Left over: an environment that is gone; a file of somebody else's stays.
    project.write("stacks/tiny/rendered/old/service.yaml", &text);
    project.write("stacks/tiny/rendered/old/mine.yaml", "a: 1\n");
    let run = project.deploy(&["render", "--check", "--output", "json"]);
    let left = run.json()["left_over"].to_string();
    assert!(
        left.contains("old/service.yaml") && !left.contains("mine"),
        "{left}"
    );
    run.failed(2, &["old/service.yaml is left over"]);
    project.deploy(&["render", "--all"]).ok();
    project.deploy(&["render", "--check"]).ok();
    assert!(
        !project
            .path()
            .join("stacks/tiny/rendered/old/service.yaml")
            .exists()
    );
    assert!(
        project
            .path()
            .join("stacks/tiny/rendered/old/mine.yaml")
            .exists()
    );
    assert_eq!(read(&project, STAGING), text);
    let left = fs::read_dir(project.path().join("stacks/tiny/rendered/staging")).unwrap();
    assert_eq!(left.count(), 4);
}

#[test]
fn several_environments_are_printed_with_their_names() {
    let project = project();
    let arguments = [
        "render", "--env", "staging", "--env", "local", "--env", "local", "--stdout",
    ];
    let printed = project.deploy(&arguments).ok().stdout;
    let names: Vec<&str> = printed
        .split("---\n")
        .skip(1)
        .map(|document| document.lines().next().unwrap())
        .collect();
    assert_eq!(names.len(), 8, "{names:?}");
    assert_eq!(names[0], "# rendered/staging/foundation.yaml");
    assert_eq!(names[7], "# rendered/local/transform-job.yaml");
    assert!(!project.path().join("stacks/tiny/rendered").exists());
    project
        .deploy(&["render", "--env", "stagin"])
        .failed(64, &["did you mean `staging`?"]);
}

#[test]
fn a_folder_that_cannot_be_written_to_is_named() {
    let project = project();
    project.write(
        "stacks/tiny/rendered/local",
        "a file where a folder is needed",
    );
    project
        .deploy(&["render", "--env", "local"])
        .failed(1, &["cannot", "rendered/local", "hint:"]);
    fs::remove_file(project.path().join("stacks/tiny/rendered/local")).unwrap();
    let folder = project.path().join("stacks/tiny/rendered");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o555)).unwrap();
    let run = project.deploy(&["render", "--env", "local"]);
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    // The administrator may write everywhere.
    if run.code != 0 {
        run.failed(1, &["cannot write", "you need the right to write into"]);
    }
}

#[test]
fn a_full_disk_leaves_the_old_file() {
    let full = std::path::Path::new("/dev/full");
    if !full.exists() {
        return;
    }
    let project = project();
    project.deploy(&["render"]).ok();
    let before = read(&project, STAGING);
    project.write(
        "stacks/tiny/stack.yaml",
        &read(&project, "stacks/tiny/stack.yaml").replace("25s", "20s"),
    );
    // A limit on the size of files stops the write as a full disk does.
    let run = project.deploy_with(&["render"], |command| {
        let program = command.get_program().to_owned();
        let arguments: Vec<_> = command
            .get_args()
            .map(std::borrow::ToOwned::to_owned)
            .collect();
        let mut limited = std::process::Command::new("bash");
        limited
            .args(["-c", "trap '' XFSZ; ulimit -f 1; exec \"$@\"", "bash"])
            .arg(program)
            .args(arguments)
            .current_dir(project.path());
        *command = limited;
    });
    run.failed(1, &["cannot write"]);
    assert_eq!(read(&project, STAGING), before);
    let left = fs::read_dir(project.path().join("stacks/tiny/rendered/staging")).unwrap();
    assert_eq!(left.count(), 4);
}

#[test]
fn a_template_is_ejected_changed_and_used() {
    let project = project();
    project.deploy(&["render"]).ok();
    let listed = project.deploy(&["templates", "list"]).ok().stdout;
    assert!(
        listed.contains("service.yaml.tera") && listed.contains("built in"),
        "{listed}"
    );
    let run = project.deploy(&["templates", "eject", "service"]).ok();
    assert!(run.stdout.contains("templates/service.yaml.tera"), "{run}");
    // Ejected and unchanged, it renders to the same.
    project.deploy(&["render", "--check"]).ok();
    project
        .deploy(&["templates", "eject", "service"])
        .failed(1, &["is there already", "--built-in"]);

    let own = read(&project, "templates/service.yaml.tera");
    let extra = "Resources:\n  Topic:\n    Type: AWS::SNS::Topic\n    Properties:\n      TopicName: {{ (stack ~ \"-mine\") | tojson }}\n\n";
    project.write(
        "templates/service.yaml.tera",
        &own.replacen("Resources:\n", extra, 1),
    );
    project
        .deploy(&["render", "--check"])
        .failed(2, &["out of date"]);
    let shown = project
        .deploy(&["templates", "show", "service"])
        .ok()
        .stdout;
    assert!(shown.contains("AWS::SNS::Topic"));
    let built_in = project
        .deploy(&["templates", "show", "service", "--built-in"])
        .ok();
    assert!(!built_in.stdout.contains("AWS::SNS::Topic"));
    project.deploy(&["render"]).ok();
    assert!(read(&project, STAGING).contains("TopicName: \"tiny-mine\""));
}

#[test]
fn a_broken_override_names_the_line() {
    let project = project();
    project.write("templates/servise.yaml.tera", "");
    project.deploy(&["render"]).failed(
        1,
        &["servise.yaml.tera", "did you mean `service.yaml.tera`?"],
    );
    fs::remove_file(project.path().join("templates/servise.yaml.tera")).unwrap();

    project.write(
        "templates/service.yaml.tera",
        "Resources:\n  A: {{ endpont.count | tojson }}\n",
    );
    project.deploy(&["validate"]).failed(
        1,
        &[
            "there is no value `endpont`",
            "templates/service.yaml.tera:2:9",
            "^^^^^^^",
            "did you mean `endpoint`?",
        ],
    );
    project.write(
        "templates/service.yaml.tera",
        "Resources:\n  A:\n    B: {{ stack }}: x\n",
    );
    project.deploy(&["render"]).failed(
        1,
        &[
            "does not write valid YAML",
            "service.yaml.tera:3:",
            "B: tiny: x",
        ],
    );
}
