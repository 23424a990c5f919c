//! Why texts cannot be prepared, or their answers not be joined.

use std::io;
use std::path::{Path, PathBuf};

use super::record::WrongLine;

/// Why texts cannot be prepared, or their answers not be joined.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    /// A file cannot be read.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write {}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A whole file cannot be used.
    #[error("{file} {why}")]
    Unusable {
        /// Its name.
        file: String,
        /// What is wrong with it.
        why: String,
        /// What to do about it.
        remedy: Option<String>,
    },
    /// Some lines cannot be classified.
    #[error("{count} of {lines} lines cannot be classified")]
    WrongLines {
        /// How many.
        count: u64,
        /// Of how many.
        lines: u64,
        /// The first of them.
        first: Vec<WrongLine>,
    },
    /// There is nothing to classify.
    #[error("there is no text in {0}")]
    NoTexts(String),
    /// Requests, answers and index do not belong together.
    #[error("{part} is damaged: {why}")]
    Damaged {
        /// Name of the shard.
        part: String,
        /// What does not fit.
        why: String,
    },
}

impl BatchError {
    /// What to do about it, where that can be told.
    pub fn remedy(&self) -> Option<String> {
        match self {
            Self::Unusable { remedy, .. } => remedy.clone(),
            Self::WrongLines { .. } => Some(
                "mend them, or leave them out with `--skip-bad-lines`; nothing was started"
                    .to_owned(),
            ),
            Self::NoTexts(_) => Some(
                "an input has a text a line, a table or JSON; see `deploy batch run --help`"
                    .to_owned(),
            ),
            Self::Unreadable { .. } | Self::Unwritable { .. } | Self::Damaged { .. } => None,
        }
    }

    /// Whether it is the input that has to be mended.
    pub fn is_input(&self) -> bool {
        !matches!(self, Self::Unwritable { .. } | Self::Damaged { .. })
    }
}

pub(super) fn unreadable(path: &Path) -> impl FnOnce(io::Error) -> BatchError {
    move |source| BatchError::Unreadable {
        path: path.to_owned(),
        source,
    }
}

pub(super) fn unwritable(path: &Path) -> impl FnOnce(io::Error) -> BatchError {
    move |source| BatchError::Unwritable {
        path: path.to_owned(),
        source,
    }
}

/// A file that cannot be used, and what to do about it.
pub(super) fn unusable(file: &str, why: impl Into<String>, remedy: &str) -> BatchError {
    BatchError::Unusable {
        file: file.to_owned(),
        why: why.into(),
        remedy: (!remedy.is_empty()).then(|| remedy.to_owned()),
    }
}
