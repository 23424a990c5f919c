//! Several faults at once, chosen by chance from a seed that a failure prints.
//!
//! `DEPLOY_SIMULATION_SEED` begins with another seed, `DEPLOY_SIMULATION_SECONDS` goes on for longer.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::{Duration, Instant};

use super::fault::{Fault, Trouble};
use super::trial::{Again, Trial};

/// Seconds that the tests spend on chance when nobody says otherwise.
const SECONDS: u64 = 10;

/// A generator whose numbers follow from its seed (`SplitMix64`, by Steele, Lea and Flood).
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        usize::try_from(mixed % limit as u64).unwrap()
    }

    fn troubles(&mut self, calls: usize) -> Vec<Trouble> {
        const FAULTS: [Fault; 10] = [
            Fault::RequestLost,
            Fault::ResponseLost,
            Fault::DiesBefore,
            Fault::DiesAfter,
            Fault::Throttled,
            Fault::ServerError,
            Fault::Stale,
            Fault::Expired,
            Fault::Slow(Duration::from_secs(20)),
            Fault::Slow(Duration::from_mins(10)),
        ];
        let count = 1 + self.below(4);
        (0..count)
            .map(|_| {
                let fault = FAULTS[self.below(FAULTS.len())];
                let call = 1 + self.below(calls);
                // Now and then it does not end by itself.
                if self.below(8) == 0 {
                    Trouble::from(call, fault)
                } else {
                    Trouble::at(call, fault)
                }
            })
            .collect()
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a run by hand is longer, or repeats a seed"
)]
fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

#[tokio::test(start_paused = true)]
async fn whatever_goes_wrong_the_next_run_converges() {
    let random = || RandomState::new().build_hasher().finish();
    let mut seed = number("DEPLOY_SIMULATION_SEED").unwrap_or_else(random);
    let seconds = number("DEPLOY_SIMULATION_SECONDS").unwrap_or(SECONDS);
    let trials = [
        Trial::up_from_nothing().await,
        Trial::up_with_another_model().await,
        Trial::up_that_is_rolled_back().await,
        Trial::down().await,
    ];
    let started = Instant::now();
    let mut tried = 0;
    while started.elapsed() < Duration::from_secs(seconds) {
        let mut chance = Chance(seed);
        let trial = &trials[chance.below(trials.len())];
        let troubles = chance.troubles(trial.calls.len());
        if let Err(why) = trial.disturb(&troubles, Again::Always).await {
            panic!("DEPLOY_SIMULATION_SEED={seed}: {why}");
        }
        tried += 1;
        seed = seed.wrapping_add(1);
    }
    println!(
        "{tried} runs converged, the last with seed {}",
        seed.wrapping_sub(1)
    );
}
