//! The field `ttl`: how long an environment lives after its last change.

use super::super::check::Check;
use super::super::document::Document;
use super::super::problem::Problem;
use super::super::units::Timespan;
use crate::stack::codes;

/// The shortest life: a deployment alone takes a part of an hour.
const SHORTEST: u64 = 3_600;
/// The longest life.
const LONGEST: u64 = 365 * 86_400;

/// Resolves how long an environment lives; what is protected does not end by itself.
pub(super) fn resolve(check: &mut Check<'_>, document: &Document) -> Option<Timespan> {
    let text = document.ttl.as_ref()?;
    let span: Timespan = check.parse(&["ttl"], text)?;
    check.require(
        (SHORTEST..=LONGEST).contains(&span.seconds()),
        &["ttl"],
        || {
            Problem::new(
                &codes::OUT_OF_RANGE,
                "an environment lives from `1h` to `365d` after its last change",
            )
        },
    );
    check.require(document.protected != Some(true), &["ttl"], || {
        Problem::new(
            &codes::CONTRADICTION,
            "a protected environment does not end by itself",
        )
        .because("`deploy down --expired` would remove it with its data, unasked")
        .help("remove `ttl`, or `protected`")
    });
    Some(span)
}
