//! Reasons of a plan in words that the time of day belongs to.

use jiff::{SignedDuration, Timestamp};

use super::signs;
use crate::plan::Reason;

/// Says why a step is done; a model that is used again is told by its age.
pub(in crate::cli) fn reason(reason: &Reason, now: Timestamp) -> String {
    match reason {
        Reason::Trained(trained) => {
            let age = trained.at.map(|at| age(at, now));
            format!("reuses {}", trained.said(age.as_deref()))
        }
        Reason::Ingredients { since, .. } => {
            let text = format!("trains because {reason} (compared with key {since}…)");
            signs::shown(&text).into_owned()
        }
        other => other.to_string(),
    }
}

/// How long ago something was: `just now`, `5 minutes ago`, `3 days ago`.
pub(in crate::cli) fn age(at: Timestamp, now: Timestamp) -> String {
    const UNITS: [(i64, &str); 4] = [
        (86_400 * 365, "year"),
        (86_400, "day"),
        (3_600, "hour"),
        (60, "minute"),
    ];
    let passed: SignedDuration = now.duration_since(at);
    let whole = UNITS.into_iter().find_map(|(seconds, unit)| {
        let count = passed.as_secs() / seconds;
        (count > 0).then_some((count, unit))
    });
    match whole {
        None => "just now".to_owned(),
        Some((1, unit)) => format!("1 {unit} ago"),
        Some((count, unit)) => format!("{count} {unit}s ago"),
    }
}

/// A moment, to the minute.
pub(in crate::cli) fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::Change;

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn an_age_is_told_in_its_largest_unit() {
        let then = time("2026-11-23T14:00:00Z");
        let ages = [
            "2026-11-23T14:00:59Z",
            "2026-11-23T14:01:00Z",
            "2026-11-23T19:10:00Z",
            "2026-11-26T14:00:00Z",
            "2028-12-01T00:00:00Z",
            // A clock that goes wrong is no reason to fail.
            "2026-11-01T00:00:00Z",
        ];
        assert_eq!(
            ages.map(|now| age(then, time(now))),
            [
                "just now",
                "1 minute ago",
                "5 hours ago",
                "3 days ago",
                "2 years ago",
                "just now"
            ]
        );
    }

    #[test]
    fn what_trains_says_because_of_what() {
        let changed = Reason::Ingredients {
            since: "4f2a91bc".into(),
            changes: vec![Change::Hyperparameter {
                name: "learning_rate".into(),
                before: Some("5e-5".into()),
                after: Some("3e-5".into()),
            }],
        };
        assert_eq!(
            reason(&changed, Timestamp::UNIX_EPOCH),
            "trains because hyperparameter learning_rate changed: 5e-5 -> 3e-5 (compared with key 4f2a91bc…)"
        );
    }
}
