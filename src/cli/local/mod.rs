//! `deploy local`: the life of the local engine, a process beside this one.
//!
//! One engine has the local environments of a project, in whatever accounts and regions they are.
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
use crate::aws::{self, Connection, Endpoint};
use crate::local::{PythonError, Readiness};
use crate::stack::{AccountId, LocalTarget, Target};
use folder::Folder;

/// Arguments of `deploy local`.
#[derive(Debug, Args)]
#[command(after_help = "\
The engine of a project keeps its state under .deploy/local and listens on loopback only.

Examples:
  deploy local status                      where it is, and how other AWS clients reach it
  deploy local stop                        its state stays
  deploy local logs --follow")]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start the engine (`deploy up` does it by itself)
    #[command(after_help = "\
Examples:
  deploy local start
  deploy local start --local-port 4600     where something else has the port")]
    Start(Selection),
    /// Stop the engine; its state stays and `deploy local start` brings everything back
    #[command(after_help = "\
Examples:
  deploy local stop")]
    Stop,
    /// Show whether the engine runs, and how other AWS clients reach it
    #[command(after_help = "\
Examples:
  deploy local status
  deploy local status --output json")]
    Status,
    /// Print the key of an environment's account, for `credential_process` in an AWS configuration file
    #[command(after_help = "\
Examples:
  deploy local key --env local             as a line `credential_process = …` in ~/.aws/config")]
    Key(Selection),
    /// Print the engine's log
    #[command(after_help = "\
Examples:
  deploy local logs
  deploy local logs --follow")]
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
        Command::Key(selection) => key(global, &selection),
        Command::Logs { follow } => {
            show::logs(&Folder::of(&Project::open(global)?), follow.into()).await
        }
        Command::Serve(arguments) => serve::run(arguments).await,
    }
}

/// Makes sure that an engine with the target's settings runs, and returns where it is, with the key of the
/// environment's account.
pub(super) async fn ensure(
    global: &Global,
    project: &Project,
    target: &LocalTarget,
    account: &AccountId,
) -> Result<Endpoint, Failure> {
    launch::ensure(global, &Folder::of(project), target, account.as_str()).await
}

/// Returns where the engine is, with the key of the environment's account, if it runs.
pub(super) async fn running(
    project: &Project,
    account: &AccountId,
) -> Result<Option<Endpoint>, Failure> {
    launch::running(&Folder::of(project), account.as_str()).await
}

/// What the checks of this machine are told of the engine and its Python.
pub(super) struct Ready {
    /// Where the engine is, if it runs.
    pub(super) url: Option<String>,
    /// Its folder.
    pub(super) folder: PathBuf,
    /// What there is of Python, or why there is none.
    pub(super) python: Result<Readiness, PythonError>,
}

/// Looks at the engine and its Python; nothing is started or prepared.
pub(super) async fn ready(
    global: &Global,
    project: &Project,
    target: &LocalTarget,
) -> Result<Ready, Failure> {
    let folder = Folder::of(project);
    let cache = super::context::cache_folder(global)?;
    let spec = serve::Arguments::new(&folder, target, cache.clone()).python_spec();
    let python = crate::local::Python::new(spec, cache);
    Ok(Ready {
        url: launch::looked_at(&folder).await?.map(|(url, _)| url),
        folder: folder.path().to_owned(),
        python: python.readiness().await,
    })
}

/// Whether an engine of the project has anything in it.
pub(super) fn has_state(project: &Project) -> bool {
    let folder = Folder::of(project);
    ["state", "cells"]
        .iter()
        .any(|name| folder.path().join(name).exists())
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

/// Stops the engine and removes its folder when no stack is left in it, in whatever account and region.
pub(super) async fn retire(environment: &Environment) -> Result<(), Failure> {
    let folder = Folder::of(&environment.project);
    if any_stack(&folder).await? {
        output::note("the local engine goes on: other stacks are deployed in it");
        return Ok(());
    }
    launch::stop(&folder).await?;
    folder.remove().map_err(Failure::failed)
}

async fn any_stack(folder: &Folder) -> Result<bool, Failure> {
    let cells = launch::looked_at(folder).await?;
    for cell in cells.map(|(_, cells)| cells).unwrap_or_default() {
        let connection = Connection {
            endpoint: launch::running(folder, &cell.account).await?,
            region: cell.region,
            profile: None,
            role: None,
            service_role: None,
        };
        let cloud = aws::connect(&connection).await;
        if !cloud
            .stacks
            .list()
            .await
            .map_err(Failure::failed)?
            .is_empty()
        {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn start(global: &Global, selection: &Selection) -> Result<(), Failure> {
    let environment = Environment::load(global, selection)?;
    let Target::Local(target) = &environment.stack.target else {
        return Err(not_local(&environment));
    };
    let stack = &environment.stack;
    let endpoint = ensure(global, &environment.project, target, &stack.account).await?;
    if global.output == Format::Json {
        output::result(&json!({
            "url": endpoint.url,
            "account": stack.account.as_str(),
            "region": stack.region.as_str(),
        }));
    } else {
        output::text(&endpoint.url);
    }
    Ok(())
}

/// Prints the key of an environment's account, as `credential_process` of an AWS configuration file has it
/// ("Sourcing credentials with an external process", AWS SDKs and Tools reference).
fn key(global: &Global, selection: &Selection) -> Result<(), Failure> {
    let environment = Environment::load(global, selection)?;
    if !matches!(environment.stack.target, Target::Local(_)) {
        return Err(not_local(&environment));
    }
    let credentials = Folder::of(&environment.project).credentials();
    let credentials = credentials.map_err(Failure::failed)?;
    let own = credentials.of_account(environment.stack.account.as_str());
    output::result(&json!({
        "Version": 1,
        "AccessKeyId": own.access_key,
        "SecretAccessKey": own.secret_key,
    }));
    Ok(())
}

fn not_local(environment: &Environment) -> Failure {
    Failure::usage(format!(
        "{} is not a local environment",
        environment.title()
    ))
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
