//! What is known of the training job that is followed.

use std::time::Duration;

use indexmap::IndexMap;

use super::chart::Course;
use super::words;
use crate::cloud::training::JobFacts;

/// A training job.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Training {
    pub(super) status: String,
    pub(super) message: String,
    /// When it came into this status.
    pub(super) since: Duration,
    /// What it runs on, in words.
    pub(super) on: Option<String>,
    /// The last line of its log.
    pub(super) line: Option<String>,
    /// Its metrics, in the order in which they were first heard of.
    pub(super) metrics: IndexMap<String, Course>,
}

impl Training {
    pub(super) fn status(&mut self, status: &str, message: &str, at: Duration) {
        if self.status != status {
            self.since = at;
        }
        status.clone_into(&mut self.status);
        message.clone_into(&mut self.message);
    }

    pub(super) fn facts(&mut self, attempt: usize, saving: Option<u64>, facts: &JobFacts) {
        self.on = Some(words::facts(attempt, saving, facts));
    }

    pub(super) fn metric(&mut self, name: &str, value: f64) {
        self.metrics.entry(name.to_owned()).or_default().add(value);
    }
}
