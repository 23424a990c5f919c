//! `deploy invoke`.

use anyhow::Context;
use clap::Args;
use serde_json::{Value, json};

use super::context::{Environment, Global, Selection};
use super::failure::Failure;
use super::output::{self, Format};
use crate::plan::Deployment;
use crate::reconcile::{self, Session};

/// Arguments of `deploy invoke`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deploy invoke \"Fed official says weak data caused by weather\"
  deploy invoke --endpoint \"New phone unveiled\" \"Singer cancels tour\" --output json")]
pub(super) struct Arguments {
    /// Headlines to classify
    #[arg(required = true, value_name = "HEADLINE")]
    headlines: Vec<String>,
    #[command(flatten)]
    selection: Selection,
    /// Ask the endpoint itself, not the HTTP API before it
    #[arg(long)]
    endpoint: bool,
}

/// Classifies headlines.
pub(super) async fn run(global: &Global, arguments: &Arguments) -> Result<(), Failure> {
    let environment = Environment::load(global, &arguments.selection)?;
    let absent = || {
        Failure::failed(anyhow::anyhow!("{} is not up", environment.title())).hint(format!(
            "`deploy up --env {}` brings it up",
            environment.stack.environment
        ))
    };
    let session = environment
        .session_if_running(global)
        .await?
        .ok_or_else(absent)?;
    let deployment = Deployment::of(&environment.stack);
    let observed = reconcile::observe(&session, &deployment).await?;
    let service = observed.service.ok_or_else(absent)?;
    let mut answers = Vec::new();
    for headline in &arguments.headlines {
        let answer = if arguments.endpoint {
            let name = service.outputs.get("EndpointName").ok_or_else(absent)?;
            ask_endpoint(&session, name, headline).await?
        } else {
            let url = service.outputs.get("ClassifyUrl").ok_or_else(absent)?;
            ask_api(&session, url, headline).await?
        };
        answers.push(answer);
    }
    show(global, &arguments.headlines, &answers);
    Ok(())
}

async fn ask_api(session: &Session, url: &str, headline: &str) -> Result<Value, Failure> {
    let body = json!({ "query": { "headline": headline } }).to_string();
    let answer = session
        .cloud
        .web
        .post_json(url, &body)
        .await
        .map_err(Failure::failed)?;
    if answer.status != 200 {
        let message = format!("{url} answered HTTP {}: {}", answer.status, answer.body);
        return Err(Failure::failed(anyhow::Error::msg(message)));
    }
    read(url, &answer.body)
}

async fn ask_endpoint(session: &Session, name: &str, headline: &str) -> Result<Value, Failure> {
    let body = json!({ "inputs": headline }).to_string();
    let answer = session
        .cloud
        .endpoints
        .invoke(name, &body)
        .await
        .map_err(Failure::failed)?;
    read(name, &answer)
}

fn read(whose: &str, text: &str) -> Result<Value, Failure> {
    serde_json::from_str(text)
        .with_context(|| format!("the answer of {whose} is no JSON: {text}"))
        .map_err(Failure::failed)
}

fn show(global: &Global, headlines: &[String], answers: &[Value]) {
    if global.output == Format::Json {
        let pairs: Vec<Value> = headlines
            .iter()
            .zip(answers)
            .map(|(headline, answer)| json!({ "headline": headline, "answer": answer }))
            .collect();
        output::result(&Value::Array(pairs));
        return;
    }
    for (headline, answer) in headlines.iter().zip(answers) {
        let label = answer["predicted_label"].as_str().unwrap_or("?");
        output::text(&format!(
            "{label:<14} {:>6}  {headline}",
            probability(answer)
        ));
    }
}

/// The highest probability, as a percentage.
fn probability(answer: &Value) -> String {
    let rows = answer["probabilities"].as_array();
    let row = rows.and_then(|rows| rows.first()).and_then(Value::as_array);
    let highest = row
        .into_iter()
        .flatten()
        .filter_map(Value::as_f64)
        .reduce(f64::max);
    highest
        .map(|value| format!("{:.1}%", value * 100.0))
        .unwrap_or_default()
}
