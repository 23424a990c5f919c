//! Reads a folder of code: which files belong to it, in which order.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::{BundleError, Code, CodeFile, Digest, unreadable};

/// Files that a bundle may have.
const MAX_FILES: usize = 2_000;
/// Bytes that a bundle may have: what Lambda takes unpacked (250 MB).
const MAX_BYTES: u64 = 250_000_000;
/// Folders within folders.
const MAX_DEPTH: usize = 32;

/// Reads a folder. Hidden files, `__pycache__` and compiled Python do not belong to it: they change
/// without the code changing.
pub(super) fn read(folder: &Path) -> Result<Code, BundleError> {
    let mut files = Vec::new();
    collect(folder, "", MAX_DEPTH, &mut files)?;
    if files.is_empty() {
        return Err(BundleError::Empty {
            path: folder.to_owned(),
        });
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    let digest = digest(folder, &files)?;
    Ok(Code { files, digest })
}

fn collect(
    folder: &Path,
    prefix: &str,
    depth: usize,
    files: &mut Vec<CodeFile>,
) -> Result<(), BundleError> {
    let too_large = |limit| BundleError::TooLarge {
        path: folder.to_owned(),
        limit,
    };
    if depth == 0 {
        return Err(too_large("32 folders within each other"));
    }
    for entry in fs::read_dir(folder).map_err(unreadable(folder))? {
        let path = entry.map_err(unreadable(folder))?.path();
        let unusable = || BundleError::Unusable { path: path.clone() };
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .ok_or_else(unusable)?;
        if is_ignored(name) {
            continue;
        }
        let name = format!("{prefix}{name}");
        let is_folder = fs::metadata(&path).map_err(unreadable(&path))?.is_dir();
        if is_folder
            && fs::symlink_metadata(&path)
                .map_err(unreadable(&path))?
                .is_symlink()
        {
            return Err(unusable());
        }
        if is_folder {
            collect(&path, &format!("{name}/"), depth - 1, files)?;
        } else if files.len() == MAX_FILES {
            return Err(too_large("2,000 files"));
        } else {
            files.push(CodeFile { name, path });
        }
    }
    Ok(())
}

/// Whether files and folders of this name are left out of a bundle.
pub fn is_ignored(name: &str) -> bool {
    let compiled = Path::new(name)
        .extension()
        .is_some_and(|end| end == "pyc" || end == "pyo");
    name.starts_with('.') || name == "__pycache__" || compiled
}

fn digest(folder: &Path, files: &[CodeFile]) -> Result<Digest, BundleError> {
    let mut lines = String::new();
    let mut bytes = 0;
    for file in files {
        bytes += fs::metadata(&file.path)
            .map_err(unreadable(&file.path))?
            .len();
        if bytes > MAX_BYTES {
            return Err(BundleError::TooLarge {
                path: folder.to_owned(),
                limit: "250 MB",
            });
        }
        let content = Digest::of_file(&file.path).map_err(unreadable(&file.path))?;
        // Each name is quoted, so that no file's name can pass for two lines.
        // Writing to a String cannot fail.
        let _ = writeln!(lines, "{content} {:?}", file.name);
    }
    Ok(Digest::of_bytes(lines.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    #[test]
    fn what_python_leaves_behind_does_not_count() {
        let clean = folder(&[("train.py", "x"), ("a/b.py", "y")]);
        let used = folder(&[
            ("a/b.py", "y"),
            ("a/__pycache__/b.pyc", "z"),
            (".DS_Store", "z"),
            ("train.py", "x"),
        ]);
        let code = read(used.path()).unwrap();
        assert_eq!(code.digest, read(clean.path()).unwrap().digest);
        let names: Vec<_> = code.files.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names, ["a/b.py", "train.py"]);
    }

    #[test]
    fn a_moved_line_changes_the_digest() {
        let one = read(folder(&[("a.py", "x"), ("b.py", "")]).path()).unwrap();
        let other = read(folder(&[("a.py", ""), ("b.py", "x")]).path()).unwrap();
        assert_ne!(one.digest, other.digest);
    }

    #[test]
    fn an_empty_folder_is_an_error() {
        let empty = folder(&[(".hidden", "")]);
        assert!(matches!(read(empty.path()), Err(BundleError::Empty { .. })));
    }
}
