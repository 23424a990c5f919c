//! The index on disk: an append-only file of changes, one batch a line.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use super::index::{Change, Index};
use crate::local::durable::replace_file;

/// Lines beyond which a journal is written anew at the start, if most of it is history.
const COMPACT_ABOVE: usize = 2_000;

/// An open journal.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    file: File,
    /// Bytes that are known to be whole.
    length: u64,
    /// Set when a failed write could not be taken back.
    broken: bool,
}

impl Journal {
    /// Opens the journal and rebuilds the index. A last line cut off by a crash is dropped: its batch
    /// was never acknowledged.
    ///
    /// # Errors
    /// The file cannot be read or written, or a line that is not the last is damaged.
    pub(super) fn open(path: &Path) -> io::Result<(Self, Index)> {
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(path)?;
        let (index, lines, length) = replay(&file, path)?;
        if length < file.metadata()?.len() {
            file.set_len(length)?;
            file.sync_all()?;
        }
        let snapshot = index.snapshot();
        let mut length = length;
        if lines > COMPACT_ABOVE && lines > 2 * snapshot.len() {
            let text = snapshot
                .iter()
                .map(|change| line(std::slice::from_ref(change)))
                .collect::<io::Result<Vec<_>>>()?
                .concat();
            replace_file(path, &text)?;
            length = text.len() as u64;
            file = OpenOptions::new().append(true).open(path)?;
        }
        let journal = Self {
            path: path.to_owned(),
            file,
            length,
            broken: false,
        };
        Ok((journal, index))
    }

    /// Appends a batch, and returns once it is on disk: all of it or, on an error, nothing.
    pub(super) fn append(&mut self, batch: &[Change]) -> io::Result<()> {
        if self.broken {
            return Err(io::Error::other(format!(
                "an earlier write to {} failed half-way; restart the engine",
                self.path.display()
            )));
        }
        let text = line(batch)?;
        let written = self
            .file
            .write_all(&text)
            .and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            self.broken = self.file.set_len(self.length).is_err();
            return Err(error);
        }
        self.length += text.len() as u64;
        Ok(())
    }
}

fn line(batch: &[Change]) -> io::Result<Vec<u8>> {
    let mut text = serde_json::to_vec(batch)?;
    text.push(b'\n');
    Ok(text)
}

/// Returns the index, the number of whole lines and their length in bytes.
fn replay(file: &File, path: &Path) -> io::Result<(Index, usize, u64)> {
    let mut reader = BufReader::new(file);
    let mut index = Index::default();
    let (mut lines, mut length) = (0, 0);
    let mut text = Vec::new();
    loop {
        text.clear();
        let read = reader.read_until(b'\n', &mut text)?;
        if read == 0 || text.last() != Some(&b'\n') {
            return Ok((index, lines, length));
        }
        let batch: Vec<Change> = serde_json::from_slice(&text).map_err(|error| {
            let reason = format!(
                "{} is damaged in line {}: {error}",
                path.display(),
                lines + 1
            );
            io::Error::new(io::ErrorKind::InvalidData, reason)
        })?;
        for change in batch {
            index.apply(change);
        }
        lines += 1;
        length += read as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn make(name: &str) -> Change {
        Change::SetBucket {
            name: name.to_owned(),
            bucket: Box::default(),
        }
    }

    #[test]
    fn a_line_cut_off_by_a_crash_is_dropped_and_the_rest_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let (mut journal, _) = Journal::open(&path).unwrap();
        journal.append(&[make("one")]).unwrap();
        journal.append(&[make("two"), make("three")]).unwrap();
        drop(journal);
        let whole = fs::read(&path).unwrap();
        fs::write(&path, &whole[..whole.len() - 3]).unwrap();
        let (mut journal, index) = Journal::open(&path).unwrap();
        assert_eq!(index.buckets().keys().collect::<Vec<_>>(), vec!["one"]);
        journal.append(&[make("four")]).unwrap();
        let (_, index) = Journal::open(&path).unwrap();
        assert_eq!(
            index.buckets().keys().collect::<Vec<_>>(),
            vec!["four", "one"]
        );
    }

    #[test]
    fn damage_before_the_end_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        fs::write(&path, "[]\nrubbish\n[]\n").unwrap();
        let error = Journal::open(&path).unwrap_err();
        assert!(error.to_string().contains("damaged in line 2"), "{error}");
    }

    #[test]
    fn a_journal_of_mostly_history_is_written_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let batch = line(&[make("one")]).unwrap();
        fs::write(&path, batch.repeat(COMPACT_ABOVE + 1)).unwrap();
        let (_, index) = Journal::open(&path).unwrap();
        assert_eq!(index.buckets().len(), 1);
        assert_eq!(fs::read(&path).unwrap(), batch);
    }
}
