//! `deploy status`.

mod health;
mod proof;

use std::time::Duration;

use clap::Args;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::context::{Environment, Global, Selection};
use super::cost::{self, PriceArguments};
use super::failure::Failure;
use super::output::{self, Format};
use crate::cloud::CloudFault;
use crate::cloud::alarms::Alarm;
use crate::cloud::endpoints::EndpointState;
use crate::cloud::stacks::StackState;
use crate::cost::{Bill, Total, bill, money};
use crate::plan::expiry::expires;
use crate::plan::{Deployment, ModelRecord, Observed};
use crate::reconcile::{self, Depth, Session, Traffic};
use crate::release::ReleaseId;
use health::Health;
use proof::Proof;

/// Over how long calls are counted.
const RECENT: Duration = Duration::from_mins(5);
/// How long before its end an environment is warned of.
const SOON: SignedDuration = SignedDuration::from_hours(1);
/// Digits of the training key that are shown.
const KEY: usize = 16;

/// Arguments of `deploy status`.
#[derive(Debug, Args)]
#[command(after_help = "\
Health is what GET /health answers, where the API has that route; the model is not asked. Calls are
counted in the API's access log. What the environment costs while nobody uses it is told where prices are
at hand: in a file, or from the last `deploy cost`.

Examples:
  deploy status
  deploy status --env prod --output json
  deploy status --env prod --deep            proves the model byte by byte
  deploy status --env prod --prices prices.yaml")]
pub(super) struct Arguments {
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    prices: PriceArguments,
    /// Read every byte of the model to prove that it is what was released
    #[arg(long)]
    deep: bool,
}

/// Shows what is deployed.
pub(super) async fn run(global: &Global, arguments: &Arguments) -> Result<(), Failure> {
    let environment = Environment::load(global, &arguments.selection)?;
    let mut found = Found::default();
    if let Some(session) = environment.session_if_running(global).await? {
        let depth = if arguments.deep {
            Depth::Content
        } else {
            Depth::Size
        };
        found = look(&session, &environment, depth).await?;
    }
    if found.endpoint.is_some()
        && let Some(prices) = cost::at_hand(global, &environment.stack, &arguments.prices)?
    {
        let usage = cost::usage(&environment)?;
        found.idle = Some(bill(&usage, None, &[], &prices));
    }
    if global.output == Format::Json {
        output::result(&found.data(&environment));
    } else {
        found.show(&environment);
    }
    Ok(())
}

/// What was found.
#[derive(Default)]
struct Found {
    observed: Option<Observed>,
    endpoint: Option<EndpointState>,
    /// The release that the stack says it is, and how what serves differs from it; `None` where it says
    /// none.
    release: Option<(ReleaseId, Proof)>,
    /// What is kept of the model that serves; `None` where that cannot be told.
    model: Option<ModelRecord>,
    /// `None` where the access log cannot be read.
    traffic: Option<Traffic>,
    /// `None` where they cannot be looked at.
    alarms: Option<Vec<Alarm>>,
    /// What the API says of itself; `None` where it is not there or has no route for that.
    health: Option<Health>,
    /// What it costs while nobody uses it, where prices are at hand.
    idle: Option<Bill>,
}

async fn look(
    session: &Session,
    environment: &Environment,
    depth: Depth,
) -> Result<Found, Failure> {
    let deployment = Deployment::of(&environment.stack);
    let observed = reconcile::observe(session, &deployment).await?;
    let now = environment.station.witness.now();
    let since = now.as_millisecond() - RECENT.as_millis().try_into().unwrap_or(i64::MAX);
    let key = observed
        .service
        .as_ref()
        .and_then(|state| state.parameters.get("TrainingKey"));
    let model = async {
        match key {
            Some(key) => reconcile::model(session, &deployment, key).await,
            None => Ok(None),
        }
    };
    let traffic = async {
        if observed.service.is_some() && environment.stack.api.access_logs {
            reconcile::traffic(session, &deployment, since)
                .await
                .map(Some)
        } else {
            Ok(None)
        }
    };
    let endpoint = endpoint(session, environment, observed.service.as_ref());
    let alarms = async {
        match environment.stack.alarms {
            Some(_) => {
                let prefix = format!("{}-", environment.stack.names.stem);
                session.cloud.alarms.list(&prefix).await.ok()
            }
            None => Some(Vec::new()),
        }
    };
    let release = async {
        let id = observed.release()?;
        let proof = Proof::of(session, &deployment, &observed, &id, depth).await;
        Some((id, proof))
    };
    let root = observed.service.as_ref();
    let root = root.and_then(|state| state.outputs.get("ApiUrl"));
    let health = async { health::ask(session, &environment.stack, root?).await };
    let (endpoint, model, traffic, alarms, release, health) =
        futures::join!(endpoint, model, traffic, alarms, release, health);
    Ok(Found {
        endpoint: endpoint.map_err(Failure::failed)?,
        // What says more about the service is left out where it cannot be had: the status is there still.
        model: model.unwrap_or_default(),
        traffic: traffic.unwrap_or_default(),
        alarms,
        release,
        health,
        idle: None,
        observed: Some(observed),
    })
}

/// The endpoint that is deployed, which the stack file may want to be another one by now.
async fn endpoint(
    session: &Session,
    environment: &Environment,
    service: Option<&StackState>,
) -> Result<Option<EndpointState>, CloudFault> {
    let deployed = service.and_then(|state| state.outputs.get("EndpointName"));
    let name = deployed.unwrap_or(&environment.stack.names.endpoint);
    session.cloud.endpoints.describe(name).await
}

impl Found {
    fn foundation(&self) -> Option<&StackState> {
        self.observed.as_ref()?.foundation.as_ref()
    }

    fn service(&self) -> Option<&StackState> {
        self.observed.as_ref()?.service.as_ref()
    }

    fn output(&self, name: &str) -> Option<&String> {
        self.service()?.outputs.get(name)
    }

    fn parameter(&self, name: &str) -> Option<&String> {
        self.service()?.parameters.get(name)
    }

    /// When the environment is over, if it ends by itself and is there.
    fn expires(&self, environment: &Environment) -> Option<Timestamp> {
        expires(self.observed.as_ref()?, environment.stack.ttl?)
    }

    /// Whether another endpoint config serves than the stack's, as after a roll-back by SageMaker.
    fn serves_another(&self) -> bool {
        let wanted = self.output("EndpointConfigName");
        let serves = self.endpoint.as_ref().map(|endpoint| &endpoint.config);
        matches!((wanted, serves), (Some(wanted), Some(serves)) if wanted != serves)
    }

    fn data(&self, environment: &Environment) -> Value {
        let trained = self.model.as_ref().and_then(|model| model.trained.as_ref());
        json!({
            "stack": environment.stack.name.as_str(),
            "environment": environment.stack.environment.as_str(),
            "foundation": stack_json(self.foundation()),
            "service": stack_json(self.service()),
            "endpoint": self.endpoint.as_ref().map(|state| json!({
                "status": state.status,
                "config": state.config,
                "changed": state.changed.and_then(|time| Timestamp::from_millisecond(time).ok()),
                "as_deployed": !self.serves_another(),
                "failure_reason": state.failure_reason,
            })),
            "release": self.release.as_ref().map(|(id, proof)| {
                let mut value = proof.data();
                value["id"] = json!(id);
                value
            }),
            "url": self.output("ClassifyUrl"),
            "health": self.health.as_ref().map(Health::data),
            "training_key": self.parameter("TrainingKey"),
            "model": self.parameter("ModelDataKey"),
            "training_job": trained.map(|job| &job.name),
            "metrics": trained.map(|job| &job.metrics),
            "traffic": self.traffic.map(|traffic| json!({
                "seconds": RECENT.as_secs(),
                "calls": traffic.calls,
                "failed": traffic.failed,
                "complete": !traffic.more,
            })),
            "alarms": self.alarms,
            "expires": self.expires(environment),
            "idle_cost": self.idle.as_ref().map(|bill| json!({
                "currency": bill.currency,
                "hourly": bill.total.hourly,
                "monthly": bill.total.monthly,
                "complete": bill.total.complete,
            })),
        })
    }

    fn show(&self, environment: &Environment) {
        let now = environment.station.witness.now();
        let status =
            |state: Option<&StackState>| state.map_or_else(|| "not there".to_owned(), stack_line);
        let mut rows = vec![
            ("environment", environment.title()),
            ("foundation", status(self.foundation())),
            ("service", status(self.service())),
            ("endpoint", self.endpoint_line(now)),
        ];
        rows.extend(self.output("ClassifyUrl").map(|url| ("url", url.clone())));
        rows.extend(self.health.as_ref().map(|health| ("health", health.line())));
        rows.extend(
            self.release
                .as_ref()
                .map(|(id, proof)| ("release", format!("{id}, {}", proof.words()))),
        );
        rows.extend(self.model_line().map(|line| ("model", line)));
        rows.extend(
            self.parameter("ModelDataKey")
                .map(|key| ("artifact", key.clone())),
        );
        rows.extend(self.traffic.map(|traffic| ("calls", traffic_line(traffic))));
        if self.service().is_some() {
            rows.push(("alarms", alarms_line(self.alarms.as_deref())));
        }
        rows.extend(
            self.idle
                .as_ref()
                .map(|bill| ("idle cost", idle_line(bill))),
        );
        let end = self.expires(environment);
        rows.extend(end.map(|end| ("expires", output::moment(end))));
        for line in output::fields(rows) {
            output::text(&line);
        }
        if let Some(warning) = end.and_then(|end| ending(end, now)) {
            output::warning(&warning);
        }
    }

    fn endpoint_line(&self, now: Timestamp) -> String {
        let Some(state) = &self.endpoint else {
            return "not there".to_owned();
        };
        let mut line = state.status.clone();
        let changed = state.changed.map(Timestamp::from_millisecond);
        if let Some(Ok(changed)) = changed {
            line.push_str(", changed ");
            line.push_str(&output::age(changed, now));
        }
        if self.serves_another() {
            line.push_str(", serving another config than was deployed: it was rolled back");
        }
        if let Some(reason) = &state.failure_reason {
            line.push_str(": ");
            line.push_str(reason);
        }
        line
    }

    fn model_line(&self) -> Option<String> {
        let key: String = self.parameter("TrainingKey")?.chars().take(KEY).collect();
        let trained = self.model.as_ref().and_then(|model| model.trained.as_ref());
        let metrics = trained.map(|job| {
            let metric =
                |(name, value): (&String, &f64)| format!("{name} {}", output::number(*value));
            job.metrics
                .iter()
                .map(metric)
                .collect::<Vec<_>>()
                .join(", ")
        });
        Some(match metrics.filter(|metrics| !metrics.is_empty()) {
            Some(metrics) => format!("{key} ({metrics})"),
            None => key,
        })
    }
}

fn idle_line(bill: &Bill) -> String {
    let amount = |amount| money(amount, &bill.currency);
    let Total {
        hourly,
        monthly,
        complete,
    } = bill.total;
    let least = if complete { "" } else { "at least " };
    format!(
        "{least}{} an hour, {} a month, storage not counted",
        amount(hourly),
        amount(monthly)
    )
}

/// Warns of an environment that is over, or soon is.
fn ending(end: Timestamp, now: Timestamp) -> Option<String> {
    let left = end.duration_since(now);
    if left > SOON {
        return None;
    }
    let when = if left.is_positive() {
        format!("is over in {} minutes", left.as_mins() + 1)
    } else {
        format!("was over {}", output::age(end, now))
    };
    Some(format!(
        "the environment {when}, and `deploy down --expired` removes it then; a deployment that changes \
         something renews it, or a longer `ttl` in the stack file"
    ))
}

fn stack_line(state: &StackState) -> String {
    match &state.status_reason {
        Some(reason) => format!("{}: {reason}", state.status),
        None => state.status.to_string(),
    }
}

fn traffic_line(traffic: Traffic) -> String {
    let more = if traffic.more { "more than " } else { "" };
    format!(
        "{more}{} in the last {} minutes, {} failed",
        traffic.calls,
        RECENT.as_secs() / 60,
        traffic.failed
    )
}

fn alarms_line(alarms: Option<&[Alarm]>) -> String {
    let Some(alarms) = alarms else {
        return "not known".to_owned();
    };
    let quiet = alarms.iter().filter(|alarm| alarm.state == "OK").count();
    let others = alarms.iter().filter(|alarm| alarm.state != "OK");
    let others: Vec<String> = others
        .map(|alarm| format!("{} {}", alarm.name, alarm.state))
        .collect();
    match (alarms.len(), others.is_empty()) {
        (0, _) => "none".to_owned(),
        (_, true) => format!("{quiet}, all OK"),
        (_, false) => format!("{quiet} OK, {}", others.join(", ")),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_warned_of_when_it_is_near_or_over() {
        let end: Timestamp = "2026-11-26T12:00:00Z".parse().unwrap();
        let at = |text: &str| ending(end, text.parse().unwrap());
        assert_eq!(at("2026-11-26T10:59:59Z"), None);
        assert!(
            at("2026-11-26T11:50:30Z")
                .unwrap()
                .contains("over in 10 minutes")
        );
        assert!(
            at("2026-11-26T12:00:00Z")
                .unwrap()
                .contains("was over just now")
        );
        assert!(
            at("2026-11-28T12:00:00Z")
                .unwrap()
                .contains("was over 2 days ago")
        );
    }
}
