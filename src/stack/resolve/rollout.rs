//! The field `endpoint.rollout`.

use super::super::check::Check;
use super::super::document::{self, Document};
use super::super::problem::Problem;
use super::super::resolved::{Rollout, Share};
use super::super::units::Timespan;
use crate::stack::codes;

/// What a roll-out in steps takes at most of the fleet in one.
const MAX_PERCENT: u32 = 50;
/// The longest wait between two steps.
const MAX_WAIT: u64 = 3_600;
/// The bounds of the whole duration: 10 minutes to 8 hours.
const DURATION: std::ops::RangeInclusive<u64> = 600..=28_800;

/// The parts that all roll-outs in steps have.
struct Steps<'a> {
    /// `canary`, `linear` or `rolling`.
    kind: &'static str,
    /// The name of the field with the part of the fleet.
    part: &'static str,
    /// That part as written.
    portion: &'a document::Portion,
    /// The smallest percentage.
    least: u32,
    wait: &'a str,
    max_duration: Option<&'a str>,
}

/// Resolves the roll-out of an endpoint with `fewest` instances at times.
pub(super) fn resolve(
    check: &mut Check<'_>,
    document: &Document,
    rollout: Option<&document::Rollout>,
    fewest: u32,
) -> Option<Rollout> {
    let Some(document::Rollout::Gradual(gradual)) = rollout else {
        return Some(Rollout::AllAtOnce);
    };
    let steps = steps(gradual)?;
    check.require(fewest >= 2, &["endpoint", "rollout"], || {
        Problem::new(
            &codes::ROLLOUT_UNGUARDED,
            format!("a `{}` roll-out needs at least 2 instances", steps.kind),
        )
        .because("one step is at most half of the fleet, and half of one instance is none")
        .help("set `count: 2` (or `autoscaling.min: 2`), or `rollout: all-at-once`")
    });
    let watched = document.alarms.is_some() || check.is_broken("alarms");
    check.require(watched, &["endpoint", "rollout"], || {
        Problem::new(
            &codes::ROLLOUT_UNGUARDED,
            format!("a `{}` roll-out needs `alarms`", steps.kind),
        )
        .because("they are what stops it when the new model fails")
        .help("add `alarms: { errors: 5, latency: 2s }`")
    });
    let share = share(check, &steps, fewest);
    let wait = wait(check, &steps);
    let max_duration = max_duration(check, &steps);
    let (share, wait, max_duration) = (share?, wait?, max_duration?);
    long_enough(check, &steps, share, wait, max_duration, fewest);
    Some(match steps.kind {
        "canary" => Rollout::Canary {
            size: share,
            wait,
            max_duration,
        },
        "linear" => Rollout::Linear {
            step: share,
            wait,
            max_duration,
        },
        _ => Rollout::Rolling {
            batch: share,
            wait,
            max_duration,
        },
    })
}

/// The one of the three that is given; the shape has seen to it that there is exactly one.
fn steps(gradual: &document::Gradual) -> Option<Steps<'_>> {
    if let Some(canary) = &gradual.canary {
        return Some(Steps {
            kind: "canary",
            part: "size",
            portion: &canary.size,
            least: 1,
            wait: &canary.wait,
            max_duration: canary.max_duration.as_deref(),
        });
    }
    if let Some(linear) = &gradual.linear {
        return Some(Steps {
            kind: "linear",
            part: "step",
            portion: &linear.step,
            least: 10,
            wait: &linear.wait,
            max_duration: linear.max_duration.as_deref(),
        });
    }
    gradual.rolling.as_ref().map(|rolling| Steps {
        kind: "rolling",
        part: "batch",
        portion: &rolling.batch,
        least: 5,
        wait: &rolling.wait,
        max_duration: rolling.max_duration.as_deref(),
    })
}

fn share(check: &mut Check<'_>, steps: &Steps<'_>, fewest: u32) -> Option<Share> {
    let field = &["endpoint", "rollout", steps.kind, steps.part];
    let (least, part) = (steps.least, steps.part);
    match steps.portion {
        document::Portion::Percent(text) => {
            let percent = text.strip_suffix('%').and_then(|n| n.parse::<u32>().ok());
            let percent = percent.filter(|percent| (least..=MAX_PERCENT).contains(percent));
            check.require(percent.is_some(), field, || {
                Problem::new(
                    &codes::OUT_OF_RANGE,
                    format!("`{text}` is no valid `{part}`"),
                )
                .help(format!(
                    "write `{least}%` to `{MAX_PERCENT}%`, or a number of instances"
                ))
            });
            percent.map(Share::Percent)
        }
        document::Portion::Instances(number) => {
            let (number, fewest) = (*number, u64::from(fewest));
            let hundredfold = u64::from(number) * 100;
            let small = hundredfold <= fewest * u64::from(MAX_PERCENT);
            let large = hundredfold >= fewest * u64::from(least);
            // A fleet of one has a problem of its own.
            check.require((small && large) || fewest < 2, field, || {
                Problem::new(
                    &codes::OUT_OF_RANGE,
                    format!("`{part}` must be {least}% to {MAX_PERCENT}% of the fleet"),
                )
                .because(format!(
                    "the fleet may have {fewest} instances, this is {number}"
                ))
                .help("change it, or write a percentage such as `25%`")
            });
            Some(Share::Instances(number))
        }
    }
}

fn wait(check: &mut Check<'_>, steps: &Steps<'_>) -> Option<Timespan> {
    let field = &["endpoint", "rollout", steps.kind, "wait"];
    let span: Timespan = check.parse(field, steps.wait)?;
    check.require(span.seconds() <= MAX_WAIT, field, || {
        Problem::new(
            &codes::OUT_OF_RANGE,
            "the wait between two steps is at most `1h`",
        )
    });
    Some(span)
}

/// The outer `None` is a mistake, the inner one no limit.
#[expect(
    clippy::option_option,
    reason = "no limit and a mistake are two different things"
)]
fn max_duration(check: &mut Check<'_>, steps: &Steps<'_>) -> Option<Option<Timespan>> {
    let Some(text) = steps.max_duration else {
        return Some(None);
    };
    let field = &["endpoint", "rollout", steps.kind, "max_duration"];
    let span: Timespan = check.parse(field, text)?;
    check.require(DURATION.contains(&span.seconds()), field, || {
        Problem::new(
            &codes::OUT_OF_RANGE,
            "a roll-out may take from `10m` to `8h`",
        )
    });
    Some(Some(span))
}

/// Requires that the waits alone do not use up the whole duration.
fn long_enough(
    check: &mut Check<'_>,
    steps: &Steps<'_>,
    share: Share,
    wait: Timespan,
    max_duration: Option<Timespan>,
    fewest: u32,
) {
    let Some(limit) = max_duration else { return };
    let count = match (steps.kind, share) {
        ("canary", _) => 1,
        (_, Share::Percent(percent)) => 100_u32.div_ceil(percent.max(1)),
        (_, Share::Instances(number)) => fewest.div_ceil(number.max(1)),
    };
    let waits = Timespan::from_seconds(u64::from(count) * wait.seconds());
    let field = &["endpoint", "rollout", steps.kind, "max_duration"];
    check.require(waits <= limit, field, || {
        Problem::new(
            &codes::ROLLOUT_TOO_SLOW,
            format!("the waits of this roll-out take longer than `{limit}`"),
        )
        .because(format!("{count} times `{wait}` is `{waits}`"))
        .help("raise `max_duration`, or shorten `wait`")
    });
}
