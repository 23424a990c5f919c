//! Hands log lines to the log service, in order and without making callers wait.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::WriteLog;

/// Invocations whose output may wait to be written; beyond that the newest is dropped.
const QUEUE: usize = 4096;

struct Batch {
    group: String,
    stream: String,
    lines: Vec<String>,
}

/// The queue of output on its way to the log service.
#[derive(Debug, Clone)]
pub(in crate::local::services) struct LogQueue {
    sender: mpsc::Sender<Batch>,
}

impl LogQueue {
    /// Starts the one task that writes; it ends with the last sender.
    pub(in crate::local::services) fn start(write: WriteLog) -> Self {
        let (sender, mut receiver) = mpsc::channel::<Batch>(QUEUE);
        tokio::spawn(async move {
            while let Some(batch) = receiver.recv().await {
                let write = Arc::clone(&write);
                let written = tokio::task::spawn_blocking(move || {
                    write(&batch.group, &batch.stream, &batch.lines)
                });
                // As on AWS, a function works on when its log group is gone or cannot be written.
                let _ = written.await;
            }
        });
        Self { sender }
    }

    /// Queues lines; they are lost when the log service is thousands of invocations behind.
    pub(in crate::local::services) fn put(&self, group: &str, stream: &str, lines: Vec<String>) {
        let batch = Batch {
            group: group.to_owned(),
            stream: stream.to_owned(),
            lines,
        };
        // A full queue must not stop functions.
        let _ = self.sender.try_send(batch);
    }
}
