//! Collects what is wrong with a document's values, and finds their places.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::document::Scalar;
use super::problem::Problem;
use super::resolve::Origin;
use super::shape::place_of;
use super::yaml::{Node, is_disputed};
use crate::stack::codes;

/// The path of a value in the document, such as `&["training", "code"]`.
pub(super) type Field<'a> = &'a [&'a str];

/// Collects problems while a document is resolved.
pub(super) struct Check<'a> {
    text: &'a str,
    root: &'a Node,
    folder: &'a Path,
    broken: &'a BTreeSet<String>,
    problems: Vec<Problem>,
}

impl<'a> Check<'a> {
    /// Starts on a document; relative paths in it start from `folder`.
    pub(super) fn new(origin: &'a Origin<'a>, folder: &'a Path) -> Self {
        Self {
            text: origin.text,
            root: origin.root,
            folder,
            broken: &origin.broken,
            problems: Vec::new(),
        }
    }

    /// Ends the check with what was found.
    pub(super) fn into_problems(self) -> Vec<Problem> {
        self.problems
    }

    /// Whether a section is there but was left out since its shape is wrong, so that nothing can be
    /// said about what depends on it.
    pub(super) fn is_broken(&self, section: &str) -> bool {
        self.broken.contains(section)
    }

    /// Notes a problem at a field, or at what is nearest above it.
    pub(super) fn fail(&mut self, field: Field<'_>, problem: Problem) {
        let place = place_of(self.root, field);
        self.problems.push(problem.at(place));
    }

    /// Notes the problem unless the condition holds.
    pub(super) fn require(
        &mut self,
        condition: bool,
        field: Field<'_>,
        problem: impl FnOnce() -> Problem,
    ) {
        if !condition {
            self.fail(field, problem());
        }
    }

    /// Reads a text as a value that knows its own rules.
    pub(super) fn parse<T>(&mut self, field: Field<'_>, text: &str) -> Option<T>
    where
        T: FromStr<Err: Display>,
    {
        match text.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                let name = field.last().copied().unwrap_or_default();
                let summary = format!("`{text}` is no valid `{name}`");
                self.fail(
                    field,
                    Problem::new(&codes::INVALID_VALUE, summary).because(format!("{error}")),
                );
                None
            }
        }
    }

    /// Requires that a value that is meant as a text was not changed by being read as something
    /// else: `1.10` would become `1.1`, and `012` ten or twelve.
    pub(super) fn unchanged(&mut self, field: Field<'_>, value: &Scalar) {
        let node = self.root.at(field.iter().copied());
        let raw = node.and_then(|node| self.text.get(node.place.bytes.clone()));
        let Some(raw) = raw.map(str::trim) else {
            return;
        };
        let read = value.to_text();
        let name = field.last().copied().unwrap_or_default();
        self.require(
            matches!(value, Scalar::Text(_)) || raw == read || is_disputed(raw),
            field,
            || {
                Problem::new(
                    &codes::AMBIGUOUS_YAML,
                    format!("`{name}` is a text, but `{raw}` is read as a value"),
                )
                .because(format!("it would become `{read}`"))
                .help(format!("write it in quotes: \"{raw}\""))
            },
        );
    }

    /// Makes a path of the file absolute, and requires that a folder is there.
    pub(super) fn folder(&mut self, field: Field<'_>, text: &str) -> Option<PathBuf> {
        let path = self.path(text);
        if path.is_dir() {
            return Some(path);
        }
        let what = if path.exists() {
            "is no folder"
        } else {
            "does not exist"
        };
        self.missing(field, text, &path, what);
        None
    }

    /// Makes a path of the file absolute, and requires that a file is there.
    pub(super) fn file(&mut self, field: Field<'_>, text: &str) -> Option<PathBuf> {
        let path = self.path(text);
        if path.is_file() {
            return Some(path);
        }
        let what = if path.exists() {
            "is no file"
        } else {
            "does not exist"
        };
        self.missing(field, text, &path, what);
        None
    }

    fn path(&self, text: &str) -> PathBuf {
        normal(&self.folder.join(text))
    }

    fn missing(&mut self, field: Field<'_>, text: &str, path: &Path, what: &str) {
        let problem = Problem::new(&codes::MISSING_FILE, format!("`{text}` {what}"))
            .because(format!("looked for {}", path.display()))
            .help("paths start from the folder of the stack file");
        self.fail(field, problem);
    }
}

/// Takes `.` and `..` out of an absolute path, so that it reads well; links are not followed.
fn normal(path: &Path) -> PathBuf {
    use std::path::Component;
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            part => out.push(part),
        }
    }
    out
}
