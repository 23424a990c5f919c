//! A new project: complete, in order, and never over anything that is there.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use crate::support::tools;

fn deploy(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_deploy"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap()
}

fn ok(folder: &Path, arguments: &[&str]) -> String {
    let output = deploy(folder, arguments);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{arguments:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

fn files(folder: &Path) -> usize {
    fs::read_dir(folder).unwrap().count()
}

#[test]
fn a_new_project_is_in_order_at_once() {
    let folder = tempfile::tempdir().unwrap();
    ok(folder.path(), &["init", "spam-filter"]);
    let project = folder.path().join("spam-filter");
    assert!(ok(&project, &["validate"]).contains("stacks/spam-filter/stack.yaml: valid"));
    ok(&project, &["render", "--check"]);
    for name in [
        ".editorconfig",
        ".gitignore",
        ".github/workflows/deploy.yml",
        ".github/workflows/release.yml",
    ] {
        assert!(project.join(name).is_file(), "{name}");
    }
}

#[test]
fn nothing_is_overwritten_and_nothing_is_written_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(".gitignore"), "mine").unwrap();
    fs::write(folder.path().join("training-code"), "a file").unwrap();
    let output = deploy(folder.path(), &["init", ".", "--name", "x"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains(".gitignore") && said.contains("training-code"),
        "{said}"
    );
    assert!(said.contains("nothing was written"), "{said}");
    assert_eq!(files(folder.path()), 2);
    let kept = fs::read_to_string(folder.path().join(".gitignore")).unwrap();
    assert_eq!(kept, "mine");
}

#[test]
fn a_bad_name_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let output = deploy(folder.path(), &["init", "--name", "Not A Name"]);
    assert_eq!(output.status.code(), Some(64));
    assert_eq!(files(folder.path()), 0);
}

#[test]
fn the_workflow_is_yaml_that_github_reads() {
    let folder = tempfile::tempdir().unwrap();
    ok(folder.path(), &["init", "--name", "x"]);
    let script = "import sys, yaml\n\
                  read = yaml.safe_load(open(sys.argv[1]))\n\
                  jobs = read['jobs']\n\
                  assert read['permissions'] == {}\n\
                  assert jobs['review']['permissions'] == {'contents': 'read'}\n\
                  assert 'checkout' not in str(jobs['publish'])\n\
                  runs = ' '.join(str(step.get('run')) for step in jobs['review']['steps'])\n\
                  for command in ('validate', 'check --format sarif', 'render --check', 'diff --base'):\n\
                  \x20   assert 'deploy ' + command in runs, command\n";
    tools::must_succeed(
        Command::new(tools::interpreter("check"))
            .args(["-c", script])
            .arg(folder.path().join(".github/workflows/deploy.yml")),
    );
}

#[test]
fn the_release_workflow_takes_keys_by_open_id_connect_and_waits_for_approval() {
    let folder = tempfile::tempdir().unwrap();
    ok(folder.path(), &["init", "--name", "x"]);
    let script = "import sys, yaml\n\
                  read = yaml.safe_load(open(sys.argv[1]))\n\
                  jobs = read['jobs']\n\
                  assert read['permissions'] == {}\n\
                  for name in ('staging', 'propose', 'prod'):\n\
                  \x20   assert jobs[name]['permissions']['id-token'] == 'write', name\n\
                  assert jobs['prod']['environment'] == 'prod'\n\
                  runs = {name: ' '.join(str(step.get('run')) for step in job['steps']) for name, job in jobs.items()}\n\
                  assert 'deploy up --env staging --yes' in runs['staging']\n\
                  assert 'deploy promote staging prod --pin' in runs['propose']\n\
                  assert 'deploy up --env prod --yes' in runs['prod']\n";
    tools::must_succeed(
        Command::new(tools::interpreter("check"))
            .args(["-c", script])
            .arg(folder.path().join(".github/workflows/release.yml")),
    );
}
