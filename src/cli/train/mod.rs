//! `deploy train`: `up` as far as the model, and what there is to do with training jobs.

mod list;
mod logs;
mod stop;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::confirm::Stake;
use super::consent::Ask;
use super::context::{ChangeArguments, Environment, Global, Selection};
use super::failure::Failure;
use super::origin;
use super::output::{self, Format};
use super::{unsupported, warnings};
use crate::plan::{Choices, Plan, Reach, RetryTraining, StepKind};
use crate::reconcile::{self, Outcome, Up, UpOptions};
use crate::stack::ModelSource;

/// Arguments of `deploy train`.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
Examples:
  deploy train                               on this machine, no account needed
  deploy train --env staging                 on AWS; shows the plan and asks
  deploy train --env staging --follow        with every line of the job's log
  deploy train --env staging --retry         repeat a job that failed, unchanged
  deploy train --env staging --stop          stop the job that runs
  deploy train list --env staging            the jobs so far, and which of them serves
  deploy train logs --env staging --follow   listen to the newest job, and change nothing

The model of a training key is trained once: where it is there, nothing is trained. What serves is left as
it is; `deploy up` brings the model into service."
)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    change: ChangeArguments,
    #[command(flatten)]
    job: JobArguments,
    /// Stop the job that runs, also one that `deploy up` waits for
    #[arg(long, conflicts_with_all = ["retry", "follow"])]
    stop: bool,
}

/// What is to be done with the job.
#[derive(Debug, Args)]
struct JobArguments {
    /// Repeat a training job that failed, although nothing has changed since
    #[arg(long, alias = "retry-training")]
    retry: bool,
    /// Show every line of the job's log, not only the last
    #[arg(long, short)]
    follow: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the training jobs of an environment
    List(list::Arguments),
    /// Show a training job's log
    Logs(logs::Arguments),
}

/// Trains, or does what else was asked for.
pub(super) async fn run(global: &Global, arguments: &Arguments) -> Result<(), Failure> {
    match &arguments.command {
        Some(Command::List(arguments)) => list::run(global, arguments).await,
        Some(Command::Logs(arguments)) => logs::run(global, arguments).await,
        None if arguments.stop => {
            let stopping = stop::run(global, &arguments.selection, arguments.change.yes());
            Box::pin(stopping).await
        }
        None => Box::pin(train(global, arguments)).await,
    }
}

async fn train(global: &Global, arguments: &Arguments) -> Result<(), Failure> {
    let environment = Environment::load(global, &arguments.selection)?;
    unsupported::refuse(&environment.stack)?;
    if let Some(promotion) = &environment.stack.promotion {
        let message = format!(
            "`{}` takes models over from `{}` and never trains",
            environment.stack.environment, promotion.from
        );
        let hint = format!("`deploy train --env {}` trains there", promotion.from);
        return Err(Failure::usage(message).hint(hint));
    }
    if let ModelSource::Brought(brought) = &environment.stack.model {
        let name = brought.name();
        let message = format!("there is nothing to train: the stack brings {name}");
        return Err(Failure::usage(message).hint("`deploy up` deploys it"));
    }
    let draft = environment.draft()?;
    warnings::show(global, &environment);
    let mut session = environment.start_session(global).await?;
    session.patience = arguments.change.patience();
    let desired = draft.completed(global, &environment, &mut session).await?;
    if arguments.job.follow {
        session.observer = output::following(session.observer);
    }
    let options = UpOptions {
        choices: Choices {
            retry_training: if arguments.job.retry {
                RetryTraining::Repeat
            } else {
                RetryTraining::Hold
            },
            reach: Reach::Model,
            ..Choices::default()
        },
        ..UpOptions::default()
    };
    let ask = Ask {
        environment: &environment,
        question: "Carry this out?".to_owned(),
        yes: arguments.change.yes(),
        stake: Stake::Change,
    };
    let result = reconcile::up(&session, &desired, options, &ask).await;
    let Up { plan, outcome } = result.map_err(|error| origin::explained(&environment, error))?;
    show(global, &environment, &plan, &outcome);
    Ok(())
}

fn show(global: &Global, environment: &Environment, plan: &Plan, outcome: &Outcome) {
    if global.output == Format::Json {
        output::result(&json(environment, plan, outcome));
        return;
    }
    let now = environment.station.witness.now();
    if plan.changes_nothing() {
        let step = plan
            .steps
            .iter()
            .find(|step| step.kind == StepKind::Training);
        let why = step.map_or_else(
            || "the model of this training key serves".to_owned(),
            |step| output::reason(&step.reason, now),
        );
        output::note(&format!("{}: nothing to train: {why}", environment.title()));
    }
    let Some(job) = &outcome.training else { return };
    for (name, value) in &job.metrics {
        output::note(&format!("{name} {}", output::number(*value)));
    }
    if let Some(percent) = job.facts.saving() {
        output::note(&format!("{percent} % saved by spare capacity"));
    }
    output::text(job.model.as_deref().unwrap_or_default());
}

fn json(environment: &Environment, plan: &Plan, outcome: &Outcome) -> Value {
    json!({
        "stack": environment.stack.name.as_str(),
        "environment": environment.stack.environment.as_str(),
        "changed": !plan.changes_nothing(),
        "plan": plan.steps,
        "training": outcome.training,
    })
}
