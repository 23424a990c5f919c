//! Splits a file into records, and puts records into requests.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use bytes::Bytes;

use super::request::{Split, Strategy, TransformRequest};

/// The requests of one file, in order, few in memory at a time.
pub(super) struct Batches {
    reader: BufReader<File>,
    split: Split,
    strategy: Strategy,
    limit: usize,
    /// A record that did not fit into the last request any more.
    waiting: Option<Vec<u8>>,
}

impl Batches {
    /// Opens a file.
    pub(super) fn open(path: &Path, request: &TransformRequest) -> io::Result<Self> {
        Ok(Self {
            reader: BufReader::with_capacity(256 * 1024, File::open(path)?),
            split: request.split,
            strategy: request.strategy,
            limit: request.max_payload(),
            waiting: None,
        })
    }

    /// The next record; `None` at the end. Empty lines are none.
    fn record(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            let mut record = Vec::new();
            // One byte more than fits tells a record that is too large, however large it is.
            let room = self.limit as u64 + 2;
            let read = match self.split {
                Split::Line => self
                    .reader
                    .by_ref()
                    .take(room)
                    .read_until(b'\n', &mut record)?,
                Split::None => self.reader.by_ref().take(room).read_to_end(&mut record)?,
            };
            if read == 0 {
                return Ok(None);
            }
            if self.split == Split::Line {
                let line = record.strip_suffix(b"\n").unwrap_or(&record);
                let length = line.strip_suffix(b"\r").unwrap_or(line).len();
                record.truncate(length);
            }
            if record.len() > self.limit {
                let why = "a record is larger than MaxPayloadInMB";
                return Err(io::Error::new(io::ErrorKind::InvalidData, why));
            }
            if !record.is_empty() {
                return Ok(Some(record));
            }
        }
    }

    fn batch(&mut self) -> io::Result<Option<Bytes>> {
        let first = match self.waiting.take() {
            Some(record) => Some(record),
            None => self.record()?,
        };
        let Some(mut batch) = first else {
            return Ok(None);
        };
        if self.strategy == Strategy::Multi && self.split == Split::Line {
            while let Some(record) = self.record()? {
                if batch.len() + 1 + record.len() > self.limit {
                    self.waiting = Some(record);
                    break;
                }
                batch.push(b'\n');
                batch.extend_from_slice(&record);
            }
        }
        Ok(Some(batch.into()))
    }
}

/// How many records a request has; none of them holds the end of a line where lines are split.
pub(super) fn records(split: Split, request: &[u8]) -> u64 {
    match split {
        Split::None => 1,
        Split::Line => {
            let ends = request.iter().filter(|byte| **byte == b'\n');
            1 + ends.count() as u64
        }
    }
}

impl Iterator for Batches {
    type Item = io::Result<Bytes>;

    fn next(&mut self) -> Option<Self::Item> {
        self.batch().transpose()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::transform_request;
    use super::*;

    fn batches(text: &str, split: &str, strategy: &str) -> Vec<io::Result<Bytes>> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let mut input = transform_request("job");
        input["TransformInput"]["SplitType"] = json!(split);
        input["BatchStrategy"] = json!(strategy);
        input["MaxPayloadInMB"] = json!(1);
        let request = TransformRequest::read(&input).unwrap();
        Batches::open(file.path(), &request).unwrap().collect()
    }

    fn good(text: &str, split: &str, strategy: &str) -> Vec<Bytes> {
        batches(text, split, strategy)
            .into_iter()
            .map(Result::unwrap)
            .collect()
    }

    #[test]
    fn a_request_has_a_line_many_lines_or_the_whole_file() {
        let text = "a\r\nb\n\nc";
        assert_eq!(good(text, "Line", "SingleRecord"), ["a", "b", "c"]);
        assert_eq!(good(text, "Line", "MultiRecord"), ["a\nb\nc"]);
        assert_eq!(good(text, "None", "SingleRecord"), [text]);
        assert!(good("", "Line", "MultiRecord").is_empty());
        assert_eq!(records(Split::Line, b"a"), 1);
        assert_eq!(records(Split::Line, b"a\nb\nc"), 3);
        assert_eq!(records(Split::None, text.as_bytes()), 1);
    }

    #[test]
    fn no_request_is_larger_than_it_may_be() {
        let line = "x".repeat(400 * 1024);
        let text = [line.as_str(); 5].join("\n");
        let sizes: Vec<usize> = good(&text, "Line", "MultiRecord")
            .iter()
            .map(Bytes::len)
            .collect();
        assert_eq!(sizes, [819_201, 819_201, 409_600]);
        let edge = "x".repeat(1024 * 1024);
        assert_eq!(
            good(&format!("{edge}\r\na"), "Line", "SingleRecord").len(),
            2
        );
        for split in ["Line", "None"] {
            let all = batches(&format!("{edge}x"), split, "SingleRecord");
            assert!(
                all[0]
                    .as_ref()
                    .unwrap_err()
                    .to_string()
                    .contains("MaxPayloadInMB")
            );
        }
    }
}
