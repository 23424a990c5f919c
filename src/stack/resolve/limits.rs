//! The limits of `training`: how long the job runs, waits and keeps its instances.

use super::super::check::Check;
use super::super::document;
use super::super::problem::Problem;
use super::super::resolved::Spot;
use super::super::units::Timespan;
use crate::stack::codes;

/// The longest that SageMaker runs a job or lets it wait: 28 days.
const LONGEST: u64 = 28 * 86_400;
/// The shortest `max_pending`: half an hour.
const SHORTEST_PENDING: u64 = 1_800;
/// The longest that a warm pool is kept: six hours.
const LONGEST_POOL: u64 = 21_600;

/// The limits of a training job.
pub(super) struct Limits {
    /// The longest run.
    pub(super) max_run: Timespan,
    /// Training on spare capacity.
    pub(super) spot: Option<Spot>,
    /// The longest wait for capacity.
    pub(super) max_pending: Option<Timespan>,
    /// How long the instances are kept.
    pub(super) keep_alive: Option<Timespan>,
}

/// Resolves the limits.
pub(super) fn resolve(check: &mut Check<'_>, training: &document::Training) -> Option<Limits> {
    let max_run = max_run(check, training.max_run.as_deref());
    let spot = training.spot.as_ref();
    let max_wait = spot.and_then(|spot| max_wait(check, &spot.max_wait, max_run));
    check.require(
        spot.is_none() || training.instance.list().len() <= 1,
        &["training", "spot"],
        || {
            Problem::new(
                &codes::CONTRADICTION,
                "`spot` cannot be together with a list of instance types",
            )
            .because("SageMaker tries the types of a list on demand only")
            .help("name one instance type, or remove `spot`")
        },
    );
    let max_pending = training.max_pending.as_deref();
    let max_pending = max_pending.and_then(|text| {
        let field = &["training", "max_pending"];
        let span: Timespan = check.parse(field, text)?;
        check.require(
            (SHORTEST_PENDING..=LONGEST).contains(&span.seconds()),
            field,
            || {
                Problem::new(
                    &codes::OUT_OF_RANGE,
                    "a training job may wait for capacity from `30m` to `28d`",
                )
            },
        );
        Some(span)
    });
    let keep_alive = training.keep_alive.as_deref();
    let keep_alive = keep_alive.and_then(|text| {
        let field = &["training", "keep_alive"];
        let span: Timespan = check.parse(field, text)?;
        check.require((1..=LONGEST_POOL).contains(&span.seconds()), field, || {
            Problem::new(
                &codes::OUT_OF_RANGE,
                "instances are kept for the next job from `1s` to `6h`",
            )
        });
        check.require(spot.is_none(), field, || {
            Problem::new(
                &codes::CONTRADICTION,
                "`keep_alive` cannot be together with `spot`",
            )
            .because("spare capacity cannot be kept")
            .help("remove one of the two")
        });
        Some(span)
    });
    Some(Limits {
        max_run: max_run?,
        spot: max_wait.map(|max_wait| Spot { max_wait }),
        max_pending,
        keep_alive,
    })
}

fn max_run(check: &mut Check<'_>, text: Option<&str>) -> Option<Timespan> {
    let field = &["training", "max_run"];
    let span: Timespan = check.parse(field, text.unwrap_or("2h"))?;
    check.require((1..=LONGEST).contains(&span.seconds()), field, || {
        Problem::new(
            &codes::OUT_OF_RANGE,
            "a training job may run from `1s` to `28d`",
        )
    });
    Some(span)
}

fn max_wait(check: &mut Check<'_>, text: &str, max_run: Option<Timespan>) -> Option<Timespan> {
    let field = &["training", "spot", "max_wait"];
    let span: Timespan = check.parse(field, text)?;
    if let Some(max_run) = max_run {
        check.require(span >= max_run, field, || {
            Problem::new(
                &codes::SPOT_WAIT,
                format!("`max_wait` ({span}) is shorter than `max_run` ({max_run})"),
            )
            .because("it counts waiting and running together")
            .help(format!("write `{max_run}` or more"))
        });
    }
    check.require(span.seconds() <= LONGEST, field, || {
        Problem::new(
            &codes::OUT_OF_RANGE,
            "waiting and running may take at most `28d`",
        )
    });
    Some(span)
}
