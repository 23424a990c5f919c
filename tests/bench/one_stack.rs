//! Brings one CloudFormation stack up or down by the product's own code, for the benchmark of deployers:
//! `deploy` itself brings up whole environments, with a model, which no stand-in can stand in for.
//!
//! The code is the same that an environment's stacks take: the adapters, the fingerprint by which one
//! look tells that there is nothing to do, the change set, the waiting, the deletion. Prints the stack's
//! outputs as `KEY=VALUE`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::{Args, Parser, Subcommand};
use deploy::aws::{Connection, Endpoint, connect};
use deploy::bundle::Digest;
use deploy::cloud::stacks::{DriftMode, StackState};
use deploy::reconcile::progress::{Event, Observer};
use deploy::reconcile::{
    Cancel, Crowding, Session, StackChange, Station, Witness, Worker, delete, ensure,
};
use jiff::Timestamp;

/// Name of the parameter that holds the fingerprint, as in the product's templates.
const FINGERPRINT: &str = "Fingerprint";

/// Brings one CloudFormation stack up or down.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    command: Command,
}

/// Where the stack is, and its name.
#[derive(Debug, Args)]
struct Place {
    /// URL of an AWS-compatible endpoint
    #[arg(long)]
    endpoint: String,
    /// Region
    #[arg(long, default_value = "eu-west-1")]
    region: String,
    /// Name of the stack
    #[arg(long)]
    stack: String,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Creates or updates the stack, unless it is as wanted already
    Up {
        /// The template, which has a parameter `Fingerprint`
        #[arg(long)]
        template: PathBuf,
        /// Other parameters, as KEY=VALUE
        #[arg(long = "parameter", value_parser = pair)]
        parameters: Vec<(String, String)>,
    },
    /// Deletes the stack, unless it is gone already
    Down,
}

/// Keeps quiet: nobody watches a benchmark.
struct Nobody;

impl Observer for Nobody {
    fn event(&self, _event: Event) {}
}

/// One stack alone has no bucket to keep a lock in, so nobody asks who works.
struct NoLock;

impl Witness for NoLock {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn is_gone(&self, _: &Worker) -> bool {
        false
    }
}

fn station() -> Station {
    let worker = Worker {
        id: "benchmark".to_owned(),
        user: "benchmark".to_owned(),
        host: "here".to_owned(),
        machine: String::new(),
        pid: 1,
        began: String::new(),
    };
    Station {
        worker,
        witness: Arc::new(NoLock),
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let place = &arguments.place;
    let connection = Connection {
        region: place.region.clone(),
        profile: None,
        role: None,
        service_role: None,
        endpoint: Some(Endpoint {
            url: place.endpoint.clone(),
            access_key: "test".to_owned(),
            secret_key: "test".to_owned(),
        }),
    };
    let (_switch, cancel) = Cancel::switch();
    let session = Session {
        cloud: connect(&connection).await,
        source: None,
        observer: Arc::new(Nobody),
        cancel,
        station: station(),
        patience: Duration::ZERO,
        crowding: Crowding::default(),
    };
    // What the product looks at first.
    let before = session.cloud.stacks.describe(&place.stack).await?;
    match arguments.command {
        Command::Up {
            template,
            parameters,
        } => {
            let template = std::fs::read_to_string(&template)
                .with_context(|| format!("cannot read {}", template.display()))?;
            let wanted = wanted(&place.stack, template, parameters);
            let state = match before {
                Some(state) if is_as(&wanted, &state) => state,
                before => ensure(&session, None, &wanted, before.as_ref()).await?,
            };
            print(&state.outputs);
        }
        Command::Down => {
            if let Some(state) = before {
                delete(&session, &state, Vec::new()).await?;
            }
        }
    }
    Ok(())
}

/// Puts together what the stack is to be, with a digest of it all as one more parameter.
fn wanted(stack: &str, template: String, parameters: Vec<(String, String)>) -> StackChange {
    let mut parameters: BTreeMap<String, String> = parameters.into_iter().collect();
    let content = format!("{template}\n{parameters:?}");
    let fingerprint = Digest::of_bytes(content.as_bytes()).to_string();
    parameters.insert(FINGERPRINT.to_owned(), fingerprint);
    StackChange {
        name: stack.to_owned(),
        template,
        parameters,
        tags: BTreeMap::from([("deploy:tool".to_owned(), "deploy".to_owned())]),
        drift: DriftMode::Leave,
    }
}

/// Whether the stack is as wanted, by its fingerprint alone.
fn is_as(wanted: &StackChange, state: &StackState) -> bool {
    state.status.succeeded()
        && state.parameters.get(FINGERPRINT) == wanted.parameters.get(FINGERPRINT)
}

#[expect(clippy::print_stdout, reason = "the outputs are what it is run for")]
fn print(outputs: &BTreeMap<String, String>) {
    for (key, value) in outputs {
        println!("{key}={value}");
    }
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("it is not KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}
