//! Runs the tests and checks of the training code, in an environment of their own.

use std::process::Command;

use crate::support::{repository, tools};

#[expect(
    clippy::print_stdout,
    reason = "the summary of the tests that were run"
)]
fn run(group: &str, arguments: &[&str]) {
    let output = tools::must_succeed(
        Command::new(tools::interpreter(group))
            .args(arguments)
            .current_dir(repository().join("training-code"))
            .env("PYTHONDONTWRITEBYTECODE", "1"),
    );
    println!("{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn the_training_code_passes_its_tests() {
    run("test", &["-m", "pytest"]);
}

#[test]
fn the_handler_passes_its_tests_in_the_containers_toolkit() {
    run("serve", &["-m", "pytest", "tests/serve"]);
}

#[test]
fn the_notebook_runs_on_the_sample() {
    run("notebook", &["-m", "pytest", "tests/notebook"]);
}

#[test]
fn the_training_code_is_well_formed() {
    // The examples' code by the same rules.
    let of_all = ["--config", "pyproject.toml", ".", "../stacks/examples"];
    let ruff = ["-m", "ruff"];
    let check = [&ruff[..], &["check", "--no-cache"], &of_all].concat();
    run("check", &check);
    let format = [&ruff[..], &["format", "--no-cache", "--check"], &of_all].concat();
    run("check", &format);
    // In the environment with torch, whose types it reads.
    let types = [
        "-m",
        "mypy",
        "--cache-dir=/dev/null",
        "src",
        "function",
        "tools",
    ];
    run("test", &types);
}
