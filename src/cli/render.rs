//! `deploy render`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use serde_json::json;

use super::context::{Global, Project};
use super::failure::{DIFFERENCES, Failure};
use super::output::{self, Format};
use crate::stack::Stack;

/// Arguments of `deploy render`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deploy render                      every environment, into stacks/<stack>/rendered/<env>/
  deploy render --env prod --stdout  one environment, on the terminal
  deploy render --check              in CI: exit code 2 when the files are out of date")]
pub(super) struct Arguments {
    /// The stack: its name or its file; by default the only one under stacks/
    #[arg(long, short, value_name = "STACK")]
    stack: Option<String>,
    /// Only this environment; may be repeated
    #[arg(long, short, value_name = "ENVIRONMENT")]
    env: Vec<String>,
    /// Print instead of writing files
    #[arg(long, conflicts_with = "check")]
    stdout: bool,
    /// Compare with the files instead of writing them
    #[arg(long)]
    check: bool,
}

/// One rendered file.
struct Rendered {
    path: PathBuf,
    text: String,
}

/// Renders the templates.
pub(super) fn run(global: &Global, arguments: &Arguments) -> Result<(), Failure> {
    let project = Project::open(global)?;
    let file = project.stack_file(arguments.stack.as_deref())?;
    let stacks: Vec<Stack> = if arguments.env.is_empty() {
        file.all()?
    } else {
        arguments
            .env
            .iter()
            .map(|name| file.environment(name))
            .collect::<Result<_, _>>()?
    };
    let library = project.library()?;
    let mut files = Vec::new();
    for stack in &stacks {
        let folder = folder(stack);
        for (name, text) in project.render(stack, &library)?.files() {
            files.push(Rendered {
                path: folder.join(name),
                text: text.to_owned(),
            });
        }
    }
    if arguments.stdout {
        for file in &files {
            output::text(file.text.trim_end());
        }
        return Ok(());
    }
    let stale = files
        .iter()
        .filter(|file| !file.is_current())
        .collect::<Vec<_>>();
    if arguments.check {
        return check(global, &stale);
    }
    for file in &stale {
        write(file)
            .with_context(|| format!("cannot write {}", file.path.display()))
            .map_err(Failure::failed)?;
    }
    report(global, &files, &stale);
    Ok(())
}

fn write(file: &Rendered) -> io::Result<()> {
    fs::create_dir_all(file.path.parent().unwrap_or_else(|| Path::new(".")))?;
    fs::write(&file.path, &file.text)
}

fn folder(stack: &Stack) -> PathBuf {
    let beside = stack.file.parent().unwrap_or_else(|| Path::new("."));
    beside.join("rendered").join(stack.environment.as_str())
}

impl Rendered {
    fn is_current(&self) -> bool {
        fs::read_to_string(&self.path).is_ok_and(|text| text == self.text)
    }

    fn difference(&self) -> Result<String, Failure> {
        let old = match fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => {
                let context = format!("cannot read {}", self.path.display());
                return Err(Failure::failed(anyhow::Error::new(error).context(context)));
            }
        };
        let name = self.path.display().to_string();
        Ok(similar::TextDiff::from_lines(&old, &self.text)
            .unified_diff()
            .header(&name, "rendered now")
            .to_string())
    }
}

fn check(global: &Global, stale: &[&Rendered]) -> Result<(), Failure> {
    let paths: Vec<String> = stale
        .iter()
        .map(|file| file.path.display().to_string())
        .collect();
    if global.output == Format::Json {
        output::result(&json!({ "stale": paths }));
    } else {
        for file in stale {
            output::text(file.difference()?.trim_end());
        }
    }
    if stale.is_empty() {
        return Ok(());
    }
    let message = format!("out of date: {}", paths.join(", "));
    Err(Failure::with_code(DIFFERENCES, anyhow::Error::msg(message))
        .hint("`deploy render` writes them anew"))
}

fn report(global: &Global, files: &[Rendered], stale: &[&Rendered]) {
    let path = |file: &Rendered| file.path.display().to_string();
    if global.output == Format::Json {
        let files: Vec<String> = files.iter().map(path).collect();
        let written: Vec<String> = stale.iter().map(|file| path(file)).collect();
        output::result(&json!({ "files": files, "written": written }));
        return;
    }
    for file in files {
        output::text(&path(file));
    }
    output::note(&format!(
        "{} written, {} were current",
        stale.len(),
        files.len() - stale.len()
    ));
}
