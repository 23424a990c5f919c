//! CloudWatch: numbers of the last day, and alarms that watch them.
//!
//! Purpose: answers what the services measured, and decides every minute which alarms ring. Input: the
//! engine's [`Metrics`], awsJson requests, resources wanted by CloudFormation. Output: answers,
//! `state/cloudwatch.json`, a signal when an alarm changes. Must not know: who measures, and what an
//! alarm leads to. Alarms act on nothing by themselves: their actions are refused.

mod alarm;
mod api;
mod data;
mod provider;
mod summary;
#[cfg(test)]
mod tests;
mod watch;

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use axum::body::Body;
use axum::http::Response;
use serde::{Deserialize, Serialize};
use tokio::sync::watch as signal;

use crate::local::clock::Clock;
use crate::local::durable::{Durable, Place};
use crate::local::metrics::Metrics;
use crate::local::resource::ResourceProvider;
use crate::local::wire::ApiRequest;

use alarm::Alarm;
pub use alarm::AlarmState;
pub(crate) use summary::AlarmSummary;

/// The CloudWatch service.
pub struct CloudWatch {
    state: Durable<State>,
    metrics: Arc<Metrics>,
    clock: Clock,
    account: String,
    /// Told whenever an alarm is made, removed or in another state.
    changed: signal::Sender<()>,
}

/// Everything that is kept: alarms by ARN.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct State {
    alarms: BTreeMap<String, Alarm>,
}

impl CloudWatch {
    /// Opens the service with the alarms it had. Call [`CloudWatch::start`] to have them watch.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn open(
        path: impl Into<Place>,
        account: String,
        clock: Clock,
        metrics: Arc<Metrics>,
    ) -> io::Result<Arc<Self>> {
        Ok(Arc::new(Self {
            state: Durable::open(path)?,
            metrics,
            clock,
            account,
            changed: signal::Sender::new(()),
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

    /// Returns the state of an alarm, if there is one of that name.
    pub fn alarm_state(&self, region: &str, name: &str) -> Option<AlarmState> {
        let arn = self.arn(region, name);
        self.state
            .read(|state| state.alarms.get(&arn).map(|alarm| alarm.state))
    }

    /// Returns the ARN of the alarm called `name`.
    fn arn(&self, region: &str, name: &str) -> String {
        alarm::arn(&self.account, region, name)
    }

    /// Returns what is told of every change of an alarm.
    pub fn changes(&self) -> signal::Receiver<()> {
        self.changed.subscribe()
    }
}

/// Returns the providers of the service's resource types.
pub fn providers(cloudwatch: &Arc<CloudWatch>) -> Vec<Arc<dyn ResourceProvider>> {
    vec![Arc::new(provider::Alarms(Arc::clone(cloudwatch)))]
}
