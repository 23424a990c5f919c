//! The codes of data and code that are to be uploaded.

use super::BundleError;
use crate::code::{Code, codes};

codes! {
    /// The codes of data and code.
    pub CODES
    UNREADABLE_FILE = "unreadable-file" {
        title: "A file or folder cannot be read",
        why: "What a model is named by has to be read whole, or it would be named by half of it",
        remedy: "the system's words say why: most often the right to read it is missing, or it was moved away",
    }
    UNUSABLE_FILE_NAME = "unusable-file-name" {
        title: "A file's name cannot be part of an object's key",
        why: "Keys are UTF-8 text, and a link to a folder could lead out of the project",
        remedy: "rename the file, or leave it out with `.deployignore`",
    }
    FOLDER_TOO_LARGE = "folder-too-large" {
        title: "A folder holds more than code ever does",
        why: "Most often it is the wrong folder, or it has data or an environment in it, which would be uploaded with \
              every change",
        remedy: "name the folder of the code, or leave files out with `.deployignore`",
    }
    EMPTY_FOLDER = "empty-folder" {
        title: "A folder has no file to upload",
        why: "A job would begin without code or data and fail",
        remedy: "name another folder, or look what `.deployignore` leaves out",
    }
    BAD_IGNORE_RULE = "bad-ignore-rule" {
        title: "A line of `.deployignore` is no pattern",
        why: "What it was meant to leave out would be uploaded",
        remedy: "write it as in .gitignore",
    }
    WRONG_DATA = "wrong-data" {
        title: "The data is not what the stack file says it is",
        why: "It is held against `data.format` before anything is paid for: training would stop in its first minute, \
              or learn classes that are none",
        remedy: "mend the data, or describe it as it is under `data.format`",
    }
    ANOTHER_MODEL = "another-model" {
        title: "The archive is another model than the stack file means",
        why: "`model.sha256` says which model serves; what was brought has other bytes, by mistake or because \
              somebody changed them",
        remedy: "bring the model that is meant, or say that this one is, in `model.sha256`",
    }
    NO_ARCHIVE = "no-archive" {
        title: "A model's archive cannot be unpacked by anybody",
        why: "SageMaker unpacks `model.tar.gz` before the container starts: the endpoint would fail after minutes",
        remedy: "pack what is to stand in /opt/ml/model: `tar -czf model.tar.gz -C FOLDER .`",
    }
    NOT_PACKED = "not-packed" {
        title: "Code cannot be packed into an archive",
        why: "The archiver's own words say why; nothing was uploaded",
        remedy: "make room on the disk, and look for files that change while they are read",
    }
}

impl BundleError {
    /// Which kind of error it is.
    pub fn code(&self) -> &'static Code {
        match self {
            Self::Unreadable { .. } => &UNREADABLE_FILE,
            Self::Unusable { .. } => &UNUSABLE_FILE_NAME,
            Self::TooLarge { .. } => &FOLDER_TOO_LARGE,
            Self::Empty { .. } => &EMPTY_FOLDER,
            Self::BadRule { .. } => &BAD_IGNORE_RULE,
            Self::WrongData(_) => &WRONG_DATA,
            Self::AnotherModel { .. } => &ANOTHER_MODEL,
            Self::NoArchive { .. } => &NO_ARCHIVE,
            Self::Pack { .. } => &NOT_PACKED,
        }
    }
}
