//! `deploy cost`, and what other commands say about money.

mod change;
mod known;
mod show;

use clap::Args;
use jiff::tz::TimeZone;

use super::context::{Environment, Global, Selection};
use super::failure::Failure;
use super::output;
use crate::cost::{Fleet, Measured, Prices, Usage, bill};
use crate::diff::documents_of;
use crate::plan::Deployment;
use crate::reconcile::{self, Session};
use crate::stack::Target;

pub(super) use change::{Costed, line, of_diff, of_plan};
pub(super) use known::{PriceArguments, at_hand};

/// Arguments of `deploy cost`.
#[derive(Debug, Args)]
#[command(after_help = "\
Prices come from a file (--prices, or `prices` in the stack file), else from the AWS Price List, which needs the
permission pricing:GetProducts and is kept for 30 days under the cache folder. None are built in, and none are
guessed: what has no price is unknown, and a sum without it says `at least`. A price file is YAML or JSON:

  currency: USD
  region: eu-west-1                # optional; another region's environments refuse the file
  date: 2026-11-01                 # optional
  hosting:  { ml.m5.large: 0.128 } # by the hour; also training, batch, notebook
  other:                           # by name, such as alarm_month, api_million, storage_gb_month:
    alarm_month: 0.1               # `deploy cost` says which one an environment lacks
    api_million: 1.11

Not counted: data transfer, logs, free offers, discounts, taxes.

Examples:
  deploy cost --env staging
  deploy cost --env prod --prices prices.yaml --offline
  deploy cost --env staging --refresh --output json")]
pub(super) struct Arguments {
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    prices: PriceArguments,
    /// Ask the AWS Price List anew
    #[arg(long, conflicts_with = "offline")]
    refresh: bool,
    /// Ask nobody: neither the account nor the Price List
    #[arg(long)]
    offline: bool,
}

/// Shows what an environment costs.
pub(super) async fn run(global: &Global, arguments: &Arguments) -> Result<(), Failure> {
    let environment = Environment::load(global, &arguments.selection)?;
    let title = environment.title();
    if let Target::Local(_) = environment.stack.target {
        output::note(&format!(
            "{title} runs on this machine; `--env` names another"
        ));
        show::free(global, &environment);
        return Ok(());
    }
    let mut usage = usage(&environment)?;
    let (mut last, mut unmeasured) = (None, vec!["storage"]);
    let session = if arguments.offline {
        None
    } else {
        environment.session_if_running(global).await?
    };
    if let Some(session) = &session {
        last = last_run(&environment, session).await;
        if let Some(bytes) = stored(&environment, session).await {
            usage = usage.with_storage(bytes);
            unmeasured.clear();
        }
    }
    let mut keys = usage.keys();
    keys.extend(last.as_ref().map(Measured::key));
    let today = environment.station.witness.now();
    let today = today.to_zoned(TimeZone::UTC).date();
    let sought = known::Sought {
        global,
        stack: &environment.stack,
        arguments: &arguments.prices,
        keys: &keys,
        today,
        refresh: arguments.refresh,
    };
    let (prices, source) = sought.find(session.as_ref()).await?;
    let prices = prices.unwrap_or_else(Prices::none);
    let bill = bill(&usage, last.as_ref(), &unmeasured, &prices);
    show::show(global, &environment, &bill, source.as_deref());
    Ok(())
}

/// What is paid for of an environment as the working tree has it.
pub(super) fn usage(environment: &Environment) -> Result<Usage, Failure> {
    let rendered = environment.rendered()?;
    let documents = documents_of(&rendered).map_err(Failure::failed)?;
    let mut usage = Usage::of_templates(documents.values());
    let trains = environment.stack.promotion.is_none();
    if let Some(request) = rendered.training_job.as_ref().filter(|_| trains) {
        usage = usage.with_training(request.value());
    }
    Ok(match &rendered.transform_job {
        Some(request) => usage.with_batch(request.value()),
        None => usage,
    })
}

/// The newest training job of which it is known what was billed.
async fn last_run(environment: &Environment, session: &Session) -> Option<Measured> {
    let deployment = Deployment::of(&environment.stack);
    let jobs = match reconcile::training_jobs(session, &deployment).await {
        Ok(jobs) => jobs,
        Err(error) => {
            let failure = Failure::from(error);
            output::note(&format!(
                "past training jobs are not known: {}",
                failure.text()
            ));
            return None;
        }
    };
    jobs.iter().rev().find_map(|job| {
        Some(Measured {
            job: job.name.clone(),
            fleet: Fleet {
                instance: job.facts.instances.first()?.clone(),
                count: job.facts.count.into(),
            },
            billed_seconds: job.facts.billable_seconds?,
        })
    })
}

/// Bytes of the environment's bucket; `None` where they cannot be told.
async fn stored(environment: &Environment, session: &Session) -> Option<u64> {
    /// Pages of a thousand objects each that are read at most.
    const PAGES: usize = 20;
    let bucket = &environment.stack.names.bucket;
    let (mut bytes, mut after) = (0, None::<String>);
    for _ in 0..PAGES {
        let page = session.cloud.artifacts.list(bucket, "", after.as_deref());
        let page = match page.await {
            Ok(page) => page,
            Err(fault) => {
                output::note(&format!("what lies in the bucket is not known: {fault}"));
                return None;
            }
        };
        bytes += page.objects.iter().map(|object| object.size).sum::<u64>();
        after = page.next;
        if after.is_none() {
            return Some(bytes);
        }
    }
    None
}
