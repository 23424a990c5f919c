//! What is uploaded: data, training code and function code, each named by its content.
//!
//! Purpose: the same files give the same keys and bytes on every machine, so that nothing is sent
//! twice and a training key means one model. Input: a checked `Stack`. Output: [`Bundles`]. Must not
//! know: clouds, plans, the terminal.

mod brought;
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

pub use brought::{BroughtBundle, BroughtFrom};
pub use data::DataBundle;
pub use digest::{Digest, NoDigest};
pub use examine::{Labelled, WrongData, labelled, texts};
pub use ignore::Rules;
#[cfg(test)]
pub(crate) use ingredients::tests::ingredients;
pub use ingredients::{Change, Content, Ingredients};

use self::folder::Limits;
use crate::stack::{Launch, ModelSource, Recipe, Stack};

/// Everything that one environment uploads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundles {
    /// What the model is made from, or the model itself.
    pub model: ModelBundle,
    /// The function's code, as a ZIP archive.
    pub function: Archive,
    /// What tells the model from all others: the digest of everything that decides it, or that of the
    /// archive where it is brought. Same key, same model.
    pub training_key: Digest,
    /// What the user should know, and that stops nothing.
    pub remarks: Vec<String>,
}

/// What the model is made from, or the model itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelBundle {
    /// It is trained.
    Trained(Box<RecipeBundle>),
    /// It is there already.
    Brought(BroughtBundle),
}

/// What a model is trained from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecipeBundle {
    /// The data set.
    pub data: DataBundle,
    /// The training code.
    pub code: Code,
    /// The training code as one archive, where the image's toolkit starts it.
    pub sourcedir: Option<Archive>,
    /// Everything that decides the model.
    pub ingredients: Ingredients,
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
    /// The archive is another model than the one that the stack file means.
    #[error("{} is another model: its SHA-256 is {found}, and `model.sha256` is {meant}", path.display())]
    AnotherModel {
        /// The archive.
        path: PathBuf,
        /// Its digest.
        found: Digest,
        /// The digest in the stack file.
        meant: String,
    },
    /// The archive cannot be unpacked by anybody.
    #[error("{} is no tar archive packed by gzip", path.display())]
    NoArchive {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: std::io::Error,
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
            Self::AnotherModel { .. } => Some(
                "bring the model that is meant, or say that this one is, in `model.sha256`".to_owned(),
            ),
            Self::NoArchive { .. } => Some(
                "pack what is to stand in /opt/ml/model: `tar -czf model.tar.gz -C FOLDER .`".to_owned(),
            ),
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
        let model = match &stack.model {
            ModelSource::Trained(recipe) => {
                let bundle = RecipeBundle::of(recipe, &mut remarks)?;
                ModelBundle::Trained(Box::new(bundle))
            }
            ModelSource::Brought(brought) => ModelBundle::Brought(BroughtBundle::of(brought)?),
        };
        Ok(Self {
            training_key: model.key(),
            model,
            function: function::pack(&stack.function.code)?,
            remarks,
        })
    }

    /// Pins data in S3 to what is there; everything else is pinned by its digest already.
    pub fn pin(&mut self, to: Digest) {
        let ModelBundle::Trained(recipe) = &mut self.model else {
            return;
        };
        if let DataBundle::S3 { pin, .. } = &mut recipe.data {
            *pin = Some(to);
            recipe.ingredients.data = recipe.data.content();
            self.training_key = recipe.ingredients.key();
        }
    }
}

impl ModelBundle {
    fn key(&self) -> Digest {
        match self {
            Self::Trained(recipe) => recipe.ingredients.key(),
            Self::Brought(brought) => brought.sha256.clone(),
        }
    }
}

impl RecipeBundle {
    /// Reads, hashes and examines what a model is trained from.
    fn of(recipe: &Recipe, remarks: &mut Vec<String>) -> Result<Self, BundleError> {
        let code = Code::of(&recipe.training.code)?;
        remarks.extend(requirements::unpinned(&code));
        let sourcedir = match recipe.training.launch {
            Launch::Script => None,
            Launch::Toolkit => Some(sourcedir::pack(&code)?),
        };
        let (data, remark) = DataBundle::of(&recipe.data)?;
        remarks.extend(remark);
        let ingredients = Ingredients::of(
            &recipe.training,
            data.content(),
            Content::of(&code.files, &code.digest),
        );
        Ok(Self {
            data,
            code,
            sourcedir,
            ingredients,
        })
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
