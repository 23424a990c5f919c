//! What a training job ran on, for how long, and what that saved.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What a training job ran on, and for how long.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct JobFacts {
    /// When it was asked for.
    pub created: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// The instance type, or those of which the first with capacity is taken.
    pub instances: Vec<String>,
    /// How many instances.
    pub count: u32,
    /// Whether it runs on spare capacity.
    pub spot: bool,
    /// How often the spare capacity was taken away.
    pub interruptions: usize,
    /// Seconds that it trained.
    pub training_seconds: Option<u64>,
    /// Seconds that are paid for.
    pub billable_seconds: Option<u64>,
}

impl JobFacts {
    /// What spare capacity saved, in percent ("Managed Spot Training" in the SageMaker developer guide);
    /// `None` on demand, and while it is not known.
    pub fn saving(&self) -> Option<u64> {
        let (training, billable) = (self.training_seconds?, self.billable_seconds?);
        if !self.spot || training == 0 {
            return None;
        }
        let paid = (billable.saturating_mul(100) + training / 2) / training;
        Some(100_u64.saturating_sub(paid))
    }

    /// Seconds from its beginning to its end, or until `now` while it runs.
    pub fn seconds(&self, now: Timestamp) -> Option<u64> {
        let end = self.ended.unwrap_or(now);
        let seconds = end.duration_since(self.created?).as_secs();
        u64::try_from(seconds).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spot(training: u64, billable: u64) -> Option<u64> {
        let facts = JobFacts {
            spot: true,
            training_seconds: Some(training),
            billable_seconds: Some(billable),
            ..JobFacts::default()
        };
        facts.saving()
    }

    #[test]
    fn spare_capacity_saves_the_part_that_is_not_billed() {
        assert_eq!(spot(1000, 300), Some(70));
        assert_eq!(spot(1000, 1000), Some(0));
        // A job that began again is billed for more than it trained at last.
        assert_eq!(spot(1000, 1500), Some(0));
        assert_eq!(spot(3, 1), Some(67));
        assert_eq!(spot(0, 0), None);
        let on_demand = JobFacts {
            training_seconds: Some(10),
            billable_seconds: Some(5),
            ..JobFacts::default()
        };
        assert_eq!(on_demand.saving(), None);
    }
}
