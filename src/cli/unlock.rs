//! `deploy unlock`.

use clap::Args;
use serde_json::json;

use super::confirm::{Stake, confirm};
use super::context::{Environment, Global, Selection};
use super::failure::Failure;
use super::output::{self, Format};
use crate::plan::Deployment;
use crate::reconcile::lock;

/// Arguments of `deploy unlock`.
#[derive(Debug, Args)]
#[command(after_help = "\
A run that was killed leaves its lock for a minute, one that had worked for hours for up to ten. The
next run takes it over by itself after that, so this is needed only by those who cannot wait.

Examples:
  deploy unlock --env staging          says who holds the lock, and asks
  deploy unlock --env staging --yes    removes it unless it is renewed meanwhile")]
pub(super) struct Arguments {
    #[command(flatten)]
    selection: Selection,
    /// Go on without asking
    #[arg(long, short)]
    yes: bool,
}

/// Removes the lock of a run that is gone.
pub(super) async fn run(global: &Global, arguments: &Arguments) -> Result<(), Failure> {
    let environment = Environment::load(global, &arguments.selection)?;
    let deployment = Deployment::of(&environment.stack);
    let found = match environment.session_to_look(global).await? {
        Some(session) => lock::find(&session, &deployment)
            .await?
            .map(|found| (session, found)),
        None => None,
    };
    let Some((session, found)) = found else {
        show(global, &environment, None, "nobody holds the lock");
        return Ok(());
    };
    let holder = match &found.note {
        Some(note) => note.to_string(),
        None => "another version of deploy holds it".to_owned(),
    };
    output::note(&holder);
    confirm(
        &environment.stack,
        "Is that run gone, and may its lock be removed?",
        arguments.yes.into(),
        Stake::Change,
    )?;
    if !lock::remove(&session, &deployment, &found).await? {
        let error = anyhow::anyhow!("the lock was renewed or changed hands meanwhile: {holder}");
        return Err(Failure::with_code(super::failure::LOCKED, error)
            .hint("that run works; wait for it, or stop it"));
    }
    show(
        global,
        &environment,
        found.note.as_ref(),
        "the lock is removed",
    );
    Ok(())
}

fn show(global: &Global, environment: &Environment, removed: Option<&lock::LockNote>, text: &str) {
    if global.output == Format::Json {
        output::result(&json!({
            "stack": environment.stack.name.as_str(),
            "environment": environment.stack.environment.as_str(),
            "removed": removed,
        }));
    } else {
        output::note(&format!("{}: {text}", environment.title()));
    }
}
