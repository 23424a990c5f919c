//! Endpoints.
//!
//! Purpose: keeps one server process per endpoint in service, and changes it without a gap. Input:
//! `CreateEndpoint`, `UpdateEndpoint`, `DeleteEndpoint`; model archives from the store. Output: the
//! endpoint's record, its log streams, a server to invoke. Must not know: what is asked of the server.

mod api;
mod deploy;
mod keeper;
mod model;
mod scripted;
mod server;
#[cfg(test)]
mod tests;

use tokio::task::JoinHandle;

pub(super) use keeper::Keeper;
pub(super) use model::Place;
pub(super) use scripted::answer;
pub(super) use server::Server;

/// The living part of an endpoint. Dropping it ends everything without a trace in the state.
#[derive(Default)]
pub(super) struct Live {
    /// Keeps the server that answers.
    pub(super) keeper: Option<Keeper>,
    /// Brings something new into service.
    pub(super) deployment: Option<JoinHandle<()>>,
}

impl Drop for Live {
    fn drop(&mut self) {
        if let Some(deployment) = self.deployment.take() {
            deployment.abort();
        }
    }
}
