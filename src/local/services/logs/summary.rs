//! What the engine's page tells of logs: their newest lines.

use super::{Logs, LogsFault};

/// Bytes at the end of each stream in which new lines are looked for.
const END: u64 = 16 * 1024;

/// A line of a log.
pub(crate) struct LineSummary {
    /// Milliseconds since the Unix epoch.
    pub(crate) time: i64,
    pub(crate) group: String,
    pub(crate) text: String,
}

impl Logs {
    /// Tells the newest lines of all groups, oldest first.
    ///
    /// # Errors
    /// The files cannot be read.
    pub(crate) fn newest(&self, count: usize) -> Result<Vec<LineSummary>, LogsFault> {
        let mut lines = Vec::new();
        for group in self.store.groups("")? {
            for stream in self.store.streams(&group.name, "")? {
                let from = stream.size()?.saturating_sub(END);
                // What begins in the middle of a line is no event, and is passed over.
                stream.scan(from, |placed| {
                    lines.push(LineSummary {
                        time: placed.event.time,
                        group: group.name.clone(),
                        text: placed.event.message,
                    });
                    true
                })?;
            }
        }
        lines.sort_by_key(|line| line.time);
        let first = lines.len().saturating_sub(count);
        Ok(lines.split_off(first))
    }
}
