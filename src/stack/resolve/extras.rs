//! The sections `batch`, `notebook`, `registry`, `alarms`, `logs` and `checks`.

use std::collections::BTreeMap;

use super::super::check::Check;
use super::super::document;
use super::super::facts::{self, Use};
use super::super::problem::Problem;
use super::super::resolved::{Alarms, Batch, BatchStrategy, Logs, Notebook, Registry};
use super::super::units::{Latency, Size, Timespan};
use super::target::Placement;
use super::{arn, instance};
use crate::stack::codes;

/// What all requests of a batch job to one instance may hold together, in MiB.
const MAX_BATCH_MIB: u64 = 100;
/// The disk of a notebook instance, in GiB.
const NOTEBOOK_GIB: std::ops::RangeInclusive<u64> = 5..=16_384;
/// The longest name of a model package group.
const MAX_GROUP: usize = 63;
/// The longest reason of a waiver.
const MAX_REASON: usize = 500;

/// Resolves the section `batch`.
pub(super) fn batch(
    check: &mut Check<'_>,
    given: &document::Batch,
    place: Option<&Placement>,
) -> Option<Batch> {
    instance::exists(
        check,
        &["batch", "instance"],
        &given.instance,
        Use::Transform,
        place,
    );
    let field = &["batch", "max_payload"];
    let text = given.max_payload.as_deref().unwrap_or("6 MiB");
    let max_payload: Option<Size> = check.parse(field, text);
    if let Some(payload) = max_payload {
        let mib = payload.mib();
        check.require((1..=MAX_BATCH_MIB).contains(&mib), field, || {
            Problem::new(
                &codes::OUT_OF_RANGE,
                "a request of a batch job has `1 MiB` to `100 MiB`",
            )
        });
        let at_once = u64::from(given.max_concurrency.unwrap_or(1));
        let fits = mib.saturating_mul(at_once) <= MAX_BATCH_MIB;
        check.require(
            fits || mib > MAX_BATCH_MIB,
            &["batch", "max_concurrency"],
            || {
                Problem::new(
                    &codes::LIMIT_EXCEEDED,
                    format!(
                        "`max_payload` times `max_concurrency` is {} MiB",
                        mib * at_once
                    ),
                )
                .because(format!("SageMaker takes {MAX_BATCH_MIB} MiB at once"))
                .help("lower one of the two")
            },
        );
    }
    Some(Batch {
        instance: given.instance.clone(),
        count: given.count.unwrap_or(1),
        strategy: match given.strategy {
            Some(document::Strategy::MultiRecord) => BatchStrategy::MultiRecord,
            Some(document::Strategy::SingleRecord) | None => BatchStrategy::SingleRecord,
        },
        max_payload: max_payload?,
        max_concurrency: given.max_concurrency,
    })
}

/// Resolves the section `notebook`.
pub(super) fn notebook(
    check: &mut Check<'_>,
    given: &document::Notebook,
    place: Option<&Placement>,
) -> Option<Notebook> {
    let instance = given.instance.as_deref().unwrap_or("ml.t3.medium");
    instance::exists(
        check,
        &["notebook", "instance"],
        instance,
        Use::Notebook,
        place,
    );
    let field = &["notebook", "volume"];
    let volume: Size = check.parse(field, given.volume.as_deref().unwrap_or("20 GiB"))?;
    let fits = volume
        .whole_gib()
        .is_some_and(|gib| NOTEBOOK_GIB.contains(&gib));
    check.require(fits, field, || {
        Problem::new(
            &codes::OUT_OF_RANGE,
            "the disk of a notebook has 5 to 16384 whole GiB",
        )
    });
    Some(Notebook {
        instance: instance.to_owned(),
        volume,
    })
}

/// Resolves the section `registry`.
pub(super) fn registry(check: &mut Check<'_>, given: &document::Registry) -> Option<Registry> {
    let group = given.group.as_str();
    // `[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}` ("CreateModelPackageGroup", SageMaker API reference).
    let is_good = (1..=MAX_GROUP).contains(&group.len())
        && group
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && !group.starts_with('-')
        && !group.ends_with('-');
    check.require(is_good, &["registry", "group"], || {
        Problem::new(
            &codes::INVALID_NAME,
            format!("`{group}` is no name of a model package group"),
        )
        .help("write letters, digits and hyphens between them, at most 63")
    });
    is_good.then(|| Registry {
        group: group.to_owned(),
    })
}

/// Resolves the section `alarms`.
pub(super) fn alarms(
    check: &mut Check<'_>,
    given: &document::Alarms,
    place: Option<&Placement>,
) -> Option<Alarms> {
    let field = &["alarms", "latency"];
    let latency: Option<Latency> = check.parse(field, given.latency.as_deref().unwrap_or("2s"));
    if let Some(latency) = latency {
        check.require(
            (1..=60_000).contains(&latency.milliseconds()),
            field,
            || {
                Problem::new(&codes::OUT_OF_RANGE, "the latency is from `1ms` to `60s`")
                    .because("SageMaker gives a model 60 seconds to answer")
            },
        );
    }
    let text = given.memory.as_deref().unwrap_or("90%");
    let memory = percent(check, &["alarms", "memory"], text);
    let field = &["alarms", "window"];
    let window: Option<Timespan> = check.parse(field, given.window.as_deref().unwrap_or("5m"));
    if let Some(window) = window {
        let seconds = window.seconds();
        check.require(
            (60..=3_600).contains(&seconds) && seconds.is_multiple_of(60),
            field,
            || {
                Problem::new(
                    &codes::OUT_OF_RANGE,
                    "the window has whole minutes, from `1m` to `1h`",
                )
                .because("CloudWatch adds up metrics by the minute")
            },
        );
    }
    if let Some(topic) = &given.notify {
        arn::sns(check, &["alarms", "notify"], topic, place);
    }
    Some(Alarms {
        errors: given.errors.unwrap_or(5),
        latency: latency?,
        memory_percent: memory?,
        window: window?,
        notify: given.notify.clone(),
    })
}

/// Reads a part of a whole, `1%` to `100%`.
pub(super) fn percent(check: &mut Check<'_>, field: &[&str], text: &str) -> Option<u32> {
    let number = text.strip_suffix('%').and_then(|n| n.parse::<u32>().ok());
    let number = number.filter(|number| (1..=100).contains(number));
    check.require(number.is_some(), field, || {
        Problem::new(
            &codes::OUT_OF_RANGE,
            format!("`{text}` is no part of a whole"),
        )
        .help("write `1%` to `100%`, such as `90%`")
    });
    number
}

/// Resolves the section `checks`: policy id to reason.
pub(super) fn waivers(check: &mut Check<'_>, given: &document::Checks) -> BTreeMap<String, String> {
    let mut waivers = BTreeMap::new();
    for (id, reason) in given.waive.iter().flatten() {
        let field = &["checks", "waive", id.as_str()];
        let word = |part: &str| {
            !part.is_empty()
                && part
                    .chars()
                    .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
        };
        check.require(id.split('-').all(word), field, || {
            Problem::new(
                &codes::INVALID_VALUE,
                format!("`{id}` is no id of a policy"),
            )
            .help("an id looks like `API-PUBLIC`")
        });
        let length = reason.trim().chars().count();
        check.require((1..=MAX_REASON).contains(&length), field, || {
            Problem::new(
                &codes::WAIVER_WITHOUT_REASON,
                format!("the waiver of `{id}` needs a reason"),
            )
            .because("who reads it later must be able to judge whether it still holds")
            .help(format!("write why, in at most {MAX_REASON} characters"))
        });
        waivers.insert(id.clone(), reason.trim().to_owned());
    }
    waivers
}

/// Resolves the section `logs`.
pub(super) fn logs(check: &mut Check<'_>, logs: &document::Logs) -> Option<Logs> {
    let field = &["logs", "retention"];
    let span: Timespan = check.parse(field, logs.retention.as_deref().unwrap_or("30d"))?;
    let days = span.whole_days().and_then(|days| u32::try_from(days).ok());
    if let Some(retention_days) = days.filter(|days| facts::RETENTION_DAYS.contains(days)) {
        return Some(Logs { retention_days });
    }
    let days: Vec<String> = facts::RETENTION_DAYS
        .iter()
        .map(|days| format!("{days}d"))
        .collect();
    let problem = Problem::new(
        &codes::UNKNOWN_VALUE,
        format!("logs cannot be kept for `{span}`"),
    )
    .help(format!("choose one of {}", days.join(", ")));
    check.fail(field, problem);
    None
}
