//! Why no Python interpreter can be had, and what to do about it.

use std::io;
use std::path::PathBuf;

/// Why there is no interpreter to run jobs, endpoints and functions with. Texts end with a remedy.
#[derive(Debug, thiserror::Error)]
pub enum PythonError {
    /// Neither an interpreter nor a project was named.
    #[error(
        "no Python environment is described; name a project with its dependency group, or an \
         interpreter, in the stack file's local environment"
    )]
    NotDescribed,
    /// The named interpreter does not run.
    #[error("the interpreter {path} cannot be used: {reason}; name another one in the stack file")]
    Interpreter {
        /// The interpreter as named.
        path: PathBuf,
        /// What happened.
        reason: String,
    },
    /// The interpreter's version is below 3.10.
    #[error(
        "{path} is Python {version}, but 3.10 or newer is needed; install one, or name it in the stack file"
    )]
    TooOld {
        /// The interpreter.
        path: PathBuf,
        /// Its version.
        version: String,
    },
    /// No interpreter is on the path.
    #[error(
        "no Python 3.10 or newer was found on PATH; install one (with its venv module), or name an interpreter in the stack file"
    )]
    NotFound,
    /// The project's `pyproject.toml` cannot be read.
    #[error("the Python project file {path} cannot be read; correct the folder in the stack file")]
    Project {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The package index cannot be reached.
    #[error(
        "the Python packages cannot be fetched while {step}: {detail}; check the network and the proxy \
         settings, or name an interpreter that already has the packages in the stack file"
    )]
    Network {
        /// What was being done.
        step: &'static str,
        /// The telling line of the tool.
        detail: String,
    },
    /// The disk is full.
    #[error("the disk is full in {folder} while {step}; free some gigabytes there and run again")]
    DiskFull {
        /// What was being done.
        step: &'static str,
        /// Where.
        folder: PathBuf,
    },
    /// A tool failed for another reason.
    #[error("{step} failed: {detail}; {remedy}")]
    Tool {
        /// What was being done.
        step: &'static str,
        /// The telling line of the tool.
        detail: String,
        /// What to do.
        remedy: &'static str,
    },
    /// A tool did not end in time.
    #[error("{step} took longer than {seconds} s and was ended; check the network and run again")]
    TimedOut {
        /// What was being done.
        step: &'static str,
        /// The limit in seconds.
        seconds: u64,
    },
    /// Another engine holds the lock of the environments.
    #[error(
        "another engine has been preparing a Python environment beside {folder} for {minutes} minutes; wait for it, or end it, and run again"
    )]
    Busy {
        /// The environment's folder.
        folder: PathBuf,
        /// How long was waited.
        minutes: u64,
    },
    /// A file of the cache cannot be read or written.
    #[error(
        "the cache {path} of Python environments cannot be used; check the folder's rights and space"
    )]
    Cache {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}
