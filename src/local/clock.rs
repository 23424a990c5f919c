//! The engine's one source of time, which follows the runtime's clock so that tests can pause it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::time::Instant;

/// Tells the time: real time in service, virtual time while a test pauses the runtime.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    started: Instant,
    origin: Duration,
}

impl Clock {
    /// Starts a clock at the system's present time. Must be called within a Tokio runtime.
    #[expect(
        clippy::disallowed_methods,
        reason = "the clock is the one place that may ask the system for the time"
    )]
    pub fn start() -> Self {
        let origin = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Self {
            started: Instant::now(),
            origin,
        }
    }

    /// Returns the time since the Unix epoch.
    pub fn since_epoch(&self) -> Duration {
        self.origin + self.started.elapsed()
    }

    /// Returns seconds since the Unix epoch with a fraction, the form of awsJson timestamps.
    pub fn epoch_seconds(&self) -> f64 {
        self.since_epoch().as_secs_f64()
    }

    /// Returns milliseconds since the Unix epoch, the form of CloudWatch Logs timestamps.
    pub fn epoch_millis(&self) -> i64 {
        i64::try_from(self.since_epoch().as_millis()).unwrap_or(i64::MAX)
    }

    /// Waits for the beginning of the next minute.
    pub async fn next_minute(&self) {
        let within = self.since_epoch().as_millis() % 60_000;
        let rest = 60_000 - u64::try_from(within).unwrap_or_default();
        tokio::time::sleep(std::time::Duration::from_millis(rest)).await;
    }

    /// Returns the time as an ISO 8601 string in UTC with milliseconds, the form of Query answers.
    pub fn iso8601(&self) -> String {
        iso8601(self.epoch_millis())
    }
}

/// Writes milliseconds since the Unix epoch as ISO 8601 in UTC, e.g. `2026-01-31T08:00:00.000Z`.
pub fn iso8601(epoch_millis: i64) -> String {
    jiff::Timestamp::from_millisecond(epoch_millis)
        .map(|time| time.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_iso_8601_with_milliseconds() {
        assert_eq!(iso8601(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(iso8601(1_767_225_600_123), "2026-01-01T00:00:00.123Z");
    }

    #[tokio::test(start_paused = true)]
    async fn follows_a_paused_runtime() {
        let clock = Clock::start();
        let before = clock.epoch_millis();
        tokio::time::advance(Duration::from_hours(1)).await;
        assert_eq!(clock.epoch_millis() - before, 3_600_000);
    }
}
