//! Runs a tool to its end under a time limit, with the user's settings for proxies and indexes.

use std::io;
use std::path::Path;
use std::process::ExitStatus;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::timeout;

use super::process::{Inheritance, Launch, Process};

/// Lines of output that are kept for telling why a tool failed.
const KEPT_LINES: usize = 60;

/// A call of a tool.
#[derive(Debug, Clone)]
pub(super) struct Tool<'a> {
    pub(super) program: &'a Path,
    pub(super) arguments: Vec<String>,
    pub(super) environment: Vec<(String, String)>,
    pub(super) folder: &'a Path,
    pub(super) limit: Duration,
}

/// How a tool ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// By itself.
    Exited(ExitStatus),
    /// It was killed after its limit.
    TimedOut,
}

/// The end of a tool, and the last lines it wrote.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) ended: Ended,
    pub(super) lines: Vec<String>,
}

impl Outcome {
    pub(super) fn succeeded(&self) -> bool {
        matches!(&self.ended, Ended::Exited(status) if status.success())
    }
}

/// Runs the tool; its lines go to `progress` as they come. Dropping the future kills the tool.
///
/// # Errors
/// No process can be made. A program that does not exist ends with status 127 instead.
pub(super) async fn run(
    tool: &Tool<'_>,
    progress: &(dyn Fn(&str) + Send + Sync),
) -> io::Result<Outcome> {
    let launch = Launch {
        program: tool.program.to_owned(),
        arguments: tool.arguments.clone(),
        environment: tool.environment.clone(),
        folder: tool.folder.to_owned(),
    };
    let kept = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&kept);
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let process = Process::spawn_with(&launch, Inheritance::Engine, move |line| {
        let mut kept = sink.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() == KEPT_LINES {
            kept.remove(0);
        }
        kept.push(line.clone());
        // Nobody listens once the limit is over; the line is kept all the same.
        let _ = sender.send(line);
    })?;
    let ended = timeout(tool.limit, async {
        while let Some(line) = receiver.recv().await {
            progress(&line);
        }
        process.wait().await
    })
    .await;
    let ended = if let Ok(status) = ended {
        Ended::Exited(status)
    } else {
        process.stop(Duration::from_secs(2)).await;
        Ended::TimedOut
    };
    let lines = std::mem::take(&mut *kept.lock().unwrap_or_else(PoisonError::into_inner));
    Ok(Outcome { ended, lines })
}
