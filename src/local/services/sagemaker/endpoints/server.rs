//! The server process of an endpoint: starting it until it answers `/ping`.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{Method, Request, StatusCode};
use bytes::Bytes;
use http_body_util::Full;
use tokio::time::{Instant, sleep, timeout};

use super::super::SageMaker;
use super::super::loglines::LogLines;
use super::super::state::Serving;
use super::model::Place;
use crate::local::runner::{Launch, Process};

/// The server program, which stands for the inference image.
const SERVE: &str = include_str!("../../../python/serve.py");

const PING_EVERY: Duration = Duration::from_millis(50);
const PING_LIMIT: Duration = Duration::from_secs(2);

/// Time between the request to end and the kill, as the platform gives it.
const GRACE: Duration = Duration::from_secs(30);

/// A server that has answered `/ping`.
pub(in super::super) struct Server {
    running: Running,
    /// The log stream it writes to.
    pub(in super::super) stream: String,
}

/// What answers.
enum Running {
    Process {
        process: Process,
        port: u16,
    },
    /// Nothing but words; with the status of every answer, if it is to fail.
    Scripted(Option<u16>),
}

impl Server {
    /// A server that needs no process.
    pub(super) fn scripted(stream: &str, fails_with: Option<u16>) -> Self {
        Self {
            running: Running::Scripted(fails_with),
            stream: stream.to_owned(),
        }
    }

    /// Returns the status with which it answers everything as scripted, if it is to fail.
    pub(in super::super) fn fails_with(&self) -> Option<u16> {
        match &self.running {
            Running::Process { .. } => None,
            Running::Scripted(fails_with) => *fails_with,
        }
    }

    /// Returns the address of a path on the server; `None` for one that only answers as scripted.
    pub(in super::super) fn url(&self, path: &str) -> Option<String> {
        match &self.running {
            Running::Process { port, .. } => Some(format!("http://127.0.0.1:{port}{path}")),
            Running::Scripted(_) => None,
        }
    }

    /// Returns the id of its process; `None` for one that only answers as scripted.
    pub(super) fn id(&self) -> Option<u32> {
        match &self.running {
            Running::Process { process, .. } => Some(process.id()),
            Running::Scripted(_) => None,
        }
    }

    /// Waits for its end.
    pub(super) async fn ended(&self) -> std::process::ExitStatus {
        match &self.running {
            Running::Process { process, .. } => process.wait().await,
            Running::Scripted(_) => std::future::pending().await,
        }
    }

    /// Ends it; answers in progress are finished first.
    pub(in super::super) async fn stop(&self) {
        if let Running::Process { process, .. } = &self.running {
            process.stop(GRACE).await;
        }
    }
}

/// Where a server's lines go.
pub(super) fn stream(serving: &Serving, process: u64) -> String {
    format!("{}/i-{process:017x}", serving.variant)
}

impl SageMaker {
    /// Starts the server of an endpoint whose model is in place, and returns once it is healthy.
    ///
    /// # Errors
    /// The reason, as it is to stand in the endpoint's `FailureReason`.
    pub(in super::super) async fn start_server(
        self: &Arc<Self>,
        endpoint: &str,
        serving: &Serving,
        place: &Place,
        log: &Arc<LogLines>,
        stream: &str,
    ) -> Result<Server, String> {
        let trouble = |what: &str, error: &dyn std::error::Error| {
            format!("InternalServerError: {what}: {error}")
        };
        let python = self.parts.python.interpreter(&|line| log.line(line)).await;
        let python = python.map_err(|error| trouble("no Python environment", &error))?;
        fs::write(place.program(), SERVE)
            .map_err(|error| trouble("the server program cannot be stored", &error))?;
        let port = free_port().map_err(|error| trouble("no free port", &error))?;
        let launch = self.launch(endpoint, serving, place, &python, port);
        let sink = Arc::clone(log);
        let process = Process::spawn(&launch, move |line| sink.line(line))
            .map_err(|error| trouble("the server cannot be started", &error))?;
        let server = Server {
            running: Running::Process { process, port },
            stream: stream.to_owned(),
        };
        let limit = Duration::from_secs(serving.startup_limit);
        let unhealthy = unhealthy(serving);
        tokio::select! {
            status = server.ended() => {
                log.line(format!("the server ended before it was healthy ({status})"));
                Err(unhealthy)
            }
            healthy = timeout(limit, self.healthy(&server)) => if healthy.is_ok() {
                Ok(server)
            } else {
                log.line(format!("the server did not answer /ping within {} s", limit.as_secs()));
                Err(unhealthy)
            },
        }
    }

    fn launch(
        &self,
        endpoint: &str,
        serving: &Serving,
        place: &Place,
        python: &Path,
        port: u16,
    ) -> Launch {
        let mut environment = self.parts.environment.clone();
        let mut set = |key: &str, value: String| environment.push((key.to_owned(), value));
        let region = endpoint.split(':').nth(3).unwrap_or_default();
        let bin = python.parent().unwrap_or_else(|| Path::new("/usr/bin"));
        set("AWS_REGION", region.to_owned());
        set("AWS_DEFAULT_REGION", region.to_owned());
        set(
            "PATH",
            format!("{}:/usr/local/bin:/usr/bin:/bin", bin.display()),
        );
        set("PYTHONUNBUFFERED", "1".to_owned());
        // One server process that has the machine's cores to itself, whose idle threads sleep: the
        // clients, the function and the engine run on the same cores.
        set("SAGEMAKER_MODEL_SERVER_WORKERS", "1".to_owned());
        set("OMP_WAIT_POLICY", "PASSIVE".to_owned());
        environment.extend(serving.environment.clone());
        let mut set = |key: &str, value: String| environment.push((key.to_owned(), value));
        set("SAGEMAKER_BASE_DIR", place.ml().display().to_string());
        set("SAGEMAKER_BIND_TO_PORT", port.to_string());
        Launch {
            program: python.to_owned(),
            arguments: vec![place.program().display().to_string()],
            environment,
            folder: place.ml(),
        }
    }

    /// Returns once the server has answered `/ping` with 200; the caller limits the time.
    async fn healthy(&self, server: &Server) {
        loop {
            let started = Instant::now();
            let answered = timeout(PING_LIMIT, self.ping(server)).await;
            if answered == Ok(true) {
                return;
            }
            sleep(PING_EVERY.saturating_sub(started.elapsed())).await;
        }
    }

    async fn ping(&self, server: &Server) -> bool {
        let Some(url) = server.url("/ping") else {
            return true;
        };
        let request = Request::builder()
            .method(Method::GET)
            .uri(url)
            .body(Full::new(Bytes::new()));
        let Ok(request) = request else { return false };
        let answer = self.client.request(request).await;
        answer.is_ok_and(|answer| answer.status() == StatusCode::OK)
    }
}

/// What SageMaker says of a server that does not become healthy.
pub(super) fn unhealthy(serving: &Serving) -> String {
    format!(
        "The primary container for production variant {} did not pass the ping health check. \
         Please check CloudWatch logs for this endpoint.",
        serving.variant
    )
}

/// Asks the system for a port of the loopback that nobody uses.
fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
        .local_addr()?
        .port())
}
