//! Keeps a server running: starts it again when it ends by itself.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::super::SageMaker;
use super::super::loglines::LogLines;
use super::super::state::Serving;
use super::model::Place;
use super::server::{Server, stream};

/// Pause before the first new start; it doubles with every start that fails.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Starts in a row that may fail before the keeper gives up.
const MAX_FAILURES: u32 = 20;

/// A server that lived this long counts as a start that succeeded.
const LONG_ENOUGH: Duration = Duration::from_mins(1);

/// Keeps one server of an endpoint. Dropping it kills the server.
pub(super) struct Keeper {
    /// The server, or nothing while it is being started again.
    pub(super) server: watch::Receiver<Option<Arc<Server>>>,
    task: JoinHandle<()>,
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Keeper {
    /// Ends the server; answers in progress are finished first.
    pub(super) async fn stop(self) {
        self.task.abort();
        let server = self.server.borrow().clone();
        if let Some(server) = server {
            server.stop().await;
        }
    }
}

/// What the task of a keeper works with.
pub(super) struct Task {
    service: Arc<SageMaker>,
    endpoint: String,
    serving: Serving,
    /// Which of the endpoint's servers this is.
    number: u64,
    /// The status of every answer, where a script says that the model fails.
    fails_with: Option<u16>,
    place: Place,
    server: watch::Sender<Option<Arc<Server>>>,
}

impl SageMaker {
    fn endpoint_log(self: &Arc<Self>, endpoint: &str, stream: &str) -> Arc<LogLines> {
        let name = endpoint.rsplit('/').next().unwrap_or_default();
        let group = format!("/aws/sagemaker/Endpoints/{name}");
        LogLines::open(Arc::clone(&self.parts.logs), group, stream.to_owned())
    }

    /// Returns the ARN of a log stream of an endpoint.
    pub(in super::super) fn log_stream_arn(
        account: &str,
        region: &str,
        endpoint: &str,
        stream: &str,
    ) -> String {
        format!(
            "arn:aws:logs:{region}:{account}:log-group:/aws/sagemaker/Endpoints/{endpoint}:log-stream:{stream}"
        )
    }
}

impl Task {
    pub(super) fn new(
        service: &Arc<SageMaker>,
        endpoint: &str,
        serving: &Serving,
        number: u64,
    ) -> Self {
        Self {
            service: Arc::clone(service),
            endpoint: endpoint.to_owned(),
            place: service.place(endpoint, serving),
            serving: serving.clone(),
            number,
            fails_with: None,
            server: watch::Sender::new(None),
        }
    }

    /// Has every answer fail with a status.
    pub(super) fn failing(self, fails_with: Option<u16>) -> Self {
        Self { fails_with, ..self }
    }

    /// Starts the server, and returns it once it is healthy.
    ///
    /// # Errors
    /// The reason, as it is to stand in the endpoint's `FailureReason`.
    pub(super) async fn start(&self) -> Result<Server, String> {
        let millis = u64::try_from(self.service.parts.clock.epoch_millis()).unwrap_or_default();
        // Servers that start at the same time are told apart by their number.
        let stream = stream(&self.serving, millis + self.number);
        let log = self.service.endpoint_log(&self.endpoint, &stream);
        let started = self.start_server(&log, &stream).await;
        if let Err(reason) = &started {
            log.line(reason);
        }
        started
    }

    async fn start_server(&self, log: &Arc<LogLines>, stream: &str) -> Result<Server, String> {
        let (service, serving) = (&self.service, &self.serving);
        if service.parts.script.is_some() {
            return service
                .scripted_server(serving, stream, self.fails_with)
                .await;
        }
        service.place_model(&self.place, serving).await?;
        service
            .start_server(&self.endpoint, serving, &self.place, log, stream)
            .await
    }

    /// Keeps the server running from now on; starts it if it is not there yet.
    pub(super) fn keep(self, first: Option<Server>) -> Keeper {
        let server = self.server.subscribe();
        self.server.send_replace(first.map(Arc::new));
        Keeper {
            server,
            task: tokio::spawn(self.forever()),
        }
    }

    async fn forever(self) {
        let mut failures = 0;
        while failures < MAX_FAILURES {
            let server = self.server.borrow().clone();
            if let Some(server) = server {
                let born = Instant::now();
                server.ended().await;
                self.server.send_replace(None);
                failures = if born.elapsed() >= LONG_ENOUGH {
                    0
                } else {
                    failures + 1
                };
            }
            sleep(pause(failures)).await;
            match self.start().await {
                Ok(server) => drop(self.server.send_replace(Some(Arc::new(server)))),
                Err(_) => failures += 1, // The reason is in the endpoint's log.
            }
        }
    }
}

fn pause(failures: u32) -> Duration {
    let doubled = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1)));
    if failures == 0 {
        Duration::ZERO
    } else {
        doubled.min(LONGEST_PAUSE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_limit() {
        assert_eq!(pause(0), Duration::ZERO);
        assert_eq!(pause(1), FIRST_PAUSE);
        assert_eq!(pause(3), FIRST_PAUSE * 4);
        assert_eq!(pause(40), LONGEST_PAUSE);
    }
}
