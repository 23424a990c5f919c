//! Shards: the requests of an input, in files small enough to be spread over instances and to be lost alone.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::column::Column;
use super::error::{BatchError, unwritable};
use super::index::Entry;
use super::input::{InputFile, read};
use super::record::{Record, WrongLine};
use crate::bundle::Digest;

/// The most requests of a shard. One that the model refuses costs the answers of all of them.
const MOST_REQUESTS: u64 = 10_000;
/// The most bytes that a shard is closed at.
const MOST_BYTES: u64 = 4 * 1024 * 1024;
/// Shards for each instance that are aimed at, so that none is idle while another has much left.
const FOR_EACH_INSTANCE: u64 = 4;
/// The fewest bytes that a shard is closed at: smaller ones are more trouble than they save.
const FEWEST_BYTES: u64 = 64 * 1024;
/// Lines that cannot be classified that are kept to be shown.
const SHOWN: usize = 20;

/// How an input is prepared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Which column or field has the text; `None` for one of the usual names.
    pub column: Option<Column>,
    /// What becomes of lines that cannot be classified.
    pub wrong_lines: WrongLines,
    /// How many instances share the work.
    pub instances: u32,
}

/// What becomes of lines that cannot be classified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WrongLines {
    /// Nothing is classified until they are mended.
    Refuse,
    /// They are left out, and are in the results with what is wrong with them.
    Skip,
}

/// An input as shards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prepared {
    /// The shards in the order of the input.
    pub shards: Vec<Shard>,
    /// How many texts there are.
    pub texts: u64,
    /// Bytes of all requests.
    pub bytes: u64,
    /// How many lines were left out.
    pub wrong: u64,
    /// The first lines that were left out.
    pub first_wrong: Vec<WrongLine>,
    /// Digest over the requests and where they come from.
    pub digest: Digest,
}

/// A part of an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shard {
    /// Its name without an extension.
    pub name: String,
    /// The requests, as JSON Lines.
    pub requests: Written,
    /// Where they come from.
    pub index: Written,
}

/// A file that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Where it is.
    pub path: PathBuf,
    /// SHA-256 of its bytes.
    pub digest: Digest,
}

/// Writes the requests of an input into files in `folder`.
///
/// # Errors
/// The input cannot be read, has no text, or has lines that cannot be classified and were not to be
/// skipped: then all of it was read, so that all of them are known.
pub fn prepare(
    input: &[InputFile],
    options: &Options,
    folder: &Path,
) -> Result<Prepared, BatchError> {
    let mut writer = Writer::new(folder, limit(input, options.instances));
    for file in input {
        let column = options.column.as_ref();
        read(file, column, &mut |name, line, record| {
            writer.take(name, line, record)
        })?;
    }
    let prepared = writer.finish()?;
    if prepared.wrong > 0 && options.wrong_lines == WrongLines::Refuse {
        return Err(BatchError::WrongLines {
            count: prepared.wrong,
            lines: prepared.wrong + prepared.texts,
            first: prepared.first_wrong,
        });
    }
    if prepared.texts == 0 {
        let names: Vec<&str> = input.iter().map(|file| file.name.as_str()).collect();
        return Err(BatchError::NoTexts(names.join(", ")));
    }
    Ok(prepared)
}

/// The bytes at which a shard is closed: those that give every instance some of the work.
fn limit(input: &[InputFile], instances: u32) -> u64 {
    // A file that cannot be looked at is told of when it is read.
    let size = |file: &InputFile| std::fs::metadata(&file.path).map_or(0, |about| about.len());
    let all: u64 = input.iter().map(size).sum();
    let shards = u64::from(instances.max(1)) * FOR_EACH_INSTANCE;
    (all / shards).clamp(FEWEST_BYTES, MOST_BYTES)
}

/// Writes shards, one after the other.
struct Writer<'a> {
    folder: &'a Path,
    limit: u64,
    open: Option<Open>,
    file: String,
    digest: Sha256,
    prepared: Prepared,
}

/// The shard that is being written.
struct Open {
    name: String,
    requests: Output,
    index: Output,
    count: u64,
    file: String,
}

impl<'a> Writer<'a> {
    fn new(folder: &'a Path, limit: u64) -> Self {
        Self {
            folder,
            limit,
            open: None,
            file: String::new(),
            digest: Sha256::new(),
            prepared: Prepared {
                shards: Vec::new(),
                texts: 0,
                bytes: 0,
                wrong: 0,
                first_wrong: Vec::new(),
                digest: Digest::of_bytes(&[]),
            },
        }
    }

    fn take(
        &mut self,
        file: &str,
        line: u64,
        record: Result<Record, String>,
    ) -> Result<(), BatchError> {
        if self.file != file {
            file.clone_into(&mut self.file);
        }
        let full = |open: &Open| open.count >= MOST_REQUESTS || open.requests.bytes >= self.limit;
        if record.is_ok() && self.open.as_ref().is_some_and(full) {
            self.close()?;
        }
        let open = if let Some(open) = &mut self.open {
            open
        } else {
            let name = format!("part-{:05}", self.prepared.shards.len());
            self.open.insert(Open::new(self.folder, name)?)
        };
        open.from(&self.file)?;
        match record {
            Ok(Record { id, text }) => {
                open.index.entry(&Entry::Request(line, id))?;
                open.requests.request(&text)?;
                open.count += 1;
                self.prepared.texts += 1;
            }
            Err(why) => {
                self.prepared.wrong += 1;
                open.index.entry(&Entry::Wrong(line, why.clone()))?;
                if self.prepared.first_wrong.len() < SHOWN {
                    self.prepared.first_wrong.push(WrongLine {
                        file: file.to_owned(),
                        line,
                        why,
                    });
                }
            }
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), BatchError> {
        let Some(open) = self.open.take() else {
            return Ok(());
        };
        self.prepared.bytes += open.requests.bytes;
        let shard = Shard {
            name: open.name,
            requests: open.requests.finish()?,
            index: open.index.finish()?,
        };
        for part in [&shard.requests, &shard.index] {
            self.digest.update(part.digest.as_str());
        }
        self.prepared.shards.push(shard);
        Ok(())
    }

    fn finish(mut self) -> Result<Prepared, BatchError> {
        self.close()?;
        self.prepared.digest = self.digest.into();
        Ok(self.prepared)
    }
}

impl Open {
    fn new(folder: &Path, name: String) -> Result<Self, BatchError> {
        Ok(Self {
            requests: Output::new(folder.join(format!("{name}.jsonl")))?,
            index: Output::new(folder.join(format!("{name}.index")))?,
            name,
            count: 0,
            file: String::new(),
        })
    }

    /// Says from which file the next entry is, where that is another than before.
    fn from(&mut self, file: &str) -> Result<(), BatchError> {
        if self.file == file {
            return Ok(());
        }
        file.clone_into(&mut self.file);
        self.index.entry(&Entry::File(file.to_owned()))
    }
}

/// A file that is hashed while it is written.
struct Output {
    path: PathBuf,
    file: BufWriter<File>,
    line: Vec<u8>,
    hasher: Sha256,
    bytes: u64,
}

impl Output {
    fn new(path: PathBuf) -> Result<Self, BatchError> {
        let file = File::create(&path).map_err(unwritable(&path))?;
        Ok(Self {
            path,
            file: BufWriter::with_capacity(64 * 1024, file),
            line: Vec::new(),
            hasher: Sha256::new(),
            bytes: 0,
        })
    }

    fn request(&mut self, text: &str) -> Result<(), BatchError> {
        self.line(|line| {
            line.extend_from_slice(b"{\"inputs\":");
            serde_json::to_writer(&mut *line, text)?;
            line.extend_from_slice(b"}\n");
            Ok(())
        })
    }

    fn entry(&mut self, entry: &Entry) -> Result<(), BatchError> {
        self.line(|line| entry.write(line))
    }

    fn line(
        &mut self,
        write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>,
    ) -> Result<(), BatchError> {
        self.line.clear();
        let written = write(&mut self.line).and_then(|()| self.file.write_all(&self.line));
        written.map_err(unwritable(&self.path))?;
        self.hasher.update(&self.line);
        self.bytes += self.line.len() as u64;
        Ok(())
    }

    fn finish(mut self) -> Result<Written, BatchError> {
        self.file.flush().map_err(unwritable(&self.path))?;
        Ok(Written {
            path: self.path,
            digest: self.hasher.into(),
        })
    }
}
