//! `deploy batch run`.

use std::path::Path;

use anyhow::Context;
use async_trait::async_trait;
use clap::Args;
use serde_json::json;

use super::super::codes;
use super::super::confirm::{Stake, Yes, confirm};
use super::super::context::{ChangeArguments, Environment, Global, Selection};
use super::super::failure::Failure;
use super::super::output::{self, Format};
use super::results;
use crate::batch::{BatchError, Column, InputFile, Options, Prepared, WrongLines, prepare};
use crate::plan::batch::Batch;
use crate::plan::{Deployment, Plan};
use crate::reconcile::{self, BatchOutcome, BatchRun, Consent, ReconcileError, Session};
use crate::stack::S3Location;

/// Arguments of `deploy batch run`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deploy batch run texts.txt                          a text a line
  deploy batch run news.csv --column TITLE            a column of a table; a column `id` is kept
  deploy batch run uci.tsv --column 2                 the second column, no names in the first row
  deploy batch run inputs.tar.gz --format csv         JSON files, one {\"inputs\": \"…\"} each
  deploy batch run s3://bucket/titles/ --env staging  every object below a prefix
  deploy batch run news.jsonl --env prod --detach     begin, and fetch the results later

What is in a file is told by the end of its name: .csv (quotation marks hold cells together, unless tabs
separate them), .tsv (they do not), .jsonl, .json, .tar.gz, and otherwise a text a line. Run again, the same command takes up the job
that runs, or joins what it answered: nothing is paid for twice.")]
pub(super) struct Arguments {
    /// The texts: a file, or `s3://BUCKET/PREFIX`
    input: String,
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    change: ChangeArguments,
    #[command(flatten)]
    results: results::ResultArguments,
    /// Column of a table or field of JSON objects with the text; a number for a table without names
    #[arg(long, value_name = "NAME|N")]
    column: Option<Column>,
    /// Leave out lines that cannot be classified, in place of refusing the input
    #[arg(long)]
    skip_bad_lines: bool,
    #[command(flatten)]
    waiting: WaitingArguments,
}

/// Whether the job is waited for, and how.
#[derive(Debug, Args)]
struct WaitingArguments {
    /// Show every line of the job's log, not only the last
    #[arg(long, short)]
    follow: bool,
    /// Begin the job, and do not wait for it
    #[arg(long, conflicts_with = "follow")]
    detach: bool,
}

/// Classifies an input.
pub(super) async fn run(global: &Global, arguments: &Arguments) -> Result<(), Failure> {
    let environment = Environment::load(global, &arguments.selection)?;
    let Some(section) = &environment.stack.batch else {
        let why = format!(
            "{} does not say on what batch jobs run",
            environment.title()
        );
        return Err(Failure::usage(why)
            .hint("add `batch: { instance: ml.m5.xlarge }` to the stack file, then `deploy up`"));
    };
    arguments.results.spare(Path::new(&arguments.input))?;
    let work = results::work()?;
    let taken = taken_in(global, &environment, arguments, section.count, work.path());
    let (mut session, prepared) = taken.await?;
    session.patience = arguments.change.patience();
    if arguments.waiting.follow {
        session.observer = output::following(session.observer);
    }
    let batch = rendered(&environment, &prepared)?;
    let (results, _kept) = arguments.results.results()?;
    let run = BatchRun {
        batch,
        prepared: &prepared,
        on: format!("{} × {}", section.count, section.instance),
        results: (!arguments.waiting.detach).then_some(results),
    };
    let ask = Ask {
        environment: &environment,
        yes: arguments.change.yes(),
    };
    let outcome = reconcile::batch(&session, run, &ask).await?;
    show(global, &environment, &outcome, &prepared)
}

/// Takes the input in and connects, in the order in which mistakes are told with the least ado: what is wrong
/// with a file of this machine is told without contacting anything.
async fn taken_in(
    global: &Global,
    environment: &Environment,
    arguments: &Arguments,
    instances: u32,
    work: &Path,
) -> Result<(Session, Prepared), Failure> {
    if let Some(location) = location(&arguments.input)? {
        let session = connected(global, environment).await?;
        let files = reconcile::collect(&session, &location, work).await?;
        return Ok((session, prepared(arguments, files, instances, work).await?));
    }
    let path = Path::new(&arguments.input);
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    let file = InputFile {
        name: name.unwrap_or_else(|| arguments.input.clone()),
        path: path.to_owned(),
    };
    let prepared = prepared(arguments, vec![file], instances, work).await?;
    Ok((connected(global, environment).await?, prepared))
}

/// The batch as the rendered request has it.
fn rendered(environment: &Environment, prepared: &Prepared) -> Result<Batch, Failure> {
    let library = environment.project.library()?;
    let rendered = environment.project.render(&environment.stack, &library)?;
    let request = rendered
        .transform_job
        .context("the stack has no batch request")
        .map_err(Failure::failed)?;
    let batch = Batch {
        deployment: Deployment::of(&environment.stack),
        request: request.value().clone(),
        texts: prepared.digest.clone(),
    };
    batch.examine().map_err(ReconcileError::from)?;
    Ok(batch)
}

/// Connects to an environment that is up; a local engine that has ended is started again.
async fn connected(global: &Global, environment: &Environment) -> Result<Session, Failure> {
    let session = environment.session_to_look(global).await?;
    session.ok_or_else(|| {
        let failure = Failure::failed(anyhow::anyhow!("{} is not up", environment.title()));
        failure.kind(&codes::NOT_UP).hint(format!(
            "`deploy up --env {}` brings it up",
            environment.stack.environment
        ))
    })
}

/// The place in S3 that an input is, if it is one.
fn location(input: &str) -> Result<Option<S3Location>, Failure> {
    let Some(rest) = input.strip_prefix("s3://") else {
        return Ok(None);
    };
    match rest.split_once('/') {
        Some((bucket, prefix)) if !bucket.is_empty() && !prefix.is_empty() => {
            Ok(Some(S3Location {
                bucket: bucket.to_owned(),
                prefix: prefix.to_owned(),
            }))
        }
        _ => Err(Failure::usage(format!("{input} is no s3://BUCKET/PREFIX"))),
    }
}

/// Prepares the texts beside the runtime, which has to hear signals meanwhile.
async fn prepared(
    arguments: &Arguments,
    files: Vec<InputFile>,
    instances: u32,
    work: &Path,
) -> Result<Prepared, Failure> {
    let options = Options {
        column: arguments.column.clone(),
        wrong_lines: if arguments.skip_bad_lines {
            WrongLines::Skip
        } else {
            WrongLines::Refuse
        },
        instances,
    };
    let folder = work.to_owned();
    let prepared = tokio::task::spawn_blocking(move || prepare(&files, &options, &folder)).await;
    prepared
        .context("preparing the texts broke off")
        .map_err(Failure::failed)?
        .map_err(|error| {
            let first = match &error {
                BatchError::WrongLines { first, .. } => first.clone(),
                _ => Vec::new(),
            };
            first.iter().fold(
                Failure::from(ReconcileError::from(error)),
                |failure, line| failure.note(line.to_string()),
            )
        })
}

/// Asks before a job is begun.
struct Ask<'a> {
    environment: &'a Environment,
    yes: Yes,
}

#[async_trait]
impl Consent for Ask<'_> {
    async fn agree(&self, plan: &Plan) -> Result<(), ReconcileError> {
        let environment = self.environment;
        let now = environment.station.witness.now();
        for line in output::plan(&environment.title(), plan, environment.pace(), now) {
            output::note(&line);
        }
        let question = "Begin this batch job? Its instances are paid for until it ends.";
        confirm(&environment.stack, question, self.yes, Stake::Change)
    }
}

fn show(
    global: &Global,
    environment: &Environment,
    outcome: &BatchOutcome,
    prepared: &Prepared,
) -> Result<(), Failure> {
    if let Some(joined) = &outcome.joined {
        return results::show(global, environment, joined, prepared.wrong);
    }
    if global.output == Format::Json {
        output::result(&json!({
            "stack": environment.stack.name.as_str(),
            "environment": environment.stack.environment.as_str(),
            "job": outcome.job,
            "begun": outcome.begun,
            "texts": prepared.texts,
            "skipped": prepared.wrong,
        }));
        return Ok(());
    }
    let what = if outcome.begun {
        "begun"
    } else {
        "was begun before"
    };
    output::note(&format!(
        "{}: {what}; `deploy batch fetch {} --env {}` joins its answers",
        environment.title(),
        outcome.job,
        environment.stack.environment
    ));
    output::text(&outcome.job);
    Ok(())
}
