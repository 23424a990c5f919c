//! A stack file that has been read, and its environments.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexMap;
use sha2::{Digest, Sha256};

use super::deprecated::{self, Deprecation};
use super::merge::merge;
use super::names::EnvironmentName;
use super::problem::{Problem, Problems, Source};
use super::resolve::{Origin, resolve};
use super::resolved::Stack;
use super::shape::{file_problems, shape};
use super::suggest;
use super::yaml::{self, Content, Entry, Node, Tags};
use crate::stack::codes;

mod promotion;

/// A stack file: what all environments share, and the environments.
#[derive(Debug, Clone)]
pub struct StackFile {
    source: Arc<Source>,
    file: PathBuf,
    stack: Node,
    environments: IndexMap<EnvironmentName, Entry>,
    /// What is wrong with the file whatever the environment.
    problems: Vec<Problem>,
    deprecations: Vec<Deprecation>,
}

impl StackFile {
    /// Reads a stack file as far as its list of environments; mistakes in it are told with those
    /// of its environments.
    ///
    /// # Errors
    /// When the file cannot be read, or is no YAML that can be trusted.
    pub fn read(path: &Path) -> Result<Self, Problems> {
        let unreadable = |error: std::io::Error| {
            let problem = Problem::new(&codes::UNREADABLE_STACK_FILE, "cannot read the stack file")
                .because(error.to_string());
            Problems::of_file(path, problem)
        };
        let size = path.metadata().map_err(unreadable)?.len();
        if size > yaml::MAX_BYTES as u64 {
            let limit = yaml::MAX_BYTES;
            let problem = Problem::new(
                &codes::UNREADABLE_STACK_FILE,
                format!("the file has {size} bytes, more than {limit}"),
            );
            return Err(Problems::of_file(path, problem));
        }
        let bytes = std::fs::read(path).map_err(unreadable)?;
        let text = String::from_utf8(bytes).map_err(|error| {
            let good = error.utf8_error().valid_up_to();
            let before = error.as_bytes().get(..good).unwrap_or_default();
            let line = 1 + before.split(|byte| *byte == b'\n').skip(1).count();
            let problem =
                Problem::new(&codes::UNREADABLE_STACK_FILE, "the stack file is not UTF-8")
                    .because(format!(
                        "the first byte that cannot be read is in line {line}"
                    ))
                    .help("save it as UTF-8 without BOM");
            Problems::of_file(path, problem)
        })?;
        let file = path.canonicalize().map_err(unreadable)?;
        Self::parse(path, file, text)
    }

    fn parse(path: &Path, file: PathBuf, text: String) -> Result<Self, Problems> {
        let source = Arc::new(Source {
            path: path.to_path_buf(),
            text,
        });
        let failed = |list| Problems::new(Arc::clone(&source), list);
        let mut root = yaml::read(&source.text, Tags::Refused).map_err(|p| failed(vec![*p]))?;
        let deprecations = deprecated::rename(&mut root, deprecated::FIELDS);
        let mut problems = yaml::traps(&source.text, &root);
        let Content::Map(mut map) = root.content.clone() else {
            problems.push(Problem::new(
                &codes::WRONG_TYPE,
                "a stack file is a map that begins with `stack: <name>`",
            ));
            return Err(failed(problems));
        };
        problems.extend(file_problems(&source.text, &root));
        let environments = environments(map.shift_remove("environments"), &mut problems);
        problems.extend(promotion::problems(&environments));
        let stack = Node {
            content: Content::Map(map),
            tag: None,
            place: root.place,
        };
        Ok(Self {
            source,
            file,
            stack,
            environments,
            problems,
            deprecations,
        })
    }

    /// The environments, in the order of the file.
    pub fn environments(&self) -> impl Iterator<Item = &EnvironmentName> {
        self.environments.keys()
    }

    /// Names in it that still work and are going.
    pub fn deprecations(&self) -> &[Deprecation] {
        &self.deprecations
    }

    /// The text of the file, for showing places in it.
    pub fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// Resolves one environment.
    ///
    /// # Errors
    /// Everything that is wrong with it; an unknown environment is a problem too.
    pub fn environment(&self, name: &str) -> Result<Stack, Problems> {
        let mut problems = self.problems.clone();
        match self.resolve(name) {
            Ok(stack) if problems.is_empty() => return Ok(stack),
            Ok(_) => {}
            Err(list) => problems.extend(list),
        }
        Err(Problems::new(Arc::clone(&self.source), problems))
    }

    /// Resolves all environments.
    ///
    /// # Errors
    /// Everything that is wrong with any of them, each mistake once.
    pub fn all(&self) -> Result<Vec<Stack>, Problems> {
        let mut stacks = Vec::new();
        let mut problems = self.problems.clone();
        for name in self.environments.keys() {
            match self.resolve(name.as_str()) {
                Ok(stack) => stacks.push(stack),
                Err(list) => problems.extend(list),
            }
        }
        if problems.is_empty() {
            return Ok(stacks);
        }
        Err(Problems::new(Arc::clone(&self.source), problems))
    }

    /// What the file says about an environment: the stack with the environment laid over it, every
    /// value with its place. `None` when there is no such environment.
    pub fn merged(&self, name: &str) -> Option<Node> {
        let found = self
            .environments
            .iter()
            .find(|(key, _)| key.as_str() == name);
        let (_, entry) = found?;
        let mut merged = merge(&self.stack, &entry.value);
        merged.place = entry.key.clone();
        Some(merged)
    }

    fn resolve(&self, name: &str) -> Result<Stack, Vec<Problem>> {
        let found = self
            .environments
            .iter()
            .find(|(key, _)| key.as_str() == name);
        let Some((environment, entry)) = found else {
            let known: Vec<&str> = self.environments().map(EnvironmentName::as_str).collect();
            let problem = Problem::new(
                &codes::UNKNOWN_ENVIRONMENT,
                format!("there is no environment `{name}`"),
            )
            .because(format!("the file has {}", suggest::listed(&known)));
            return Err(vec![match suggest::nearest(name, known.iter().copied()) {
                Some(near) => problem.help(format!("did you mean `{near}`?")),
                None => problem,
            }]);
        };
        let mut merged = merge(&self.stack, &entry.value);
        merged.place = entry.key.clone();
        let shaped = shape(&self.source.text, &merged);
        let origin = Origin {
            file: &self.file,
            text: &self.source.text,
            root: &merged,
            content_digest: content_digest(&merged),
            broken: shaped.broken,
        };
        let (stack, found) = resolve(&shaped.document, environment, &origin);
        let mut problems = shaped.problems;
        problems.extend(found);
        match stack {
            Some(stack) if problems.is_empty() => Ok(stack),
            _ => Err(problems),
        }
    }
}

/// Takes the environments apart: a map of maps with good names.
fn environments(
    entry: Option<Entry>,
    problems: &mut Vec<Problem>,
) -> IndexMap<EnvironmentName, Entry> {
    let mut environments = IndexMap::new();
    let Some(entry) = entry else {
        let help = "add `environments:` with at least `local: { target: local }`";
        problems
            .push(Problem::new(&codes::NO_ENVIRONMENT, "the stack has no environments").help(help));
        return environments;
    };
    // What is no map is told with the shape of the file.
    let Content::Map(map) = entry.value.content else {
        return environments;
    };
    if map.is_empty() {
        problems
            .push(Problem::new(&codes::NO_ENVIRONMENT, "`environments` is empty").at(entry.key));
    }
    for (name, entry) in map {
        if entry.value.map().is_none() {
            continue;
        }
        match name.parse::<EnvironmentName>() {
            Ok(name) => {
                environments.insert(name, entry);
            }
            Err(error) => problems.push(
                Problem::new(
                    &codes::INVALID_NAME,
                    format!("`{name}` is no name for an environment"),
                )
                .because(error.to_string())
                .at(entry.key),
            ),
        }
    }
    environments
}

/// SHA-256 of a tree's content, whatever the order of its maps.
fn content_digest(root: &Node) -> String {
    let mut value = root.to_json();
    value.sort_all_objects();
    hex::encode(Sha256::digest(value.to_string()))
}

/// What is wrong with the shape of a file's text: alone, and with each environment laid over it.
#[cfg(test)]
pub(super) fn shape_of(text: &str) -> Vec<Problem> {
    let root = yaml::read(text, Tags::Refused).unwrap();
    let mut problems = file_problems(text, &root);
    let Content::Map(mut map) = root.content.clone() else {
        problems.push(Problem::new(&codes::WRONG_TYPE, "no map"));
        return problems;
    };
    let environments = environments(map.shift_remove("environments"), &mut problems);
    let stack = Node {
        content: Content::Map(map),
        ..root
    };
    for entry in environments.values() {
        problems.extend(shape(text, &merge(&stack, &entry.value)).problems);
    }
    problems
}

#[cfg(test)]
pub(super) mod tests;
