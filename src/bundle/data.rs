//! The data set: hashed, and held against what the stack file says of it, in one pass.

use std::path::Path;

use super::examine::Examination;
use super::folder::{self, Limits};
use super::{BundleError, Content, Digest, LocalFile, unreadable};
use crate::stack::{Data, DataSource, S3Location};

/// The data set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DataBundle {
    /// Files of this machine, to be uploaded.
    Local {
        /// The files in the order of their names.
        files: Vec<LocalFile>,
        /// SHA-256 of the only file, or over the names and contents of a folder's.
        digest: Digest,
    },
    /// Objects that are in S3 already.
    S3 {
        /// Where they are.
        location: S3Location,
        /// Digest over what is there; `None` before anybody has looked.
        pin: Option<Digest>,
    },
}

impl DataBundle {
    /// Reads the data, and gives a remark about what is not as it should be but will do.
    pub(super) fn of(data: &Data) -> Result<(Self, Option<String>), BundleError> {
        let mut examination = Examination::new(data.format.as_ref());
        let (bundle, whole): (Self, &Path) = match &data.source {
            DataSource::File(path) => (one(path, &mut examination)?, path),
            DataSource::Folder(path) => (several(path, &mut examination)?, path),
            DataSource::S3(location) => {
                let remark = data.format.is_some().then(|| {
                    format!("{location} is not held against `data.format`: only local data is")
                });
                let bundle = Self::S3 {
                    location: location.clone(),
                    pin: None,
                };
                return Ok((bundle, remark));
            }
        };
        let remark = examination
            .finish(whole)
            .map_err(|wrong| BundleError::WrongData(Box::new(wrong)))?;
        Ok((bundle, remark))
    }

    /// The digest that stands for the data in the training key. Data in S3 that is not pinned yet has
    /// that of its address.
    pub fn digest(&self) -> Digest {
        match self {
            Self::Local { digest, .. } => digest.clone(),
            Self::S3 { pin: Some(pin), .. } => pin.clone(),
            Self::S3 { location, .. } => Digest::of_bytes(location.to_string().as_bytes()),
        }
    }
}

impl DataBundle {
    /// The data as an ingredient of the model.
    pub(super) fn content(&self) -> Content {
        match self {
            Self::Local { files, digest } => Content::of(files, digest),
            Self::S3 { .. } => Content::of(&[], &self.digest()),
        }
    }
}

fn one(path: &Path, examination: &mut Examination<'_>) -> Result<DataBundle, BundleError> {
    let name = path.file_name().and_then(|name| name.to_str());
    let name = name.ok_or_else(|| BundleError::Unusable {
        path: path.to_owned(),
    })?;
    let digest = examined(path, name, examination)?;
    Ok(DataBundle::Local {
        files: vec![LocalFile {
            name: name.to_owned(),
            path: path.to_owned(),
            digest: digest.clone(),
        }],
        digest,
    })
}

fn several(path: &Path, examination: &mut Examination<'_>) -> Result<DataBundle, BundleError> {
    let mut files = Vec::new();
    for listed in folder::list(path, Limits::DATA)? {
        let digest = examined(&listed.path, &listed.name, examination)?;
        files.push(LocalFile {
            name: listed.name,
            path: listed.path,
            digest,
        });
    }
    let digest = folder::digest(&files);
    Ok(DataBundle::Local { files, digest })
}

fn examined(
    path: &Path,
    name: &str,
    examination: &mut Examination<'_>,
) -> Result<Digest, BundleError> {
    examination.file(path, name).map_err(unreadable(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(source: DataSource) -> Data {
        Data {
            source,
            format: None,
        }
    }

    #[test]
    fn a_folder_is_named_by_names_and_contents_and_hidden_files_do_not_count() {
        let folder = tempfile::tempdir().unwrap();
        let write =
            |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("b.tsv", "2");
        write("a.tsv", "1");
        write(".part", "3");
        let read = || {
            let source = DataSource::Folder(folder.path().to_owned());
            DataBundle::of(&data(source)).unwrap().0
        };
        let first = read();
        let DataBundle::Local { files, .. } = &first else {
            panic!("local")
        };
        let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names, ["a.tsv", "b.tsv"]);
        write(".part", "4");
        assert_eq!(read(), first);
        write("b.tsv", "3");
        assert_ne!(read().digest(), first.digest());
    }

    #[test]
    fn an_empty_file_is_refused_whatever_the_stack_says() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let source = DataSource::File(file.path().to_owned());
        let error = DataBundle::of(&data(source)).unwrap_err();
        assert!(error.to_string().contains("is empty"), "{error}");
    }

    #[test]
    fn data_in_s3_is_what_it_is_pinned_to() {
        let location = S3Location {
            bucket: "news".into(),
            prefix: "2014/".into(),
        };
        let (mut bundle, _) = DataBundle::of(&data(DataSource::S3(location))).unwrap();
        let before = bundle.digest();
        if let DataBundle::S3 { pin, .. } = &mut bundle {
            *pin = Some(Digest::of_bytes(b"listing"));
        }
        assert_ne!(bundle.digest(), before);
    }
}
