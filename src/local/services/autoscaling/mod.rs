//! Application Auto Scaling of endpoints: how many instances a variant has, between two bounds.
//!
//! Purpose: keeps scalable targets and target-tracking policies, and once a minute moves variants
//! towards what the policies want. Input: the engine's [`Metrics`], awsJson requests, resources wanted
//! by CloudFormation. Output: answers, `state/autoscaling.json`, new numbers of instances. Must not know:
//! how a variant gets its instances. Policies look at the numbers themselves: the alarms through which
//! AWS has them look are not made.

mod api;
mod model;
mod provider;
#[cfg(test)]
mod tests;
mod track;

use std::io;
use std::sync::Arc;

use axum::body::Body;
use axum::http::Response;
use tokio::sync::Notify;

use crate::local::clock::Clock;
use crate::local::durable::{Durable, Place};
use crate::local::metrics::Metrics;
use crate::local::resource::ResourceProvider;
use crate::local::wire::{ApiError, ApiRequest};

use model::State;

/// The instances of endpoints' variants.
pub trait Variants: Send + Sync {
    /// Returns how many there are to be; `None` when there is no such variant.
    fn count(&self, region: &str, endpoint: &str, variant: &str) -> Option<u64>;

    /// Sets how many there are to be.
    ///
    /// # Errors
    /// There is no such variant, or the endpoint is being changed.
    fn set_count(
        &self,
        region: &str,
        endpoint: &str,
        variant: &str,
        count: u64,
    ) -> Result<(), ApiError>;
}

/// What Application Auto Scaling is made of.
pub struct AutoScalingParts {
    /// Account, twelve digits.
    pub account: String,
    /// File that keeps targets and policies.
    pub state: Place,
    /// The engine's clock.
    pub clock: Clock,
    /// Where the load is read.
    pub metrics: Arc<Metrics>,
    /// What is scaled.
    pub variants: Arc<dyn Variants>,
}

/// The Application Auto Scaling service.
pub struct AutoScaling {
    state: Durable<State>,
    parts: AutoScalingParts,
    /// Told when there is something to track.
    wake: Notify,
}

impl AutoScaling {
    /// Opens the service with what it had. Call [`AutoScaling::start`] to have it scale.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn open(parts: AutoScalingParts) -> io::Result<Arc<Self>> {
        Ok(Arc::new(Self {
            state: Durable::open(parts.state.clone())?,
            parts,
            wake: Notify::new(),
        }))
    }

    /// Writes the state, where that is deferred.
    ///
    /// # Errors
    /// The file could not be written.
    pub fn save(&self) -> io::Result<()> {
        self.state.save()
    }

    /// Answers a request.
    pub fn handle(&self, request: &ApiRequest) -> Response<Body> {
        api::handle(self, request)
    }
}

/// Returns the providers of the service's resource types.
pub fn providers(autoscaling: &Arc<AutoScaling>) -> Vec<Arc<dyn ResourceProvider>> {
    vec![
        Arc::new(provider::Targets(Arc::clone(autoscaling))),
        Arc::new(provider::Policies(Arc::clone(autoscaling))),
    ]
}
