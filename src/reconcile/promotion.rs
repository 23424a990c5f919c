//! Looks whether a release may be taken over: every gate is asked, and what is found is kept as evidence.

use jiff::{SignedDuration, Timestamp};

use super::Session;
use super::drift::drift;
use super::error::ReconcileError;
use super::gates::worsening;
use super::holdout::{Subject, holdout};
use super::proof::{Depth, proof};
use super::verify::{Closeness, verify};
use crate::bundle::Labelled;
use crate::cloud::chain;
use crate::plan::{Deployment, Observed};
use crate::release::{Evidence, Release};
use crate::stack::{Promotion, Timespan};

/// A release that may be taken over, and where it serves.
pub struct Candidate<'a> {
    /// The environment's cloud.
    pub session: &'a Session,
    /// The environment.
    pub deployment: &'a Deployment,
    /// What was seen of it.
    pub observed: &'a Observed,
    /// The release.
    pub release: &'a Release,
}

/// Asks every gate but the load; `texts` are those of the hold-out file. A gate that cannot be asked fails; it
/// does not end the asking.
///
/// # Errors
/// The user asked to stop.
pub async fn examine(
    candidate: &Candidate<'_>,
    promotion: &Promotion,
    serving: Option<&Release>,
    texts: &[Labelled],
) -> Result<Vec<Evidence>, ReconcileError> {
    let Candidate {
        session, release, ..
    } = candidate;
    let at = session.station.witness.now();
    let mut evidence = recalled(release, promotion, serving, at);
    evidence.push(unchanged(candidate, at).await?);
    session.cancel.check()?;
    evidence.push(answers(candidate, at).await?);
    session.cancel.check()?;
    evidence.push(undrifted(candidate, at).await?);
    if let Some(terms) = &promotion.holdout {
        let service = candidate.observed.service.as_ref();
        let subject = Subject {
            session,
            endpoint: service.and_then(|service| service.outputs.get("EndpointName")),
            release,
        };
        evidence.extend(holdout(&subject, terms, texts, at).await?);
    }
    Ok(evidence)
}

/// Asks the gates that the release's own record answers: those of its metrics and its age.
pub fn recalled(
    release: &Release,
    promotion: &Promotion,
    serving: Option<&Release>,
    at: Timestamp,
) -> Vec<Evidence> {
    let mut evidence = metrics(release, promotion, serving, at);
    evidence.extend(ages(release, promotion, at));
    evidence
}

/// The conditions on the model's metrics.
fn metrics(
    release: &Release,
    promotion: &Promotion,
    serving: Option<&Release>,
    at: Timestamp,
) -> Vec<Evidence> {
    let measured = &release.model.metrics;
    let mut evidence = Vec::new();
    for gate in &promotion.gates {
        let value = measured.get(&gate.metric);
        evidence.push(Evidence {
            gate: format!("metric {}", gate.metric),
            asked: format!("{} {}", gate.comparison.symbol(), gate.threshold),
            found: value.map_or_else(|| "nothing".to_owned(), ToString::to_string),
            passed: value.is_some_and(|value| gate.passes(*value)),
            at,
        });
        let before = serving.and_then(|serving| serving.model.metrics.get(&gate.metric));
        if let (Some(most), Some(before), Some(now)) = (promotion.regression, before, value) {
            evidence.push(Evidence {
                gate: format!("regression of {}", gate.metric),
                asked: format!("worse than {before} by {most} at most"),
                found: now.to_string(),
                passed: !worsening(gate, most, *before, *now),
                at,
            });
        }
    }
    evidence
}

/// How long the release has served, and how old it is.
fn ages(release: &Release, promotion: &Promotion, at: Timestamp) -> Vec<Evidence> {
    let age = at.duration_since(release.at);
    let span =
        |span: Timespan| SignedDuration::from_secs(span.seconds().try_into().unwrap_or(i64::MAX));
    let found = format!("{age:#.0}");
    let mut evidence = Vec::new();
    if promotion.bake.seconds() > 0 {
        evidence.push(Evidence {
            gate: "bake".to_owned(),
            asked: format!("at least {} of service", promotion.bake),
            found: found.clone(),
            passed: age >= span(promotion.bake),
            at,
        });
    }
    if let Some(most) = promotion.max_age {
        evidence.push(Evidence {
            gate: "age".to_owned(),
            asked: format!("at most {most}"),
            found,
            passed: age <= span(most),
            at,
        });
    }
    evidence
}

/// Whether what serves is the release, byte for byte.
async fn unchanged(candidate: &Candidate<'_>, at: Timestamp) -> Result<Evidence, ReconcileError> {
    let Candidate {
        session,
        deployment,
        observed,
        release,
    } = candidate;
    let found = proof(session, deployment, observed, release, Depth::Content).await;
    asked("what serves", "the release", found, at)
}

/// Whether the service answers, end to end.
async fn answers(candidate: &Candidate<'_>, at: Timestamp) -> Result<Evidence, ReconcileError> {
    let service = candidate.observed.service.as_ref();
    let outputs = service.map(|service| service.outputs.clone());
    let outputs = outputs.unwrap_or_default();
    let answer = verify(candidate.session, &outputs, Closeness::Everything).await;
    asked("smoke test", "an answer", answer.map(|()| Vec::new()), at)
}

/// Whether nobody has changed what was deployed. What could not be looked at may have been.
async fn undrifted(candidate: &Candidate<'_>, at: Timestamp) -> Result<Evidence, ReconcileError> {
    let report = drift(candidate.session, candidate.deployment).await;
    let found = report.map(|report| {
        let drifted = report.findings.iter().map(ToString::to_string);
        let unseen = report.unknown.iter().filter(|one| one.property.is_none());
        let unseen =
            unseen.map(|one| format!("{} is not known: {}", one.subject.logical_id, one.reason));
        drifted.chain(unseen).collect()
    });
    asked("drift", "none", found, at)
}

/// What was found where nothing should be found.
fn asked(
    gate: &str,
    asked: &str,
    found: Result<Vec<String>, ReconcileError>,
    at: Timestamp,
) -> Result<Evidence, ReconcileError> {
    let (passed, found) = match found {
        Ok(found) if found.is_empty() => (true, asked.to_owned()),
        Ok(found) => (false, found.join("; ")),
        Err(ReconcileError::Interrupted) => return Err(ReconcileError::Interrupted),
        Err(error) => (false, chain(&error)),
    };
    Ok(Evidence {
        gate: gate.to_owned(),
        asked: asked.to_owned(),
        found,
        passed,
        at,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::release::testing::release;
    use crate::stack::{Comparison, Gate};

    fn terms() -> Promotion {
        Promotion {
            from: "staging".parse().unwrap(),
            gates: Vec::new(),
            regression: None,
            bake: Timespan::from_seconds(0),
            max_age: None,
            holdout: None,
            load: None,
            approvals: None,
        }
    }

    fn hours(count: i64) -> Timestamp {
        Timestamp::from_second(count * 3_600).unwrap()
    }

    /// Which of the evidence passed, by the gate's name.
    fn passed(evidence: &[Evidence]) -> Vec<(&str, bool)> {
        let named = evidence.iter().map(|one| (one.gate.as_str(), one.passed));
        named.collect()
    }

    #[test]
    fn a_release_must_have_baked_and_must_not_be_stale() {
        let release = release(1, "s");
        let terms = Promotion {
            bake: Timespan::from_seconds(3_600),
            max_age: Some(Timespan::from_seconds(48 * 3_600)),
            ..terms()
        };
        for (age, bake, fresh) in [
            (0, false, true),
            (1, true, true),
            (48, true, true),
            (49, true, false),
        ] {
            let evidence = ages(&release, &terms, hours(age));
            assert_eq!(
                passed(&evidence),
                [("bake", bake), ("age", fresh)],
                "{age} h"
            );
        }
        assert!(ages(&release, &self::terms(), hours(1_000_000)).is_empty());
    }

    #[test]
    fn metrics_are_held_against_their_gates_and_against_what_serves() {
        let gate = |metric: &str| Gate {
            metric: metric.into(),
            comparison: Comparison::AtLeast,
            threshold: 0.85,
        };
        let terms = Promotion {
            gates: vec![gate("eval_macro_f1"), gate("nobody_measures")],
            regression: Some(0.01),
            ..terms()
        };
        let new = release(2, "t");
        let mut serving = release(1, "s");
        let regression = "regression of eval_macro_f1";
        for (before, no_worse) in [(0.9, true), (0.91, true), (0.92, false)] {
            serving.model.metrics.insert("eval_macro_f1".into(), before);
            let evidence = metrics(&new, &terms, Some(&serving), hours(1));
            let expected = [
                ("metric eval_macro_f1", true),
                (regression, no_worse),
                ("metric nobody_measures", false),
            ];
            assert_eq!(passed(&evidence), expected, "{before}");
        }
        // Where nothing serves yet nothing can get worse.
        assert_eq!(metrics(&new, &terms, None, hours(1)).len(), 2);
    }
}
