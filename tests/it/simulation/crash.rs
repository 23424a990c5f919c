//! Every command, broken off at every API call: run again, it must come to the same end.

use std::time::Instant;

use super::fault::{Fault, Trouble};
use super::situation;
use super::trial::{Again, Trial};

/// How a command is disturbed at a call.
#[derive(Debug, Clone, Copy)]
enum Mode {
    /// The request is lost, and the process dies when it wants to send another.
    RequestLostThenDead,
    /// The response is lost, and the process dies when it wants to send another request.
    ResponseLostThenDead,
    /// The process dies when the request is out.
    Killed,
    /// The request is lost once; the command has to cope.
    RequestLost,
    /// The response is lost once; the command has to cope.
    ResponseLost,
    /// What was answered before is answered again; a second run may be needed.
    Stale,
}

impl Mode {
    /// Those that end the process.
    const DEADLY: [Self; 3] = [
        Self::RequestLostThenDead,
        Self::ResponseLostThenDead,
        Self::Killed,
    ];

    const ALL: [Self; 6] = [
        Self::RequestLostThenDead,
        Self::ResponseLostThenDead,
        Self::Killed,
        Self::RequestLost,
        Self::ResponseLost,
        Self::Stale,
    ];

    /// Whether it makes a difference to a call.
    fn concerns(self, trial: &Trial, call: usize) -> bool {
        let name = trial.call(call);
        let asks = ["Describe", "List", "Get", "Head"];
        let asks = asks.iter().any(|verb| name.contains(&format!(".{verb}")));
        let asked_before = trial.calls[..call - 1].iter().any(|other| other == name);
        !matches!(self, Self::Stale) || (asks && asked_before)
    }

    fn troubles(self, call: usize) -> (Vec<Trouble>, Again) {
        let dead = Trouble::from(call + 1, Fault::DiesBefore);
        let at = |fault| Trouble::at(call, fault);
        // Half of them are taken up on another machine.
        let again = if call.is_multiple_of(2) {
            Again::Elsewhere
        } else {
            Again::Always
        };
        match self {
            Self::RequestLostThenDead => (vec![at(Fault::RequestLost), dead], again),
            Self::ResponseLostThenDead => (vec![at(Fault::ResponseLost), dead], again),
            Self::Killed => (vec![at(Fault::DiesAfter)], again),
            Self::RequestLost => (vec![at(Fault::RequestLost)], Again::Never),
            Self::ResponseLost => (vec![at(Fault::ResponseLost)], Again::Never),
            Self::Stale => (vec![at(Fault::Stale)], Again::Always),
        }
    }
}

/// Disturbs a command at every call in every mode.
pub(super) async fn everywhere(trial: &Trial) {
    everywhere_in(&Mode::ALL, trial).await;
}

/// Disturbs a command at every call in some modes.
#[expect(clippy::print_stdout, reason = "how much was tried is worth knowing")]
async fn everywhere_in(modes: &[Mode], trial: &Trial) {
    let started = Instant::now();
    let mut wrong = Vec::new();
    for mode in modes {
        let before = wrong.len();
        let calls = 1..=trial.calls.len();
        let calls: Vec<usize> = calls.filter(|call| mode.concerns(trial, *call)).collect();
        let tried = calls.len();
        for call in calls {
            let (troubles, again) = mode.troubles(call);
            if let Err(why) = trial.disturb(&troubles, again).await {
                wrong.push(format!("call {call}, {}: {why}", trial.call(call)));
            }
        }
        let converged = tried - (wrong.len() - before);
        println!("{}, {mode:?}: {converged} of {tried} converged", trial.name);
    }
    println!("{}: {:?}", trial.name, started.elapsed());
    let count = wrong.len();
    assert!(
        count == 0,
        "{count} did not converge:\n{}",
        wrong.join("\n")
    );
}

#[tokio::test(start_paused = true)]
async fn up_from_nothing() {
    everywhere(&Trial::up_from_nothing().await).await;
}

#[tokio::test(start_paused = true)]
async fn up_with_another_model() {
    everywhere(&Trial::up_with_another_model().await).await;
}

#[tokio::test(start_paused = true)]
async fn up_that_is_rolled_back() {
    everywhere(&Trial::up_that_is_rolled_back().await).await;
}

#[tokio::test(start_paused = true)]
async fn train_from_nothing() {
    everywhere(&situation::train_from_nothing().await).await;
}

#[tokio::test(start_paused = true)]
async fn down() {
    everywhere(&Trial::down().await).await;
}

#[tokio::test(start_paused = true)]
async fn down_that_keeps_data() {
    everywhere(&situation::down_that_keeps_data().await).await;
}

#[tokio::test(start_paused = true)]
async fn up_after_a_roll_back_that_failed() {
    everywhere(&situation::up_after_a_roll_back_that_failed().await).await;
}

#[tokio::test(start_paused = true)]
async fn up_that_makes_a_half_made_stack_anew() {
    everywhere(&situation::up_that_makes_a_half_made_stack_anew().await).await;
}

#[tokio::test(start_paused = true)]
async fn up_after_an_update_that_was_left_half_done() {
    everywhere(&situation::up_after_an_update_that_was_left_half_done().await).await;
}

#[tokio::test(start_paused = true)]
async fn up_that_reverts_drift() {
    // It looks at everything again and again, so it has many calls.
    everywhere_in(&Mode::DEADLY, &situation::up_that_reverts_drift().await).await;
}

#[tokio::test(start_paused = true)]
async fn up_that_makes_the_endpoint_serverless() {
    everywhere_in(&Mode::DEADLY, &situation::up_to_serverless().await).await;
}

#[tokio::test(start_paused = true)]
async fn gc() {
    everywhere(&situation::gc_after_three_models().await).await;
}

#[tokio::test(start_paused = true)]
async fn unlock() {
    everywhere(&situation::unlock_after_a_run_that_died().await).await;
}

#[tokio::test(start_paused = true)]
async fn up_after_a_creation_that_was_rolled_back() {
    everywhere(&situation::up_after_a_creation_that_was_rolled_back().await).await;
}
