//! Index, journal and blobs together: the one place where S3's state changes.

use std::io;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::blobs::Blobs;
use super::fault::S3Fault;
use super::index::{Change, Index};
use super::journal::Journal;

/// S3's state.
#[derive(Debug)]
pub(super) struct Store {
    state: Mutex<State>,
    pub(super) blobs: Blobs,
}

#[derive(Debug)]
struct State {
    index: Index,
    journal: Journal,
}

impl Store {
    /// Opens the state in `folder`, making it when it is absent.
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        let blobs = Blobs::open(folder)?;
        let (journal, index) = Journal::open(&folder.join("journal.jsonl"))?;
        blobs.sweep(&index.blobs())?;
        Ok(Self {
            state: Mutex::new(State { index, journal }),
            blobs,
        })
    }

    /// Looks at the index.
    pub(super) fn read<R>(&self, look: impl FnOnce(&Index) -> R) -> R {
        look(&self.lock().index)
    }

    /// Decides on changes while nobody else can, and makes them durable before it returns.
    ///
    /// Conditions that `decide` checks therefore hold when its changes apply: of several conditional
    /// requests exactly one wins.
    ///
    /// # Errors
    /// `decide` failed, or the journal could not be written; nothing changed then.
    pub(super) fn commit<R>(
        &self,
        decide: impl FnOnce(&Index) -> Result<(Vec<Change>, R), S3Fault>,
    ) -> Result<R, S3Fault> {
        let mut freed = Vec::new();
        let mut state = self.lock();
        let (changes, result) = decide(&state.index)?;
        if !changes.is_empty() {
            state.journal.append(&changes)?;
        }
        for change in changes {
            freed.extend(state.index.apply(change));
        }
        drop(state);
        for blob in &freed {
            self.blobs.remove(blob);
        }
        Ok(result)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Changes apply only after everything that can panic or fail, so a poisoned lock is still whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
