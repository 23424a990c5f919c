//! `deploy batch fetch`.

use clap::Args;

use super::super::context::{Environment, Global, Selection};
use super::super::failure::Failure;
use super::super::output;
use super::results;
use crate::plan::Deployment;
use crate::reconcile;

/// Arguments of `deploy batch fetch`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deploy batch fetch news-staging-4f2a91bc0d3e5f67 --env staging
  deploy batch fetch news-staging-4f2a91bc0d3e5f67 --env staging --format csv --save results/

The input is not needed: what was asked is in the bucket. Of a job that failed, the files that have answers
are joined; every line of the others is in the results with the reason.")]
pub(super) struct Arguments {
    /// Name of the job
    #[arg(value_name = "JOB")]
    job: String,
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    results: results::ResultArguments,
    /// Show every line of the job's log, not only the last
    #[arg(long, short)]
    follow: bool,
}

/// Waits for a job and joins its answers.
pub(super) async fn run(global: &Global, arguments: &Arguments) -> Result<(), Failure> {
    let environment = Environment::load(global, &arguments.selection)?;
    let job = &arguments.job;
    let Some(mut session) = environment.session_to_look(global).await? else {
        return Err(super::none(&environment, job));
    };
    super::exists(&session, &environment, job).await?;
    if arguments.follow {
        session.observer = output::following(session.observer);
    }
    let (results, _kept) = arguments.results.results()?;
    let deployment = Deployment::of(&environment.stack);
    let joined = reconcile::fetch(&session, &deployment, job, &results).await?;
    results::show(global, &environment, &joined, 0)
}
