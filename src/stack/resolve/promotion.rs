//! The section `promotion`.

use std::collections::BTreeMap;

use indexmap::IndexMap;

use super::super::check::Check;
use super::super::document::{self, Document};
use super::super::problem::Problem;
use super::super::resolved::{Approvals, Comparison, Data, Holdout, Probe, Promotion, Training};
use super::super::units::{Latency, Timespan};
use super::gates;
use crate::stack::codes;

/// The longest load, in seconds.
const LONGEST: u64 = 600;

/// Resolves how releases of another environment are taken over; `None` for an environment that takes over
/// none.
pub(super) fn resolve(
    check: &mut Check<'_>,
    document: &Document,
    training: Option<&Training>,
    data: Option<&Data>,
) -> Option<Promotion> {
    let given = document.promotion.as_ref();
    // That the name is good and known was seen to where all environments are known.
    let from = document.promotes_from.as_ref();
    let Some(from) = from.and_then(|name| name.parse().ok()) else {
        check.require(given.is_none(), &["promotion"], || {
            Problem::new(&codes::INCOMPLETE, "the environment takes no release over")
                .help("say from which environment: `promotes_from: staging`")
        });
        return None;
    };
    let nothing = document::Promotion::default();
    let given = given.unwrap_or(&nothing);
    // A model that is brought reports no metrics, so that every gate on one is told.
    let none = IndexMap::new();
    let brought = document.model.is_some().then_some(&none);
    let (gates, regression) = match (&given.gates, training) {
        (Some(gates), Some(training)) => {
            gates::resolve(check, "promotion", Some(gates), &training.metrics)
        }
        (gates, None) => brought.map_or_else(Default::default, |none| {
            gates::resolve(check, "promotion", gates.as_ref(), none)
        }),
        (None, Some(training)) => (training.gates.clone(), training.regression),
    };
    let span = |check: &mut Check<'_>, name: &str, text: Option<&String>| {
        let text = text?;
        check.parse::<Timespan>(&["promotion", name], text)
    };
    Some(Promotion {
        from,
        gates,
        regression,
        bake: span(check, "bake", given.bake.as_ref()).unwrap_or(Timespan::from_seconds(0)),
        max_age: span(check, "max_age", given.max_age.as_ref()),
        holdout: given
            .holdout
            .as_ref()
            .and_then(|given| holdout(check, given, data)),
        load: given.load.as_ref().and_then(|given| probe(check, given)),
        approvals: given
            .approvals
            .as_ref()
            .and_then(|given| approvals(check, given)),
    })
}

fn holdout(
    check: &mut Check<'_>,
    given: &document::Holdout,
    data: Option<&Data>,
) -> Option<Holdout> {
    let mut bound = |name: &str, text: Option<&String>| -> Option<(Comparison, f64)> {
        let text = text?;
        let bound = gates::parse(text);
        check.require(bound.is_some(), &["promotion", "holdout", name], || {
            gates::no_condition(text)
        });
        bound
    };
    let accuracy = bound("accuracy", given.accuracy.as_ref());
    let macro_f1 = bound("macro_f1", given.macro_f1.as_ref());
    let asks = given.accuracy.is_some() || given.macro_f1.is_some();
    check.require(asks, &["promotion", "holdout"], || {
        Problem::new(&codes::INCOMPLETE, "nothing is asked of the answers")
            .help("add `accuracy: \">= 0.85\"` or `macro_f1: \">= 0.8\"`")
    });
    let file = check.file(&["promotion", "holdout", "file"], &given.file)?;
    // Data that is wrong itself is told where it is; nothing can be said of its format.
    let format = data?.format.clone();
    check.require(format.is_some(), &["promotion", "holdout", "file"], || {
        Problem::new(&codes::INCOMPLETE, "nobody says what the file is like")
            .because("it is read as the data set is, and `data` has no `format`")
            .help("add `format` to `data`, with its columns and classes")
    });
    let format = format?;
    // What the format says of labels holds here too, unless it is said otherwise.
    let known = format.classes.iter().zip(&format.labels);
    let known = known.filter(|(class, label)| class != label);
    let labels = known.chain(given.labels.iter().flatten());
    Some(Holdout {
        file,
        labels: labels
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect(),
        format,
        limit: given.limit.unwrap_or(1_000),
        accuracy,
        macro_f1,
    })
}

fn probe(check: &mut Check<'_>, given: &document::Probe) -> Option<Probe> {
    let field = &["promotion", "load", "duration"];
    let duration: Timespan = check.parse(field, given.duration.as_deref().unwrap_or("20s"))?;
    check.require((1..=LONGEST).contains(&duration.seconds()), field, || {
        Problem::new(&codes::OUT_OF_RANGE, "load is put for `1s` to `10m`")
    });
    let mut percentiles = BTreeMap::new();
    for (name, of_hundred, text) in [
        ("p50", 50, &given.p50),
        ("p95", 95, &given.p95),
        ("p99", 99, &given.p99),
    ] {
        if let Some(text) = text {
            let latency: Option<Latency> = check.parse(&["promotion", "load", name], text);
            percentiles.extend(latency.map(|latency| (of_hundred, latency)));
        }
    }
    Some(Probe {
        connections: given.connections.unwrap_or(4),
        duration,
        percentiles,
        errors_percent: given.errors.unwrap_or_default(),
    })
}

fn approvals(check: &mut Check<'_>, given: &document::Approvals) -> Option<Approvals> {
    let ci = given.ci.unwrap_or_default();
    check.require(ci || given.signers.is_some(), &["promotion", "approvals"], || {
        Problem::new(&codes::INCOMPLETE, "nobody can approve")
            .help("name a file of who may, `signers: approvers`, or let the CI system's word count, `ci: true`")
    });
    let signers = match &given.signers {
        Some(text) => Some(check.file(&["promotion", "approvals", "signers"], text)?),
        None => None,
    };
    Some(Approvals {
        needed: given.needed.unwrap_or(1),
        signers,
        ci,
    })
}
