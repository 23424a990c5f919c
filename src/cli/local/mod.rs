//! `deploy local`: the life of the local engine, a process beside this one.
//!
//! Its folder `.deploy/local` in the project holds the state, the credentials (`credentials`, a
//! standard AWS file that only the user can read) and a record of the running process. The process
//! holds a lock on `lock`, so whether an engine runs is never a guess.

mod folder;
mod health;
mod launch;
mod serve;
mod show;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;

use super::context::{Environment, Global, Project, Selection};
use super::failure::Failure;
use super::output::{self, Format};
use crate::aws::Endpoint;
use crate::cloud::CloudFault;
use crate::reconcile::Session;
use crate::stack::{LocalTarget, Target};
use folder::Folder;

/// Arguments of `deploy local`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start the engine (`deploy up` does it by itself)
    Start(Selection),
    /// Stop the engine; its state stays and `deploy local start` brings everything back
    Stop,
    /// Show whether the engine runs, and how other AWS clients reach it
    Status,
    /// Print the engine's log
    Logs {
        /// Go on printing as lines are added
        #[arg(long, short)]
        follow: bool,
    },
    /// Be the engine
    #[command(hide = true)]
    Serve(serve::Arguments),
}

/// Runs `deploy local`.
pub(super) async fn run(global: &Global, arguments: Arguments) -> Result<(), Failure> {
    match arguments.command {
        Command::Start(selection) => start(global, &selection).await,
        Command::Stop => stop(global).await,
        Command::Status => show::status(global, &Folder::of(&Project::open(global)?)).await,
        Command::Logs { follow } => {
            show::logs(&Folder::of(&Project::open(global)?), follow.into()).await
        }
        Command::Serve(arguments) => serve::run(arguments).await,
    }
}

/// Makes sure that an engine with the target's settings runs, and returns where it is.
pub(super) async fn ensure(
    global: &Global,
    project: &Project,
    target: &LocalTarget,
) -> Result<Endpoint, Failure> {
    launch::ensure(global, &Folder::of(project), target).await
}

/// Returns where the engine is, if it runs.
pub(super) async fn running(project: &Project) -> Result<Option<Endpoint>, Failure> {
    launch::running(&Folder::of(project)).await
}

/// Whether an engine of the project has anything in it.
pub(super) fn has_state(project: &Project) -> bool {
    Folder::of(project).path().join("state").exists()
}

/// The key that the engine's page wants in its address.
pub(super) fn page_key(project: &Project) -> Result<String, Failure> {
    let credentials = Folder::of(project).credentials();
    Ok(credentials.map_err(Failure::failed)?.page_key())
}

/// Writes a file that only the user can read, and that leads a browser to an address; returns its path.
pub(super) fn page_file(project: &Project, address: &str) -> Result<PathBuf, Failure> {
    let written = Folder::of(project).lead_to(address);
    written.map_err(Failure::failed)
}

/// Stops the engine and removes its folder when no stack is left in it.
pub(super) async fn retire(environment: &Environment, session: &Session) -> Result<(), Failure> {
    if any_stack(session).await.map_err(Failure::failed)? {
        output::note("the local engine goes on: other stacks are deployed in it");
        return Ok(());
    }
    let folder = Folder::of(&environment.project);
    launch::stop(&folder).await?;
    folder.remove().map_err(Failure::failed)
}

async fn any_stack(session: &Session) -> Result<bool, CloudFault> {
    Ok(!session.cloud.stacks.list().await?.is_empty())
}

async fn start(global: &Global, selection: &Selection) -> Result<(), Failure> {
    let environment = Environment::load(global, selection)?;
    let Target::Local(target) = &environment.stack.target else {
        return Err(Failure::usage(format!(
            "{} is not a local environment",
            environment.title()
        )));
    };
    let endpoint = ensure(global, &environment.project, target).await?;
    if global.output == Format::Json {
        output::result(&json!({ "url": endpoint.url }));
    } else {
        output::text(&endpoint.url);
    }
    Ok(())
}

async fn stop(global: &Global) -> Result<(), Failure> {
    let was_running = launch::stop(&Folder::of(&Project::open(global)?)).await?;
    if global.output == Format::Json {
        output::result(&json!({ "stopped": was_running }));
    } else if was_running {
        output::note("stopped; its state is kept");
    } else {
        output::note("it was not running");
    }
    Ok(())
}
