//! `deploy down`.

mod expired;

use clap::Args;
use serde_json::json;

use super::confirm::Stake;
use super::consent::Ask;
use super::context::{ChangeArguments, Environment, Global, Selection, StackArgument};
use super::failure::Failure;
use super::local;
use super::output::{self, Format};
use crate::plan::Deployment;
use crate::plan::teardown::Extent;
use crate::reconcile::{self, Down, DownOptions, Due, ReconcileError, Session, Stubborn};
use crate::stack::Target;

/// Arguments of `deploy down`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deploy down                              remove what runs on this machine
  deploy down --env staging                remove it from AWS; shows what goes and asks
  deploy down --env staging --keep-data    keep the bucket, the models and the roles
  deploy down --env staging --yes          in CI
  deploy down --expired --yes              from a schedule: every environment whose `ttl` has passed

With --expired, environments without `ttl` and protected ones stay. A life is counted from the last change,
by the clock of CloudFormation, and 15 minutes more pass before anything is removed, so that a clock that is
wrong by what AWS tolerates does no harm. Whatever works on an environment keeps it: then the exit code is 4.
It is 0 when nothing is over.")]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    stack: StackArgument,
    /// The environment; by default `local`, and all that have a `ttl` with --expired
    #[arg(long, short, value_name = "ENVIRONMENT")]
    env: Option<String>,
    #[command(flatten)]
    change: ChangeArguments,
    /// Only environments whose `ttl` has passed
    #[arg(long, conflicts_with = "keep_data")]
    expired: bool,
    /// Keep the bucket with data and models, the roles and the past training jobs
    #[arg(long)]
    keep_data: bool,
    /// When CloudFormation cannot delete a resource, leave it behind and name it
    #[arg(long)]
    leave_failed: bool,
}

impl Arguments {
    fn extent(&self) -> Extent {
        if self.keep_data {
            Extent::AllButData
        } else {
            Extent::Everything
        }
    }
}

/// Removes an environment.
pub(in crate::cli) async fn run(global: &Global, arguments: &Arguments) -> Result<(), Failure> {
    if arguments.expired {
        return Box::pin(expired::run(global, arguments)).await;
    }
    let name = arguments.env.as_deref().unwrap_or("local");
    let selection = Selection::of(&arguments.stack, name);
    let environment = Environment::load(global, &selection)?;
    let session = environment.start_session(global).await?;
    let down = remove(&environment, session, arguments, Due::Now).await?;
    retire(&environment, arguments).await?;
    show(global, &environment, &down);
    Ok(())
}

/// Removes an environment whose session is given.
async fn remove(
    environment: &Environment,
    mut session: Session,
    arguments: &Arguments,
    due: Due,
) -> Result<Down, ReconcileError> {
    session.patience = arguments.change.patience();
    let deployment = Deployment::of(&environment.stack);
    let options = DownOptions {
        extent: arguments.extent(),
        stubborn: if arguments.leave_failed {
            Stubborn::Leave
        } else {
            Stubborn::Fail
        },
        due,
    };
    let title = environment.title();
    let (question, stake) = match options.extent {
        Extent::Everything => (format!("Remove {title} and all its data?"), Stake::Data),
        Extent::AllButData => (format!("Remove what serves of {title}?"), Stake::Change),
    };
    let ask = Ask {
        environment,
        question,
        yes: arguments.change.yes(),
        stake,
    };
    reconcile::down(&session, &deployment, options, &ask).await
}

/// Stops the local engine once nothing is left in it.
async fn retire(environment: &Environment, arguments: &Arguments) -> Result<(), Failure> {
    if let (Target::Local(_), Extent::Everything) = (&environment.stack.target, arguments.extent())
    {
        local::retire(environment).await?;
    }
    Ok(())
}

fn show(global: &Global, environment: &Environment, down: &Down) {
    let Down { plan, let_go } = down;
    if global.output == Format::Json {
        output::result(&json!({
            "stack": environment.stack.name.as_str(),
            "environment": environment.stack.environment.as_str(),
            "removed": !plan.changes_nothing(),
            "items": plan.removes,
            "kept": plan.keeps,
            "let_go": let_go,
        }));
        return;
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
    for item in let_go {
        output::note(&format!(
            "left behind: {}, which is in no stack any more",
            item.name
        ));
    }
    output::note(&format!("{}: {what}", environment.title()));
}
