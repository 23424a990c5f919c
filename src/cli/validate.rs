//! `deploy validate`.

use anyhow::Context;
use clap::Args;
use serde_json::json;

use super::check;
use super::context::{Global, Project};
use super::failure::Failure;
use super::output::{self, Format};
use super::station::station;
use super::warnings;

/// Arguments of `deploy validate`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deploy validate
  deploy validate --stack stacks/news-classifier/stack.yaml
  deploy validate --output json   every mistake as path, line, column, message, why and help")]
pub(super) struct Arguments {
    /// The stack: its name or its file; by default the only one under stacks/
    #[arg(long, short, env = "DEPLOY_STACK", value_name = "STACK")]
    stack: Option<String>,
}

/// Checks the stack file, and that the templates of every environment render.
pub(super) fn run(global: &Global, arguments: &Arguments) -> Result<(), Failure> {
    let project = Project::open(global)?;
    let file = project.stack_file(arguments.stack.as_deref())?;
    let stacks = file.all()?;
    check::waivers(&file)?;
    let library = project.library()?;
    let mut names = Vec::new();
    let mut warnings = Vec::new();
    let now = station()
        .context("cannot tell the time")
        .map_err(Failure::failed)?
        .witness
        .now();
    for stack in &stacks {
        project.render(stack, &library)?;
        names.push(stack.environment.to_string());
        for warning in warnings::of(stack, now) {
            warnings.push(format!("{}: {warning}", stack.environment));
        }
    }
    if global.output == Format::Json {
        output::result(&json!({
            "valid": true,
            "environments": names,
            "warnings": warnings,
        }));
    } else {
        for warning in &warnings {
            output::warning(warning);
        }
        output::text(&format!(
            "{}: valid ({})",
            file.source().path.display(),
            names.join(", ")
        ));
    }
    Ok(())
}
