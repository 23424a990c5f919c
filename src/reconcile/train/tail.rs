//! The log of a job as it grows: told line by line, its last lines kept.

use super::super::Session;
use super::super::progress::Event;
use super::meter::Meter;
use crate::cloud::logs::{LogPage, Streams};

/// Lines of a failed job's log that are kept.
const LOG_LINES: usize = 30;
/// After so many looks it is looked for streams of further hosts.
const LOOKS: usize = 5;

/// The end of a log, and where to read on.
pub(in super::super) struct Tail {
    /// Where to read on.
    pub(in super::super) cursor: Option<String>,
    /// The last lines.
    pub(in super::super) lines: Vec<String>,
    meter: Meter,
    told: fn(String) -> Event,
    hosts: Vec<String>,
    looks: usize,
}

impl Tail {
    /// The log of a training job.
    pub(super) fn new(meter: Meter) -> Self {
        Self {
            meter,
            ..Self::told_as(|line| Event::TrainingLine { line })
        }
    }

    /// A log whose lines are told as such events.
    pub(in super::super) fn told_as(told: fn(String) -> Event) -> Self {
        Self {
            cursor: None,
            lines: Vec::new(),
            meter: Meter::default(),
            told,
            hosts: Vec::new(),
            looks: 0,
        }
    }

    /// Which streams to read: those of hosts that are new are looked for when the job has entered another
    /// status, and every few looks.
    pub(in super::super) fn streams(&mut self, moved: bool) -> Streams {
        self.looks += 1;
        if moved || self.looks.is_multiple_of(LOOKS) {
            Streams::New
        } else {
            Streams::Known
        }
    }

    /// Takes new lines; whether there were any.
    pub(in super::super) fn take(&mut self, session: &Session, page: LogPage) -> bool {
        if page.cursor.is_some() {
            self.cursor = page.cursor;
        }
        let some = !page.lines.is_empty();
        for line in page.lines {
            if !self.hosts.contains(&line.host) {
                self.hosts.push(line.host.clone());
            }
            let values = self.meter.values(&line.text);
            let line = if self.hosts.len() > 1 {
                format!("[{}] {}", line.host, line.text)
            } else {
                line.text
            };
            session.observer.event((self.told)(line.clone()));
            for (name, value) in values {
                session
                    .observer
                    .event(Event::TrainingMetric { name, value });
            }
            self.lines.push(line);
        }
        let surplus = self.lines.len().saturating_sub(LOG_LINES);
        self.lines.drain(..surplus);
        some
    }
}
