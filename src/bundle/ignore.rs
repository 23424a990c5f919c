//! Which files of a folder do not belong to its bundle.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::{BundleError, unreadable};

/// A file with rules of its own, in the folder itself. It is hidden, so it is no part of the bundle.
const FILE: &str = ".deployignore";

/// What is left out of a bundle: hidden files, `__pycache__` and compiled Python, which change without
/// the code changing, and what the folder's `.deployignore` names, in the syntax of `.gitignore`.
#[derive(Debug)]
pub struct Rules(Gitignore);

impl Rules {
    /// Reads the rules of a folder.
    ///
    /// # Errors
    /// When `.deployignore` cannot be read, or a line of it is no pattern.
    pub fn of(folder: &Path) -> Result<Self, BundleError> {
        let path = folder.join(FILE);
        let text = match fs::read_to_string(&path) {
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
            {
                String::new()
            }
            text => text.map_err(unreadable(&path))?,
        };
        // Names are matched as they are in the bundle, whatever folder it is read from.
        let mut builder = GitignoreBuilder::new("");
        let bad = |line, source| BundleError::BadRule {
            path: path.clone(),
            line,
            source,
        };
        for (index, line) in text.lines().enumerate() {
            builder
                .add_line(None, line)
                .map_err(|source| bad(index + 1, source))?;
        }
        builder.build().map(Self).map_err(|source| bad(0, source))
    }

    /// Whether a file below the folder is left out, by itself or with a folder that it is in; its name
    /// has `/` between its parts.
    pub fn leave_out_file(&self, name: &str) -> bool {
        let folders = name.match_indices('/').map(|(end, _)| &name[..end]);
        folders
            .map(|folder| (folder, true))
            .chain([(name, false)])
            .any(|(name, is_folder)| self.leave_out(name, is_folder))
    }

    /// Whether a file or folder is left out that is in no folder that is.
    pub(super) fn leave_out(&self, name: &str, is_folder: bool) -> bool {
        let last = name.rsplit('/').next().unwrap_or(name);
        let compiled = Path::new(last)
            .extension()
            .is_some_and(|end| end == "pyc" || end == "pyo");
        last.starts_with('.')
            || last == "__pycache__"
            || compiled
            || self.0.matched(name, is_folder).is_ignore()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(text: &str) -> Result<Rules, BundleError> {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(FILE), text).unwrap();
        Rules::of(folder.path())
    }

    #[test]
    fn rules_are_those_of_git() {
        let rules = rules("# notes\n*.md\n!README.md\n/build/\nlogs/\n").unwrap();
        for (name, out) in [
            ("notes.md", true),
            ("a/notes.md", true),
            ("README.md", false),
            ("build/x.py", true),
            ("a/build/x.py", false),
            ("a/logs/x.py", true),
            ("logs", false),
            ("train.py", false),
            ("a/.hidden/x.py", true),
            ("a/__pycache__/x.py", true),
            ("x.pyc", true),
        ] {
            assert_eq!(rules.leave_out_file(name), out, "{name}");
        }
    }

    #[test]
    fn a_line_that_is_no_pattern_is_told_with_its_number() {
        let error = rules("*.md\n[z-a]\n").unwrap_err();
        assert!(
            error.to_string().ends_with(".deployignore:2 is no pattern"),
            "{error}"
        );
    }

    #[test]
    fn a_folder_without_rules_has_the_usual_ones() {
        let folder = tempfile::tempdir().unwrap();
        let rules = Rules::of(folder.path()).unwrap();
        assert!(rules.leave_out_file(".git/x") && !rules.leave_out_file("notes.md"));
    }
}
