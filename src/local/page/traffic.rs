//! Counts the calls of HTTP APIs over the last minute.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Seconds that are kept.
pub(super) const SECONDS: usize = 60;

/// Calls by the second.
#[derive(Debug, Default)]
pub(super) struct Traffic(Mutex<Vec<Second>>);

/// The calls of one second.
#[derive(Debug, Clone, Copy, Default)]
struct Second {
    /// Which, since the engine began.
    at: u64,
    calls: u64,
    throttled: u64,
    failed: u64,
    took: Duration,
    longest: Duration,
}

/// The calls of the last minute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Minute {
    pub(super) calls: u64,
    pub(super) throttled: u64,
    pub(super) failed: u64,
    pub(super) mean: Option<Duration>,
    pub(super) longest: Duration,
    /// Calls of each second, the oldest first.
    pub(super) course: Vec<u64>,
}

impl Traffic {
    /// Counts a call that ended at a time since the engine began.
    pub(super) fn count(&self, now: Duration, took: Duration, status: u16) {
        let mut seconds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = now.as_secs();
        if seconds.last().is_none_or(|last| last.at < at) {
            seconds.push(Second {
                at,
                ..Second::default()
            });
            seconds.retain(|second| second.at + SECONDS as u64 > at);
        }
        if let Some(second) = seconds.last_mut() {
            second.calls += 1;
            second.throttled += u64::from(status == 429);
            second.failed += u64::from(status >= 500);
            second.took += took;
            second.longest = second.longest.max(took);
        }
    }

    /// Sums up the minute before a time since the engine began.
    pub(super) fn minute(&self, now: Duration) -> Minute {
        let seconds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut minute = Minute {
            calls: 0,
            throttled: 0,
            failed: 0,
            mean: None,
            longest: Duration::ZERO,
            course: vec![0; SECONDS],
        };
        let mut took = Duration::ZERO;
        for second in seconds.iter() {
            let Some(ago) = now.as_secs().checked_sub(second.at) else {
                continue;
            };
            let place = usize::try_from(ago)
                .ok()
                .and_then(|ago| SECONDS.checked_sub(ago + 1));
            let Some(place) = place else {
                continue;
            };
            minute.course[place] = second.calls;
            minute.calls += second.calls;
            minute.throttled += second.throttled;
            minute.failed += second.failed;
            minute.longest = minute.longest.max(second.longest);
            took += second.took;
        }
        let calls = u32::try_from(minute.calls).ok().filter(|calls| *calls > 0);
        minute.mean = calls.map(|calls| took / calls);
        minute
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_minute_is_counted_and_older_calls_are_not() {
        let traffic = Traffic::default();
        let at = Duration::from_secs;
        let milliseconds = Duration::from_millis;
        traffic.count(at(1), milliseconds(500), 200);
        traffic.count(at(70), milliseconds(10), 200);
        traffic.count(at(70), milliseconds(20), 429);
        traffic.count(at(75), milliseconds(30), 503);
        let minute = traffic.minute(at(75));
        assert_eq!((minute.calls, minute.throttled, minute.failed), (3, 1, 1));
        assert_eq!(minute.mean, Some(milliseconds(20)));
        assert_eq!(minute.longest, milliseconds(30));
        assert_eq!(minute.course[54..], [2, 0, 0, 0, 0, 1]);
        let later = traffic.minute(at(200));
        assert_eq!((later.calls, later.mean), (0, None));
    }
}
