//! A stack file that has been read, and its environments.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexMap;
use sha2::{Digest, Sha256};

use super::merge::merge;
use super::names::EnvironmentName;
use super::problem::{Problem, Problems, Source};
use super::resolve::{Origin, resolve};
use super::resolved::Stack;
use super::schema::{ENVIRONMENT_FIELDS, STACK_FIELDS};
use super::shape::shape;
use super::suggest;
use super::yaml::{self, Content, Entry, Node, Tags};

/// A stack file: what all environments share, and the environments.
#[derive(Debug, Clone)]
pub struct StackFile {
    source: Arc<Source>,
    file: PathBuf,
    stack: Node,
    environments: IndexMap<EnvironmentName, Entry>,
}

impl StackFile {
    /// Reads a stack file as far as its list of environments.
    ///
    /// # Errors
    /// When the file cannot be read, is no YAML that can be trusted, or has no environments.
    pub fn read(path: &Path) -> Result<Self, Problems> {
        let unreadable = |error: std::io::Error| {
            let problem = Problem::new("cannot read the stack file").because(error.to_string());
            Problems::of_file(path, problem)
        };
        let size = path.metadata().map_err(unreadable)?.len();
        if size > yaml::MAX_BYTES as u64 {
            let limit = yaml::MAX_BYTES;
            let problem = Problem::new(format!("the file has {size} bytes, more than {limit}"));
            return Err(Problems::of_file(path, problem));
        }
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        let file = path.canonicalize().map_err(unreadable)?;
        Self::parse(path, file, text)
    }

    fn parse(path: &Path, file: PathBuf, text: String) -> Result<Self, Problems> {
        let source = Arc::new(Source {
            path: path.to_path_buf(),
            text,
        });
        let failed = |list| Problems::new(Arc::clone(&source), list);
        let root = yaml::read(&source.text, Tags::Refused).map_err(|p| failed(vec![*p]))?;
        let mut problems = yaml::traps(&source.text, &root);
        let Content::Map(mut map) = root.content else {
            problems.push(Problem::new(
                "a stack file is a map that begins with `stack: <name>`",
            ));
            return Err(failed(problems));
        };
        for field in ENVIRONMENT_FIELDS {
            if let Some(entry) = map.get(field) {
                problems.push(
                    Problem::new(format!("`{field}` belongs in an environment"))
                        .at(entry.key.clone())
                        .help(format!("move it to `environments: <name>: {field}:`")),
                );
            }
        }
        let environments = environments(map.shift_remove("environments"), &mut problems);
        if !problems.is_empty() {
            return Err(failed(problems));
        }
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
        })
    }

    /// The environments, in the order of the file.
    pub fn environments(&self) -> impl Iterator<Item = &EnvironmentName> {
        self.environments.keys()
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
        self.resolve(name)
            .map_err(|list| Problems::new(Arc::clone(&self.source), list))
    }

    /// Resolves all environments.
    ///
    /// # Errors
    /// Everything that is wrong with any of them, each mistake once.
    pub fn all(&self) -> Result<Vec<Stack>, Problems> {
        let mut stacks = Vec::new();
        let mut problems = Vec::new();
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

    fn resolve(&self, name: &str) -> Result<Stack, Vec<Problem>> {
        let found = self
            .environments
            .iter()
            .find(|(key, _)| key.as_str() == name);
        let Some((environment, entry)) = found else {
            let known: Vec<&str> = self.environments().map(EnvironmentName::as_str).collect();
            let problem = Problem::new(format!("there is no environment `{name}`"))
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
        problems.push(Problem::new("the stack has no environments").help(help));
        return environments;
    };
    let Content::Map(map) = entry.value.content else {
        problems.push(Problem::new("`environments` must be a map of environments").at(entry.key));
        return environments;
    };
    if map.is_empty() {
        problems.push(Problem::new("`environments` is empty").at(entry.key));
    }
    for (name, entry) in map {
        if entry.value.map().is_none() {
            let summary = format!("the environment `{name}` must be a map");
            problems.push(
                Problem::new(summary)
                    .at(entry.key)
                    .help("give it a `target:`"),
            );
            continue;
        }
        for fixed in STACK_FIELDS {
            if let Some(inner) = entry.value.map().and_then(|map| map.get(fixed)) {
                let summary = format!("an environment cannot change `{fixed}`");
                problems.push(
                    Problem::new(summary)
                        .at(inner.key.clone())
                        .help("remove it"),
                );
            }
        }
        match name.parse::<EnvironmentName>() {
            Ok(name) => {
                environments.insert(name, entry);
            }
            Err(error) => problems.push(
                Problem::new(format!("`{name}` is no name for an environment"))
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

#[cfg(test)]
mod tests;
