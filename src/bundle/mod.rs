//! What is uploaded: data, training code and function code, each named by its content.
//!
//! Purpose: the same files give the same keys and bytes on every machine, so that nothing is sent
//! twice and a training key means one model. Input: a checked `Stack`. Output: [`Bundles`]. Must not
//! know: clouds, plans, the terminal.

pub mod codes;
mod data;
mod digest;
mod examine;
mod folder;
mod function;
mod ignore;
mod ingredients;
mod requirements;
pub(crate) mod rows;
mod sourcedir;

use std::path::{Path, PathBuf};

pub use data::DataBundle;
pub use digest::{Digest, NoDigest};
pub use examine::{Labelled, WrongData, labelled, texts};
pub use ignore::Rules;
#[cfg(test)]
pub(crate) use ingredients::tests::ingredients;
pub use ingredients::{Change, Content, Ingredients};

use self::folder::Limits;
use crate::stack::{Launch, Stack};

/// Everything that one environment uploads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundles {
    /// The data set.
    pub data: DataBundle,
    /// The training code.
    pub code: Code,
    /// The training code as one archive, where the image's toolkit starts it.
    pub sourcedir: Option<Archive>,
    /// The function's code, as a ZIP archive.
    pub function: Archive,
    /// Everything that decides the model.
    pub ingredients: Ingredients,
    /// Digest of it: same key, same model.
    pub training_key: Digest,
    /// What the user should know, and that stops nothing.
    pub remarks: Vec<String>,
}

/// A folder of code, file by file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    /// The files in the order of their names.
    pub files: Vec<LocalFile>,
    /// SHA-256 over names and contents.
    pub digest: Digest,
}

/// A file on disk that is uploaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalFile {
    /// Path relative to its folder, with `/` between its parts.
    pub name: String,
    /// Where it is on disk.
    pub path: PathBuf,
    /// SHA-256 of its bytes.
    pub digest: Digest,
}

/// Code in one archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Archive {
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
    #[error("{} holds more than {limit}; the largest file is {largest}", path.display())]
    TooLarge {
        /// The folder.
        path: PathBuf,
        /// The limit that is exceeded.
        limit: &'static str,
        /// Name of its largest file.
        largest: String,
    },
    /// The folder has no file to bundle.
    #[error("{} has no files", path.display())]
    Empty {
        /// The folder.
        path: PathBuf,
    },
    /// A line of `.deployignore` is no pattern.
    #[error("{}:{line} is no pattern", path.display())]
    BadRule {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        #[source]
        source: ::ignore::Error,
    },
    /// The data is not what the stack file says it is.
    #[error(transparent)]
    WrongData(Box<WrongData>),
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

impl BundleError {
    /// Data that is not what the stack file says it is, for one reason and with one row that shows it.
    pub fn wrong_data(path: &Path, reason: &str, row: &str) -> Self {
        let (reasons, rows) = (vec![reason.to_owned()], vec![row.to_owned()]);
        Self::WrongData(Box::new(WrongData::new(path, reasons, rows)))
    }

    /// What to do about it, where that can be told.
    pub fn remedy(&self) -> Option<String> {
        match self {
            Self::TooLarge { .. } => Some(
                "is it the right folder? A file `.deployignore` in it leaves files out, in the syntax of \
                 .gitignore"
                    .to_owned(),
            ),
            Self::BadRule { .. } => {
                Some("its lines are patterns in the syntax of .gitignore".to_owned())
            }
            Self::WrongData(_) => Some(
                "mend the data, or describe it as it is under `data.format` in the stack file"
                    .to_owned(),
            ),
            Self::Unusable { .. } => Some("rename it, or leave it out".to_owned()),
            Self::Unreadable { .. } | Self::Empty { .. } | Self::Pack { .. } => None,
        }
    }
}

impl Archive {
    /// Packs the function's code alone, for an environment in which nothing is trained.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn of_function(stack: &Stack) -> Result<Self, BundleError> {
        function::pack(&stack.function.code)
    }
}

impl Bundles {
    /// Reads, hashes, examines and packs everything that the environment uploads. Of data in S3 only the
    /// place is known until [`Bundles::pin`] is told more.
    pub fn of(stack: &Stack) -> Result<Self, BundleError> {
        let mut remarks = Vec::new();
        let code = Code::of(&stack.training.code)?;
        remarks.extend(requirements::unpinned(&code));
        let sourcedir = match stack.training.launch {
            Launch::Script => None,
            Launch::Toolkit => Some(sourcedir::pack(&code)?),
        };
        let function = function::pack(&stack.function.code)?;
        let (data, remark) = DataBundle::of(&stack.data)?;
        remarks.extend(remark);
        let ingredients = Ingredients::of(
            &stack.training,
            data.content(),
            Content::of(&code.files, &code.digest),
        );
        let training_key = ingredients.key();
        Ok(Self {
            data,
            code,
            sourcedir,
            function,
            ingredients,
            training_key,
            remarks,
        })
    }

    /// Pins data in S3 to what is there; everything else is pinned by its digest already.
    pub fn pin(&mut self, to: Digest) {
        if let DataBundle::S3 { pin, .. } = &mut self.data {
            *pin = Some(to);
            self.ingredients.data = self.data.content();
            self.training_key = self.ingredients.key();
        }
    }
}

impl Code {
    /// Reads a folder of code.
    fn of(folder: &Path) -> Result<Self, BundleError> {
        let files = folder::list(folder, Limits::CODE)?;
        let file = |file: folder::Listed| {
            let digest = Digest::of_file(&file.path).map_err(unreadable(&file.path))?;
            Ok(LocalFile {
                name: file.name,
                path: file.path,
                digest,
            })
        };
        let files = files.into_iter().map(file).collect::<Result<Vec<_>, _>>()?;
        let digest = folder::digest(&files);
        Ok(Self { files, digest })
    }
}

fn unreadable(path: &Path) -> impl FnOnce(std::io::Error) -> BundleError {
    let path = path.to_owned();
    move |source| BundleError::Unreadable { path, source }
}
