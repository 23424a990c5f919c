//! API Gateway v2: HTTP APIs in front of Lambda functions.
//!
//! Purpose: keeps APIs with their routes, integrations and stages, and serves them. Input: resources
//! of CloudFormation, reads of the control plane, HTTP requests of the public, keys of issuers of tokens,
//! which are fetched over the network when a route asks for tokens. Output: events for
//! functions (payload format 2.0), HTTP responses, access log lines. Must not know: how functions run.

mod access_log;
mod authorize;
mod control;
mod cors;
mod edit;
mod event;
mod model;
mod refusal;
mod reply;
mod resources;
mod routing;
mod serve;
mod summary;
mod throttle;

use std::io;
use std::sync::{Arc, Mutex};

pub use resources::providers;

use crate::local::auth::Keys;
use crate::local::clock::Clock;
use crate::local::durable::{Durable, Place};
use crate::local::metrics::Metrics;
use crate::local::services::lambda::{Lambda, LogQueue, WriteLog};
pub(crate) use summary::ApiSummary;

/// What an API Gateway service is made of.
pub struct ApiGatewayParts {
    /// File that keeps the APIs.
    pub state: Place,
    /// The engine's clock.
    pub clock: Clock,
    /// Runs the functions behind the APIs.
    pub lambda: Arc<Lambda>,
    /// Address of the engine, e.g. `http://127.0.0.1:4599`; APIs are served below
    /// `/_aws/execute-api/<api id>`.
    pub base_url: String,
    /// The keys with which requests to guarded routes may be signed.
    pub keys: Keys,
    /// Where access log lines go.
    pub write_log: WriteLog,
    /// Where requests are counted.
    pub metrics: Arc<Metrics>,
}

/// The API Gateway service of an account in a region.
pub struct ApiGateway {
    state: Durable<model::State>,
    clock: Clock,
    lambda: Arc<Lambda>,
    base_url: String,
    keys: Keys,
    issuers: authorize::Issuers,
    buckets: Mutex<throttle::Buckets>,
    logs: LogQueue,
    metrics: Arc<Metrics>,
}

impl ApiGateway {
    /// Opens the service. Must be called within a Tokio runtime.
    ///
    /// # Errors
    /// The state is damaged or cannot be read.
    pub fn open(parts: ApiGatewayParts) -> io::Result<Self> {
        Ok(Self {
            state: Durable::open(parts.state)?,
            clock: parts.clock,
            lambda: parts.lambda,
            base_url: parts.base_url,
            keys: parts.keys,
            issuers: authorize::Issuers::default(),
            buckets: Mutex::default(),
            logs: LogQueue::start(parts.write_log),
            metrics: parts.metrics,
        })
    }

    /// Writes the state, where that is deferred.
    ///
    /// # Errors
    /// The file could not be written.
    pub fn save(&self) -> io::Result<()> {
        self.state.save()
    }

    /// Whether there is an API of this id.
    pub fn has(&self, api_id: &str) -> bool {
        self.state.read(|state| state.apis.contains_key(api_id))
    }

    /// Returns the address of an API, without a slash at its end.
    fn endpoint(&self, api_id: &str) -> String {
        format!("{}{}", self.base_url, model::path_prefix(api_id))
    }
}

#[cfg(test)]
mod tests;
