//! Counting the records of a job.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

/// How many records of a job were answered, and how many were in requests that failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in super::super) struct Records {
    pub(in super::super) answered: u64,
    pub(in super::super) failed: u64,
}

/// The records of a job that runs.
#[derive(Debug, Default)]
pub(in super::super) struct Tally {
    answered: AtomicU64,
    failed: AtomicU64,
}

impl Tally {
    /// Counts the records of a request that ended.
    pub(super) fn count(&self, records: u64, answered: bool) {
        let counter = if answered {
            &self.answered
        } else {
            &self.failed
        };
        counter.fetch_add(records, Ordering::Relaxed);
    }

    /// Returns what was counted so far.
    pub(in super::super) fn records(&self) -> Records {
        Records {
            answered: self.answered.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
        }
    }
}
