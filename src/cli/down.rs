//! `deploy down`.

use clap::Args;
use serde_json::json;

use super::confirm::{Stake, confirm};
use super::context::{Environment, Global, Selection};
use super::failure::Failure;
use super::local;
use super::output::{self, Format};
use crate::plan::{Deployment, teardown};
use crate::reconcile;
use crate::stack::Target;

/// Arguments of `deploy down`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deploy down                        remove what runs on this machine
  deploy down --env staging          remove it from AWS; shows what goes and asks
  deploy down --env staging --yes    in CI")]
pub(super) struct Arguments {
    #[command(flatten)]
    selection: Selection,
    /// Go on without asking
    #[arg(long, short)]
    yes: bool,
}

/// Removes an environment.
pub(super) async fn run(global: &Global, arguments: &Arguments) -> Result<(), Failure> {
    let environment = Environment::load(global, &arguments.selection)?;
    let deployment = Deployment::of(&environment.stack);
    let session = environment.start_session(global).await?;
    let observed = reconcile::observe_for_teardown(&session, &deployment).await?;
    let plan = teardown::plan(&deployment, &observed);
    if !plan.held.is_empty() {
        return Err(plan.held.into());
    }
    if !plan.changes_nothing() {
        output::plan(&environment.title(), &plan, environment.pace());
        let question = format!("Remove {} and all its data?", environment.title());
        confirm(
            &environment.stack,
            &question,
            arguments.yes.into(),
            Stake::Data,
        )?;
    }
    reconcile::tear_down(&session, &deployment, &observed, &plan).await?;
    if let Target::Local(_) = environment.stack.target {
        local::retire(&environment, &session).await?;
    }
    if global.output == Format::Json {
        output::result(&json!({
            "stack": environment.stack.name.as_str(),
            "environment": environment.stack.environment.as_str(),
            "removed": !plan.changes_nothing(),
        }));
    } else if plan.changes_nothing() {
        output::note(&format!(
            "{}: there is nothing to remove",
            environment.title()
        ));
    } else {
        output::note(&format!(
            "{}: removed, nothing is left",
            environment.title()
        ));
    }
    Ok(())
}
