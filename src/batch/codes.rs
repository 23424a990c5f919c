//! The codes of texts in bulk.

use super::BatchError;
use crate::bundle::codes::UNREADABLE_FILE;
use crate::code::{Code, codes};

codes! {
    /// The codes of texts in bulk.
    pub CODES
    UNWRITABLE_FILE = "unwritable-file" {
        title: "A file cannot be written",
        why: "Files are written whole or not at all: what was there is still there",
        remedy: "the system's words say why: the right to write is missing, the disk is full, or a file is where a \
                 folder is needed",
    }
    UNUSABLE_INPUT = "unusable-input" {
        title: "A file of texts cannot be used as a whole",
        why: "It is of another form than its name says, or the column of the texts is not known",
        remedy: "name the column with `--column`; `deploy batch run --help` lists the forms",
    }
    WRONG_LINES = "wrong-lines" {
        title: "Some lines of the input cannot be classified",
        why: "They are named before anything is paid for, since a job would fail on them, or answer nonsense",
        remedy: "mend them, or leave them out with `--skip-bad-lines`",
    }
    NO_TEXTS = "no-texts" {
        title: "There is no text in the input",
        why: "A job without a request would be paid for all the same",
        remedy: "an input has a text a line, a table or JSON",
    }
    DAMAGED_BATCH = "damaged-batch" {
        title: "Requests, answers and index of a batch do not belong together",
        why: "An answer could be put beside the wrong text, so none is",
        remedy: "run the batch again; look who writes into the bucket besides deploy",
    }
}

impl BatchError {
    /// Which kind of error it is.
    pub fn code(&self) -> &'static Code {
        match self {
            Self::Unreadable { .. } => &UNREADABLE_FILE,
            Self::Unwritable { .. } => &UNWRITABLE_FILE,
            Self::Unusable { .. } => &UNUSABLE_INPUT,
            Self::WrongLines { .. } => &WRONG_LINES,
            Self::NoTexts(_) => &NO_TEXTS,
            Self::Damaged { .. } => &DAMAGED_BATCH,
        }
    }
}
