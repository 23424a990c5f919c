//! One stream: a file of JSON lines, the first of which names the stream.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// A stream that can be read.
#[derive(Debug, Clone)]
pub(super) struct StreamFile {
    pub(super) name: String,
    pub(super) created: i64,
    path: PathBuf,
    /// Where the first event begins, in bytes.
    start: u64,
}

/// One event; the short names are those of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Event {
    /// When it happened, in milliseconds since the Unix epoch.
    #[serde(rename = "t")]
    pub(super) time: i64,
    /// When it was taken in.
    #[serde(rename = "i")]
    pub(super) taken: i64,
    #[serde(rename = "m")]
    pub(super) message: String,
}

/// An event and where its line ends in the file.
#[derive(Debug, Clone)]
pub(super) struct Placed {
    pub(super) event: Event,
    pub(super) begins: u64,
    pub(super) ends: u64,
}

#[derive(Serialize, Deserialize)]
struct Header {
    stream: String,
    created: i64,
}

/// Makes an empty stream.
pub(super) fn create(path: &Path, name: &str, now: i64) -> io::Result<()> {
    let header = serde_json::to_string(&Header {
        stream: name.to_owned(),
        created: now,
    })?;
    crate::local::durable::replace_file(path, format!("{header}\n").as_bytes())
}

/// Appends events in one write.
pub(super) fn append(path: &Path, events: &[Event]) -> io::Result<()> {
    let mut file = OpenOptions::new().read(true).append(true).open(path)?;
    let mut lines = Vec::new();
    // A line that a crash cut off is closed, so that it spoils nothing but itself.
    if file.seek(SeekFrom::End(-1)).is_ok() {
        let mut last = [0];
        file.read_exact(&mut last)?;
        if last != *b"\n" {
            lines.push(b'\n');
        }
    }
    for event in events {
        serde_json::to_writer(&mut lines, event)?;
        lines.push(b'\n');
    }
    file.write_all(&lines)
}

impl StreamFile {
    /// Opens a stream's file; nothing when there is none.
    pub(super) fn open(path: &Path) -> io::Result<Option<Self>> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut line = String::new();
        let start = BufReader::new(file).read_line(&mut line)? as u64;
        let header: Header = serde_json::from_str(&line)?;
        Ok(Some(Self {
            name: header.stream,
            created: header.created,
            path: path.to_owned(),
            start,
        }))
    }

    /// Reads events from the byte `from` on until `take` says no, or the file ends.
    pub(super) fn scan(&self, from: u64, mut take: impl FnMut(Placed) -> bool) -> io::Result<()> {
        let mut file = File::open(&self.path)?;
        let mut begins = from.max(self.start);
        file.seek(SeekFrom::Start(begins))?;
        let mut reader = BufReader::new(file);
        let mut line = Vec::new();
        loop {
            line.clear();
            let length = reader.read_until(b'\n', &mut line)? as u64;
            // The end, or a line that is still being written.
            if !line.ends_with(b"\n") {
                return Ok(());
            }
            let ends = begins + length;
            if let Ok(event) = serde_json::from_slice(&line)
                && !take(Placed {
                    event,
                    begins,
                    ends,
                })
            {
                return Ok(());
            }
            begins = ends;
        }
    }

    /// Returns where the first event begins.
    pub(super) fn start(&self) -> u64 {
        self.start
    }

    /// Returns the size of the file in bytes.
    pub(super) fn size(&self) -> io::Result<u64> {
        Ok(std::fs::metadata(&self.path)?.len())
    }

    /// Returns the first and the last event.
    pub(super) fn ends(&self) -> io::Result<Option<(Event, Event)>> {
        /// More than the longest event takes, so that one block from the end holds a whole one.
        const BLOCK: u64 = 1024 * 1024;
        let mut first = None;
        self.scan(0, |placed| {
            first = Some(placed.event);
            false
        })?;
        let Some(first) = first else {
            return Ok(None);
        };
        let mut last = first.clone();
        let from = self.size()?.saturating_sub(BLOCK);
        self.scan(from, |placed| {
            last = placed.event;
            true
        })?;
        Ok(Some((first, last)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(time: i64, message: &str) -> Event {
        Event {
            time,
            taken: time,
            message: message.into(),
        }
    }

    fn all(path: &Path) -> Vec<String> {
        let mut found = Vec::new();
        let stream = StreamFile::open(path).unwrap().unwrap();
        stream
            .scan(0, |placed| {
                found.push(placed.event.message);
                true
            })
            .unwrap();
        found
    }

    #[test]
    fn a_line_cut_off_by_a_crash_spoils_only_itself() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.log");
        create(&path, "s", 1).unwrap();
        append(&path, &[event(1, "one\ntwo")]).unwrap();
        OpenOptions::new()
            .append(true)
            .open(&path)
            .unwrap()
            .write_all(b"{\"t\":2,\"i\":")
            .unwrap();
        assert_eq!(all(&path), ["one\ntwo"]);
        append(&path, &[event(3, "three")]).unwrap();
        assert_eq!(all(&path), ["one\ntwo", "three"]);
        let stream = StreamFile::open(&path).unwrap().unwrap();
        let (first, last) = stream.ends().unwrap().unwrap();
        assert_eq!((first.time, last.time), (1, 3));
    }
}
