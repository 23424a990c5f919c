//! Writes files whole or not at all.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::failure::Failure;
use crate::batch::codes::UNWRITABLE_FILE;

/// What a temporary file's name begins with; one is left only by a process that was killed.
const TEMPORARY: &str = ".deploy-";

/// Writes a file in the place of what is there, in one step.
pub(super) fn replace(path: &Path, content: &[u8]) -> Result<(), Failure> {
    let written = temporary(path, content).and_then(|file| {
        let kept = file.persist(path);
        kept.map(drop).map_err(|error| error.error)
    });
    written.map_err(|error| cannot_write(path, error))
}

/// Writes a file where there is none; `false` when one is there, which stays as it is.
pub(super) fn create(path: &Path, content: &[u8]) -> Result<bool, Failure> {
    let written = temporary(path, content).and_then(|file| match file.persist_noclobber(path) {
        Ok(_) => Ok(true),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error.error),
    });
    written.map_err(|error| cannot_write(path, error))
}

/// Writes the content beside the path, so that it is on the disk before it gets its name.
fn temporary(path: &Path, content: &[u8]) -> io::Result<tempfile::NamedTempFile> {
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    fs::create_dir_all(folder)?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(TEMPORARY);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // As for any other file: what the process's mask leaves of these.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(content)?;
    file.flush()?;
    Ok(file)
}

fn cannot_write(path: &Path, error: io::Error) -> Failure {
    let kind = error.kind();
    let context = format!("cannot write {}", path.display());
    let failure =
        Failure::failed(anyhow::Error::new(error).context(context)).kind(&UNWRITABLE_FILE);
    match kind {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            failure.hint(format!(
                "you need the right to write into {}; nothing was changed there",
                existing(path).display()
            ))
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            failure.hint("make room on the disk; the file is as it was before")
        }
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
            failure.hint("a file is where a folder is needed")
        }
        _ => failure,
    }
}

/// The nearest folder above a path that is there.
fn existing(path: &Path) -> PathBuf {
    path.ancestors()
        .skip(1)
        .find(|folder| folder.is_dir())
        .unwrap_or(path)
        .to_path_buf()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b.txt");
        replace(&path, b"one").unwrap();
        replace(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn what_is_there_is_not_overwritten_by_create() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("b.txt");
        assert!(create(&path, b"one").unwrap());
        assert!(!create(&path, b"two").unwrap());
        assert_eq!(fs::read(&path).unwrap(), b"one");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_in_the_place_of_a_folder_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a"), "").unwrap();
        let failure = replace(&folder.path().join("a/b.txt"), b"x").unwrap_err();
        assert_eq!(failure.hints, ["a file is where a folder is needed"]);
    }
}
