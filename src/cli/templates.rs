//! `deploy templates`.

use clap::{Args, Subcommand};
use serde_json::json;

use super::codes;
use super::context::{Global, Project};
use super::failure::Failure;
use super::output::{self, Format};
use super::write;
use crate::render::{Library, TemplateName, unknown_help};

/// Arguments of `deploy templates`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deploy templates list
  deploy templates show service
  deploy templates eject service     then change templates/service.yaml.tera")]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the templates, and which of them the project has its own of
    #[command(after_help = "\
Examples:
  deploy templates list
  deploy templates list --output json")]
    List,
    /// Print a template as it is used: the project's own, or the built-in one
    #[command(after_help = "\
Examples:
  deploy templates show service
  deploy templates show service --built-in")]
    Show {
        /// The template's name, such as `service` or `service.yaml.tera`
        name: String,
        /// The built-in one, even where the project has its own
        #[arg(long)]
        built_in: bool,
    },
    /// Write a built-in template into the project's templates/, to start an own one from
    #[command(after_help = "\
Examples:
  deploy templates eject service")]
    Eject {
        /// The template's name, such as `service` or `service.yaml.tera`
        name: String,
    },
}

/// Lists, shows or ejects templates.
pub(super) fn run(global: &Global, arguments: &Arguments) -> Result<(), Failure> {
    let project = Project::open(global)?;
    match &arguments.command {
        Command::List => list(global, &project.library()?),
        Command::Show { name, built_in } => {
            let name = meant(name)?;
            let library = if *built_in {
                Library::builtin()
            } else {
                project.library()?
            };
            output::text(library.text(name).trim_end());
        }
        Command::Eject { name } => eject(global, &project, meant(name)?)?,
    }
    Ok(())
}

fn meant(word: &str) -> Result<TemplateName, Failure> {
    TemplateName::meant(word).ok_or_else(|| {
        Failure::usage(format!("no template is named `{word}`")).hint(unknown_help(word))
    })
}

fn list(global: &Global, library: &Library) {
    let place = |name: TemplateName| {
        let path = library.path(name);
        path.map_or_else(|| "built in".to_owned(), |path| path.display().to_string())
    };
    if global.output == Format::Json {
        let templates: Vec<_> = TemplateName::ALL
            .iter()
            .map(|name| {
                json!({
                    "name": name.file(),
                    "purpose": name.purpose(),
                    "override": library.path(*name),
                })
            })
            .collect();
        output::result(&json!({ "templates": templates }));
        return;
    }
    for name in TemplateName::ALL {
        let line = format!("{:<24} {:<48} {}", name.file(), name.purpose(), place(name));
        output::text(line.trim_end());
    }
}

fn eject(global: &Global, project: &Project, name: TemplateName) -> Result<(), Failure> {
    let path = project.root.join("templates").join(name.file());
    let text = Library::builtin().text(name).to_owned();
    if !write::create(&path, text.as_bytes())? {
        let message = format!("{} is there already and stays as it is", path.display());
        let failure = Failure::failed(anyhow::Error::msg(message)).kind(&codes::FILE_EXISTS);
        return Err(failure.hint(format!(
            "`deploy templates show {} --built-in` prints the built-in one, to compare with",
            name.file()
        )));
    }
    if global.output == Format::Json {
        output::result(&json!({ "written": path }));
        return Ok(());
    }
    output::text(&path.display().to_string());
    output::note("from now on this file is used in place of the built-in one");
    output::note("change it, look at the effect with `deploy render`, remove it to go back");
    Ok(())
}
