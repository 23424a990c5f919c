//! `deploy plan`.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use serde_json::{Value, json};

use super::context::{Environment, Global, Selection};
use super::cost::{self, PriceArguments};
use super::draft::{self, Draft};
use super::failure::Failure;
use super::output::{self, Format};
use super::unsupported;
use super::up::ChoiceArguments;
use super::warnings;
use crate::cost::{Difference, Prices};
use crate::plan::{self, Choices, Desired, Inside, Observed, Plan, SavedPlan, Step, expected};
use crate::reconcile;

/// Arguments of `deploy plan`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deploy plan --env staging                    what `deploy up` would do, and why
  deploy plan --env prod --out plan.json       keep it; `deploy up --env prod --plan plan.json`
                                               carries out exactly this, or refuses
  deploy plan --env prod --exit-code           exit with 2 when something would change")]
pub(super) struct Arguments {
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    choices: ChoiceArguments,
    #[command(flatten)]
    prices: PriceArguments,
    /// Keep the plan in a file (digests and names only, no secrets)
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Exit with 2 when something would change
    #[arg(long)]
    exit_code: bool,
}

/// Shows what `deploy up` would do.
pub(super) async fn run(global: &Global, arguments: &Arguments) -> Result<(), Failure> {
    let environment = Environment::load(global, &arguments.selection)?;
    unsupported::refuse(&environment.stack)?;
    let draft = environment.draft()?;
    let prices = cost::at_hand(global, &environment.stack, &arguments.prices)?;
    warnings::show(global, &environment);
    let made = make(
        global,
        &environment,
        draft,
        arguments.choices.choices(),
        prices,
    );
    let Made {
        desired,
        plan,
        cost,
    } = Box::pin(made).await?;
    if let Some(path) = &arguments.out
        && plan.held.is_empty()
    {
        save(&environment, &plan, &desired, path)?;
    }
    show(global, &environment, &plan, cost.as_ref());
    if !plan.held.is_empty() {
        return Err(plan.held.into());
    }
    if arguments.exit_code && !plan.changes_nothing() {
        return Err(Failure::differences());
    }
    Ok(())
}

/// A plan, and what it was made from.
pub(super) struct Made {
    desired: Desired,
    pub(super) plan: Plan,
    /// What it adds to the cost, where prices are at hand.
    cost: Option<Difference>,
}

/// Makes the plan of `up`.
pub(super) async fn make(
    global: &Global,
    environment: &Environment,
    draft: Draft,
    choices: Choices,
    prices: Option<Prices>,
) -> Result<Made, Failure> {
    // To look at a local environment that was never brought up, no engine is started.
    let Some(mut session) = environment.session_to_look(global).await? else {
        let desired = draft.alone();
        let desired = desired.ok_or_else(|| draft::nothing_promoted(environment))?;
        let nothing = Observed {
            account: desired.deployment.account.clone(),
            foundation: None,
            service: None,
            inside: Inside::default(),
        };
        let plan = plan::plan(&desired, &nothing, choices);
        let cost = None;
        return Ok(Made {
            desired,
            plan,
            cost,
        });
    };
    let desired = draft.completed(global, environment, &mut session).await?;
    let plan = reconcile::plan_up(&session, &desired, choices).await?;
    let cost = match &prices {
        Some(prices) if plan.held.is_empty() => {
            cost::of_plan(&session, &desired, &plan, prices).await
        }
        _ => None,
    };
    Ok(Made {
        desired,
        plan,
        cost,
    })
}

fn save(
    environment: &Environment,
    plan: &Plan,
    desired: &Desired,
    path: &std::path::Path,
) -> Result<(), Failure> {
    let made = environment.station.witness.now().to_string();
    let saved = SavedPlan::new(plan, desired, made);
    let write = || -> anyhow::Result<()> {
        let text = serde_json::to_string_pretty(&saved)?;
        std::fs::write(path, text + "\n")?;
        Ok(())
    };
    write()
        .with_context(|| format!("cannot write {}", path.display()))
        .map_err(Failure::failed)
}

fn show(global: &Global, environment: &Environment, plan: &Plan, cost: Option<&Difference>) {
    if global.output == Format::Json {
        let mut value = json(environment, plan);
        value["cost"] = json!(cost);
        output::result(&value);
        return;
    }
    let now = environment.station.witness.now();
    for line in output::plan(&environment.title(), plan, environment.pace(), now) {
        output::text(&line);
    }
    if let Some(cost) = cost {
        output::text(&cost::line(cost));
    }
}

fn json(environment: &Environment, plan: &Plan) -> Value {
    json!({
        "stack": environment.stack.name.as_str(),
        "environment": environment.stack.environment.as_str(),
        "changes": !plan.changes_nothing(),
        "steps": plan.steps.iter().map(|step| with_range(environment, step)).collect::<Vec<_>>(),
        "held": plan.held,
        "removes": plan.removes,
        "keeps": plan.keeps,
        "based_on": plan.based_on,
        "warnings": warnings::of(&environment.stack, environment.station.witness.now()),
    })
}

/// A step with how long it usually takes, where that is known.
fn with_range(environment: &Environment, step: &Step) -> Value {
    let mut value = json!(step);
    let usual = match environment.pace() {
        output::Pace::Aws => expected(step.kind, step.action),
        output::Pace::Local => None,
    };
    value["expected"] = json!(usual);
    value
}
