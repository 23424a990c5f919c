//! Python environments for the tests, prepared by the engine's own code and kept under target/.

use std::path::PathBuf;
use std::process::{Command, Output};

use deploy::local::{Python, PythonSpec};

use super::{cache, repository};

/// Returns the interpreter of an environment with a dependency group of the training code.
pub(crate) fn interpreter(group: &str) -> PathBuf {
    environment(PythonSpec::Project {
        folder: repository().join("training-code"),
        group: group.to_owned(),
    })
    .unwrap_or_else(|error| panic!("cannot prepare Python: {error}"))
}

/// Returns the interpreter of an environment, or why it cannot be made.
#[expect(clippy::print_stdout, reason = "what is installed takes minutes")]
pub(crate) fn environment(spec: PythonSpec) -> Result<PathBuf, String> {
    let python = Python::new(Some(spec), cache());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime
        .block_on(python.interpreter(&|line| println!("{line}")))
        .map_err(|error| error.to_string())
}

/// Runs a command, and fails with what it printed when it does not succeed.
pub(crate) fn must_succeed(command: &mut Command) -> Output {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?} ended with {}\n{}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}
