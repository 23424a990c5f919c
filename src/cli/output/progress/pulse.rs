//! What keeps a log readable: not too much of one thing, and a sign of life when nothing happens.

use std::collections::BTreeMap;
use std::time::Duration;

use super::model::{Model, Wait};
use super::words;
use crate::reconcile::progress::Event;

/// The longest silence.
const SILENCE: Duration = Duration::from_mins(1);
/// The time between two words about the emptying of a bucket.
const REMOVALS: Duration = Duration::from_secs(10);
/// The time between two words about one metric.
const METRICS: Duration = Duration::from_secs(30);

/// Decides what is said, and when.
#[derive(Debug, Default)]
pub(super) struct Pulse {
    /// When something was said last.
    said: Duration,
    tenths: u64,
    removed: Option<Duration>,
    /// When a metric was said last, by its name.
    metrics: BTreeMap<String, Duration>,
}

impl Pulse {
    /// Whether an event is said. Uploads are said by the tenth, removals every ten seconds and metrics every
    /// thirty: large ones would otherwise fill the log.
    pub(super) fn passes(&mut self, event: &Event, at: Duration) -> bool {
        let passes = match event {
            Event::StepStarted { .. } => {
                self.tenths = 0;
                self.removed = None;
                self.metrics.clear();
                true
            }
            Event::Uploaded { sent, total, .. } | Event::Copied { sent, total } => {
                let tenths = sent.saturating_mul(10).checked_div(*total).unwrap_or(10);
                let more = tenths > self.tenths;
                self.tenths = self.tenths.max(tenths);
                more
            }
            Event::Removed { .. } => {
                let due = self
                    .removed
                    .is_none_or(|last| at.saturating_sub(last) >= REMOVALS);
                if due {
                    self.removed = Some(at);
                }
                due
            }
            Event::TrainingMetric { name, .. } => {
                let last = self.metrics.get(name);
                let due = last.is_none_or(|last| at.saturating_sub(*last) >= METRICS);
                if due {
                    self.metrics.insert(name.clone(), at);
                }
                due
            }
            _ => true,
        };
        if passes {
            self.said = at;
        }
        passes
    }

    /// What is waited for, when it is time for a sign of life.
    pub(super) fn due(&mut self, model: &Model, at: Duration) -> Option<Wait> {
        if at.saturating_sub(self.said) < SILENCE {
            return None;
        }
        let wait = model.waits_for()?;
        self.said = at;
        Some(wait)
    }
}

/// `still waiting for Endpoint (12 min 03 s, usually 3-15 min)`.
pub(super) fn still(wait: &Wait, at: Duration) -> String {
    let passed = words::elapsed(at.saturating_sub(wait.since));
    let what = &wait.what;
    match wait.expected {
        Some(expected) => format!("still waiting for {what} ({passed}, usually {expected})"),
        None => format!("still waiting for {what} ({passed})"),
    }
}
