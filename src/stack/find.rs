//! Finds the stack file of a project that has only one.

use std::io;
use std::path::{Path, PathBuf};

/// Finds the only `stacks/*/stack.yaml` under `root`.
///
/// # Errors
/// When there is none, when there are several (all are named), or when the folder cannot be read.
pub fn find(root: &Path) -> Result<PathBuf, FindError> {
    let folder = root.join("stacks");
    let failed = |source| FindError::Unreadable {
        folder: folder.clone(),
        source,
    };
    let entries = match folder.read_dir() {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(FindError::None { folder });
        }
        Err(error) => return Err(failed(error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let file = entry.map_err(failed)?.path().join("stack.yaml");
        if file.is_file() {
            found.push(file);
        }
    }
    found.sort();
    match found.len() {
        0 => Err(FindError::None { folder }),
        1 => Ok(found.remove(0)),
        _ => Err(FindError::Several { found }),
    }
}

/// Says why no stack file was found.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    /// There is none.
    #[error("there is no `*/stack.yaml` in {}: name the stack file", folder.display())]
    None {
        /// Where it was looked for.
        folder: PathBuf,
    },
    /// There are several, and it cannot be known which is meant.
    #[error("there are several stack files, name one: {}", list(found))]
    Several {
        /// All of them, in order.
        found: Vec<PathBuf>,
    },
    /// The folder cannot be read.
    #[error("cannot look for stack files in {}", folder.display())]
    Unreadable {
        /// The folder.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
}

fn list(paths: &[PathBuf]) -> String {
    let shown: Vec<String> = paths
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    shown.join(", ")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn one_is_found_none_and_several_are_errors() {
        let root = tempfile::tempdir().unwrap();
        assert!(matches!(find(root.path()), Err(FindError::None { .. })));
        let write = |name: &str| {
            let folder = root.path().join("stacks").join(name);
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("stack.yaml"), "").unwrap();
            folder.join("stack.yaml")
        };
        let first = write("one");
        assert_eq!(find(root.path()).unwrap(), first);
        write("two");
        let error = find(root.path()).unwrap_err().to_string();
        assert!(error.contains("one") && error.contains("two"), "{error}");
    }
}
