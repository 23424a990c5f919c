//! `deploy init`.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use serde_json::json;

use super::codes;
use super::context::Global;
use super::failure::Failure;
use super::output::{self, Format};
use super::write;
use crate::init::{NewFile, project};
use crate::render::{Library, render};
use crate::stack::{StackFile, StackName};

/// The name of a new stack where the folder's own cannot be one.
const FALLBACK: &str = "news-classifier";

/// Arguments of `deploy init`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deploy init                        into this folder
  deploy init spam --name spam-filter")]
pub(super) struct Arguments {
    /// The folder of the new project; it is made when it is not there
    #[arg(value_name = "DIR", default_value = ".")]
    folder: PathBuf,
    /// The name of the stack; by default the folder's
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
}

/// Starts a new project; writes nothing when any of its files is there already.
pub(super) fn run(global: &Global, arguments: &Arguments) -> Result<(), Failure> {
    let base = global.project.as_deref().unwrap_or(Path::new("."));
    let folder = std::path::absolute(base.join(&arguments.folder))
        .context("cannot use that folder")
        .map_err(Failure::failed)?;
    let name = stack_name(arguments.name.as_deref(), &folder)?;
    let mut files = project(&name);
    files.extend(rendered(&name, &files)?);
    let in_the_way = in_the_way(&folder, &files);
    if !in_the_way.is_empty() {
        let message = format!("in the way, and left alone: {}", in_the_way.join(", "));
        let failure = Failure::failed(anyhow::Error::msg(message)).kind(&codes::FILE_EXISTS);
        return Err(failure.hint(
            "nothing was written; move these away, or name another folder: `deploy init DIR`",
        ));
    }
    for file in &files {
        let path = folder.join(&file.path);
        if !write::create(&path, &file.content)? {
            let message = format!("{} has just been made by somebody else", path.display());
            return Err(Failure::failed(anyhow::Error::msg(message)).kind(&codes::FILE_EXISTS));
        }
    }
    report(global, &name, &folder, &files);
    Ok(())
}

fn stack_name(given: Option<&str>, folder: &Path) -> Result<StackName, Failure> {
    if let Some(name) = given {
        return name.parse().map_err(|error| {
            Failure::usage(format!("`{name}` cannot be the name of a stack: {error}"))
        });
    }
    let own = folder.file_name().and_then(|name| name.to_str());
    own.and_then(|name| name.parse().ok())
        .or_else(|| FALLBACK.parse().ok())
        .ok_or_else(|| Failure::usage("give the stack a name: `--name NAME`"))
}

/// Renders the new project's templates, in a folder that is gone afterwards.
fn rendered(name: &StackName, files: &[NewFile]) -> Result<Vec<NewFile>, Failure> {
    let scratch = tempfile::tempdir()
        .context("cannot make a temporary folder")
        .map_err(Failure::failed)?;
    for file in files {
        write::create(&scratch.path().join(&file.path), &file.content)?;
    }
    let beside = format!("stacks/{name}");
    let stack = StackFile::read(&scratch.path().join(&beside).join("stack.yaml"))?;
    let library = Library::builtin();
    let mut rendered = Vec::new();
    for stack in stack.all()? {
        for (file, text) in render(&stack, &library)?.files() {
            rendered.push(NewFile {
                path: format!("{beside}/rendered/{}/{file}", stack.environment),
                content: text.to_owned().into_bytes().into(),
            });
        }
    }
    Ok(rendered)
}

/// The files that are there already, and those that stand where a folder is needed.
fn in_the_way(folder: &Path, files: &[NewFile]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for file in files {
        let path = Path::new(&file.path);
        // A broken link is in the way, too.
        let here = folder.join(path).symlink_metadata().is_ok();
        let blocked = path
            .ancestors()
            .skip(1)
            .filter(|part| folder.join(part).is_file())
            .map(|part| part.display().to_string());
        let named = here.then(|| file.path.clone());
        for name in named.into_iter().chain(blocked) {
            let name = if name.is_empty() {
                folder.display().to_string()
            } else {
                name
            };
            if !found.contains(&name) {
                found.push(name);
            }
        }
    }
    found
}

fn report(global: &Global, name: &StackName, folder: &Path, files: &[NewFile]) {
    if global.output == Format::Json {
        let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
        output::result(&json!({ "stack": name.as_str(), "folder": folder, "files": paths }));
        return;
    }
    output::text(&folder.display().to_string());
    output::note(&format!(
        "{} files; stacks/{name}/stack.yaml is the one to read",
        files.len()
    ));
    output::note("next, in that folder:");
    output::note("  deploy up              train and serve on this machine");
    output::note("  deploy validate        after a change of the stack file");
    output::note("  deploy render          after a change of the stack file, for review");
}
