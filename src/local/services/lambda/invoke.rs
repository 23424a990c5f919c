//! Invocations: a process is found or started, runs the handler, and its story is told.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use bytes::Bytes;
use futures::future::BoxFuture;
use serde::de::IgnoredAny;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};

use super::Lambda;
use super::instance::{Ending, Instance, Start};
use super::model::Function;
use super::permission::Caller;
use super::pool::Pool;
use crate::local::clock::iso8601;
use crate::local::ids::uuid;
use crate::local::wire::ApiError;

/// Largest request, bytes.
const LARGEST_REQUEST: usize = 6 << 20;

/// Largest response, bytes.
const LARGEST_RESPONSE: usize = (6 << 20) + 100;

/// Bytes of the log that a caller can get with the answer.
const TAIL: usize = 4096;

/// A call of a function that no process is started for.
#[derive(Debug, Clone)]
pub struct Call {
    /// Region of the function.
    pub region: String,
    /// The function's own environment variables.
    pub environment: BTreeMap<String, String>,
    /// The event.
    pub event: Value,
}

/// Answers calls in place of a handler.
pub type StandIn = Arc<dyn Fn(Call) -> BoxFuture<'static, Value> + Send + Sync>;

/// What an invocation answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LambdaAnswer {
    /// The handler's result as JSON, or the error document.
    pub payload: Bytes,
    /// `Unhandled` when the function failed.
    pub function_error: Option<&'static str>,
    /// Last 4 KB of the invocation's log.
    pub log_tail: String,
    /// Id of the invocation.
    pub request_id: String,
}

impl Lambda {
    /// Runs a function once and waits for its answer. The function runs to its end even if the caller
    /// gives up.
    ///
    /// # Errors
    /// The function does not exist, the payload is no JSON or too large, too many invocations wait, or
    /// no Python environment can be had. A function that fails is no error: it has an answer.
    pub async fn invoke(
        self: &Arc<Self>,
        name: &str,
        region: &str,
        payload: Bytes,
    ) -> Result<LambdaAnswer, ApiError> {
        let function = self.function(name, region)?;
        check_payload(&payload)?;
        let this = Arc::clone(self);
        let run = tokio::spawn(async move { this.run(&function, &payload).await });
        run.await.map_err(|error| {
            ApiError::with_status(
                StatusCode::INTERNAL_SERVER_ERROR,
                "ServiceException",
                error.to_string(),
            )
        })?
    }

    /// Tells whether the function's policy lets a service invoke it.
    pub fn allows(&self, name: &str, caller: &Caller<'_>) -> bool {
        self.state.read(|state| {
            let function = state.functions.get(name);
            function.is_some_and(|found| found.policy.values().any(|entry| entry.allows(caller)))
        })
    }

    /// Starts a process ahead of the first invocation, so that this one is warm. What fails here is
    /// told by the first invocation.
    pub(super) fn warm_up(self: &Arc<Self>, function: &Function) {
        if self.parts.stand_in.is_some() {
            return;
        }
        let this = Arc::clone(self);
        let function = function.clone();
        tokio::spawn(async move {
            let pool = this.pool(&function);
            // Without a permit: it must not take an invocation's place.
            if let Ok(instance) = this.start(&pool).await {
                pool.put_behind(instance);
            }
        });
    }

    async fn run(&self, function: &Function, payload: &[u8]) -> Result<LambdaAnswer, ApiError> {
        let pool = self.pool(function);
        let _permit = pool.permit().await?;
        let request_id = uuid();
        let function = &pool.function;
        if let Some(stand_in) = &self.parts.stand_in {
            return Ok(self.stand_in(stand_in, function, request_id, payload).await);
        }
        let (mut instance, stream) = match pool.take() {
            Some(instance) => {
                let stream = instance.stream.clone();
                (instance, stream)
            }
            None => match self.start(&pool).await {
                Ok(instance) => {
                    let stream = instance.stream.clone();
                    (instance, stream)
                }
                Err(Failed::Environment(error)) => return Err(error),
                Err(Failed::Start(failure)) => {
                    let story = Story {
                        request_id,
                        duration: Duration::ZERO,
                        init: None,
                        lines: failure.lines,
                    };
                    return Ok(self.tell(function, &failure.stream, story, failure.ending));
                }
            },
        };
        let began = Instant::now();
        let ending = instance.call(&request_id, function, payload).await;
        let story = Story {
            request_id,
            duration: began.elapsed(),
            init: instance.init.take(),
            lines: instance.take_lines(),
        };
        if matches!(ending, Ending::Result { .. } | Ending::Error { .. }) {
            pool.give(instance);
        }
        Ok(self.tell(function, &stream, story, ending))
    }

    /// Lets a stand-in answer, within the function's own limit.
    async fn stand_in(
        &self,
        stand_in: &StandIn,
        function: &Function,
        request_id: String,
        payload: &[u8],
    ) -> LambdaAnswer {
        let call = Call {
            region: function.region.clone(),
            environment: function.environment.clone(),
            event: serde_json::from_slice(payload).unwrap_or_default(),
        };
        let began = Instant::now();
        let limit = Duration::from_secs(function.timeout.into());
        let ending = match timeout(limit, stand_in(call)).await {
            Ok(result) => Ending::Result {
                body: result.to_string().into_bytes(),
                memory: 0,
            },
            Err(_) => Ending::TimedOut { memory: 0 },
        };
        let story = Story {
            request_id,
            duration: began.elapsed(),
            init: None,
            lines: Vec::new(),
        };
        self.tell(function, "stand-in", story, ending)
    }

    async fn start(&self, pool: &Pool) -> Result<Instance, Failed> {
        let interpreter = self
            .parts
            .python
            .interpreter(&|_| {})
            .await
            .map_err(|error| {
                Failed::Environment(ApiError::with_status(
                    StatusCode::BAD_GATEWAY,
                    "InvalidRuntimeException",
                    format!(
                        "the local engine has no Python environment to run functions in: {error}"
                    ),
                ))
            })?;
        let today = iso8601(self.parts.clock.epoch_millis());
        let day = today.get(..10).unwrap_or_default().replace('-', "/");
        let start = Start {
            function: &pool.function,
            interpreter: &interpreter,
            work: &self.parts.work,
            environment: &self.parts.environment,
            day: &day,
        };
        Instance::start(start)
            .await
            .map_err(|failure| Failed::Start(Box::new(failure)))
    }

    /// Writes the invocation's log and makes the answer.
    fn tell(
        &self,
        function: &Function,
        stream: &str,
        story: Story,
        ending: Ending,
    ) -> LambdaAnswer {
        let request_id = story.request_id.clone();
        let close = Close::of(&ending, function);
        let failed = !matches!(ending, Ending::Result { .. });
        let (payload, note) = conclude(ending, &request_id, function);
        let too_large = payload.len() > LARGEST_RESPONSE;
        let payload = if too_large {
            response_too_large()
        } else {
            payload
        };
        self.count(function, failed || too_large, story.duration);
        let lines = story.lines(function, note, &close);
        let log_tail = tail(&lines);
        self.logs.put(&function.logging.group, stream, lines);
        LambdaAnswer {
            payload: Bytes::from(payload),
            function_error: (failed || too_large).then_some("Unhandled"),
            log_tail,
            request_id,
        }
    }

    /// Counts an invocation as the service does, so that alarms can watch it.
    fn count(&self, function: &Function, failed: bool, duration: Duration) {
        let dimensions = [("FunctionName", function.name.as_str())];
        let record = |name, value| {
            let metrics = &self.parts.metrics;
            metrics.record("AWS/Lambda", name, &dimensions, value);
        };
        record("Invocations", 1.0);
        record("Errors", f64::from(u8::from(failed)));
        record("Duration", duration.as_secs_f64() * 1000.0);
    }
}

/// Why no process could be started.
enum Failed {
    /// There is no interpreter.
    Environment(ApiError),
    /// The function's own start failed.
    Start(Box<super::instance::StartFailure>),
}

/// What happened in one invocation, for its log.
struct Story {
    request_id: String,
    duration: Duration,
    init: Option<Duration>,
    lines: Vec<String>,
}

/// What the last line of an invocation says beside times.
struct Close {
    /// Most memory used, MiB.
    memory: u64,
    /// How it ended, if not by itself.
    status: &'static str,
}

impl Close {
    fn of(ending: &Ending, function: &Function) -> Self {
        let (memory, status) = match ending {
            Ending::Result { memory, .. } | Ending::Error { memory, .. } => (*memory, ""),
            Ending::TimedOut { memory } => (*memory, "\tStatus: timeout"),
            Ending::OutOfMemory => (
                function.memory.into(),
                "\tStatus: error\tError Type: Runtime.OutOfMemory",
            ),
            Ending::Exited(_) => (0, "\tStatus: error\tError Type: Runtime.ExitError"),
            Ending::InitError { .. } | Ending::Broken(_) => (0, ""),
        };
        Self {
            memory: memory.min(function.memory.into()),
            status,
        }
    }
}

impl Story {
    fn lines(self, function: &Function, note: Option<String>, close: &Close) -> Vec<String> {
        let id = &self.request_id;
        let millis = self.duration.as_secs_f64() * 1000.0;
        // The start is paid for like the rest, since August 2025.
        let billed = (self.duration + self.init.unwrap_or_default()).as_secs_f64() * 1000.0;
        let init = self.init.map(|init| {
            let millis = init.as_secs_f64() * 1000.0;
            format!("\tInit Duration: {millis:.2} ms")
        });
        let report = format!(
            "REPORT RequestId: {id}\tDuration: {millis:.2} ms\tBilled Duration: {:.0} ms\tMemory Size: {} MB\tMax Memory Used: {} MB{}{}",
            billed.ceil(),
            function.memory,
            close.memory,
            init.unwrap_or_default(),
            close.status,
        );
        let mut lines = vec![format!("START RequestId: {id} Version: $LATEST")];
        lines.extend(self.lines);
        lines.extend(note);
        lines.push(format!("END RequestId: {id}"));
        lines.push(report);
        lines
    }
}

/// Returns the answer's document, and a line for the log when the function did not come to an end.
fn conclude(ending: Ending, request_id: &str, function: &Function) -> (Vec<u8>, Option<String>) {
    let (kind, message) = match ending {
        Ending::Result { body, .. } | Ending::Error { body, .. } | Ending::InitError { body } => {
            return (body, None);
        }
        Ending::TimedOut { .. } => (
            "Sandbox.Timedout",
            format!("Task timed out after {}.00 seconds", function.timeout),
        ),
        Ending::OutOfMemory => (
            "Runtime.OutOfMemory",
            "Runtime exited with error: signal: killed".to_owned(),
        ),
        Ending::Exited(status) => (
            "Runtime.ExitError",
            format!("Runtime exited with error: {}", exit_reason(status)),
        ),
        Ending::Broken(error) => (
            "Runtime.Unknown",
            format!("the local engine cannot run the function: {error}"),
        ),
    };
    let document = json!({
        "errorType": kind,
        "errorMessage": format!("RequestId: {request_id} Error: {message}"),
    });
    let note = format!("RequestId: {request_id} Error: {message}");
    (document.to_string().into_bytes(), Some(note))
}

fn exit_reason(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit status {code}"),
        (None, Some(9)) => "signal: killed".to_owned(),
        (None, Some(15)) => "signal: terminated".to_owned(),
        (None, Some(11)) => "signal: segmentation fault".to_owned(),
        (None, signal) => format!("signal: {}", signal.unwrap_or_default()),
    }
}

fn response_too_large() -> Vec<u8> {
    let message = format!(
        "Response payload size exceeded maximum allowed payload size ({LARGEST_RESPONSE} bytes)."
    );
    let document = json!({
        "errorType": "Function.ResponseSizeTooLarge",
        "errorMessage": message,
    });
    document.to_string().into_bytes()
}

fn check_payload(payload: &[u8]) -> Result<(), ApiError> {
    if payload.len() > LARGEST_REQUEST {
        return Err(ApiError::with_status(
            StatusCode::PAYLOAD_TOO_LARGE,
            "RequestTooLargeException",
            format!(
                "Request must be smaller than {LARGEST_REQUEST} bytes for the InvokeFunction operation"
            ),
        ));
    }
    if payload.is_empty() {
        return Ok(());
    }
    match serde_json::from_slice::<IgnoredAny>(payload) {
        Ok(_) => Ok(()),
        Err(error) => Err(ApiError::client(
            "InvalidRequestContentException",
            format!("Could not parse request body into json: {error}"),
        )),
    }
}

/// Returns the last bytes of the log, from the beginning of a character.
fn tail(lines: &[String]) -> String {
    let mut text = lines.join("\n");
    text.push('\n');
    let mut start = text.len().saturating_sub(TAIL);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    text.split_off(start)
}
