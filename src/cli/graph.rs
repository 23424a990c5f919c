//! `deploy graph`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::json;

use super::context::{Environment, Global, Selection};
use super::failure::Failure;
use super::output::{self, Format};
use super::{plan, write};
use crate::diff;
use crate::graph::{self, Graph};
use crate::plan::Choices;

/// Arguments of `deploy graph`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deploy graph --env prod                        for Markdown: between ```mermaid and ```
  deploy graph --env prod --format svg --out prod.svg
  deploy graph --env prod --format dot | dot -Tpdf -o prod.pdf
  deploy graph --env staging --plan              what `deploy up` would do, step by step")]
pub(super) struct Arguments {
    #[command(flatten)]
    selection: Selection,
    /// The language of the graph
    #[arg(long, value_enum, default_value_t = Language::Mermaid)]
    format: Language,
    /// Draw what `deploy up` would do now, in place of the resources; this asks the account
    #[arg(long)]
    plan: bool,
    /// Write it into a file
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// What a graph is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Language {
    /// Mermaid, which Markdown shows on GitHub and GitLab
    Mermaid,
    /// DOT, for Graphviz
    Dot,
    /// A picture
    Svg,
}

/// Draws an environment's resources, or a plan.
pub(super) async fn run(global: &Global, arguments: &Arguments) -> Result<(), Failure> {
    let environment = Environment::load(global, &arguments.selection)?;
    let graph = if arguments.plan {
        planned(global, &environment).await?
    } else {
        resources(&environment)?
    };
    let text = match arguments.format {
        Language::Mermaid => graph::mermaid(&graph),
        Language::Dot => graph::dot(&graph),
        Language::Svg => graph::svg(&graph),
    };
    if let Some(path) = &arguments.out {
        write::replace(path, text.as_bytes())?;
    }
    match (global.output, &arguments.out) {
        (Format::Json, file) => output::result(&json!({ "graph": graph, "file": file })),
        (Format::Human, Some(path)) => output::note(&format!("wrote {}", path.display())),
        (Format::Human, None) => output::text(text.trim_end()),
    }
    Ok(())
}

fn resources(environment: &Environment) -> Result<Graph, Failure> {
    let library = environment.project.library()?;
    let rendered = environment.project.render(&environment.stack, &library)?;
    let documents = diff::documents_of(&rendered).map_err(Failure::failed)?;
    Ok(graph::resources(&environment.title(), &documents))
}

async fn planned(global: &Global, environment: &Environment) -> Result<Graph, Failure> {
    let draft = environment.draft()?;
    let made = plan::make(global, environment, draft, Choices::default(), None);
    let plan = Box::pin(made).await?.plan;
    if !plan.held.is_empty() {
        return Err(plan.held.into());
    }
    let title = format!("{}: what `deploy up` would do", environment.title());
    Ok(graph::steps(&title, &plan))
}
