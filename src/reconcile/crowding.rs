//! How crowded the account is: what all waits of a run have learned from being refused.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// Most doublings of a pause because the service said that it is asked too often.
const MAX_DOUBLINGS: u32 = 5;
/// Answers that make up for one refusal. Were it one, a crowd would settle where every second look is
/// refused; with four it asks a quarter more than it is let.
const ANSWERS_FOR_A_REFUSAL: u32 = 4;

/// How often the service said lately that it is asked too often, and how often it did not. The limit is
/// the account's, so what one wait has learned holds for the next, and for those beside it.
#[derive(Debug, Clone, Default)]
pub struct Crowding(Arc<AtomicU32>);

impl Crowding {
    /// Notes that the service said that it is asked too often.
    pub(super) fn refused(&self) {
        self.change(|level| {
            (level + ANSWERS_FOR_A_REFUSAL).min(MAX_DOUBLINGS * ANSWERS_FOR_A_REFUSAL)
        });
    }

    /// Notes that the service answered.
    pub(super) fn answered(&self) {
        self.change(|level| level.saturating_sub(1));
    }

    /// How often a pause is doubled now.
    pub(super) fn doublings(&self) -> u32 {
        self.0
            .load(Ordering::Relaxed)
            .div_ceil(ANSWERS_FOR_A_REFUSAL)
    }

    fn change(&self, change: impl Fn(u32) -> u32) {
        // It only ever fails where the closure returns nothing.
        let _ = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |level| {
                Some(change(level))
            });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_doubles_and_only_several_answers_make_up_for_it() {
        let crowding = Crowding::default();
        crowding.refused();
        assert_eq!(crowding.doublings(), 1);
        // A copy learns with it.
        crowding.clone().refused();
        assert_eq!(crowding.doublings(), 2);
        for _ in 0..4 {
            crowding.answered();
        }
        assert_eq!(crowding.doublings(), 1);
        for _ in 0..100 {
            crowding.answered();
        }
        assert_eq!(crowding.doublings(), 0);
        for _ in 0..100 {
            crowding.refused();
        }
        assert_eq!(crowding.doublings(), MAX_DOUBLINGS);
    }
}
