//! Functions' code: fetched, checked and unpacked into a folder of its own.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use sha2::{Digest, Sha256};
use zip::ZipArchive;

use super::model::Code;

/// Most bytes of unpacked code, as Lambda has it.
const LARGEST_CODE: u64 = 262_144_000;

/// Why code cannot be used, in the words of the service.
#[derive(Debug, thiserror::Error)]
pub(super) enum CodeError {
    /// The archive is no zip file.
    #[error("Could not unzip uploaded file. Please check your file, then try to upload again.")]
    NotAnArchive(#[source] zip::result::ZipError),
    /// An entry is a link or would lie outside of the folder.
    #[error("The archive's entry {0:?} is not a plain file or folder below its root.")]
    Entry(String),
    /// The code is too large.
    #[error("Unzipped size must be smaller than {LARGEST_CODE} bytes")]
    TooLarge,
    /// The disk failed.
    #[error("the local engine cannot unpack the code: {0}")]
    Io(#[from] io::Error),
}

/// Unpacks an archive below `code`; the same archive is unpacked once.
///
/// # Errors
/// See [`CodeError`]; nothing is left behind then.
pub(super) fn unpack(archive: &Path, code: &Path) -> Result<Code, CodeError> {
    let mut hash = Sha256::new();
    let mut file = File::open(archive)?;
    let size = io::copy(&mut file, &mut HashWriter(&mut hash))?;
    place(&hash.finalize(), size, code, |folder| {
        extract(File::open(archive)?, folder)
    })
}

/// Stores code that stands in the template itself, as the module `index`.
///
/// # Errors
/// The disk failed.
pub(super) fn inline(text: &str, code: &Path) -> Result<Code, CodeError> {
    let digest = Sha256::digest(text.as_bytes());
    place(&digest, text.len() as u64, code, |folder| {
        Ok(fs::write(folder.join("index.py"), text)?)
    })
}

/// Removes every unpacked code that no function uses.
pub(super) fn sweep(code: &Path, used: &BTreeSet<String>) -> io::Result<()> {
    let entries = match fs::read_dir(code) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        if !entry
            .file_name()
            .to_str()
            .is_some_and(|name| used.contains(name))
        {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

fn place(
    digest: &[u8],
    size: u64,
    code: &Path,
    fill: impl FnOnce(&Path) -> Result<(), CodeError>,
) -> Result<Code, CodeError> {
    let unpacked = Code {
        sha256: BASE64.encode(digest),
        size,
        folder: hex::encode(&digest[..16]),
    };
    let folder = code.join(&unpacked.folder);
    if folder.is_dir() {
        return Ok(unpacked);
    }
    fs::create_dir_all(code)?;
    let beside = tempfile::Builder::new()
        .prefix(".unpacking-")
        .tempdir_in(code)?;
    fill(beside.path())?;
    match fs::rename(beside.path(), &folder) {
        // A folder that is there already was unpacked by somebody else meanwhile.
        Err(error) if !folder.is_dir() => Err(error.into()),
        _ => Ok(unpacked),
    }
}

fn extract(archive: File, folder: &Path) -> Result<(), CodeError> {
    let mut archive = ZipArchive::new(archive).map_err(CodeError::NotAnArchive)?;
    let mut left = LARGEST_CODE;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(CodeError::NotAnArchive)?;
        let shown = entry
            .name()
            .map(|name| name.to_string())
            .unwrap_or_default();
        let path = entry.enclosed_name().filter(|_| !entry.is_symlink());
        let path = folder.join(path.ok_or(CodeError::Entry(shown))?);
        if entry.is_dir() {
            fs::create_dir_all(path)?;
            continue;
        }
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        // The declared size may lie; what is counted is what comes out.
        let written = io::copy(&mut entry.by_ref().take(left + 1), &mut File::create(path)?)?;
        left = left.checked_sub(written).ok_or(CodeError::TooLarge)?;
    }
    Ok(())
}

struct HashWriter<'a>(&'a mut Sha256);

impl io::Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn archive(entries: &[(&str, &str)]) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut writer = zip::ZipWriter::new(file.reopen().unwrap());
        for (name, text) in entries {
            writer
                .start_file(*name, zip::write::SimpleFileOptions::default())
                .unwrap();
            writer.write_all(text.as_bytes()).unwrap();
        }
        writer.finish().unwrap();
        file
    }

    #[test]
    fn an_archive_is_unpacked_once() {
        let folder = tempfile::tempdir().unwrap();
        let archive = archive(&[("handler.py", "x = 1"), ("deep/util.py", "y = 2")]);
        let code = unpack(archive.path(), folder.path()).unwrap();
        let text = fs::read_to_string(folder.path().join(&code.folder).join("deep/util.py"));
        assert_eq!(text.unwrap(), "y = 2");
        assert_eq!(unpack(archive.path(), folder.path()).unwrap(), code);
        sweep(folder.path(), &BTreeSet::new()).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn entries_cannot_leave_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let archive = archive(&[("../evil.py", "x")]);
        let error = unpack(archive.path(), &folder.path().join("code")).unwrap_err();
        assert!(
            matches!(error, CodeError::Entry(_) | CodeError::NotAnArchive(_)),
            "{error}"
        );
        assert!(!folder.path().join("evil.py").exists());
    }

    #[test]
    fn what_is_no_archive_is_said_so() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"hello").unwrap();
        let error = unpack(file.path(), folder.path()).unwrap_err();
        assert!(error.to_string().contains("Could not unzip"), "{error}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
