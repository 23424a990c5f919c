//! Where results go, and what is said of them.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::super::context::{Environment, Global};
use super::super::failure::Failure;
use super::super::output::{self, Format};
use crate::batch::Shape;
use crate::reconcile::{Joined, Results};

/// Arguments of commands that join answers.
#[derive(Debug, Args)]
pub(super) struct ResultArguments {
    /// What the results are written as. A table is safe to open in a spreadsheet: a text that would be taken
    /// for a formula has an apostrophe before it; JSON Lines have every text as it was
    #[arg(long, value_enum, default_value_t = Written::Jsonl)]
    format: Written,
    /// File for the results, or folder for a file named after the job
    #[arg(long, value_name = "PATH", default_value = ".")]
    save: PathBuf,
}

/// What results are written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Written {
    /// JSON Lines with the model's whole answer
    Jsonl,
    /// A table with label and probability
    Csv,
}

impl ResultArguments {
    /// Where results go, with a folder for what is on its way that goes when the second value does.
    pub(super) fn results(&self) -> Result<(Results, TempDir), Failure> {
        let work = work()?;
        let target = absolute(&self.save)?;
        // What the user wrote like a folder stays so.
        let is_folder = self
            .save
            .to_string_lossy()
            .ends_with(std::path::is_separator);
        let results = Results {
            target: if is_folder { target.join("") } else { target },
            shape: match self.format {
                Written::Jsonl => Shape::JsonLines,
                Written::Csv => Shape::Csv,
            },
            work: work.path().to_owned(),
        };
        Ok((results, work))
    }

    /// Refuses to write over the input.
    pub(super) fn spare(&self, input: &Path) -> Result<(), Failure> {
        let same = match (input.canonicalize(), self.save.canonicalize()) {
            (Ok(input), Ok(save)) => input == save,
            // One of them is not there.
            _ => false,
        };
        if same {
            return Err(
                Failure::usage("the results would be written over the input")
                    .hint("name another file with `--save`"),
            );
        }
        Ok(())
    }
}

/// A folder for what is on its way.
pub(super) fn work() -> Result<TempDir, Failure> {
    tempfile::Builder::new()
        .prefix("deploy-batch-")
        .tempdir()
        .context("cannot make a temporary folder")
        .map_err(Failure::failed)
}

fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path)
        .context("cannot use that path")
        .map_err(Failure::failed)
}

/// Shows results. Lines that the model did not answer are a failure, told with the results; `skipped` of
/// them were left out on request.
pub(super) fn show(
    global: &Global,
    environment: &Environment,
    joined: &Joined,
    skipped: u64,
) -> Result<(), Failure> {
    let tally = &joined.tally;
    let unanswered = tally.failed.saturating_sub(skipped);
    if global.output == Format::Json {
        output::result(&json(environment, joined, skipped));
    } else {
        for line in &tally.first_failed {
            output::note(&line.to_string());
        }
        let shown = tally.first_failed.len() as u64;
        if tally.failed > shown {
            output::note(&format!("and {} more", tally.failed - shown));
        }
        let title = environment.title();
        output::note(&format!(
            "{title}: {} answered, {} not",
            tally.answered, tally.failed
        ));
        output::text(&joined.path.display().to_string());
    }
    if unanswered == 0 {
        return Ok(());
    }
    Err(Failure::reported(format!(
        "lines without an answer: {unanswered}; the results say of each why"
    )))
}

fn json(environment: &Environment, joined: &Joined, skipped: u64) -> Value {
    json!({
        "stack": environment.stack.name.as_str(),
        "environment": environment.stack.environment.as_str(),
        "job": joined.state,
        "answered": joined.tally.answered,
        "failed": joined.tally.failed,
        "skipped": skipped,
        "first_failed": joined.tally.first_failed,
        "format": joined.shape.extension(),
        "path": joined.path.display().to_string(),
    })
}
