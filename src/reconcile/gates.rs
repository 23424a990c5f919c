//! Holds a trained model against its gates, before anything that serves is touched.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Session;
use super::error::ReconcileError;
use super::object::Object;
use super::progress::Event;
use super::train::record;
use crate::cloud::training::TrainingState;
use crate::plan::{Desired, DesiredTraining, ModelRecord, Observed, parameters};
use crate::stack::{Comparison, Gate};

/// Lets a model pass that is good enough, or that the user lets pass for a reason, which is kept beside it.
///
/// # Errors
/// [`ReconcileError::GateFailed`], naming every gate and what was measured.
pub(super) async fn check(
    session: &Session,
    desired: &Desired,
    training: &DesiredTraining,
    observed: &Observed,
    job: &TrainingState,
) -> Result<(), ReconcileError> {
    let mut failed = failures(&training.gates, &job.metrics);
    if let Some(most) = training.regression {
        let serving = serving(session, desired, observed).await?;
        failed.extend(regressions(&training.gates, most, &serving, &job.metrics));
    }
    if failed.is_empty() {
        return Ok(());
    }
    let passed = match &training.gate_override {
        Some(reason) => Some(keep(session, desired, reason, failed.clone()).await?),
        None => kept(session, desired).await?,
    };
    match passed.filter(|passed| passed.failed == failed) {
        Some(passed) => {
            let text = format!("{passed}, although {}", failed.join("; "));
            session.observer.event(Event::Notice { text });
            Ok(())
        }
        None => Err(ReconcileError::GateFailed {
            job: job.name.clone(),
            failed,
        }),
    }
}

fn failures(gates: &[Gate], metrics: &BTreeMap<String, f64>) -> Vec<String> {
    let failure = |gate: &Gate| match metrics.get(&gate.metric) {
        Some(value) if gate.passes(*value) => None,
        Some(value) => Some(format!("{gate} is asked, {value} was measured")),
        None => Some(format!("{gate} is asked, nothing was measured")),
    };
    gates.iter().filter_map(failure).collect()
}

/// The metrics of the model that serves; none where nothing serves yet, or this very model does.
async fn serving(
    session: &Session,
    desired: &Desired,
    observed: &Observed,
) -> Result<BTreeMap<String, f64>, ReconcileError> {
    let service = observed.service.as_ref();
    let key = service.and_then(|service| service.parameters.get(parameters::TRAINING_KEY));
    let Some(key) = key.filter(|key| *key != desired.training_key.as_str()) else {
        return Ok(BTreeMap::new());
    };
    let bucket = &desired.deployment.names.bucket;
    let record = record::read(session, bucket, &ModelRecord::object(key)).await?;
    let trained = record.and_then(|record| record.trained);
    match trained {
        Some(job) => Ok(job.metrics),
        // Without its metrics nobody can say that the new model is no worse.
        None => Err(ReconcileError::Unknown(
            "the metrics of the model that serves",
        )),
    }
}

/// What got worse than it is in the model that serves, by more than `most`. A gate tells which direction is
/// the good one.
fn regressions(
    gates: &[Gate],
    most: f64,
    serving: &BTreeMap<String, f64>,
    metrics: &BTreeMap<String, f64>,
) -> Vec<String> {
    let regression = |gate: &Gate| {
        let (before, now) = (serving.get(&gate.metric)?, metrics.get(&gate.metric)?);
        worsening(gate, most, *before, *now).then(|| {
            format!(
                "{} may be worse by {most} than what serves, {now} was measured after {before}",
                gate.metric
            )
        })
    };
    gates.iter().filter_map(regression).collect()
}

/// Whether a metric got worse by more than `most`.
pub(super) fn worsening(gate: &Gate, most: f64, before: f64, now: f64) -> bool {
    let worse = match gate.comparison {
        Comparison::AtLeast | Comparison::Above => before - now,
        Comparison::AtMost | Comparison::Below => now - before,
    };
    // Of two numbers such as 0.93 and 0.92, the difference is a little more than 0.01.
    worse - most > f64::EPSILON || worse.is_nan()
}

/// That somebody let a model pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Override {
    /// The training key.
    training_key: String,
    /// What it did not pass. It is let pass for nothing else.
    failed: Vec<String>,
    /// Why it was let pass.
    reason: String,
    /// User and host.
    by: String,
    /// When.
    at: Timestamp,
}

impl fmt::Display for Override {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { reason, by, at, .. } = self;
        write!(formatter, "let pass by {by} at {at:.0} (\"{reason}\")")
    }
}

/// Keeps who lets a model pass, when, and why.
async fn keep(
    session: &Session,
    desired: &Desired,
    reason: &str,
    failed: Vec<String>,
) -> Result<Override, ReconcileError> {
    let worker = &session.station.worker;
    let passed = Override {
        training_key: desired.training_key.to_string(),
        failed,
        reason: reason.to_owned(),
        by: format!("{}@{}", worker.user, worker.host),
        at: session.station.witness.now(),
    };
    let text = serde_json::to_string_pretty(&passed)
        .map_err(|_| ReconcileError::Unknown("how to write down why the gates do not hold"))?;
    place(desired, &name(desired)).write(session, &text).await?;
    Ok(passed)
}

/// That somebody let the desired model pass earlier.
async fn kept(session: &Session, desired: &Desired) -> Result<Option<Override>, ReconcileError> {
    let there = place(desired, &name(desired)).read(session).await?;
    Ok(there.and_then(|there| serde_json::from_str(&there.text).ok()))
}

fn name(desired: &Desired) -> String {
    let model = ModelRecord::object(desired.training_key.as_str());
    format!("{}.override.json", model.trim_end_matches(".json"))
}

fn place<'a>(desired: &'a Desired, key: &'a str) -> Object<'a> {
    Object {
        bucket: &desired.deployment.names.bucket,
        key,
        reading: "read whether the model was let pass",
        writing: "keep why the gates do not hold",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(metric: &str, comparison: Comparison, threshold: f64) -> Gate {
        Gate {
            metric: metric.into(),
            comparison,
            threshold,
        }
    }

    fn measured(values: &[(&str, f64)]) -> BTreeMap<String, f64> {
        values
            .iter()
            .map(|(name, value)| ((*name).to_owned(), *value))
            .collect()
    }

    #[test]
    fn every_gate_that_fails_is_named_with_what_was_measured() {
        let gates = [
            gate("f1", Comparison::AtLeast, 0.9),
            gate("loss", Comparison::Below, 0.5),
            gate("speed", Comparison::Above, 1.0),
        ];
        let failed = failures(&gates, &measured(&[("f1", 0.91), ("loss", 0.5)]));
        assert_eq!(
            failed,
            [
                "loss < 0.5 is asked, 0.5 was measured",
                "speed > 1 is asked, nothing was measured"
            ]
        );
    }

    #[test]
    fn what_may_be_worse_by_a_hundredth_may_be_worse_by_exactly_that() {
        let gates = [
            gate("f1", Comparison::AtLeast, 0.5),
            gate("loss", Comparison::AtMost, 9.0),
        ];
        let worse = |f1, loss| {
            let now = measured(&[("f1", f1), ("loss", loss)]);
            regressions(
                &gates,
                0.01,
                &measured(&[("f1", 0.93), ("loss", 0.2)]),
                &now,
            )
            .len()
        };
        assert_eq!(worse(0.92, 0.21), 0);
        assert_eq!(worse(0.99, 0.01), 0);
        assert_eq!(worse(0.919, 0.2), 1);
        assert_eq!(worse(0.919, 0.22), 2);
        assert_eq!(worse(f64::NAN, 0.2), 1);
        // Nothing serves yet.
        assert!(regressions(&gates, 0.01, &BTreeMap::new(), &measured(&[("f1", 0.1)])).is_empty());
    }
}
