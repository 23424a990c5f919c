//! SageMaker and SageMaker Runtime: training jobs and endpoints that really run.
//!
//! Purpose: emulates the control plane for training jobs, transform jobs, models, endpoint configurations
//! and endpoints, and the runtime's `InvokeEndpoint`. A training job and the server of an endpoint or a
//! transform job are processes
//! under the container contracts, with `/opt/ml` moved by `SAGEMAKER_BASE_DIR`; the prepared Python
//! environment stands for every image. Each instance of an endpoint is a server process, up to a few: more
//! would only compete for the same cores. Input: awsJson requests, invocations, resources wanted by
//! CloudFormation. Output: answers, `state/sagemaker.json`, processes, objects, log lines. Must not
//! know: how requests arrive, how S3, logs and roles are kept.

mod archive;
mod configs;
mod control;
mod counts;
mod endpoints;
mod listing;
mod loglines;
mod models;
mod names;
mod ports;
mod providers;
mod registry;
mod runtime;
mod state;
mod summary;
mod tags;
#[cfg(test)]
mod testing;
mod training;
mod transform;

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use axum::http::Response;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::sync::watch;

pub use ports::{Alarms, LogSink, ObjectStore, Roles, StoreFault};
pub use providers::providers;
pub use runtime::InvokeError;

use crate::local::clock::Clock;
use crate::local::durable::{Durable, Place};
use crate::local::metrics::Metrics;
use crate::local::runner::Python;
use crate::local::script::Stage;
use crate::local::wire::{ApiError, ApiRequest};
use endpoints::Live;
use names::Kind;
use state::State;
pub(crate) use summary::{BatchSummary, EndpointSummary, JobSummary, MINUTES};
use training::Control;

/// What SageMaker is made of.
pub struct SageMakerParts {
    /// The folder of account and region; `state/sagemaker.json` and `work/` below it are used.
    pub folder: PathBuf,
    /// Account, twelve digits.
    pub account: String,
    /// The engine's clock.
    pub clock: Clock,
    /// Where data comes from and models go.
    pub store: Arc<dyn ObjectStore>,
    /// Where output goes.
    pub logs: Arc<dyn LogSink>,
    /// The account's roles.
    pub roles: Arc<dyn Roles>,
    /// The account's alarms, which take updates back.
    pub alarms: Arc<dyn Alarms>,
    /// Where invocations are counted.
    pub metrics: Arc<Metrics>,
    /// The Python environment that stands for all images.
    pub python: Arc<Python>,
    /// Environment of every child: credentials and `AWS_ENDPOINT_URL`. The region is added.
    pub environment: Vec<(String, String)>,
    /// What happens in place of processes, if none are to be started.
    pub(in crate::local) script: Option<Arc<Stage>>,
}

/// The SageMaker service.
pub struct SageMaker {
    parts: SageMakerParts,
    state: Durable<State>,
    changed: watch::Sender<()>,
    jobs: Mutex<HashMap<String, Control>>,
    transforms: Mutex<HashMap<String, transform::Control>>,
    live: Mutex<HashMap<String, Live>>,
    client: Client<HttpConnector, http_body_util::Full<bytes::Bytes>>,
}

impl SageMaker {
    /// Opens the service with the state it had. Call [`SageMaker::resume`] to carry on.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn open(parts: SageMakerParts) -> io::Result<Arc<Self>> {
        let path = parts.folder.join("state/sagemaker.json");
        let state = Durable::open(match parts.script {
            Some(_) => Place::deferred(path),
            None => path.into(),
        })?;
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Ok(Arc::new(Self {
            state,
            parts,
            changed: watch::Sender::new(()),
            jobs: Mutex::default(),
            transforms: Mutex::default(),
            live: Mutex::default(),
            client: Client::builder(TokioExecutor::new()).build(connector),
        }))
    }

    /// Carries on with what a stopped or killed engine left: jobs in progress start again from the
    /// beginning, endpoints get their server again. Must be called within a Tokio runtime, once.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn resume(self: &Arc<Self>) -> io::Result<()> {
        self.resume_jobs()?;
        self.resume_transforms()?;
        self.resume_endpoints();
        self.measure_servers();
        Ok(())
    }

    /// Writes the state, where that is deferred.
    ///
    /// # Errors
    /// The file could not be written.
    pub fn save(&self) -> io::Result<()> {
        self.state.save()
    }

    /// Ends every process. The state stays, so that the next engine carries on.
    pub async fn shutdown(&self) {
        let jobs = std::mem::take(&mut *lock(&self.jobs));
        let transforms = std::mem::take(&mut *lock(&self.transforms));
        drop((jobs, transforms)); // Dropping a job's control ends its task, and with it its process.
        self.shutdown_endpoints().await;
    }

    /// Answers a request to `sagemaker` (awsJson) or `sagemaker-runtime` (restJson).
    pub async fn handle(self: &Arc<Self>, request: ApiRequest) -> Response<Body> {
        if request.path.starts_with("/endpoints/") {
            return self.invocation(request).await;
        }
        self.control(&request).await
    }

    /// Returns the ARN of the thing of this kind called `name` in the account.
    fn arn(&self, kind: Kind, region: &str, name: &str) -> String {
        kind.arn(&self.parts.account, region, name)
    }

    fn read<R>(&self, look: impl FnOnce(&State) -> R) -> R {
        self.state.read(look)
    }

    /// Changes the state on disk, and wakes whoever waits for a change.
    fn change<R>(
        &self,
        change: impl FnOnce(&mut State) -> Result<R, ApiError>,
    ) -> Result<R, ApiError> {
        let result = self.state.write(change)?;
        self.changed.send_replace(());
        Ok(result)
    }
}

/// Locks a map whose entries are whole even when a holder panicked.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
