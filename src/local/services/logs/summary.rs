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
    /// Tells the newest lines of each group, up to `count` of each so that a busy one leaves room for the
    /// others; oldest first.
    ///
    /// # Errors
    /// The files cannot be read.
    pub(crate) fn newest(&self, count: usize) -> Result<Vec<LineSummary>, LogsFault> {
        let mut all = Vec::new();
        for group in self.store.groups("")? {
            let mut lines = Vec::new();
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
            lines.sort_by_key(|line| line.time);
            let first = lines.len().saturating_sub(count);
            all.extend(lines.drain(first..));
        }
        all.sort_by_key(|line| line.time);
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::clock::Clock;

    #[test]
    fn a_busy_group_leaves_room_for_the_others() {
        let folder = tempfile::tempdir().unwrap();
        let logs = Logs::open(
            folder.path().join("logs"),
            "000000000000".into(),
            Clock::start(),
        )
        .unwrap();
        logs.put("/quiet", "s", &["once".to_owned()]).unwrap();
        let long = "x".repeat(40);
        for number in 0..1_000 {
            logs.put("/busy", "s", &[format!("{number} {long}")])
                .unwrap();
        }
        let lines = logs.newest(3).unwrap();
        let texts: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
        assert!(texts.contains(&"once"), "{texts:?}");
        assert_eq!(texts.len(), 4);
        assert!(
            texts.iter().any(|text| text.starts_with("999 ")),
            "{texts:?}"
        );
    }
}
