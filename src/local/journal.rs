//! The engine's own log file, bounded in size.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::clock::Clock;

/// Size at which the file is set aside as `<name>.1` and begun anew, in bytes.
const LIMIT: u64 = 4 * 1024 * 1024;

/// Appends lines with the time to one file; the two newest pieces of at most 4 MiB are kept.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    clock: Clock,
    open: Mutex<Piece>,
}

#[derive(Debug)]
struct Piece {
    file: File,
    size: u64,
}

impl Journal {
    /// Opens the log at `path` for appending.
    ///
    /// # Errors
    /// The folder or the file cannot be made.
    pub fn open(path: impl Into<PathBuf>, clock: Clock) -> io::Result<Self> {
        let path = path.into();
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let open = Mutex::new(Piece::open(&path)?);
        Ok(Self { path, clock, open })
    }

    /// Writes one line. A log that cannot be written never stops the engine: the line is lost.
    pub fn line(&self, text: &str) {
        let line = format!("{} {}\n", self.clock.iso8601(), text.replace('\n', "\\n"));
        let mut piece = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if piece.size > LIMIT
            && fs::rename(&self.path, self.path.with_extension("log.1")).is_ok()
            && let Ok(next) = Piece::open(&self.path)
        {
            *piece = next;
        }
        if piece.file.write_all(line.as_bytes()).is_ok() {
            piece.size += line.len() as u64;
        }
    }
}

impl Piece {
    fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        let size = file.metadata()?.len();
        Ok(Self { file, size })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_file_stays_bounded_and_lines_stay_single() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("engine.log");
        let journal = Journal::open(&path, Clock::start()).unwrap();
        journal.line("first\nsecond");
        assert!(
            fs::read_to_string(&path)
                .unwrap()
                .ends_with("Z first\\nsecond\n")
        );
        let long = "x".repeat(1024 * 1024);
        for _ in 0..12 {
            journal.line(&long);
        }
        assert!(fs::metadata(&path).unwrap().len() < LIMIT + 2 * 1024 * 1024);
        assert!(folder.path().join("engine.log.1").exists());
    }
}
