//! `deploy batch list`.

use std::time::Duration;

use clap::Args;
use jiff::Timestamp;
use serde_json::json;

use super::super::context::{Environment, Global, Selection};
use super::super::failure::Failure;
use super::super::output::{self, Column, Format};
use crate::cloud::transform::TransformState;
use crate::plan::Deployment;
use crate::reconcile;

/// Arguments of `deploy batch list`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deploy batch list
  deploy batch list --env staging --output json

Batch jobs cannot be deleted, so those of earlier deployments are listed, too.")]
pub(super) struct Arguments {
    #[command(flatten)]
    selection: Selection,
}

/// Lists the batch jobs of an environment, the newest first.
pub(super) async fn run(global: &Global, arguments: &Arguments) -> Result<(), Failure> {
    let environment = Environment::load(global, &arguments.selection)?;
    let mut jobs = match environment.session_to_look(global).await? {
        Some(session) => {
            reconcile::batch_jobs(&session, &Deployment::of(&environment.stack)).await?
        }
        None => Vec::new(),
    };
    jobs.reverse();
    let now = environment.station.witness.now();
    if global.output == Format::Json {
        let job = |job: &TransformState| {
            let mut value = json!(job);
            value["seconds"] = json!(job.seconds(now));
            value
        };
        output::result(&json!({
            "stack": environment.stack.name.as_str(),
            "environment": environment.stack.environment.as_str(),
            "jobs": jobs.iter().map(job).collect::<Vec<_>>(),
        }));
        return Ok(());
    }
    if jobs.is_empty() {
        output::note(&format!("{}: no batch job yet", environment.title()));
        return Ok(());
    }
    let rows: Vec<_> = jobs.iter().map(|job| row(job, now)).collect();
    for line in output::table(COLUMNS, &rows) {
        output::text(&line);
    }
    Ok(())
}

/// The columns; the last has why a job failed.
const COLUMNS: [Column; 5] = [
    Column::whole("job"),
    Column::whole("status"),
    Column::whole("started"),
    Column::whole("took"),
    Column::short("", 30),
];

fn row(job: &TransformState, now: Timestamp) -> [String; 5] {
    let started = job.created.map(|at| output::age(at, now));
    let took = job.seconds(now).map(Duration::from_secs);
    let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    [
        job.name.clone(),
        output::training_status(&format!("{:?}", job.phase)),
        or_none(started),
        or_none(took.map(output::elapsed)),
        job.failure_reason.clone().unwrap_or_default(),
    ]
}
