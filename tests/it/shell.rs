//! What the program is like in a shell: completions, manual pages, quiet runs, colours, other locales.

use std::fs;
use std::process::Command;

use crate::support::project::{Project, some_headlines, tiny_stack};

fn project() -> Project {
    let project = Project::new(&tiny_stack("{ interpreter: /usr/bin/python3 }"));
    project.write("stacks/tiny/headlines.csv", &some_headlines(20));
    project
}

/// What Bash offers for the last of some words, by the script that is printed for it.
pub(crate) fn offered(project: &Project, words: &[&str]) -> Vec<String> {
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_deploy"));
    let folder = program.parent().unwrap();
    let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    let script = format!(
        "PATH={}:$PATH\nsource <(deploy completions bash)\nCOMP_WORDS=({})\nCOMP_CWORD={}\n\
         COMP_TYPE=9\n_clap_complete_deploy deploy '{}'\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"\n",
        folder.display(),
        quoted.join(" "),
        words.len() - 1,
        words.last().unwrap(),
    );
    let output = Command::new("bash")
        .args(["--norc", "-c", &script])
        .current_dir(project.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && said.is_empty(), "{said}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.split(['\n', '\u{b}'])
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

#[test]
fn bash_completes_commands_stacks_environments_and_codes() {
    let project = project();
    let commands = offered(&project, &["deploy", "exp"]);
    assert_eq!(commands, ["explain"]);
    assert_eq!(offered(&project, &["deploy", "up", "--env", ""]), ["local"]);
    assert_eq!(
        offered(&project, &["deploy", "up", "--stack", "t"]),
        ["tiny"]
    );
    assert_eq!(offered(&project, &["deploy", "history", "l"]), ["local"]);
    assert_eq!(
        offered(&project, &["deploy", "explain", "unknown-fi"]),
        ["unknown-field"]
    );
    // There is nothing to offer, and nothing is said about it or started.
    assert_eq!(
        offered(&project, &["deploy", "rollback", "local", "--to", ""]),
        [""; 0]
    );
    project.write("stacks/tiny/stack.yaml", "stack: [");
    assert_eq!(offered(&project, &["deploy", "up", "--env", "x"]), [""; 0]);
    assert_eq!(project.engine(), None);
}

#[test]
fn every_shell_has_a_script_that_asks_the_program() {
    let project = project();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = project.deploy(&["completions", shell]).ok().stdout;
        assert!(script.contains("DEPLOY_COMPLETE"), "{shell}: {script}");
    }
    project
        .deploy(&["completions", "tcsh"])
        .failed(64, &["tcsh", "bash"]);
}

#[test]
fn every_command_has_a_manual_page() {
    let project = project();
    let page = project.deploy(&["man"]).ok().stdout;
    assert!(page.contains(".TH deploy 1"), "{page}");
    project.deploy(&["man", "--dir", "man1"]).ok();
    let folder = project.path().join("man1");
    for name in [
        "deploy.1",
        "deploy-up.1",
        "deploy-batch-run.1",
        "deploy-explain.1",
    ] {
        let page = fs::read_to_string(folder.join(name)).unwrap();
        assert!(page.contains("Examples:"), "{name}: {page}");
    }
    let written = project
        .deploy(&["man", "--dir", "man1", "--output", "json"])
        .ok()
        .json();
    let count = fs::read_dir(&folder).unwrap().count();
    assert_eq!(written["written"].as_array().unwrap().len(), count);
}

#[test]
fn colours_are_for_whoever_wants_them() {
    let project = project();
    let coloured = |variables: &[(&str, &str)]| {
        let run = project.deploy_with(&["explain", "nothing-like-it"], |command| {
            command.env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE");
            command.envs(variables.iter().copied());
        });
        run.failed(64, &["nothing-like-it"])
            .stderr
            .contains('\u{1b}')
    };
    assert!(!coloured(&[]), "a file is no terminal");
    assert!(coloured(&[("CLICOLOR_FORCE", "1")]));
    assert!(!coloured(&[("NO_COLOR", "1")]));
    assert!(!coloured(&[("CLICOLOR", "0")]));
    assert!(!coloured(&[("TERM", "dumb")]));
}

#[test]
fn a_quiet_run_says_what_is_wrong_and_nothing_else() {
    let project = project();
    let run = project.deploy(&["render", "--quiet"]).ok();
    assert_eq!(run.stderr, "", "{run}");
    project
        .deploy(&["explain", "nope", "-q"])
        .failed(64, &["error[unknown-code]", "hint: "]);
    project
        .deploy(&["render", "-q", "-v"])
        .failed(64, &["cannot be used with"]);
}
