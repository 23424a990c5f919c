//! How the page says what it says in many places.

use std::time::Duration;

use super::html::Plain;
use crate::local::clock::iso8601;

/// How long ago something was, in words, with the moment itself for whoever wants it.
pub(super) fn ago(now: i64, time: i64) -> String {
    let seconds = (now - time).max(0) / 1000;
    let (count, unit) = match seconds {
        0..60 => (seconds, "s"),
        60..3_600 => (seconds / 60, "min"),
        3_600..86_400 => (seconds / 3_600, "h"),
        _ => (seconds / 86_400, "d"),
    };
    let moment = iso8601(time);
    format!("<time datetime=\"{moment}\" title=\"{moment}\">{count} {unit} ago</time>")
}

/// A status with a sign of its own: colour alone tells nothing to whoever cannot see it.
pub(super) fn status(word: &str) -> String {
    let upper = word.to_ascii_uppercase();
    let failed = upper.contains("FAILED") || upper.contains("ROLLBACK") || word == "ALARM";
    let (class, sign) = if failed {
        ("bad", "✕")
    } else if upper.ends_with("COMPLETE") || matches!(word, "InService" | "Completed" | "OK") {
        ("good", "✓")
    } else {
        ("busy", "…")
    };
    format!(
        "<span class=\"{class}\"><span aria-hidden=\"true\">{sign}</span> {}</span>",
        Plain(word)
    )
}

/// Why something is as it is, in a line of its own.
pub(super) fn because(reason: Option<&str>) -> String {
    reason.map_or_else(String::new, |reason| {
        format!("<br><span class=\"muted\">{}</span>", Plain(reason))
    })
}

/// A time in whole milliseconds.
pub(super) fn milliseconds(time: Duration) -> String {
    format!("{:.0} ms", time.as_secs_f64() * 1000.0)
}

/// Seconds since the Unix epoch in milliseconds.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a time of this century in milliseconds"
)]
pub(super) fn millis(seconds: f64) -> i64 {
    (seconds * 1000.0) as i64
}

/// How long something took, if it has begun.
pub(super) fn took(seconds: Option<f64>) -> String {
    seconds.map_or_else(|| "–".to_owned(), |took| format!("{took:.0} s"))
}
