//! Child processes and the Python environment they run in.
//!
//! Purpose: runs what AWS would run in containers. Input: what to run, with its whole environment; a
//! description of the Python environment wanted. Output: processes that end when the engine ends, their
//! output line by line, the path of a ready interpreter. Must not know: jobs, endpoints, functions.

mod environment;
mod error;
mod interpreter;
mod output;
mod process;
mod python;
mod tool;
pub(super) mod usage;

pub use error::PythonError;
pub use process::{Launch, Process};
pub use python::{Making, Python, PythonSpec, Readiness};
