//! `deploy gc`.

use clap::Args;
use serde_json::json;

use super::confirm::Stake;
use super::consent::Ask;
use super::context::{ChangeArguments, Environment, Global, Selection};
use super::failure::Failure;
use super::output::{self, Format};
use crate::reconcile::{self, Keep};
use crate::release::Pin;
use crate::stack::StackFile;

/// Arguments of `deploy gc`.
#[derive(Debug, Args)]
#[command(after_help = "\
Kept are what serves, what the stack file asks for now, what is being trained, the newest models and
releases, what is pinned by a lock file beside the stack file, and the data and code that all of these were
made from. Everything that goes is shown before it does.

Examples:
  deploy gc --env staging               shows what nothing refers to, and asks
  deploy gc --env staging --keep 0      keeps no model for its age alone
  deploy gc --env staging --yes         in a scheduled job")]
pub(super) struct Arguments {
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    change: ChangeArguments,
    /// Keep so many of the newest models, whether or not anything refers to them
    #[arg(long, value_name = "NUMBER", default_value_t = 5)]
    keep: usize,
    /// Keep all that is needed to go back to so many of the newest releases
    #[arg(long, value_name = "NUMBER", default_value_t = 5)]
    keep_releases: usize,
}

/// Removes models, data and code that nothing refers to.
pub(super) async fn run(global: &Global, arguments: &Arguments) -> Result<(), Failure> {
    let environment = Environment::load(global, &arguments.selection)?;
    let draft = environment.draft()?;
    let mut session = environment.start_session(global).await?;
    session.patience = arguments.change.patience();
    let desired = draft.completed(global, &environment, &mut session).await?;
    let ask = Ask {
        environment: &environment,
        question: "Remove this for good?".to_owned(),
        yes: arguments.change.yes(),
        stake: Stake::Change,
    };
    let keep = Keep {
        models: arguments.keep,
        releases: arguments.keep_releases,
        pins: pins(&environment)?,
    };
    let plan = reconcile::gc(&session, &desired, &keep, &ask).await?;
    if global.output == Format::Json {
        output::result(&json!({
            "stack": environment.stack.name.as_str(),
            "environment": environment.stack.environment.as_str(),
            "removed": plan.removes,
            "kept": plan.keeps,
        }));
        return Ok(());
    }
    let title = environment.title();
    output::note(&if plan.removes.is_empty() {
        format!("{title}: something refers to everything that is there")
    } else {
        format!("{title}: removed what nothing referred to")
    });
    Ok(())
}

/// What is pinned of the environment: for itself, and for those that take releases over from it.
fn pins(environment: &Environment) -> Result<Vec<Pin>, Failure> {
    let mut pins: Vec<Pin> = environment.pin()?.into_iter().collect();
    for stack in StackFile::read(&environment.stack.file)?.all()? {
        let from = stack.promotion.as_ref().map(|promotion| &promotion.from);
        if from == Some(&environment.stack.environment) {
            pins.extend(environment.sibling(stack.environment.as_str())?.pin()?);
        }
    }
    Ok(pins)
}
