//! Data and code, which no rendered document shows: compared by what git knows of them.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use super::change::{Content, ContentChange, ContentState};
use super::git::{self, GitError, Repository};
use crate::bundle::Rules;
use crate::stack::yaml::{self, Node, Tags};

/// The paths of an environment's data and code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// The environment.
    pub environment: String,
    /// The file of a model that is brought; `None` for others.
    pub model: Option<PathBuf>,
    /// The file or folder of the data; `None` for data in S3, which the rendered request names, and where
    /// there is none.
    pub data: Option<PathBuf>,
    /// The folder of the training code; `None` where nothing is trained.
    pub training: Option<PathBuf>,
    /// The folder of the function's code.
    pub function: PathBuf,
}

/// Compares the data and code of environments between a revision and the working tree.
///
/// `stack` is the path of the stack file, in the folder that the repository was opened in.
///
/// # Errors
/// When git fails.
pub fn content(
    repository: &mut Repository,
    stack: &Path,
    environments: &[Paths],
) -> Result<Vec<Vec<ContentChange>>, GitError> {
    let place = Place {
        folder: real(&repository.folder().join("x")).with_file_name(""),
        root: git::root(repository.folder())?,
    };
    let file = stack
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    let before = match file {
        Some(name) => repository.file(&name)?,
        None => None,
    };
    // A stack file that cannot be read any more tells nothing; it was valid for its own version.
    let before = before.and_then(|text| yaml::read(&text, Tags::Refused).ok());
    let all = environments.iter().flat_map(Paths::all);
    let paths: BTreeSet<String> = all
        .filter_map(|(_, _, path)| relative(&place.root, &real(path)))
        .collect();
    let differing = if paths.is_empty() {
        Vec::new()
    } else {
        git::differing(&place.root, repository.commit(), &paths)?
    };
    let mut out = Vec::new();
    for environment in environments {
        let mut changes = Vec::new();
        for (what, fields, path) in environment.all() {
            let named = before.as_ref().and_then(|stack| {
                let mut fields = fields.iter();
                fields.find_map(|field| named(stack, &environment.environment, *field))
            });
            let state = state(repository, &place, path, named.as_deref(), &differing)?;
            changes.extend(
                state.map(|state| ContentChange {
                    what,
                    path: relative(&place.root, &real(path))
                        .unwrap_or_else(|| path.display().to_string()),
                    state,
                }),
            );
        }
        out.push(changes);
    }
    Ok(out)
}

/// Where the stack file and the repository are.
struct Place {
    folder: PathBuf,
    root: PathBuf,
}

impl Paths {
    /// Each with the fields of the stack file that may name it.
    fn all(&self) -> impl Iterator<Item = (Content, &'static [[&'static str; 2]], &Path)> {
        const MODEL: &[[&str; 2]] = &[["model", "artifact"]];
        const DATA: &[[&str; 2]] = &[["data", "file"], ["data", "folder"]];
        const TRAINING: &[[&str; 2]] = &[["training", "code"]];
        const FUNCTION: &[[&str; 2]] = &[["function", "code"]];
        [
            (Content::Model, MODEL, self.model.as_deref()),
            (Content::Data, DATA, self.data.as_deref()),
            (Content::TrainingCode, TRAINING, self.training.as_deref()),
            (Content::FunctionCode, FUNCTION, Some(&self.function)),
        ]
        .into_iter()
        .filter_map(|(what, fields, path)| Some((what, fields, path?)))
    }
}

/// What is known of one path; `None` when it is the same.
fn state(
    repository: &mut Repository,
    place: &Place,
    path: &Path,
    named: Option<&str>,
    differing: &[(char, String)],
) -> Result<Option<ContentState>, GitError> {
    let Some(here) = relative(&place.root, &real(path)) else {
        let because = "it is outside of the repository".to_owned();
        return Ok(Some(ContentState::Unknown { because }));
    };
    if let Some(before) = named
        && let Some(before) = relative(&place.root, &lexical(&place.folder.join(before)))
        && before != here
    {
        return Ok(Some(ContentState::Moved { before }));
    }
    // Rules that cannot be read are told by the commands that bundle; here every file counts then.
    let rules = Rules::of(path).ok();
    let left_out = |name: &str| {
        rules
            .as_ref()
            .is_some_and(|rules| rules.leave_out_file(name))
    };
    let belongs = |name: &str| {
        let below = name.strip_prefix(here.as_str());
        below.is_some_and(|below| match below.strip_prefix('/') {
            Some(below) => !left_out(below),
            None => below.is_empty(),
        })
    };
    let files: Vec<String> = differing
        .iter()
        .filter(|(_, name)| belongs(name))
        .map(|(sign, name)| format!("{sign} {name}"))
        .collect();
    if !files.is_empty() {
        return Ok(Some(ContentState::Changed { files }));
    }
    if repository.has(&here)? || git::is_tracked(&place.root, &here)? {
        return Ok(None);
    }
    let because = "git does not track it".to_owned();
    Ok(Some(ContentState::Unknown { because }))
}

/// What an environment of a stack file names, as it is written.
fn named(stack: &Node, environment: &str, [section, field]: [&str; 2]) -> Option<String> {
    let own = stack.at(["environments", environment, section, field]);
    let value = own.or_else(|| stack.at([section, field]))?.to_json();
    value.as_str().map(str::to_owned)
}

/// A path as git names it, from the root of the repository; `None` when it is outside.
fn relative(root: &Path, path: &Path) -> Option<String> {
    let inside = path.strip_prefix(root).ok()?;
    let parts = inside.components();
    let parts: Vec<_> = parts
        .map(|part| part.as_os_str().to_string_lossy())
        .collect();
    Some(parts.join("/")).filter(|path| !path.is_empty())
}

/// A path without links, except in its last part, which git has as a link.
fn real(path: &Path) -> PathBuf {
    let path = lexical(path);
    let parent = path.parent().and_then(|parent| parent.canonicalize().ok());
    match (parent, path.file_name()) {
        (Some(parent), Some(name)) => parent.join(name),
        _ => path,
    }
}

/// Takes `.` and `..` out of a path without looking at the disk.
fn lexical(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                out.pop();
            }
            Component::CurDir => {}
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_written_from_the_root() {
        let from = |path: &str| relative(Path::new("/p"), &lexical(Path::new(path)));
        assert_eq!(
            from("/p/stacks/x/data/a.csv").as_deref(),
            Some("stacks/x/data/a.csv")
        );
        assert_eq!(
            from("/p/stacks/x/../../code/src").as_deref(),
            Some("code/src")
        );
        assert_eq!(from("/elsewhere/src"), None);
    }

    #[test]
    fn what_an_environment_overrides_is_taken() {
        let text = "data: { file: a.csv }\nenvironments: { prod: { data: { file: b.csv } } }\n";
        let stack = yaml::read(text, Tags::Refused).unwrap();
        let file = |environment: &str| named(&stack, environment, ["data", "file"]);
        assert_eq!(file("prod").as_deref(), Some("b.csv"));
        assert_eq!(file("staging").as_deref(), Some("a.csv"));
    }
}
