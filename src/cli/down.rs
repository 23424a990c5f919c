//! `deploy down`.

use clap::Args;
use serde_json::json;

use super::confirm::Stake;
use super::consent::Ask;
use super::context::{ChangeArguments, Environment, Global, Selection};
use super::failure::Failure;
use super::local;
use super::output::{self, Format};
use crate::plan::Deployment;
use crate::plan::teardown::Extent;
use crate::reconcile::{self, Down, DownOptions, Stubborn};
use crate::stack::Target;

/// Arguments of `deploy down`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deploy down                              remove what runs on this machine
  deploy down --env staging                remove it from AWS; shows what goes and asks
  deploy down --env staging --keep-data    keep the bucket, the models and the roles
  deploy down --env staging --yes          in CI")]
pub(super) struct Arguments {
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    change: ChangeArguments,
    /// Keep the bucket with data and models, the roles and the past training jobs
    #[arg(long)]
    keep_data: bool,
    /// When CloudFormation cannot delete a resource, leave it behind and name it
    #[arg(long)]
    leave_failed: bool,
}

/// Removes an environment.
pub(super) async fn run(global: &Global, arguments: &Arguments) -> Result<(), Failure> {
    let environment = Environment::load(global, &arguments.selection)?;
    let deployment = Deployment::of(&environment.stack);
    let mut session = environment.start_session(global).await?;
    session.patience = arguments.change.patience();
    let options = DownOptions {
        extent: if arguments.keep_data {
            Extent::AllButData
        } else {
            Extent::Everything
        },
        stubborn: if arguments.leave_failed {
            Stubborn::Leave
        } else {
            Stubborn::Fail
        },
    };
    let title = environment.title();
    let (question, stake) = match options.extent {
        Extent::Everything => (format!("Remove {title} and all its data?"), Stake::Data),
        Extent::AllButData => (format!("Remove what serves of {title}?"), Stake::Change),
    };
    let ask = Ask {
        environment: &environment,
        question,
        yes: arguments.change.yes(),
        stake,
    };
    let Down { plan, let_go } = reconcile::down(&session, &deployment, options, &ask).await?;
    if let (Target::Local(_), Extent::Everything) = (&environment.stack.target, options.extent) {
        local::retire(&environment).await?;
    }
    if global.output == Format::Json {
        output::result(&json!({
            "stack": environment.stack.name.as_str(),
            "environment": environment.stack.environment.as_str(),
            "removed": !plan.changes_nothing(),
            "items": plan.removes,
            "kept": plan.keeps,
            "let_go": let_go,
        }));
        return Ok(());
    }
    let what = if plan.changes_nothing() {
        "there is nothing to remove"
    } else if !let_go.is_empty() {
        "removed, but for what is left behind"
    } else if plan.keeps.is_empty() {
        "removed, nothing is left"
    } else {
        "removed but for the data; `deploy down` without `--keep-data` removes that too"
    };
    for item in &let_go {
        output::note(&format!(
            "left behind: {}, which is in no stack any more",
            item.name
        ));
    }
    output::note(&format!("{title}: {what}"));
    Ok(())
}
