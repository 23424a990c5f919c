//! `deploy man`.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, Command, CommandFactory};
use clap_mangen::Man;
use serde_json::json;

use super::context::Global;
use super::failure::Failure;
use super::output::{self, Format};
use super::write;

/// Arguments of `deploy man`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deploy man | man -l -                          the page of `deploy` itself
  deploy man --dir ~/.local/share/man/man1       a page for every command; then `man deploy-up`")]
pub(super) struct Arguments {
    /// Write a page for every command into this folder; without it, the page of `deploy` is printed
    #[arg(long, value_name = "FOLDER")]
    dir: Option<PathBuf>,
}

/// Prints or writes the pages.
pub(super) fn run(global: &Global, arguments: &Arguments) -> Result<(), Failure> {
    let mut command = super::paragraphs::flowing(super::Arguments::command());
    command.build();
    let Some(folder) = &arguments.dir else {
        let page = page(command)?;
        return output::bytes(&page)
            .context("cannot print the page")
            .map_err(Failure::failed);
    };
    let mut written = Vec::new();
    pages(command, folder, &mut written)?;
    if global.output == Format::Json {
        output::result(&json!({ "written": written }));
    } else {
        output::text(&folder.display().to_string());
        output::note(&format!("{} pages", written.len()));
    }
    Ok(())
}

/// Writes the page of a command, and those of the commands below it.
fn pages(command: Command, folder: &Path, written: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let below: Vec<Command> = command
        .get_subcommands()
        .filter(|command| command.get_name() != "help" && !command.is_hide_set())
        .cloned()
        .collect();
    let path = folder.join(Man::new(command.clone()).get_filename());
    write::replace(&path, &page(command)?)?;
    written.push(path);
    for command in below {
        pages(command, folder, written)?;
    }
    Ok(())
}

fn page(command: Command) -> Result<Vec<u8>, Failure> {
    let mut page = Vec::new();
    Man::new(command)
        .render(&mut page)
        .context("cannot write the page")
        .map_err(Failure::failed)?;
    Ok(page)
}
