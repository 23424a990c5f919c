//! Finds the stack file that is meant: by its name, or as the only one of a project.

use std::io;
use std::path::{Path, PathBuf};

/// What a stack file is called.
const FILE: &str = "stack.yaml";

/// The stack file that a text means: a file, a folder with one, or the name of a stack below `stacks/`, such
/// as `news-classifier` or `examples/sms-spam`. Whether it is there is seen when it is read.
pub fn named(root: &Path, text: &str) -> PathBuf {
    let path = Path::new(text);
    let has_place = text.contains('/') || path.extension().is_some();
    if path.is_dir() && has_place {
        return path.join(FILE);
    }
    let below = root.join("stacks").join(text).join(FILE);
    // A path that leads nowhere is told as it was given, unless it is the way to a stack.
    if has_place && (path.is_file() || !below.is_file()) {
        return path.to_owned();
    }
    below
}

/// Finds the only `stacks/*/stack.yaml` under `root`. What lies deeper is named by whoever means it.
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
        let file = entry.map_err(failed)?.path().join(FILE);
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
    #[error("there are several stacks, name one: {}", list(found))]
    Several {
        /// The stack files of all of them, in order.
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

/// The stacks' names, which are those of their folders.
fn list(files: &[PathBuf]) -> String {
    let folders = files.iter().filter_map(|file| file.parent()?.file_name());
    let names: Vec<String> = folders
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    names.join(", ")
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
        // Examples lie deeper, and do not make it a question which stack is meant.
        let example = write("examples/three");
        assert_eq!(find(root.path()).unwrap(), first);
        write("two");
        let error = find(root.path()).unwrap_err().to_string();
        assert_eq!(error, "there are several stacks, name one: one, two");

        let named = |text: &str| named(root.path(), text);
        assert_eq!(named("one"), first);
        assert_eq!(named("examples/three"), example);
        let folder = example.parent().unwrap();
        assert_eq!(named(folder.to_str().unwrap()), example);
        assert_eq!(named(example.to_str().unwrap()), example);
        assert_eq!(named("nope/stack.yaml"), Path::new("nope/stack.yaml"));
        assert_eq!(named("nope"), root.path().join("stacks/nope/stack.yaml"));
    }
}
