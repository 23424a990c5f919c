//! Reads a folder: which files belong to its bundle, in which order.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use super::ignore::Rules;
use super::{BundleError, Digest, LocalFile, unreadable};

/// Folders within folders.
const MAX_DEPTH: usize = 32;

/// What a folder may hold.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Files, and how they are written.
    pub(super) files: (usize, &'static str),
    /// Bytes, and how they are written.
    pub(super) bytes: (u64, &'static str),
}

impl Limits {
    /// Of code: what Lambda takes unpacked (250 MB) is plenty for training too.
    pub(super) const CODE: Self = Self {
        files: (2_000, "2,000 files"),
        bytes: (250_000_000, "250 MB"),
    };
    /// Of data. Each file is looked for by itself when it is uploaded.
    pub(super) const DATA: Self = Self {
        files: (10_000, "10,000 files"),
        bytes: (u64::MAX, ""),
    };
}

/// A file that belongs to a bundle.
#[derive(Debug)]
pub(super) struct Listed {
    /// Path relative to the folder, with `/` between its parts.
    pub(super) name: String,
    /// Where it is on disk.
    pub(super) path: PathBuf,
    size: u64,
}

/// Lists the files that belong to a folder's bundle, in the order of their names.
pub(super) fn list(folder: &Path, limits: Limits) -> Result<Vec<Listed>, BundleError> {
    let mut walk = Walk {
        rules: Rules::of(folder)?,
        root: folder,
        limits,
        files: Vec::new(),
        bytes: 0,
    };
    walk.collect(folder, "", MAX_DEPTH)?;
    let mut files = walk.files;
    if files.is_empty() {
        return Err(BundleError::Empty {
            path: folder.to_owned(),
        });
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(files)
}

/// A digest over names and contents.
pub(super) fn digest(files: &[LocalFile]) -> Digest {
    let mut lines = String::new();
    for file in files {
        // Each name is quoted, so that no file's name can pass for two lines.
        // Writing to a String cannot fail.
        let _ = writeln!(lines, "{} {:?}", file.digest, file.name);
    }
    Digest::of_bytes(lines.as_bytes())
}

struct Walk<'a> {
    rules: Rules,
    root: &'a Path,
    limits: Limits,
    files: Vec<Listed>,
    bytes: u64,
}

impl Walk<'_> {
    fn collect(&mut self, folder: &Path, prefix: &str, depth: usize) -> Result<(), BundleError> {
        if depth == 0 {
            return Err(self.too_large("32 folders within each other"));
        }
        for entry in fs::read_dir(folder).map_err(unreadable(folder))? {
            let path = entry.map_err(unreadable(folder))?.path();
            let unusable = || BundleError::Unusable { path: path.clone() };
            let name = path
                .file_name()
                .and_then(|name| name.to_str())
                .ok_or_else(unusable)?;
            let name = format!("{prefix}{name}");
            let link = fs::symlink_metadata(&path).map_err(unreadable(&path))?;
            // What is left out may be a link to nothing.
            if self.rules.leave_out(&name, link.is_dir()) {
                continue;
            }
            let found = fs::metadata(&path).map_err(unreadable(&path))?;
            if found.is_dir() && link.is_symlink() {
                return Err(unusable());
            }
            if found.is_dir() {
                self.collect(&path, &format!("{name}/"), depth - 1)?;
            } else {
                self.add(name, path, found.len())?;
            }
        }
        Ok(())
    }

    fn add(&mut self, name: String, path: PathBuf, size: u64) -> Result<(), BundleError> {
        self.bytes = self.bytes.saturating_add(size);
        self.files.push(Listed { name, path, size });
        if self.files.len() > self.limits.files.0 {
            return Err(self.too_large(self.limits.files.1));
        }
        if self.bytes > self.limits.bytes.0 {
            return Err(self.too_large(self.limits.bytes.1));
        }
        Ok(())
    }

    fn too_large(&self, limit: &'static str) -> BundleError {
        let largest = self.files.iter().max_by_key(|file| file.size);
        BundleError::TooLarge {
            path: self.root.to_owned(),
            limit,
            largest: largest.map_or_else(String::new, |file| file.name.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::Code;

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
    fn what_python_leaves_behind_and_what_is_left_out_does_not_count() {
        let clean = folder(&[("train.py", "x"), ("a/b.py", "y")]);
        let used = folder(&[
            ("a/b.py", "y"),
            ("a/__pycache__/b.pyc", "z"),
            (".DS_Store", "z"),
            ("notes/idea.md", "z"),
            (".deployignore", "notes/\n"),
            ("train.py", "x"),
        ]);
        std::os::unix::fs::symlink("/nowhere", used.path().join(".#lock")).unwrap();
        let code = Code::of(used.path()).unwrap();
        assert_eq!(code.digest, Code::of(clean.path()).unwrap().digest);
        let names: Vec<_> = code.files.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names, ["a/b.py", "train.py"]);
    }

    #[test]
    fn a_moved_line_changes_the_digest() {
        let one = Code::of(folder(&[("a.py", "x"), ("b.py", "")]).path()).unwrap();
        let other = Code::of(folder(&[("a.py", ""), ("b.py", "x")]).path()).unwrap();
        assert_ne!(one.digest, other.digest);
    }

    #[test]
    fn the_requirements_count() {
        let one = folder(&[("a.py", "x"), ("requirements.txt", "a==1\n")]);
        let other = folder(&[("a.py", "x"), ("requirements.txt", "a==2\n")]);
        let digest = |folder: &tempfile::TempDir| Code::of(folder.path()).unwrap().digest;
        assert_ne!(digest(&one), digest(&other));
    }

    #[test]
    fn an_empty_folder_is_an_error() {
        let empty = folder(&[(".hidden", "")]);
        assert!(matches!(
            Code::of(empty.path()),
            Err(BundleError::Empty { .. })
        ));
    }

    #[test]
    fn a_folder_that_is_too_large_says_which_file_is() {
        let data = folder(&[("a.py", "x"), ("weights/model.bin", "large")]);
        let limits = Limits {
            bytes: (5, "5 bytes"),
            ..Limits::CODE
        };
        let error = list(data.path(), limits).unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("more than 5 bytes") && text.contains("weights/model.bin"),
            "{text}"
        );
        let one = Limits {
            files: (1, "1 file"),
            ..Limits::CODE
        };
        assert!(
            list(data.path(), one)
                .unwrap_err()
                .to_string()
                .contains("more than 1 file")
        );
    }
}
