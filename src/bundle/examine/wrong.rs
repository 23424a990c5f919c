//! What is wrong with data, in words.

use std::fmt;
use std::path::{Path, PathBuf};

/// Data that is not what the stack file says it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrongData {
    path: PathBuf,
    /// What is wrong, at least one thing.
    reasons: Vec<String>,
    /// The first rows that cannot be used, each with its place.
    examples: Vec<String>,
}

impl WrongData {
    pub(in crate::bundle) fn new(path: &Path, reasons: Vec<String>, examples: Vec<String>) -> Self {
        Self {
            path: path.to_owned(),
            reasons,
            examples,
        }
    }

    /// The first rows that cannot be used, each with its file, line and what is wrong with it.
    pub fn examples(&self) -> &[String] {
        &self.examples
    }
}

impl fmt::Display for WrongData {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} is not what the stack file says: {}",
            self.path.display(),
            self.reasons.join("; ")
        )
    }
}

impl std::error::Error for WrongData {}
