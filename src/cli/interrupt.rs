//! Ctrl-C and SIGTERM: the first asks a run to stop, the second ends the program.

use std::future::Future;
use std::sync::OnceLock;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::failure::{Failure, INTERRUPTED};
use super::output;
use crate::reconcile::Cancel;

static SWITCH: OnceLock<(watch::Sender<bool>, Cancel)> = OnceLock::new();

/// Returns the switch that the first signal turns.
pub(super) fn cancel() -> Cancel {
    SWITCH.get_or_init(Cancel::switch).1.clone()
}

/// Runs a command until it ends or a second signal comes.
pub(super) async fn guard(
    command: impl Future<Output = Result<(), Failure>>,
) -> Result<(), Failure> {
    tokio::select! {
        result = command => result,
        failure = second_signal() => Err(failure),
    }
}

async fn second_signal() -> Failure {
    let (Ok(mut interrupt), Ok(mut terminate)) = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
    ) else {
        // Without handlers the system's own apply: the first signal ends the program.
        return std::future::pending().await;
    };
    for attempt in 0..2 {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        if attempt == 0 {
            let (sender, _) = SWITCH.get_or_init(Cancel::switch);
            // Nobody listens when the command does not wait for anything.
            let _ = sender.send(true);
            output::note("stopping; once more to quit at once");
        }
    }
    Failure::with_code(
        INTERRUPTED,
        anyhow::anyhow!("quit at once; what was under way goes on"),
    )
    .hint("run the command again to go on")
}
