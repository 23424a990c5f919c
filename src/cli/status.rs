//! `deploy status`.

use clap::Args;
use serde_json::{Value, json};

use super::context::{Environment, Global, Selection};
use super::failure::Failure;
use super::output::{self, Format};
use crate::cloud::CloudFault;
use crate::cloud::endpoints::EndpointState;
use crate::cloud::stacks::StackState;
use crate::plan::{Deployment, Observed};
use crate::reconcile::{self, Session};

/// Arguments of `deploy status`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deploy status
  deploy status --env prod --output json")]
pub(super) struct Arguments {
    #[command(flatten)]
    selection: Selection,
}

/// Shows what is deployed.
pub(super) async fn run(global: &Global, arguments: &Arguments) -> Result<(), Failure> {
    let environment = Environment::load(global, &arguments.selection)?;
    let Some(session) = environment.session_if_running(global).await? else {
        show(global, &environment, None, None);
        return Ok(());
    };
    let deployment = Deployment::of(&environment.stack);
    let observed = reconcile::observe(&session, &deployment).await?;
    let endpoint = endpoint(&session, &environment)
        .await
        .map_err(Failure::failed)?;
    show(global, &environment, Some(&observed), endpoint.as_ref());
    Ok(())
}

async fn endpoint(
    session: &Session,
    environment: &Environment,
) -> Result<Option<EndpointState>, CloudFault> {
    session
        .cloud
        .endpoints
        .describe(&environment.stack.names.endpoint)
        .await
}

fn show(
    global: &Global,
    environment: &Environment,
    observed: Option<&Observed>,
    endpoint: Option<&EndpointState>,
) {
    let foundation = observed.and_then(|observed| observed.foundation.as_ref());
    let service = observed.and_then(|observed| observed.service.as_ref());
    let output = |name: &str| service.and_then(|state| state.outputs.get(name)).cloned();
    let parameter = |name: &str| {
        service
            .and_then(|state| state.parameters.get(name))
            .cloned()
    };
    if global.output == Format::Json {
        output::result(&json!({
            "stack": environment.stack.name.as_str(),
            "environment": environment.stack.environment.as_str(),
            "foundation": stack_json(foundation),
            "service": stack_json(service),
            "endpoint": endpoint.map(|state| json!({
                "status": state.status,
                "config": state.config,
                "failure_reason": state.failure_reason,
            })),
            "url": output("ClassifyUrl"),
            "training_key": parameter("TrainingKey"),
            "model": parameter("ModelDataKey"),
        }));
        return;
    }
    let status = |state: Option<&StackState>| {
        state.map_or_else(|| "not there".to_owned(), |state| state.status.to_string())
    };
    let endpoint = endpoint.map_or_else(|| "not there".to_owned(), |state| state.status.clone());
    let mut rows = vec![
        ("environment", environment.title()),
        ("foundation", status(foundation)),
        ("service", status(service)),
        ("endpoint", endpoint),
    ];
    rows.extend(output("ClassifyUrl").map(|url| ("url", url)));
    rows.extend(parameter("ModelDataKey").map(|key| ("model", key)));
    for (name, value) in rows {
        output::text(&format!("{name:<12} {value}"));
    }
}

fn stack_json(state: Option<&StackState>) -> Value {
    state.map_or(Value::Null, |state| {
        json!({
            "name": state.name,
            "status": state.status,
            "reason": state.status_reason,
            "outputs": state.outputs,
        })
    })
}
