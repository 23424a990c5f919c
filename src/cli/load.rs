//! `deploy load`.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use async_trait::async_trait;
use clap::Args;
use http::header::AUTHORIZATION;
use serde_json::{Value, json};

use super::confirm::{Stake, confirm};
use super::context::{Environment, Global, Selection};
use super::failure::{FAILED, Failure, INTERRUPTED, USAGE};
use super::live::{credential, live};
use super::output::{self, Format};
use super::{interrupt, report, write};
use crate::bundle;
use crate::cloud::web::{Credential, Web};
use crate::load::{
    Admission, Assertion, HttpCaller, Plan, Report, Shape, Sign, Target, drive_until, page,
};
use crate::reconcile::smoke_text;
use crate::stack::Timespan;

/// Texts of the stack's data that are sent in turns.
const TEXTS: usize = 1_000;
/// Connections of a fixed rate, where nothing else is said.
const CONNECTIONS: u16 = 256;

/// Arguments of `deploy load`.
#[derive(Debug, Args)]
#[command(after_help = "\
The load goes to the environment's own API, and to nothing else: no address can be given. Where the
environment is on AWS it is asked for first, as it costs money and is felt by whoever uses it.

How latency is counted. A load generator that waits for an answer before it sends the next request
sends nothing while the service stalls, and so hides the stall (coordinated omission).
  --rate         each request has a planned start and its latency counts from it, also where no
                 connection was free then; one that never got its turn is an error, and counts with
                 the time it waited. This is what users do: they do not wait for each other.
  --connections  each connection sends its next request when it has its answer. What it would have
                 sent at its usual pace (the median) while it waited for a slow answer is added, as
                 HdrHistogram does; the figures as measured are shown beside.
Latency is that of answers with a 2xx status, of requests that timed out, and of those that never got
their turn. Other answers and broken connections are errors.

What --assert takes: p50, p99.9 (any percentile), mean, max with a time; errors with a number or a
share; rate (2xx answers a second). One that does not hold ends the command with 1. A latency is that
of answers: where one is asserted and nothing is said of errors, `errors<=1%` is asserted with it.

Where the API wants a token, it is taken from the environment variable DEPLOY_TOKEN; where it wants signed
requests, they are signed with the environment's credentials, each text's anew every minute.

Examples:
  deploy load --rate 50/s --duration 1m
  deploy load --connections 16 --report load.html
  deploy load --rate 20/s --assert 'p95<200ms' --assert 'errors<0.1%' --output json
  deploy load --env staging --rate 100/s --texts texts.txt --yes")]
pub(super) struct Arguments {
    #[command(flatten)]
    selection: Selection,
    /// Open loop: so many requests a second, whatever the answers take, e.g. `50/s`
    #[arg(long, value_name = "RATE", required_unless_present = "connections")]
    rate: Option<Rate>,
    /// Closed loop: so many connections, each at its own pace; with --rate, the most at once (256)
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..=10_000))]
    connections: Option<u16>,
    /// How long load is put on before it is counted
    #[arg(long, value_name = "TIME", default_value = "5s")]
    warm_up: Timespan,
    /// How long it is counted
    #[arg(long, value_name = "TIME", default_value = "30s")]
    duration: Timespan,
    /// How long an answer is waited for
    #[arg(long, value_name = "TIME", default_value = "35s")]
    timeout: Timespan,
    /// Texts to send, one a line; by default those of the stack's data
    #[arg(long, value_name = "FILE")]
    texts: Option<PathBuf>,
    /// What a figure must be, e.g. `p95<200ms`; may be given several times
    #[arg(long = "assert", value_name = "FIGURE")]
    assertions: Vec<Assertion>,
    /// Write an HTML page with charts
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Go on without asking
    #[arg(long, short)]
    yes: bool,
}

/// Requests a second.
#[derive(Debug, Clone, Copy)]
struct Rate(f64);

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = text.strip_suffix("/s").unwrap_or(text).parse().ok();
        let possible = number.filter(|rate| (0.01..=1_000_000.0).contains(rate));
        possible.map(Self).ok_or_else(|| {
            "write requests a second, from 0.01/s to 1000000/s, e.g. `50/s`".to_owned()
        })
    }
}

impl Arguments {
    fn plan(&self) -> Result<Plan, Failure> {
        let duration = seconds(self.duration);
        if duration.is_zero() || self.timeout.seconds() == 0 {
            let text = "`--duration` and `--timeout` must be longer than nothing";
            return Err(Failure::usage(text));
        }
        let shape = match self.rate {
            Some(Rate(rate)) => Shape::Open { rate },
            None => Shape::Closed,
        };
        Ok(Plan {
            shape,
            connections: self.connections.unwrap_or(CONNECTIONS).into(),
            warm_up: seconds(self.warm_up),
            duration,
            timeout: seconds(self.timeout),
        })
    }
}

/// Puts load on the environment's API.
pub(super) async fn run(global: &Global, arguments: &Arguments) -> Result<(), Failure> {
    let plan = arguments.plan()?;
    if let Some(path) = &arguments.report {
        report::spare(path)?;
    }
    let environment = Environment::load(global, &arguments.selection)?;
    let texts = texts(&environment, arguments.texts.as_deref())?;
    let credential = credential(&environment)?;
    let live = live(global, &environment).await?;
    let url = live.output("ClassifyUrl")?;
    let bodies: Vec<String> = texts
        .iter()
        .map(|text| json!({ "query": { "headline": text } }).to_string())
        .collect();
    let admission = admission(&live.session.cloud.web, url, credential, &bodies[0]).await?;
    let target = Target::post(url, admission, bodies).map_err(Failure::failed)?;
    let load = describe(&plan);
    let question = format!("Put load on {} ({load})?", environment.title());
    confirm(
        &environment.stack,
        &question,
        arguments.yes.into(),
        Stake::Change,
    )?;
    output::note(&format!("{}: {load} on {url}", environment.title()));
    let target = Arc::new(target);
    let callers = (0..plan.connections).map(|_| HttpCaller::new(Arc::clone(&target)));
    let cancel = interrupt::cancel();
    let report = drive_until(plan, callers.collect(), cancel.cancelled()).await;
    let implied = Assertion::implied(&arguments.assertions);
    let assertions: Vec<Assertion> = arguments
        .assertions
        .iter()
        .cloned()
        .chain(implied)
        .collect();
    if let Some(path) = &arguments.report {
        let now = environment.station.witness.now();
        let when = now.strftime("%Y-%m-%d %H:%M:%S UTC").to_string();
        let title = environment.title();
        let html = page(&title, &when, &report, &assertions);
        write::replace(path, html.as_bytes())?;
    }
    let checks = checks(&assertions, &report);
    if global.output == Format::Json {
        output::result(&data(&environment, url, &report, &checks));
    } else {
        show(&report, &checks);
    }
    verdict(
        &report,
        &checks,
        assertions.len() - arguments.assertions.len(),
    )
}

/// Signs for an API with the environment's credentials.
struct ApiSigner {
    web: Arc<dyn Web>,
    url: String,
}

#[async_trait]
impl Sign for ApiSigner {
    async fn sign(&self, body: &str) -> Result<Vec<(String, String)>, String> {
        let signed = self.web.sign_post(&self.url, body).await;
        signed.map_err(|fault| fault.to_string())
    }
}

/// With what the API lets requests in. That they can be signed is seen before the load begins.
pub(super) async fn admission(
    web: &Arc<dyn Web>,
    url: &str,
    credential: Credential,
    body: &str,
) -> Result<Admission, Failure> {
    Ok(match credential {
        Credential::Nobody => Admission::Nobody,
        Credential::Bearer(token) => Admission::Header(AUTHORIZATION, format!("Bearer {token}")),
        Credential::Signed => {
            let web = Arc::clone(web);
            let signed = web.sign_post(url, body).await;
            signed.map_err(Failure::failed)?;
            let url = url.to_owned();
            Admission::Signed(Arc::new(ApiSigner { web, url }))
        }
    })
}

/// The texts of a file, one a line, or else those of the stack's data.
pub(super) fn texts(
    environment: &Environment,
    file: Option<&Path>,
) -> Result<Vec<String>, Failure> {
    if let Some(path) = file {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read {}", path.display()))
            .map_err(|error| Failure::with_code(USAGE, error))?;
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let lines: Vec<String> = lines.map(str::to_owned).collect();
        if lines.is_empty() {
            return Err(Failure::usage(format!("{} has no texts", path.display())));
        }
        return Ok(lines);
    }
    let data = environment.stack.data();
    let texts = data.map_or(Ok(Vec::new()), |data| bundle::texts(data, TEXTS));
    let texts = texts
        .context("cannot read the stack's data")
        .map_err(|error| {
            Failure::with_code(FAILED, error).hint("`--texts FILE` names other texts")
        })?;
    if texts.is_empty() {
        output::note("the stack's data has no texts to be seen here: one is sent again and again");
        return Ok(vec![smoke_text().to_owned()]);
    }
    Ok(texts)
}

fn seconds(time: Timespan) -> Duration {
    Duration::from_secs(time.seconds())
}

fn describe(plan: &Plan) -> String {
    let load = match plan.shape {
        Shape::Open { rate } => format!("{rate}/s"),
        Shape::Closed => format!("{} connections", plan.connections),
    };
    let (warm_up, duration) = (plan.warm_up.as_secs(), plan.duration.as_secs());
    format!("{load} for {warm_up} s of warm-up and {duration} s")
}

/// An assertion, what its figure was, and whether it holds.
type Check<'a> = (&'a Assertion, String, bool);

fn checks<'a>(assertions: &'a [Assertion], report: &Report) -> Vec<Check<'a>> {
    let check = |assertion: &'a Assertion| {
        let (value, holds) = assertion.check(report);
        (assertion, value, holds)
    };
    assertions.iter().map(check).collect()
}

fn data(environment: &Environment, url: &str, report: &Report, checks: &[Check<'_>]) -> Value {
    let mut data = report.data();
    data["stack"] = json!(environment.stack.name.as_str());
    data["environment"] = json!(environment.stack.environment.as_str());
    data["url"] = json!(url);
    data["assertions"] = checks
        .iter()
        .map(|(assertion, value, holds)| {
            json!({ "assertion": assertion.to_string(), "was": value, "holds": holds })
        })
        .collect();
    data
}

fn show(report: &Report, checks: &[Check<'_>]) {
    let seconds = report.elapsed.as_secs_f64();
    let milliseconds = |time: Duration| time.as_secs_f64() * 1000.0;
    let rates: Vec<_> = report.course.iter().map(|each| Some(each.rate)).collect();
    let p99 = report.course.iter().map(|each| each.p99.map(milliseconds));
    let p99: Vec<_> = p99.collect();
    let charts = [
        output::columns("answers a second", &rates, seconds),
        output::columns("p99 in ms", &p99, seconds),
    ];
    for line in charts.iter().flatten() {
        output::text(line);
    }
    let mut lines = vec![("latency", &report.latency)];
    lines.extend(
        report
            .measured
            .as_ref()
            .map(|measured| ("as measured", measured)),
    );
    for (name, latency) in lines {
        let figures: Vec<String> = latency
            .shown()
            .map(|(percent, time)| format!("p{percent} {:.1} ms", milliseconds(time)))
            .chain(
                latency
                    .max()
                    .map(|time| format!("max {:.1} ms", milliseconds(time))),
            )
            .collect();
        output::text(&format!("{name:<12} {}", figures.join("  ")));
    }
    output::text(&format!(
        "{:<12} {:.1}/s, {} answers in {seconds:.1} s",
        "rate",
        report.rate(),
        report.answers
    ));
    let errors: Vec<String> = report
        .errors
        .iter()
        .map(|(kind, count)| format!("{count} {kind}"))
        .collect();
    let errors = if errors.is_empty() {
        "none".to_owned()
    } else {
        errors.join(", ")
    };
    output::text(&format!(
        "{:<12} {:.2} % ({errors})",
        "errors",
        report.error_share() * 100.0
    ));
    if report.late > 0 {
        output::note(&format!(
            "{} requests were sent later than planned: no connection was free, or this machine was too busy",
            report.late
        ));
    }
    for (assertion, value, holds) in checks {
        let word = if *holds { "holds" } else { "FAILS" };
        output::text(&format!("{word:<12} {assertion} (was {value})"));
    }
}

/// How the command ends. The last of the checks are `implied`: nobody wrote them.
fn verdict(report: &Report, checks: &[Check<'_>], implied: usize) -> Result<(), Failure> {
    if report.interrupted {
        let failure = Failure::reported("interrupted; the figures are those so far");
        return Err(Failure {
            code: INTERRUPTED,
            ..failure
        });
    }
    let failed = |checks: &[Check<'_>]| checks.iter().filter(|(_, _, holds)| !holds).count();
    let (all, unsaid) = (failed(checks), failed(&checks[checks.len() - implied..]));
    if all > 0 {
        let failure = Failure::reported(format!("{all} of {} assertions fail", checks.len()));
        if unsaid == 0 {
            return Err(failure);
        }
        return Err(failure.hint(
            "the latency is that of the requests that were answered, and too many were not; \
             `--assert 'errors<50%'` says how many errors will do",
        ));
    }
    if report.answers == 0 {
        return Err(Failure::reported("the service gave no answer"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_requests_a_second() {
        let rate = |text: &str| text.parse::<Rate>().ok().map(|Rate(rate)| rate);
        assert_eq!(rate("50/s"), Some(50.0));
        assert_eq!(rate("0.5"), Some(0.5));
        for text in ["", "0", "-1/s", "nan", "inf/s", "50/m"] {
            assert!(rate(text).is_none(), "{text}");
        }
    }
}
