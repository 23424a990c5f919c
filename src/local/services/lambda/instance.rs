//! One process that runs a function's handler, from its cold start to its end.

use std::io;
use std::path::Path;
use std::process::ExitStatus;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use super::connection::{Connection, Frame};
use super::memory;
use super::model::Function;
use crate::local::ids::uuid;
use crate::local::runner::{Launch, Process};

/// Name of the runtime script in the working folder.
pub(super) const SHIM_FILE: &str = "lambda_runtime.py";

/// The runtime script.
pub(super) const SHIM: &str = include_str!("../../python/lambda_runtime.py");

/// Time that a function has for its start besides its own timeout, as on AWS.
const INIT_LIMIT: Duration = Duration::from_secs(10);

/// Time to wait for the mark that ends an invocation's output, once the answer is there.
const MARK_LIMIT: Duration = Duration::from_secs(1);

/// Marks the end of an invocation's output on standard output.
const MARK: char = '\u{1e}';

/// Lines kept of one invocation; what a function prints beyond that is dropped.
const MOST_LINES: usize = 10_000;

/// A warm process.
#[derive(Debug)]
pub(super) struct Instance {
    process: Process,
    connection: Connection,
    output: Arc<Output>,
    /// Log stream of everything that this process prints.
    pub(super) stream: String,
    /// Time that the start took; taken by the first invocation, which reports it.
    pub(super) init: Option<Duration>,
}

/// How a start or an invocation ended.
#[derive(Debug)]
pub(super) enum Ending {
    /// The handler returned; memory in MiB.
    Result { body: Vec<u8>, memory: u64 },
    /// The handler raised; the body is the error document.
    Error { body: Vec<u8>, memory: u64 },
    /// The handler could not be loaded; the body is the error document.
    InitError { body: Vec<u8> },
    /// The process ended by itself.
    Exited(ExitStatus),
    /// The time was over; memory in MiB.
    TimedOut { memory: u64 },
    /// The process used more memory than the function has, and was ended.
    OutOfMemory,
    /// The engine could not start or reach the process.
    Broken(io::Error),
}

/// What an instance is started from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Start<'a> {
    pub(super) function: &'a Function,
    pub(super) interpreter: &'a Path,
    pub(super) work: &'a Path,
    pub(super) environment: &'a [(String, String)],
    /// Day for the log stream's name, e.g. `2026/01/31`.
    pub(super) day: &'a str,
}

/// What ended a start, with what the process printed until then.
#[derive(Debug)]
pub(super) struct StartFailure {
    pub(super) ending: Ending,
    pub(super) stream: String,
    pub(super) lines: Vec<String>,
}

impl Instance {
    /// Starts a process and waits until its handler is loaded.
    ///
    /// # Errors
    /// The handler cannot be loaded, or the process ended or took too long.
    pub(super) async fn start(start: Start<'_>) -> Result<Self, StartFailure> {
        let output = Arc::new(Output::default());
        let stream = format!("{}/[$LATEST]{}", start.day, uuid().replace('-', ""));
        let failure = |ending| StartFailure {
            ending,
            stream: stream.clone(),
            lines: output.take(),
        };
        let began = Instant::now();
        let (process, listener, token) = match spawn(&start, &stream, &output).await {
            Ok(spawned) => spawned,
            Err(error) => return Err(failure(Ending::Broken(error))),
        };
        let limit = INIT_LIMIT.max(Duration::from_secs(start.function.timeout.into()));
        let connected = timeout(limit, async {
            tokio::select! {
                connected = connect(&listener, &token) => connected.map_err(Ending::Broken),
                status = process.wait() => Err(Ending::Exited(status)),
                () = memory::exceeded(process.id(), start.function.memory) => Err(Ending::OutOfMemory),
            }
        })
        .await;
        let (connection, frame) = match connected {
            Ok(Ok(connected)) => connected,
            // The process may have died while it was being talked to: its status says more.
            Ok(Err(Ending::Broken(error))) => {
                let ending = match timeout(MARK_LIMIT, process.wait()).await {
                    Ok(status) => Ending::Exited(status),
                    Err(_) => Ending::Broken(error),
                };
                return Err(failure(ending));
            }
            Ok(Err(ending)) => return Err(failure(ending)),
            Err(_) => {
                let memory = memory::most_used(process.id()).unwrap_or_default();
                return Err(failure(Ending::TimedOut { memory }));
            }
        };
        output.wait_for_mark("init").await;
        if frame.header.kind != "ready" {
            return Err(failure(Ending::InitError { body: frame.body }));
        }
        Ok(Self {
            process,
            connection,
            output,
            stream,
            init: Some(began.elapsed()),
        })
    }

    /// Runs the handler once. After any ending but a result or an error the instance is of no more use.
    pub(super) async fn call(
        &mut self,
        request_id: &str,
        function: &Function,
        payload: &[u8],
    ) -> Ending {
        let limit = Duration::from_secs(function.timeout.into());
        let header = json!({
            "request_id": request_id,
            "function_arn": function.arn(),
            "remaining_ms": u64::from(function.timeout) * 1000,
        });
        let process = self.process.id();
        let answer = timeout(limit, exchange(&mut self.connection, &header, payload));
        let ended = tokio::select! {
            ended = answer => ended,
            () = memory::exceeded(process, function.memory) => return Ending::OutOfMemory,
        };
        match ended {
            Err(_) => Ending::TimedOut {
                memory: memory::most_used(process).unwrap_or_default(),
            },
            Ok(Ok(frame)) => {
                self.output.wait_for_mark(request_id).await;
                let memory = frame.header.memory_mb;
                // It came between two looks.
                if memory::is_limited() && memory > u64::from(function.memory) {
                    return Ending::OutOfMemory;
                }
                match frame.header.kind.as_str() {
                    "result" => Ending::Result {
                        body: frame.body,
                        memory,
                    },
                    _ => Ending::Error {
                        body: frame.body,
                        memory,
                    },
                }
            }
            // The connection is gone; nearly always because the process is.
            Ok(Err(error)) => match timeout(limit, self.process.wait()).await {
                Ok(status) => Ending::Exited(status),
                Err(_) => Ending::Broken(error),
            },
        }
    }

    /// Returns what the process printed since the last call of this method.
    pub(super) fn take_lines(&self) -> Vec<String> {
        self.output.take()
    }

    /// Tells whether the process can still be called.
    pub(super) fn is_alive(&self) -> bool {
        !self.process.has_ended()
    }
}

async fn exchange(
    connection: &mut Connection,
    header: &Value,
    payload: &[u8],
) -> io::Result<Frame> {
    connection.send(header, payload).await?;
    connection.receive().await
}

async fn connect(listener: &TcpListener, token: &str) -> io::Result<(Connection, Frame)> {
    let mut connection = Connection::accept(listener, token).await?;
    let frame = connection.receive().await?;
    Ok((connection, frame))
}

async fn spawn(
    start: &Start<'_>,
    stream: &str,
    output: &Arc<Output>,
) -> io::Result<(Process, TcpListener, String)> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let token = uuid();
    let mut launch = launch(start, stream);
    launch.environment.extend([
        (
            "DEPLOY_RUNTIME_ADDRESS".to_owned(),
            listener.local_addr()?.to_string(),
        ),
        ("DEPLOY_RUNTIME_TOKEN".to_owned(), token.clone()),
    ]);
    let output = Arc::clone(output);
    let process = Process::spawn(&launch, move |line| output.line(&line))?;
    Ok((process, listener, token))
}

/// Describes the process: the environment that Lambda promises, the function's own variables over the
/// engine's, and Lambda's reserved ones over both.
fn launch(start: &Start<'_>, stream: &str) -> Launch {
    let function = start.function;
    let folder = super::code_folder(start.work).join(&function.code.folder);
    let task_root = folder.to_string_lossy().into_owned();
    let mut environment = start.environment.to_vec();
    let own = function.environment.iter();
    environment.extend(own.map(|(name, value)| (name.clone(), value.clone())));
    if let Some(level) = &function.logging.level {
        environment.push(("AWS_LAMBDA_LOG_LEVEL".to_owned(), level.clone()));
    }
    let reserved = [
        ("AWS_LAMBDA_FUNCTION_NAME", function.name.clone()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
        (
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
            function.memory.to_string(),
        ),
        ("AWS_LAMBDA_LOG_GROUP_NAME", function.logging.group.clone()),
        ("AWS_LAMBDA_LOG_STREAM_NAME", stream.to_owned()),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
        (
            "AWS_EXECUTION_ENV",
            format!("AWS_Lambda_{}", function.runtime),
        ),
        ("AWS_REGION", function.region.clone()),
        ("AWS_DEFAULT_REGION", function.region.clone()),
        ("LAMBDA_TASK_ROOT", task_root.clone()),
        (
            "LAMBDA_RUNTIME_DIR",
            start.work.to_string_lossy().into_owned(),
        ),
        ("PYTHONPATH", task_root),
        ("_HANDLER", function.handler.clone()),
        ("TZ", ":UTC".to_owned()),
    ];
    environment.extend(reserved.map(|(name, value)| (name.to_owned(), value)));
    Launch {
        program: start.interpreter.to_owned(),
        arguments: vec![
            "-u".to_owned(),
            start.work.join(SHIM_FILE).to_string_lossy().into_owned(),
        ],
        environment,
        folder,
    }
}

/// What a process prints, cut at the marks.
#[derive(Debug)]
struct Output {
    lines: Mutex<Vec<String>>,
    marks: watch::Sender<String>,
}

impl Default for Output {
    fn default() -> Self {
        Self {
            lines: Mutex::default(),
            marks: watch::Sender::new(String::new()),
        }
    }
}

impl Output {
    fn line(&self, line: &str) {
        // A handler that printed no line end has its last words before the mark.
        let (text, mark) = match line.split_once(MARK) {
            Some((text, mark)) => (text, Some(mark)),
            None => (line, None),
        };
        if mark.is_none() || !text.is_empty() {
            let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
            if lines.len() < MOST_LINES {
                lines.push(text.to_owned());
            }
        }
        if let Some(mark) = mark {
            self.marks.send_replace(mark.to_owned());
        }
    }

    async fn wait_for_mark(&self, mark: &str) {
        let mut marks = self.marks.subscribe();
        // A handler that closed its standard output never sends the mark; its answer counts all the same.
        let _ = timeout(MARK_LIMIT, marks.wait_for(|seen| seen == mark)).await;
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.lines.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
