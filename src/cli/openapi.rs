//! `deploy openapi`.

use anyhow::Context;
use clap::Args;
use serde_json::Value;

use super::context::{Environment, Global, Selection};
use super::failure::Failure;
use super::output::{self, Format};
use crate::openapi;
use crate::plan::Deployment;
use crate::reconcile;
use crate::stack::yaml;

/// Arguments of `deploy openapi`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deploy openapi > openapi.yaml                     of the environment on this machine
  deploy openapi --env prod --output json           as JSON, with the address that it is deployed at
  deploy openapi --env prod --offline               without asking the account")]
pub(super) struct Arguments {
    #[command(flatten)]
    selection: Selection,
    /// Do not look where it is deployed: the address is left open
    #[arg(long)]
    offline: bool,
}

/// Prints the document.
pub(super) async fn run(global: &Global, arguments: &Arguments) -> Result<(), Failure> {
    let environment = Environment::load(global, &arguments.selection)?;
    let url = if arguments.offline {
        None
    } else {
        address(global, &environment).await?
    };
    show(
        global,
        &openapi::document(&environment.stack, url.as_deref()),
    )
}

/// The root of the API, if it is deployed.
async fn address(global: &Global, environment: &Environment) -> Result<Option<String>, Failure> {
    let Some(session) = environment.session_if_running(global).await? else {
        return Ok(None);
    };
    let deployment = Deployment::of(&environment.stack);
    let observed = reconcile::observe(&session, &deployment)
        .await
        .map_err(|error| {
            Failure::from(error).hint("`--offline` describes the API without its address")
        })?;
    let service = observed.service;
    Ok(service.and_then(|service| service.outputs.get("ApiUrl").cloned()))
}

fn show(global: &Global, document: &Value) -> Result<(), Failure> {
    if global.output == Format::Json {
        output::result(document);
        return Ok(());
    }
    let text = yaml::write(document)
        .context("cannot write YAML")
        .map_err(Failure::failed)?;
    output::text(text.trim_end());
    Ok(())
}
