//! `deploy train logs`.

use std::sync::{Arc, Mutex, PoisonError};

use clap::Args;
use serde_json::json;

use super::super::context::{Environment, Global, Selection};
use super::super::failure::{Failure, USAGE};
use super::super::output::{self, Format};
use crate::plan::Deployment;
use crate::reconcile::progress::{Event, Observer};
use crate::reconcile::{self, Listening};

/// Arguments of `deploy train logs`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deploy train logs                          the newest job's log so far
  deploy train logs --env staging --follow   until the job ends; Ctrl-C leaves the job alone
  deploy train logs news-staging-4f2a91bc0d3e5f67")]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    selection: Selection,
    /// Name of the job; by default the newest
    #[arg(value_name = "JOB")]
    job: Option<String>,
    /// Go on until the job ends
    #[arg(long, short)]
    follow: bool,
}

/// Shows a job's log, and changes nothing.
pub(super) async fn run(global: &Global, arguments: &Arguments) -> Result<(), Failure> {
    let environment = Environment::load(global, &arguments.selection)?;
    let Some(mut session) = environment.session_to_look(global).await? else {
        return Err(none(&environment, None));
    };
    let deployment = Deployment::of(&environment.stack);
    let jobs = reconcile::training_jobs(&session, &deployment).await?;
    let wanted = |name: &str| arguments.job.as_deref().is_none_or(|job| job == name);
    let job = jobs.iter().rev().find(|job| wanted(&job.name));
    let Some(job) = job else {
        return Err(none(&environment, arguments.job.as_deref()));
    };
    let printer = Arc::new(Printer {
        format: global.output,
        lines: Mutex::default(),
    });
    session.observer = printer.clone();
    let listening = if arguments.follow {
        Listening::Follow
    } else {
        Listening::Once
    };
    reconcile::listen(&session, &job.name, listening).await?;
    if global.output == Format::Json {
        let lines = printer.lines.lock().unwrap_or_else(PoisonError::into_inner);
        output::result(&json!({ "job": job.name, "lines": *lines }));
    }
    Ok(())
}

fn none(environment: &Environment, job: Option<&str>) -> Failure {
    let title = environment.title();
    let text = match job {
        Some(job) => format!("{title} has no training job {job}"),
        None => format!("{title} has no training job yet"),
    };
    Failure::with_code(USAGE, anyhow::Error::msg(text))
        .hint("`deploy train list` shows all of them")
}

/// Prints lines as they come, or keeps them for one document.
struct Printer {
    format: Format,
    lines: Mutex<Vec<String>>,
}

impl Observer for Printer {
    fn event(&self, event: Event) {
        match event {
            Event::TrainingLine { line } if self.format == Format::Json => {
                let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
                lines.push(line);
            }
            Event::TrainingLine { line } => output::text(&output::log_line(&line)),
            Event::TrainingStatus { job, status, .. } => {
                output::note(&format!("{job}: {}", output::training_status(&status)));
            }
            // Nothing else is told of a log.
            _ => {}
        }
    }
}
