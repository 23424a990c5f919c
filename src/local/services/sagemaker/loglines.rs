//! Sends a process's lines to a log stream in batches, in the order in which they came.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::runtime::Handle;

use super::ports::LogSink;

/// Lines that are sent at once, and the longest time a line waits.
const BATCH: usize = 200;
const DELAY: Duration = Duration::from_millis(200);

/// A log stream that takes single lines.
pub(super) struct LogLines {
    sink: Arc<dyn LogSink>,
    group: String,
    stream: String,
    pending: Mutex<Pending>,
    runtime: Handle,
    this: Weak<Self>,
}

#[derive(Default)]
struct Pending {
    lines: Vec<String>,
    fault: Option<String>,
}

impl LogLines {
    /// Opens the stream. Must be called within a Tokio runtime; tasks send late lines.
    pub(super) fn open(sink: Arc<dyn LogSink>, group: String, stream: String) -> Arc<Self> {
        Arc::new_cyclic(|this| Self {
            sink,
            group,
            stream,
            pending: Mutex::default(),
            runtime: Handle::current(),
            this: Weak::clone(this),
        })
    }

    /// Takes a line. It is in the log within 200 ms.
    pub(super) fn line(&self, line: impl Into<String>) {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        pending.lines.push(line.into());
        if pending.lines.len() >= BATCH {
            self.send(&mut pending);
        } else if pending.lines.len() == 1 {
            // The first of a batch sees to it that none waits too long.
            self.runtime.spawn(send_later(Weak::clone(&self.this)));
        }
    }

    /// Sends what waits, and returns the first reason for which lines were lost, if any were.
    pub(super) fn flush(&self) -> Option<String> {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        self.send(&mut pending);
        pending.fault.clone()
    }

    fn send(&self, pending: &mut Pending) {
        if pending.lines.is_empty() {
            return;
        }
        let result = self.sink.put(&self.group, &self.stream, &pending.lines);
        pending.lines.clear();
        if let Err(error) = result {
            pending.fault.get_or_insert_with(|| error.to_string());
        }
    }
}

impl Drop for LogLines {
    fn drop(&mut self) {
        self.flush();
    }
}

async fn send_later(lines: Weak<LogLines>) {
    tokio::time::sleep(DELAY).await;
    if let Some(lines) = lines.upgrade() {
        lines.flush();
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[derive(Default)]
    struct Sink {
        batches: Mutex<Vec<Vec<String>>>,
        broken: bool,
    }

    impl LogSink for Sink {
        fn put(&self, _: &str, _: &str, messages: &[String]) -> io::Result<()> {
            if self.broken {
                return Err(io::Error::other("disk full"));
            }
            self.batches.lock().unwrap().push(messages.to_vec());
            Ok(())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_line_waits_no_longer_than_the_delay() {
        let sink = Arc::new(Sink::default());
        let lines = LogLines::open(Arc::clone(&sink) as _, "g".into(), "s".into());
        lines.line("a");
        lines.line("b");
        assert!(sink.batches.lock().unwrap().is_empty());
        tokio::time::sleep(DELAY * 2).await;
        assert_eq!(*sink.batches.lock().unwrap(), [["a", "b"]]);
    }

    #[tokio::test(start_paused = true)]
    async fn lost_lines_are_told() {
        let sink = Arc::new(Sink {
            broken: true,
            ..Sink::default()
        });
        let lines = LogLines::open(sink, "g".into(), "s".into());
        lines.line("a");
        assert_eq!(lines.flush().as_deref(), Some("disk full"));
    }
}
