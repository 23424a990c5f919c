//! Every command, broken off at every API call: run again, it must come to the same end.

use std::time::Instant;

use super::fault::{Fault, Trouble};
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
}

impl Mode {
    const ALL: [Self; 5] = [
        Self::RequestLostThenDead,
        Self::ResponseLostThenDead,
        Self::Killed,
        Self::RequestLost,
        Self::ResponseLost,
    ];

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
        }
    }
}

/// Disturbs a command at every call in every mode.
#[expect(clippy::print_stdout, reason = "how much was tried is worth knowing")]
async fn everywhere(trial: &Trial) {
    let started = Instant::now();
    let mut wrong = Vec::new();
    for mode in Mode::ALL {
        let before = wrong.len();
        for call in 1..=trial.calls.len() {
            let (troubles, again) = mode.troubles(call);
            if let Err(why) = trial.disturb(&troubles, again).await {
                wrong.push(format!("call {call}, {}: {why}", trial.call(call)));
            }
        }
        let tried = trial.calls.len();
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
async fn down() {
    everywhere(&Trial::down().await).await;
}
