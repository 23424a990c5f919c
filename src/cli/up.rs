//! `deploy up`.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::confirm::Stake;
use super::consent::{self, Agreed, Ask};
use super::context::{ChangeArguments, Environment, Global, Selection};
use super::cost::{self, Costed, PriceArguments};
use super::failure::Failure;
use super::origin;
use super::output::{self, Format};
use super::promote::approvals::ApprovalArguments;
use super::promote::pin;
use super::{reason, rollback, unsupported, warnings};
use crate::cloud::stacks::DriftMode;
use crate::plan::{Choices, Closeness, LiveResources, Plan, Reach, RetryTraining};
use crate::reconcile::{self, Outcome, Skip, Up, UpOptions, smoke_text};

/// Arguments of `deploy up`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deploy up                                  on this machine, no account needed
  deploy up --env staging                    on AWS; shows the plan and asks
  deploy up --env staging --yes              in CI
  deploy up --env prod --approval bob.sig    what is pinned, with a later approval
  deploy up --env prod --plan plan.json      exactly what `deploy plan --out` kept, or nothing")]
pub(super) struct Arguments {
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    choices: ChoiceArguments,
    #[command(flatten)]
    prices: PriceArguments,
    #[command(flatten)]
    change: ChangeArguments,
    /// Carry out this saved plan, or refuse when anything has changed since it was made
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,
    /// Let a model pass that does not pass its gates; the reason is kept beside the model
    #[arg(long, value_name = "REASON", value_parser = reason::read)]
    override_gates: Option<String>,
    #[command(flatten)]
    approvals: ApprovalArguments,
    #[command(flatten)]
    failure: FailureArguments,
    /// First take back what others changed since the last deployment (see `deploy drift`)
    #[arg(long)]
    revert_drift: bool,
}

/// Arguments that say what to do about what failed.
#[derive(Debug, Args)]
pub(super) struct FailureArguments {
    /// When a roll-back failed, leave the resources that could not be rolled back as they are
    #[arg(long)]
    skip_failed: bool,
    /// Go back to the release before when what was deployed does not serve
    #[arg(long)]
    rollback_on_failure: bool,
}

/// Arguments that decide the plan.
#[derive(Debug, Args)]
pub(super) struct ChoiceArguments {
    /// Repeat a training job that failed, although nothing has changed since
    #[arg(long)]
    retry_training: bool,
    /// When the service can only be made anew, remove what exists of it first
    #[arg(long)]
    recreate: bool,
    /// Look deeper than at the fingerprints of the stacks: uploads, model, and a change set of each
    #[arg(long)]
    refresh: bool,
}

impl ChoiceArguments {
    pub(super) fn choices(&self) -> Choices {
        Choices {
            retry_training: if self.retry_training {
                RetryTraining::Repeat
            } else {
                RetryTraining::Hold
            },
            live_resources: if self.recreate {
                LiveResources::Remove
            } else {
                LiveResources::Hold
            },
            closeness: if self.refresh {
                Closeness::Everything
            } else {
                Closeness::Fingerprints
            },
            reach: Reach::Service,
        }
    }
}

/// Brings an environment up.
pub(super) async fn run(global: &Global, arguments: &Arguments) -> Result<(), Failure> {
    let environment = Environment::load(global, &arguments.selection)?;
    unsupported::refuse(&environment.stack)?;
    let saved = arguments.plan.as_deref().map(consent::read).transpose()?;
    let mut draft = environment.draft()?;
    draft.override_gates(arguments.override_gates.as_ref());
    let prices = cost::at_hand(global, &environment.stack, &arguments.prices)?;
    warnings::show(global, &environment);
    let mut session = environment.start_session(global).await?;
    session.patience = arguments.change.patience();
    let mut desired = draft.completed(global, &environment, &mut session).await?;
    let given = &arguments.approvals;
    Box::pin(pin::judge(
        global,
        &environment,
        &session,
        &mut desired,
        given,
    ))
    .await?;
    let options = UpOptions {
        choices: arguments.choices.choices(),
        skip: if arguments.failure.skip_failed {
            Skip::Failed
        } else {
            Skip::Nothing
        },
        drift: if arguments.revert_drift {
            DriftMode::Revert
        } else {
            DriftMode::Leave
        },
    };
    let ask = Ask {
        environment: &environment,
        question: "Carry this out?".to_owned(),
        yes: arguments.change.yes(),
        stake: Stake::Change,
    };
    let result = if let Some(saved) = saved {
        let agreed = Agreed {
            saved,
            desired: &desired,
            ask,
        };
        reconcile::up(&session, &desired, options, &agreed).await
    } else {
        let costed = Costed {
            ask,
            session: &session,
            desired: &desired,
            prices,
        };
        reconcile::up(&session, &desired, options, &costed).await
    };
    let Up { plan, outcome } = match result {
        Ok(up) => up,
        Err(error) if arguments.failure.rollback_on_failure && rollback::undoes(&error) => {
            return Err(rollback::after(&environment, &session, &desired, error).await);
        }
        Err(error) => return Err(origin::explained(&environment, error)),
    };
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
    if let Some(release) = &outcome.release {
        output::note(&format!("release {release}"));
    }
    if let Some(ttl) = environment.stack.ttl {
        output::note(&format!(
            "it is over {ttl} after its last change (`deploy status` says when)"
        ));
    }
    output::text(url);
    output::note("try it:");
    let body = json!({ "query": { "headline": smoke_text() } });
    output::text(&format!(
        "curl -s {url} -H 'content-type: application/json' -d '{body}'"
    ));
}

fn json(environment: &Environment, plan: &Plan, outcome: &Outcome) -> Value {
    json!({
        "stack": environment.stack.name.as_str(),
        "environment": environment.stack.environment.as_str(),
        "changed": !plan.changes_nothing(),
        "release": outcome.release,
        "plan": plan.steps,
        "outputs": outcome.outputs,
        "training": outcome.training,
    })
}
