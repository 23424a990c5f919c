//! Load on the API of the environment that is promoted from.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;

use super::super::context::Environment;
use super::super::failure::Failure;
use super::super::live::credential;
use super::super::{interrupt, load, output};
use crate::load::{HttpCaller, Kind, Plan, Report, Shape, Target, drive_until};
use crate::plan::Observed;
use crate::reconcile::{ReconcileError, Session};
use crate::release::Evidence;
use crate::stack::{Probe, Throttle};

/// How long load is put on before it is counted, so that a first start of the function does not count.
const WARM_UP: Duration = Duration::from_secs(5);
/// How long an answer is waited for: longer than API Gateway waits.
const TIMEOUT: Duration = Duration::from_secs(35);
/// What a throttle answers.
const TURNED_AWAY: Kind = Kind::Status(429);

/// Puts load on, and gives evidence for each figure that is asked. An API that cannot be called fails.
pub(super) async fn probe(
    from: &Environment,
    source: &Session,
    observed: &Observed,
    terms: &Probe,
) -> Result<Vec<Evidence>, Failure> {
    let target = match target(from, source, observed).await {
        Ok(target) => Arc::new(target),
        Err(failure) => {
            return Ok(vec![Evidence {
                gate: "load".to_owned(),
                asked: "answers of the API".to_owned(),
                found: failure.text(),
                passed: false,
                at: from.station.witness.now(),
            }]);
        }
    };
    let plan = Plan {
        shape: Shape::Closed,
        connections: usize::try_from(terms.connections).unwrap_or(usize::MAX),
        warm_up: WARM_UP,
        duration: Duration::from_secs(terms.duration.seconds()),
        timeout: TIMEOUT,
    };
    output::note(&format!(
        "{}: load of {} connections, for {} s of warm-up and {}",
        from.title(),
        terms.connections,
        WARM_UP.as_secs(),
        terms.duration
    ));
    let callers = (0..plan.connections).map(|_| HttpCaller::new(Arc::clone(&target)));
    let cancel = interrupt::cancel();
    let report = drive_until(plan, callers.collect(), cancel.cancelled()).await;
    if report.interrupted {
        return Err(ReconcileError::Interrupted.into());
    }
    let at = from.station.witness.now();
    Ok(evidence(&report, terms, &from.stack.api.throttle, at))
}

async fn target(
    from: &Environment,
    source: &Session,
    observed: &Observed,
) -> Result<Target, Failure> {
    let service = observed.service.as_ref();
    let url = service.and_then(|service| service.outputs.get("ClassifyUrl"));
    let url =
        url.ok_or_else(|| Failure::failed(anyhow::anyhow!("the stack has no `ClassifyUrl`")))?;
    let texts = load::texts(from, None)?;
    let body = |text: &String| json!({ "query": { "headline": text } }).to_string();
    let bodies: Vec<String> = texts.iter().map(body).collect();
    let credential = credential(from)?;
    let admission = load::admission(&source.cloud.web, url, credential, &bodies[0]).await?;
    Target::post(url, admission, bodies).map_err(Failure::failed)
}

/// What was found of what is asked.
fn evidence(report: &Report, terms: &Probe, throttle: &Throttle, at: Timestamp) -> Vec<Evidence> {
    let percentiles = terms.percentiles.iter().map(|(percent, limit)| {
        let found = report.latency.at(f64::from(*percent));
        Evidence {
            gate: format!("load p{percent}"),
            asked: format!("below {limit}"),
            found: found.map_or_else(
                || "no answer".to_owned(),
                |found| format!("{:.1} ms", found.as_secs_f64() * 1000.0),
            ),
            passed: found.is_some_and(|found| found < Duration::from_millis(limit.milliseconds())),
            at,
        }
    });
    let throttled = throttled(report, throttle);
    let kinds = report
        .errors
        .iter()
        .filter(|(kind, _)| !(throttled > 0 && *kind == TURNED_AWAY));
    let kinds: Vec<String> = kinds
        .map(|(kind, count)| format!(", {count} {kind}"))
        .collect();
    let (failed, requests) = (report.failed() - throttled, report.requests() - throttled);
    let mut found = format!("{failed} of {requests} requests{}", kinds.concat());
    if throttled > 0 {
        // Writing to a String cannot fail.
        let _ = write!(
            found,
            "; {throttled} more were turned away by the API's throttle"
        );
    }
    let most = u64::from(terms.errors_percent) * requests;
    let errors = Evidence {
        gate: "load errors".to_owned(),
        asked: format!("{} % at most", terms.errors_percent),
        found,
        // Without an answer nothing was shown.
        passed: report.answers > 0 && failed * 100 <= most,
        at,
    };
    percentiles.chain([errors]).collect()
}

/// How many requests the API's own throttle turned away: a fast service lets the probe send more than it
/// allows, which says nothing against the service. Below that rate the same answer comes from what is behind it.
fn throttled(report: &Report, throttle: &Throttle) -> u64 {
    let turned_away = report
        .errors
        .iter()
        .filter(|(kind, _)| *kind == TURNED_AWAY);
    let turned_away = turned_away.map(|(_, count)| count).sum();
    #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53 requests")]
    let sent = report.requests() as f64;
    if sent > throttle.rate * report.elapsed.as_secs_f64() {
        turned_away
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::load::{Caller, drive};
    use crate::stack::{Latency, Timespan};

    /// Answers after 100 ms, every fifth time with this status.
    struct Faulty(u16);

    impl Caller for Faulty {
        async fn call(&mut self, number: u64) -> Kind {
            tokio::time::sleep(Duration::from_millis(100)).await;
            Kind::Status(if number % 5 == 4 { self.0 } else { 200 })
        }
    }

    /// More than is ever sent here.
    const HIGH: Throttle = Throttle {
        rate: 50.0,
        burst: 100,
    };

    async fn report(seconds: u64, status: u16) -> Report {
        let plan = Plan {
            shape: Shape::Closed,
            connections: 1,
            warm_up: Duration::ZERO,
            duration: Duration::from_secs(seconds),
            timeout: TIMEOUT,
        };
        drive(plan, vec![Faulty(status)]).await
    }

    fn terms(p95: u64, errors_percent: u32) -> Probe {
        Probe {
            connections: 1,
            duration: Timespan::from_seconds(10),
            percentiles: BTreeMap::from([(95, Latency::from_milliseconds(p95))]),
            errors_percent,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn every_figure_is_held_against_its_limit() {
        let report = report(10, 503).await;
        let passed = |terms: &Probe| {
            let evidence = evidence(&report, terms, &HIGH, Timestamp::UNIX_EPOCH);
            evidence.iter().map(|one| one.passed).collect::<Vec<_>>()
        };
        assert_eq!(passed(&terms(200, 20)), [true, true]);
        assert_eq!(passed(&terms(90, 19)), [false, false]);
        let evidence = evidence(&report, &terms(200, 20), &HIGH, Timestamp::UNIX_EPOCH);
        assert_eq!(
            evidence[1].to_string(),
            "load errors: 20 % at most is asked, 20 of 100 requests, 20 HTTP 503 was found"
        );
        assert_eq!(evidence[0].asked, "below 200ms");
        assert!(
            evidence[0].found.starts_with("100."),
            "{}",
            evidence[0].found
        );
    }

    #[tokio::test(start_paused = true)]
    async fn what_the_api_turns_away_above_its_own_rate_is_no_error() {
        let report = report(10, 429).await;
        let errors = |rate| {
            let throttle = Throttle { rate, burst: 1 };
            let evidence = evidence(&report, &terms(200, 0), &throttle, Timestamp::UNIX_EPOCH);
            (evidence[1].passed, evidence[1].found.clone())
        };
        let found = "0 of 80 requests; 20 more were turned away by the API's throttle";
        assert_eq!(errors(5.0), (true, found.to_owned()));
        // At a rate that the API allows, the model was too busy.
        assert_eq!(
            errors(50.0),
            (false, "20 of 100 requests, 20 HTTP 429".to_owned())
        );
    }

    #[tokio::test(start_paused = true)]
    async fn without_an_answer_nothing_passes() {
        let nothing = report(0, 503).await;
        let evidence = evidence(&nothing, &terms(200, 100), &HIGH, Timestamp::UNIX_EPOCH);
        assert!(evidence.iter().all(|one| !one.passed), "{evidence:?}");
    }
}
