//! Puts texts whose labels are known to an endpoint, and compares its answers.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Session;
use super::error::ReconcileError;
use super::progress::Event;
use super::tally::Tally;
use crate::bundle::Labelled;
use crate::cloud::CloudFault;
use crate::release::{Evidence, Release};
use crate::stack::{Comparison, Holdout};

/// Texts of one request: few enough for a small instance to answer within SageMaker's minute.
const AT_ONCE: usize = 64;
/// What is asked of the texts: its name, the condition, and how its figure is found.
type Asked = (&'static str, Option<(Comparison, f64)>, fn(&Tally) -> f64);

/// What the texts are put to.
pub(super) struct Subject<'a> {
    /// The environment's cloud.
    pub(super) session: &'a Session,
    /// Name of the endpoint, if the stack says it.
    pub(super) endpoint: Option<&'a String>,
    /// The release that it serves.
    pub(super) release: &'a Release,
}

/// Gives evidence for each figure that is asked. Where there is none to be had, it fails and says why.
pub(super) async fn holdout(
    subject: &Subject<'_>,
    terms: &Holdout,
    texts: &[Labelled],
    at: Timestamp,
) -> Result<Vec<Evidence>, ReconcileError> {
    let counted = match count(subject, terms, texts).await {
        Ok(tally) => Ok(tally),
        Err(Ended::Because(why)) => Err(why),
        Err(Ended::Stopped(error)) => return Err(error),
    };
    let asked: [Asked; 2] = [
        ("accuracy", terms.accuracy, Tally::accuracy),
        ("macro_f1", terms.macro_f1, Tally::macro_f1),
    ];
    let evidence = asked.into_iter().filter_map(|(name, condition, figure)| {
        let (comparison, threshold) = condition?;
        let (found, passed) = match &counted {
            Ok(tally) => {
                let value = figure(tally);
                let found = format!("{value:.4} of {} texts", tally.texts());
                (found, comparison.holds(value, threshold))
            }
            Err(why) => (why.clone(), false),
        };
        Some(Evidence {
            gate: format!("holdout {name}"),
            asked: format!("{} {threshold}", comparison.symbol()),
            found,
            passed,
            at,
        })
    });
    Ok(evidence.collect())
}

/// Why nothing was counted.
enum Ended {
    /// The user asked to stop.
    Stopped(ReconcileError),
    /// There was no answer that can be counted.
    Because(String),
}

impl From<ReconcileError> for Ended {
    fn from(error: ReconcileError) -> Self {
        Self::Stopped(error)
    }
}

impl From<String> for Ended {
    fn from(why: String) -> Self {
        Self::Because(why)
    }
}

async fn count(subject: &Subject<'_>, terms: &Holdout, texts: &[Labelled]) -> Result<Tally, Ended> {
    let session = subject.session;
    let name = subject.endpoint;
    let name = name.ok_or_else(|| "the stack does not say which endpoint serves".to_owned())?;
    let wanted = |text: &Labelled| {
        let label = terms.labels.get(&text.label);
        label.unwrap_or(&text.label).clone()
    };
    let labels: BTreeSet<String> = texts.iter().map(wanted).collect();
    let classes = &subject.release.model.classes;
    if !classes.is_empty() {
        never_given(&labels, classes.keys())?;
    }
    let mut tally = Tally::default();
    for chunk in texts.chunks(AT_ONCE) {
        session.cancel.check()?;
        session.observer.event(Event::Waiting {
            on: format!(
                "answers to the hold-out texts, {} of {}",
                tally.texts(),
                texts.len()
            ),
        });
        let inputs: Vec<&str> = chunk.iter().map(|one| one.text.as_str()).collect();
        let body = json!({ "inputs": inputs }).to_string();
        let answer = session.cloud.endpoints.invoke(name, &body).await;
        let answer = answer
            .map_err(|fault: CloudFault| format!("{name} does not answer: {}", fault.message))?;
        let given = predictions(&answer, chunk.len(), &labels)?;
        for (text, given) in chunk.iter().zip(given) {
            tally.add(&wanted(text), &given);
        }
    }
    Ok(tally)
}

/// Reads the labels that were given to the texts of one request, and requires that the model can give those
/// that are wanted: a label of another name would be counted as a wrong answer, every time.
fn predictions(
    answer: &str,
    count: usize,
    labels: &BTreeSet<String>,
) -> Result<Vec<String>, String> {
    let answer: Value = serde_json::from_str(answer).unwrap_or_default();
    let predictions = answer["predictions"].as_array();
    let predictions = predictions.filter(|predictions| predictions.len() == count);
    let predictions = predictions.ok_or_else(|| {
        format!("the endpoint's answer lacks `predictions` with one for each of {count} texts")
    })?;
    let label = |prediction: &Value| {
        if let Some(scores) = prediction["scores"].as_object() {
            never_given(labels, scores.keys())?;
        }
        let label = prediction["predicted_label"].as_str();
        let label =
            label.ok_or_else(|| "the endpoint's answer lacks `predicted_label`".to_owned())?;
        Ok(label.to_owned())
    };
    predictions.iter().map(label).collect()
}

/// Requires that the model can give every label.
fn never_given<'a>(
    labels: &BTreeSet<String>,
    given: impl Iterator<Item = &'a String>,
) -> Result<(), String> {
    let given: BTreeSet<&String> = given.collect();
    let strange: Vec<&str> = labels
        .iter()
        .filter(|label| !given.contains(label))
        .map(String::as_str)
        .collect();
    if strange.is_empty() {
        return Ok(());
    }
    let given: Vec<&str> = given.into_iter().map(String::as_str).collect();
    Err(format!(
        "the model never gives `{}`, only `{}`; `promotion.holdout.labels` says which label of the file is \
         which of the model's",
        strange.join("`, `"),
        given.join("`, `")
    ))
}

#[cfg(test)]
mod tests;
