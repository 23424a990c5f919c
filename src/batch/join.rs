//! Joins the answers of shards with what was asked, in the order of the input.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::error::{BatchError, unreadable, unwritable};
use super::index::{Entries, Entry};
use super::record::WrongLine;
use super::results::{self, Row, Shape};

/// Lines without an answer that are kept to be shown.
const SHOWN: usize = 20;

/// A shard with its answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its name.
    pub name: String,
    /// The requests.
    pub requests: PathBuf,
    /// Where they come from.
    pub index: PathBuf,
    /// The answers, a line for each request, or why there are none.
    pub answers: Result<PathBuf, String>,
}

/// What joining came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Lines with an answer.
    pub answered: u64,
    /// Lines without one.
    pub failed: u64,
    /// The first lines without one.
    pub first_failed: Vec<WrongLine>,
}

/// Writes results, shard after shard.
pub struct Joiner {
    path: PathBuf,
    file: BufWriter<File>,
    shape: Shape,
    tally: Tally,
}

impl Joiner {
    /// Begins a file of results.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn new(path: &Path, shape: Shape) -> Result<Self, BatchError> {
        let file = File::create(path).map_err(unwritable(path))?;
        let mut file = BufWriter::with_capacity(256 * 1024, file);
        results::begin(shape, &mut file).map_err(unwritable(path))?;
        Ok(Self {
            path: path.to_owned(),
            file,
            shape,
            tally: Tally::default(),
        })
    }

    /// Adds the next shard. One whose answers cannot be told apart has none: which answer belongs to which
    /// line would be a guess.
    ///
    /// # Errors
    /// A file cannot be read or written, or requests and index do not belong together.
    pub fn add(&mut self, part: &Part) -> Result<(), BatchError> {
        let damaged = |why: &str| BatchError::Damaged {
            part: part.name.clone(),
            why: why.to_owned(),
        };
        let mut requests = Lines::open(&part.requests)?;
        let mut answers = match &part.answers {
            Err(why) => Err(why.clone()),
            Ok(path) => {
                let (asked, answered) = (count(&part.requests)?, count(path)?);
                if asked == answered {
                    Ok(Lines::open(path)?)
                } else {
                    Err(format!(
                        "the model gave {answered} lines for the {asked} of {}",
                        part.name
                    ))
                }
            }
        };
        let index = File::open(&part.index).map_err(unreadable(&part.index))?;
        let mut entries = Entries::of(BufReader::with_capacity(64 * 1024, index));
        let mut file = String::new();
        while let Some(entry) = entries.next().map_err(unreadable(&part.index))? {
            let (line, id, text, answer) = match entry {
                Entry::File(name) => {
                    file = name;
                    continue;
                }
                Entry::Wrong(line, why) => (line, Value::Null, None, Err(why)),
                Entry::Request(line, id) => {
                    let request = requests
                        .next()?
                        .ok_or_else(|| damaged("a request is missing"))?;
                    let text = text(request).ok_or_else(|| damaged("a line is no request"))?;
                    let answer = match &mut answers {
                        Err(why) => Err(why.clone()),
                        Ok(lines) => lines
                            .next()?
                            .ok_or_else(|| damaged("an answer is missing"))
                            .map(answer)?,
                    };
                    (line, id, Some(text), answer)
                }
            };
            self.row(Row {
                file: &file,
                line,
                id,
                text,
                answer,
            })?;
        }
        match requests.next()? {
            None => Ok(()),
            Some(_) => Err(damaged("a request is in no index")),
        }
    }

    fn row(&mut self, row: Row<'_>) -> Result<(), BatchError> {
        match &row.answer {
            Ok(_) => self.tally.answered += 1,
            Err(why) => {
                self.tally.failed += 1;
                if self.tally.first_failed.len() < SHOWN {
                    self.tally.first_failed.push(WrongLine {
                        file: row.file.to_owned(),
                        line: row.line,
                        why: why.clone(),
                    });
                }
            }
        }
        results::write(self.shape, row, &mut self.file).map_err(unwritable(&self.path))
    }

    /// Ends the file.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn finish(mut self) -> Result<Tally, BatchError> {
        self.file.flush().map_err(unwritable(&self.path))?;
        Ok(self.tally)
    }
}

/// The text of a request.
fn text(request: &str) -> Option<String> {
    let mut request: Value = serde_json::from_str(request).ok()?;
    match request.get_mut("inputs").map(Value::take) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    }
}

/// What the model answered in a line.
fn answer(line: &str) -> Result<Value, String> {
    serde_json::from_str(line).map_err(|error| format!("the answer is no JSON: {error}"))
}

/// The lines of a file that are not empty.
struct Lines {
    path: PathBuf,
    reader: BufReader<File>,
    line: String,
}

impl Lines {
    fn open(path: &Path) -> Result<Self, BatchError> {
        let file = File::open(path).map_err(unreadable(path))?;
        Ok(Self {
            path: path.to_owned(),
            reader: BufReader::with_capacity(256 * 1024, file),
            line: String::new(),
        })
    }

    fn next(&mut self) -> Result<Option<&str>, BatchError> {
        loop {
            self.line.clear();
            let read = self.reader.read_line(&mut self.line);
            if read.map_err(unreadable(&self.path))? == 0 {
                return Ok(None);
            }
            if !self.line.trim().is_empty() {
                // Borrowed anew: the borrow of a line that is returned would last over the loop.
                return Ok(Some(self.line.trim()));
            }
        }
    }
}

/// Counts the lines of a file that are not empty.
fn count(path: &Path) -> Result<u64, BatchError> {
    let mut lines = Counter::default();
    let mut file = File::open(path).map_err(unreadable(path))?;
    io::copy(&mut file, &mut lines).map_err(unreadable(path))?;
    Ok(lines.ended + u64::from(lines.open))
}

/// Counts lines that are written to it.
#[derive(Default)]
struct Counter {
    ended: u64,
    /// Whether the last line has anything in it.
    open: bool,
}

impl Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for byte in bytes {
            if *byte == b'\n' {
                self.ended += u64::from(std::mem::take(&mut self.open));
            } else {
                self.open |= !byte.is_ascii_whitespace();
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
