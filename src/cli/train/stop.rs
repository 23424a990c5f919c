//! `deploy train --stop`.

use serde_json::json;

use super::super::confirm::{Stake, Yes, confirm};
use super::super::context::{Environment, Global, Selection};
use super::super::failure::Failure;
use super::super::output::{self, Format};
use crate::cloud::training::TrainingState;
use crate::plan::{Deployment, held};
use crate::reconcile;

/// Stops every job of the environment that runs. The lock is not asked for: the run that follows the job
/// holds it, sees that the job was stopped, and ends.
pub(super) async fn run(global: &Global, selection: &Selection, yes: Yes) -> Result<(), Failure> {
    let environment = Environment::load(global, selection)?;
    let Some(session) = environment.session_if_running(global).await? else {
        show(global, &environment, &[]);
        return Ok(());
    };
    let deployment = Deployment::of(&environment.stack);
    let observed = reconcile::observe(&session, &deployment).await?;
    let held = held(&deployment, &observed);
    if !held.is_empty() {
        return Err(held.into());
    }
    let mut running = reconcile::training_jobs(&session, &deployment).await?;
    running.retain(|job| !job.is_settled());
    if running.is_empty() {
        show(global, &environment, &[]);
        return Ok(());
    }
    let names: Vec<&str> = running.iter().map(|job| job.name.as_str()).collect();
    let question = format!(
        "Stop {}? What it has trained so far is lost, but for its checkpoints.",
        names.join(", ")
    );
    confirm(&environment.stack, &question, yes, Stake::Change)?;
    let mut stopped = Vec::new();
    for name in names {
        stopped.extend(reconcile::stop_training(&session, name).await?);
    }
    show(global, &environment, &stopped);
    Ok(())
}

fn show(global: &Global, environment: &Environment, stopped: &[TrainingState]) {
    if global.output == Format::Json {
        output::result(&json!({
            "stack": environment.stack.name.as_str(),
            "environment": environment.stack.environment.as_str(),
            "stopped": stopped,
        }));
        return;
    }
    if stopped.is_empty() {
        output::note(&format!("{}: no training job runs", environment.title()));
    }
    for job in stopped {
        // It may have come to its own end before it was asked.
        let status = output::training_status(&job.detail);
        output::text(&format!("{} {status}", job.name));
    }
}
