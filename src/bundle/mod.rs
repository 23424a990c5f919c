//! What is uploaded: data, training code and function code, each named by its content.
//!
//! Purpose: the same files give the same keys and bytes on every machine, so that nothing is sent
//! twice and a training key means one model. Input: a checked `Stack`. Output: [`Bundles`]. Must not
//! know: clouds, plans, the terminal.

mod digest;
mod folder;
mod function;
mod ingredients;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub use digest::Digest;
pub use folder::is_ignored;
#[cfg(test)]
pub(crate) use ingredients::tests::ingredients;
pub use ingredients::{Change, Content, Ingredients};

use crate::stack::Stack;

/// Everything that one environment uploads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundles {
    /// The data file.
    pub data: DataFile,
    /// The training code.
    pub code: Code,
    /// The function's code.
    pub function: FunctionArchive,
    /// Everything that decides the model.
    pub ingredients: Ingredients,
    /// Digest of it: same key, same model.
    pub training_key: Digest,
}

/// The data file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataFile {
    /// Where it is on disk.
    pub path: PathBuf,
    /// SHA-256 of its bytes.
    pub digest: Digest,
}

/// A folder of code, file by file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    /// The files in the order of their names.
    pub files: Vec<CodeFile>,
    /// SHA-256 over names and contents.
    pub digest: Digest,
}

/// One file of a folder of code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeFile {
    /// Path relative to the folder, with `/` between its parts.
    pub name: String,
    /// Where it is on disk.
    pub path: PathBuf,
}

/// The function's code as a ZIP archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionArchive {
    /// The archive.
    pub bytes: bytes::Bytes,
    /// SHA-256 of the archive.
    pub digest: Digest,
}

/// Why something cannot be bundled.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// A file or folder cannot be read.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A file's name cannot be part of an object's key.
    #[error("{} has a name that is not UTF-8, or is a link to a folder", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
    },
    /// A folder holds more than a bundle may.
    #[error("{} holds more than {limit}; is it the right folder?", path.display())]
    TooLarge {
        /// The folder.
        path: PathBuf,
        /// The limit that is exceeded.
        limit: &'static str,
    },
    /// The folder has no file to bundle.
    #[error("{} has no files", path.display())]
    Empty {
        /// The folder.
        path: PathBuf,
    },
    /// The archive cannot be written.
    #[error("cannot pack {}", path.display())]
    Pack {
        /// The folder.
        path: PathBuf,
        /// What the archiver said.
        #[source]
        source: zip::result::ZipError,
    },
}

impl Bundles {
    /// Reads, hashes and packs everything that the environment uploads.
    pub fn of(stack: &Stack) -> Result<Self, BundleError> {
        let data = DataFile {
            path: stack.data.file.clone(),
            digest: Digest::of_file(&stack.data.file).map_err(unreadable(&stack.data.file))?,
        };
        let code = folder::read(&stack.training.code)?;
        let function = function::pack(&stack.function.code)?;
        let ingredients =
            Ingredients::of(&stack.training, data.content(), Content::of_code(&code)?);
        let training_key = ingredients.key();
        Ok(Self {
            data,
            code,
            function,
            ingredients,
            training_key,
        })
    }
}

impl DataFile {
    /// The file as an ingredient of the model.
    fn content(&self) -> Content {
        let name = self.path.file_name().unwrap_or_default();
        let name = name.to_string_lossy().into_owned();
        let files = BTreeMap::from([(name, self.digest.to_string())]);
        Content::new(self.digest.clone(), files)
    }
}

fn unreadable(path: &Path) -> impl FnOnce(std::io::Error) -> BundleError {
    let path = path.to_owned();
    move |source| BundleError::Unreadable { path, source }
}
