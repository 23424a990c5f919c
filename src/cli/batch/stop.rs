//! `deploy batch stop`.

use clap::Args;
use serde_json::json;

use super::super::confirm::{Stake, confirm};
use super::super::context::{Environment, Global, Selection};
use super::super::failure::Failure;
use super::super::output::{self, Format};
use crate::plan::{Deployment, held};
use crate::reconcile;

/// Arguments of `deploy batch stop`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deploy batch stop news-staging-4f2a91bc0d3e5f67 --env staging

The lock is not asked for. A job that is stopped stores no answers.")]
pub(super) struct Arguments {
    /// Name of the job
    #[arg(value_name = "JOB")]
    job: String,
    #[command(flatten)]
    selection: Selection,
    /// Go on without asking
    #[arg(long, short)]
    yes: bool,
}

/// Stops a batch job, and waits until it has stopped.
pub(super) async fn run(global: &Global, arguments: &Arguments) -> Result<(), Failure> {
    let environment = Environment::load(global, &arguments.selection)?;
    let job = &arguments.job;
    let Some(session) = environment.session_to_look(global).await? else {
        return Err(super::none(&environment, job));
    };
    let deployment = Deployment::of(&environment.stack);
    let observed = reconcile::observe(&session, &deployment).await?;
    let held = held(&deployment, &observed);
    if !held.is_empty() {
        return Err(held.into());
    }
    super::exists(&session, &environment, job).await?;
    let question = format!("Stop {job}? It has no answers then.");
    confirm(
        &environment.stack,
        &question,
        arguments.yes.into(),
        Stake::Change,
    )?;
    let stopped = reconcile::stop_batch(&session, job).await?;
    if global.output == Format::Json {
        output::result(&json!({
            "stack": environment.stack.name.as_str(),
            "environment": environment.stack.environment.as_str(),
            "job": stopped,
        }));
        return Ok(());
    }
    if let Some(state) = stopped {
        // It may have come to its own end before it was asked.
        let status = output::training_status(&format!("{:?}", state.phase));
        output::text(&format!("{job} {status}"));
    }
    Ok(())
}
