//! Endpoints.
//!
//! Purpose: keeps the server processes of endpoints in service, and changes them without a gap. Input:
//! `CreateEndpoint`, `UpdateEndpoint`, `DeleteEndpoint`; model archives from the store; alarms. Output:
//! the endpoint's record, its log streams, a server to invoke. Must not know: what is asked of the server.

mod api;
mod deploy;
mod describe;
mod fleet;
mod keeper;
mod model;
mod rollout;
mod scripted;
mod server;
#[cfg(test)]
mod tests;
mod usage;

use tokio::task::JoinHandle;

pub(super) use fleet::{Choice, Fleet};
pub(super) use model::Place;
pub(super) use scripted::answer;
pub(super) use server::Server;

/// The living part of an endpoint. Dropping it ends everything without a trace in the state.
#[derive(Default)]
pub(super) struct Live {
    /// The servers that answer.
    fleet: Option<Fleet>,
    /// Those that are to take over, and which part of the requests they get by now.
    next: Option<(Fleet, f64)>,
    /// What the next ones are behind with their part, in requests.
    owed: f64,
    /// Brings something new into service.
    deployment: Option<JoinHandle<()>>,
}

impl Live {
    /// Chooses who answers a request.
    pub(super) fn choose(&mut self) -> Option<Choice> {
        if let Some((next, part)) = &mut self.next {
            self.owed += *part;
            if self.owed >= 1.0 {
                self.owed -= 1.0;
                return Some(next.choose());
            }
        }
        self.fleet.as_mut().map(Fleet::choose)
    }

    /// Tells whether servers of this configuration are there.
    pub(super) fn serves(&self, config: &str) -> bool {
        self.fleets().any(|fleet| fleet.serving.config == config)
    }

    /// Whatever runs, those that are to take over included.
    fn fleets(&self) -> impl Iterator<Item = &Fleet> {
        let next = self.next.iter().map(|(fleet, _)| fleet);
        self.fleet.iter().chain(next)
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        if let Some(deployment) = self.deployment.take() {
            deployment.abort();
        }
    }
}
