//! Where the model comes from, resolved.

use std::path::PathBuf;

use super::{Data, Stack, Training};

/// Where the model comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum ModelSource {
    /// It is trained.
    Trained(Box<Recipe>),
    /// It is there already.
    Brought(Brought),
}

/// What a model is trained from, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct Recipe {
    /// The data set.
    pub data: Data,
    /// How the model is trained.
    pub training: Training,
}

/// A model that somebody brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Brought {
    /// An archive on this machine.
    File {
        /// Its absolute path.
        path: PathBuf,
        /// The SHA-256 that it has to have; `None` for any.
        sha256: Option<String>,
    },
    /// An object of a bucket that is not the environment's own.
    S3 {
        /// The bucket.
        bucket: String,
        /// The key.
        key: String,
        /// The SHA-256 that it has to have.
        sha256: String,
    },
}

impl Brought {
    /// What people know it by: the name of its file, or its address.
    pub fn name(&self) -> String {
        match self {
            Self::File { path, .. } => {
                let name = path.file_name().unwrap_or(path.as_os_str());
                name.to_string_lossy().into_owned()
            }
            Self::S3 { bucket, key, .. } => format!("s3://{bucket}/{key}"),
        }
    }
}

impl Stack {
    /// The data set; `None` where nothing is trained.
    pub const fn data(&self) -> Option<&Data> {
        match &self.model {
            ModelSource::Trained(recipe) => Some(&recipe.data),
            ModelSource::Brought(_) => None,
        }
    }

    /// How the model is trained; `None` where it is brought.
    pub const fn training(&self) -> Option<&Training> {
        match &self.model {
            ModelSource::Trained(recipe) => Some(&recipe.training),
            ModelSource::Brought(_) => None,
        }
    }

    /// The recipe of a stack that trains, to be changed by a test.
    #[cfg(test)]
    pub(crate) fn recipe(&mut self) -> &mut Recipe {
        match &mut self.model {
            ModelSource::Trained(recipe) => recipe,
            ModelSource::Brought(_) => panic!("nothing is trained"),
        }
    }
}
