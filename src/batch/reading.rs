//! How the lines of a file are read, whatever they are in: who takes them, and why reading stops.

use std::path::Path;

use super::error::{BatchError, unreadable, unusable};
use super::record::Record;
use crate::bundle::rows::RowError;

/// Takes what a line of a file comes to: its record, or what is wrong with it.
pub(super) type Take<'a> =
    &'a mut dyn FnMut(&str, u64, Result<Record, String>) -> Result<(), BatchError>;

/// Why a file is not read to its end.
pub(super) enum Stop {
    /// Its rows cannot be told apart.
    Row(RowError),
    /// Whatever else.
    Error(BatchError),
}

impl Stop {
    pub(super) fn at(self, name: &str, path: &Path) -> BatchError {
        match self {
            Self::Row(RowError::Unreadable(error)) => unreadable(path)(error),
            Self::Row(RowError::Endless(line)) => unusable(
                name,
                format!("has a row without an end, which begins in line {line}"),
                "is a quotation mark left open?",
            ),
            Self::Error(error) => error,
        }
    }
}

impl From<RowError> for Stop {
    fn from(error: RowError) -> Self {
        Self::Row(error)
    }
}

impl From<BatchError> for Stop {
    fn from(error: BatchError) -> Self {
        Self::Error(error)
    }
}
