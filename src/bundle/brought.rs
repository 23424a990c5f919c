//! A model that somebody brings: an archive, named by its SHA-256.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use tar::Archive;

use super::{BundleError, Digest, NoDigest, unreadable};
use crate::stack::Brought;

/// A model that is there already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BroughtBundle {
    /// What people know it by.
    pub name: String,
    /// SHA-256 of the archive.
    pub sha256: Digest,
    /// Where it is.
    pub from: BroughtFrom,
}

/// Where a brought model is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BroughtFrom {
    /// A file of this machine, to be uploaded.
    File(PathBuf),
    /// An object of another bucket, to be copied.
    S3 {
        /// The bucket.
        bucket: String,
        /// The key.
        key: String,
    },
}

impl BroughtBundle {
    /// Hashes the archive, and sees that it is one. Of an object in S3 the stack file has the digest, which
    /// is held against what is copied.
    pub(super) fn of(brought: &Brought) -> Result<Self, BundleError> {
        let name = brought.name();
        match brought {
            Brought::File { path, sha256 } => {
                let found = Digest::of_file(path).map_err(unreadable(path))?;
                if let Some(meant) = sha256.clone().filter(|meant| meant != found.as_str()) {
                    let path = path.clone();
                    return Err(BundleError::AnotherModel { path, found, meant });
                }
                is_archive(path)?;
                Ok(Self {
                    name,
                    sha256: found,
                    from: BroughtFrom::File(path.clone()),
                })
            }
            Brought::S3 {
                bucket,
                key,
                sha256,
            } => Ok(Self {
                name,
                // The stack file's digest is one; that is seen to where it is read.
                sha256: sha256.parse().map_err(|wrong: NoDigest| {
                    unreadable(Path::new(key))(std::io::Error::other(wrong))
                })?,
                from: BroughtFrom::S3 {
                    bucket: bucket.clone(),
                    key: key.clone(),
                },
            }),
        }
    }
}

/// Requires that the file begins as an archive does. An endpoint that cannot unpack its model takes half an
/// hour to say so.
fn is_archive(path: &Path) -> Result<(), BundleError> {
    let file = File::open(path).map_err(unreadable(path))?;
    let mut archive = Archive::new(GzDecoder::new(BufReader::new(file)));
    let first = archive
        .entries()
        .and_then(|mut entries| entries.next().transpose());
    let nothing = || Err(std::io::Error::other("there is nothing in it"));
    first
        .and_then(|first| first.map_or_else(nothing, |_| Ok(())))
        .map_err(|source| BundleError::NoArchive {
            path: path.to_owned(),
            source,
        })
}

#[cfg(test)]
mod tests {
    use super::super::sourcedir;
    use super::super::{Code, LocalFile};
    use super::*;

    /// An archive with one file, and its digest.
    fn archive(folder: &Path, content: &str) -> (PathBuf, Digest) {
        let file = folder.join("config.json");
        std::fs::write(&file, content).unwrap();
        let digest = Digest::of_file(&file).unwrap();
        let code = Code {
            files: vec![LocalFile {
                name: "config.json".into(),
                path: file,
                digest: digest.clone(),
            }],
            digest,
        };
        let packed = sourcedir::pack(&code).unwrap();
        let path = folder.join("model.tar.gz");
        std::fs::write(&path, &packed.bytes).unwrap();
        (path, packed.digest)
    }

    #[test]
    fn an_archive_is_known_by_its_digest_and_another_one_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (path, digest) = archive(folder.path(), "{}");
        let of = |sha256: Option<&str>| {
            BroughtBundle::of(&Brought::File {
                path: path.clone(),
                sha256: sha256.map(str::to_owned),
            })
        };
        let bundle = of(None).unwrap();
        assert_eq!(
            (bundle.name.as_str(), &bundle.sha256),
            ("model.tar.gz", &digest)
        );
        assert_eq!(of(Some(digest.as_str())).unwrap(), bundle);
        let error = of(Some(&"0".repeat(64))).unwrap_err();
        assert!(error.to_string().contains("another model"), "{error}");
        assert!(error.remedy().unwrap().contains("model.sha256"));
    }

    #[test]
    fn what_no_endpoint_could_unpack_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.tar.gz");
        for content in [&b"weights"[..], b""] {
            std::fs::write(&path, content).unwrap();
            let brought = Brought::File {
                path: path.clone(),
                sha256: None,
            };
            let error = BroughtBundle::of(&brought).unwrap_err();
            assert!(error.to_string().contains("no tar archive"), "{error}");
        }
    }

    #[test]
    fn an_object_is_known_without_looking() {
        let bundle = BroughtBundle::of(&Brought::S3 {
            bucket: "models".into(),
            key: "a/model.tar.gz".into(),
            sha256: "1".repeat(64),
        });
        let bundle = bundle.unwrap();
        assert_eq!(bundle.name, "s3://models/a/model.tar.gz");
        assert_eq!(bundle.sha256.as_str(), "1".repeat(64));
    }
}
