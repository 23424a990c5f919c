//! `deploy up`.

use clap::Args;
use serde_json::{Value, json};

use super::confirm::{Stake, confirm};
use super::context::{Environment, Global, Selection};
use super::failure::Failure;
use super::origin;
use super::output::{self, Format};
use super::unsupported;
use crate::plan::{self, Choices, Plan, RetryTraining};
use crate::reconcile::{self, Outcome, smoke_headline};

/// Arguments of `deploy up`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deploy up                        on this machine, no account needed
  deploy up --env staging          on AWS; shows the plan and asks
  deploy up --env staging --yes    in CI")]
pub(super) struct Arguments {
    #[command(flatten)]
    selection: Selection,
    /// Go on without asking
    #[arg(long, short)]
    yes: bool,
    /// Repeat a training job that failed, although nothing has changed since
    #[arg(long)]
    retry_training: bool,
}

/// Brings an environment up.
pub(super) async fn run(global: &Global, arguments: &Arguments) -> Result<(), Failure> {
    let environment = Environment::load(global, &arguments.selection)?;
    unsupported::refuse(&environment.stack)?;
    let desired = environment.desired()?;
    let session = environment.start_session(global).await?;
    let observed = reconcile::observe_for_up(&session, &desired).await?;
    let retry_training = if arguments.retry_training {
        RetryTraining::Repeat
    } else {
        RetryTraining::Hold
    };
    let plan = plan::plan(&desired, &observed, Choices { retry_training });
    if !plan.held.is_empty() {
        return Err(plan.held.into());
    }
    if !plan.changes_nothing() {
        output::plan(&environment.title(), &plan, environment.pace());
        confirm(
            &environment.stack,
            "Carry this out?",
            arguments.yes.into(),
            Stake::Change,
        )?;
    }
    let outcome = reconcile::bring_up(&session, &desired, &observed, &plan)
        .await
        .map_err(|error| origin::explained(&environment, error))?;
    show(global, &environment, &plan, &outcome);
    Ok(())
}

fn show(global: &Global, environment: &Environment, plan: &Plan, outcome: &Outcome) {
    let url = outcome
        .outputs
        .get("ClassifyUrl")
        .map(String::as_str)
        .unwrap_or_default();
    if global.output == Format::Json {
        output::result(&json(environment, plan, outcome));
        return;
    }
    if plan.changes_nothing() {
        output::note(&format!(
            "{}: nothing to change, and it answers",
            environment.title()
        ));
    }
    if let Some(job) = &outcome.training {
        for name in ["eval_accuracy", "eval_macro_f1"] {
            if let Some(value) = job.metrics.get(name) {
                output::note(&format!("{} {value:.4}", name.trim_start_matches("eval_")));
            }
        }
    }
    output::text(url);
    output::note("try it:");
    let body = json!({ "query": { "headline": smoke_headline() } });
    output::text(&format!(
        "curl -s {url} -H 'content-type: application/json' -d '{body}'"
    ));
}

fn json(environment: &Environment, plan: &Plan, outcome: &Outcome) -> Value {
    json!({
        "stack": environment.stack.name.as_str(),
        "environment": environment.stack.environment.as_str(),
        "changed": !plan.changes_nothing(),
        "plan": plan.steps,
        "outputs": outcome.outputs,
        "training": outcome.training,
    })
}
