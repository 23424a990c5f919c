//! Whether a model is trained, waited for or used again, and why.

use std::collections::BTreeMap;
use std::fmt;

use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;

use super::action::{Action, Reason, Step, StepKind};
use super::desired::Desired;
use super::held::Held;
use super::observed::{Inside, Observed};
use super::up::{Choices, Closeness, RetryTraining, matches};
use crate::cloud::training::{TrainingPhase, TrainingState};

/// How many jobs in a row may fail for reasons that lie with the service before it is given up.
pub const ATTEMPTS: usize = 3;
/// Signs of a training key that people are shown.
const SHORT_KEY: usize = 8;

/// A model that is there.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Trained {
    /// The job that trained it.
    pub job: String,
    /// Its training key.
    pub key: String,
    /// When it was trained.
    pub at: Option<Timestamp>,
    /// Last value of each metric, by name.
    pub metrics: BTreeMap<String, f64>,
}

/// Values of metrics are never more than what a log line had.
impl Eq for Trained {}

impl Trained {
    fn of(desired: &Desired, job: &TrainingState) -> Self {
        Self {
            job: job.name.clone(),
            key: desired.training_key.to_string(),
            at: job.facts.ended,
            metrics: job.metrics.clone(),
        }
    }

    /// Says which model it is, where `when` says from when: `the model of 3 days ago (key 4f2a91bc…),
    /// macro-F1 0.93`.
    pub fn said(&self, when: Option<&str>) -> String {
        let when = when.map_or_else(|| format!(" of {}", self.job), |when| format!(" of {when}"));
        let metric = main_metric(&self.metrics);
        let metric =
            metric.map_or_else(String::new, |(name, value)| format!(", {name} {value:.2}"));
        format!("the model{when} (key {}…){metric}", short(&self.key))
    }
}

impl fmt::Display for Trained {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let date = self
            .at
            .map(|at| at.to_zoned(TimeZone::UTC).date().to_string());
        formatter.write_str(&self.said(date.as_deref()))
    }
}

/// The beginning of a training key, for people.
fn short(key: &str) -> String {
    key.chars().take(SHORT_KEY).collect()
}

/// The metric that says most about a classifier, of those that there are, and its name for people.
pub fn main_metric(metrics: &BTreeMap<String, f64>) -> Option<(&'static str, f64)> {
    [
        ("macro_f1", "macro-F1"),
        ("f1", "F1"),
        ("accuracy", "accuracy"),
        ("loss", "loss"),
    ]
    .into_iter()
    .find_map(|(ending, words)| {
        let is = |name: &&String| name.as_str() == ending || name.ends_with(&format!("_{ending}"));
        // What was measured on data that the model has not seen says more.
        let held_out = |name: &&String| !name.starts_with("train");
        let names = || metrics.keys().filter(is);
        let name = names().find(held_out).or_else(|| names().next())?;
        Some((words, metrics[name]))
    })
}

/// How many of the last attempts in a row failed for reasons that lie with the service.
pub fn transient_failures(attempts: &[TrainingState]) -> usize {
    let from_last = attempts.iter().rev();
    from_last.take_while(|job| job.failed_transiently()).count()
}

/// Whether what follows depends on whether there is a model.
pub fn looks_for_model(desired: &Desired, observed: &Observed, choices: Choices) -> bool {
    let refresh = choices.closeness == Closeness::Everything;
    refresh || !matches(&desired.service, observed.service.as_ref())
}

/// Decides what becomes of the model.
pub(super) fn training_step(
    desired: &Desired,
    observed: &Observed,
    choices: Choices,
) -> Result<Step, Held> {
    let inside = &observed.inside;
    let (action, reason) = if let Some(job) = inside.finished() {
        (Action::Reuse, Reason::Trained(Trained::of(desired, job)))
    } else if let Some(last) = inside.attempts.last() {
        after(last, &inside.attempts, choices)?
    } else {
        (Action::Create, anew(desired, inside))
    };
    Ok(Step {
        kind: StepKind::Training,
        action,
        reason,
    })
}

/// What follows on attempts of which none has a model.
fn after(
    last: &TrainingState,
    attempts: &[TrainingState],
    choices: Choices,
) -> Result<(Action, Reason), Held> {
    if last.phase == TrainingPhase::InProgress {
        return Ok((Action::Attach, Reason::InProgress(last.name.clone())));
    }
    let (job, reason) = (last.name.clone(), last.why());
    let failures = transient_failures(attempts);
    if choices.retry_training == RetryTraining::Hold {
        // Whoever stopped a job, or lost its model, says nothing about the next.
        let failed = last.phase == TrainingPhase::Failed && !last.failed_here();
        let own = failed || last.ran_out_of_time();
        if own && failures == 0 {
            return Err(Held::TrainingFailed { job, reason });
        }
        if failures >= ATTEMPTS {
            return Err(Held::TrainingExhausted {
                job,
                reason,
                attempts: failures,
            });
        }
    }
    let why = if last.phase == TrainingPhase::Completed {
        "it is not in the bucket any more".to_owned()
    } else {
        reason
    };
    let attempt = attempts.len() + 1;
    Ok((Action::Create, Reason::Repeated { job, why, attempt }))
}

/// Why a model is trained of which there is no attempt.
fn anew(desired: &Desired, inside: &Inside) -> Reason {
    let both = desired.training().zip(inside.baseline.as_ref());
    let changes = both.map(|(training, baseline)| {
        let changes = training.ingredients.changes(&baseline.ingredients);
        (short(baseline.key.as_str()), changes)
    });
    match changes {
        Some((since, changes)) if !changes.is_empty() => Reason::Ingredients { since, changes },
        _ => Reason::NeverTrained,
    }
}

impl Inside {
    /// The job that has trained the desired model, by its own record or, where that is gone, by what the
    /// bucket keeps.
    pub fn finished(&self) -> Option<&TrainingState> {
        let attempts = self.attempts.iter().rev();
        let kept = || self.record.as_ref()?.trained.as_ref();
        attempts
            .into_iter()
            .find(|job| job.has_model())
            .or_else(|| kept().filter(|job| job.has_model()))
    }
}

#[cfg(test)]
mod tests;
