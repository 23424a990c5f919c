//! When an environment is over that lives only for a time.
//!
//! There is no state of it: the time is counted from the last change of its stacks, which CloudFormation
//! tells with their status, by its own clock. So every `up` that changes something renews it, one that
//! changes nothing costs no further call and renews nothing, and another `ttl` counts at once.

use jiff::{SignedDuration, Timestamp};

use super::observed::Observed;
use crate::stack::Timespan;

/// How much later than by our clock an environment is removed: AWS refuses the requests of a clock that is
/// wrong by more than this ("Signing AWS API requests" in the IAM user guide: five minutes for most
/// services; "`RequestTimeTooSkewed`" in the Amazon S3 API reference: fifteen).
pub const GRACE: SignedDuration = SignedDuration::from_mins(15);

/// When an environment that lives so long is over; `None` where none of its stacks is there, or tells when
/// it was changed.
pub fn expires(observed: &Observed, ttl: Timespan) -> Option<Timestamp> {
    let stacks = [&observed.foundation, &observed.service];
    let changed = stacks
        .into_iter()
        .flatten()
        .filter_map(|state| state.changed);
    let ttl = SignedDuration::from_secs(i64::try_from(ttl.seconds()).ok()?);
    changed.max()?.checked_add(ttl).ok()
}

/// Whether an environment may be removed for its age. One without stacks may: what a removal that was broken
/// off has left goes with it.
///
/// # Errors
/// It is not over; when it is, where that is known.
pub fn is_over(
    observed: &Observed,
    ttl: Timespan,
    now: Timestamp,
) -> Result<(), Option<Timestamp>> {
    if observed.foundation.is_none() && observed.service.is_none() {
        return Ok(());
    }
    match expires(observed, ttl) {
        Some(end) if now.duration_since(end) >= GRACE => Ok(()),
        end => Err(end),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{applied, desired, nothing};
    use super::*;

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn the_last_change_of_either_stack_counts() {
        let mut observed = applied(&desired());
        let ttl = Timespan::from_seconds(8 * 3_600);
        assert_eq!(expires(&observed, ttl), None);
        let set = |state: &mut Option<crate::cloud::stacks::StackState>, text| {
            state.as_mut().unwrap().changed = Some(time(text));
        };
        set(&mut observed.foundation, "2026-11-26T08:00:00Z");
        set(&mut observed.service, "2026-11-26T09:00:00Z");
        let end = time("2026-11-26T17:00:00Z");
        assert_eq!(expires(&observed, ttl), Some(end));
        let over = |now| is_over(&observed, ttl, time(now));
        assert_eq!(over("2026-11-26T17:14:59Z"), Err(Some(end)));
        assert_eq!(over("2026-11-26T17:15:00Z"), Ok(()));
        // A clock that is far behind removes nothing.
        assert_eq!(over("2020-01-01T00:00:00Z"), Err(Some(end)));
    }

    #[test]
    fn what_does_not_tell_its_age_stays_and_what_is_not_there_may_go() {
        let ttl = Timespan::from_seconds(3_600);
        let now = time("2026-11-26T17:15:00Z");
        assert_eq!(is_over(&applied(&desired()), ttl, now), Err(None));
        assert_eq!(is_over(&nothing(), ttl, now), Ok(()));
    }
}
