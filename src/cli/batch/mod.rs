//! `deploy batch`: texts in bulk, by a batch job of the model that serves.

mod fetch;
mod list;
mod results;
mod run;
mod stop;

use clap::{Args, Subcommand};

use super::context::{Environment, Global};
use super::failure::Failure;
use crate::plan::Deployment;
use crate::reconcile::{self, Session};

/// Arguments of `deploy batch`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deploy batch run texts.csv --column TITLE           on this machine; results beside it
  deploy batch run texts.csv --env staging            on AWS; tells what will run, and asks
  deploy batch list --env staging                     the jobs so far
  deploy batch stop JOB --env staging                 stop one
  deploy batch fetch JOB --env staging                wait for one, and join its answers

A stack says with `batch: { instance: ml.m5.xlarge }` on what its batch jobs run. They are classified by the
model that serves.")]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Classify an input and join the answers with it
    Run(run::Arguments),
    /// List the batch jobs of an environment
    List(list::Arguments),
    /// Stop a batch job
    Stop(stop::Arguments),
    /// Wait for a batch job, and join its answers with what it was asked
    Fetch(fetch::Arguments),
}

/// Does what was asked for.
pub(super) async fn run(global: &Global, arguments: &Arguments) -> Result<(), Failure> {
    match &arguments.command {
        Command::Run(arguments) => Box::pin(run::run(global, arguments)).await,
        Command::List(arguments) => list::run(global, arguments).await,
        Command::Stop(arguments) => Box::pin(stop::run(global, arguments)).await,
        Command::Fetch(arguments) => Box::pin(fetch::run(global, arguments)).await,
    }
}

/// Whether the environment has a job of this name.
async fn exists(session: &Session, environment: &Environment, job: &str) -> Result<(), Failure> {
    let deployment = Deployment::of(&environment.stack);
    let jobs = reconcile::batch_jobs(session, &deployment).await?;
    if jobs.iter().any(|known| known.name == job) {
        Ok(())
    } else {
        Err(none(environment, job))
    }
}

fn none(environment: &Environment, job: &str) -> Failure {
    Failure::usage(format!("{} has no batch job {job}", environment.title()))
        .hint("`deploy batch list` shows all of them")
}
