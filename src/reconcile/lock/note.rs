//! What the lock says: who works, at what, since when, and until when it is believed without a renewal.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::reconcile::station::Worker;

/// The version of the format.
const VERSION: u32 = 1;
/// The shortest lease.
pub(super) const SHORTEST: Duration = Duration::from_mins(1);
/// The longest lease.
pub(super) const LONGEST: Duration = Duration::from_mins(10);

/// The content of the lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockNote {
    /// The version of the format.
    version: u32,
    /// Who works.
    pub worker: Worker,
    /// At what, e.g. `up`.
    pub operation: String,
    /// Since when.
    pub since: Timestamp,
    /// When it was renewed last, by the worker's clock.
    pub renewed: Timestamp,
    /// How long it is believed after that, in seconds.
    pub lease_seconds: u64,
}

impl LockNote {
    /// Says that `worker` begins `operation` now.
    pub(super) fn begin(worker: Worker, operation: &str, now: Timestamp) -> Self {
        Self {
            version: VERSION,
            worker,
            operation: operation.to_owned(),
            since: now,
            renewed: now,
            lease_seconds: SHORTEST.as_secs(),
        }
    }

    /// Says that the worker goes on. The longer it has worked already, the longer it is believed: a run
    /// of days then does not write every few seconds.
    pub(super) fn renew(&mut self, now: Timestamp, worked: Duration) {
        self.renewed = now;
        self.lease_seconds = (worked / 10).clamp(SHORTEST, LONGEST).as_secs();
    }

    /// How long it is believed without a renewal.
    pub fn lease(&self) -> Duration {
        Duration::from_secs(self.lease_seconds).clamp(SHORTEST, LONGEST)
    }

    /// The pause between two renewals: two may fail before the lease is over.
    pub fn interval(&self) -> Duration {
        self.lease() / 3
    }

    /// Until when it is believed, by the worker's clock.
    pub fn expires(&self) -> Timestamp {
        let lease = jiff::SignedDuration::try_from(self.lease()).unwrap_or_default();
        self.renewed.checked_add(lease).unwrap_or(Timestamp::MAX)
    }

    /// The text of the record.
    pub(super) fn write(&self) -> String {
        // A structure of texts and numbers always has a JSON form.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// Reads a record; `None` when this version of deploy did not write it.
    pub(super) fn read(text: &str) -> Option<Self> {
        let note: Self = serde_json::from_str(text).ok()?;
        (note.version == VERSION).then_some(note)
    }
}

impl std::fmt::Display for LockNote {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let worker = &self.worker;
        write!(
            formatter,
            "{} on {} (process {}) has been at `deploy {}` since {}",
            worker.user,
            worker.host,
            worker.pid,
            self.operation,
            self.since.strftime("%Y-%m-%d %H:%M:%S UTC")
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note() -> LockNote {
        let worker = Worker {
            id: "1".into(),
            user: "ada".into(),
            host: "mill".into(),
            machine: String::new(),
            pid: 7,
            began: String::new(),
        };
        LockNote::begin(worker, "up", Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn it_is_read_as_it_was_written_and_names_who_works() {
        let note = note();
        assert_eq!(LockNote::read(&note.write()), Some(note.clone()));
        assert_eq!(LockNote::read("{}"), None);
        assert_eq!(
            note.to_string(),
            "ada on mill (process 7) has been at `deploy up` since 1970-01-01 00:00:00 UTC"
        );
        assert_eq!(note.expires().as_second(), 60);
    }

    #[test]
    fn a_long_run_is_believed_longer_but_not_for_ever() {
        let mut note = note();
        let mut lease = |worked| {
            note.renew(Timestamp::UNIX_EPOCH, worked);
            note.lease()
        };
        assert_eq!(lease(Duration::from_secs(5)), SHORTEST);
        assert_eq!(lease(Duration::from_mins(50)), Duration::from_mins(5));
        assert_eq!(lease(Duration::from_hours(100)), LONGEST);
    }
}
