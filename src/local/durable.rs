//! State that survives a kill: one JSON file, replaced atomically on every change.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Where a value is kept, and when it is written.
#[derive(Debug, Clone)]
pub struct Place {
    path: PathBuf,
    deferred: bool,
}

impl Place {
    /// A file that is written only when it is asked for, by [`Durable::save`].
    pub fn deferred(path: PathBuf) -> Self {
        let deferred = true;
        Self { path, deferred }
    }
}

impl From<PathBuf> for Place {
    /// A file that is written with every change.
    fn from(path: PathBuf) -> Self {
        let deferred = false;
        Self { path, deferred }
    }
}

/// A value kept in memory and in one JSON file that is always either the old or the new state.
#[derive(Debug)]
pub struct Durable<T> {
    place: Place,
    value: Mutex<T>,
}

impl<T: Default + Clone + Serialize + DeserializeOwned> Durable<T> {
    /// Opens the file at `path`, or starts with the default value when there is none.
    ///
    /// # Errors
    /// The file cannot be read, or does not hold a `T`.
    pub fn open(place: impl Into<Place>) -> io::Result<Self> {
        let place = place.into();
        let path = &place.path;
        let value = match fs::read(path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| {
                io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("{} is damaged: {error}", path.display()),
                )
            })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => T::default(),
            Err(error) => return Err(error),
        };
        Ok(Self {
            place,
            value: Mutex::new(value),
        })
    }

    /// Looks at the value.
    pub fn read<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        look(&self.lock())
    }

    /// Changes the value, and returns once the change is on disk, unless writing is deferred. The change is dropped when `change`
    /// or the write fails.
    ///
    /// # Errors
    /// `change` failed, or the file could not be written (converted by `E: From<io::Error>`).
    pub fn write<R, E: From<io::Error>>(
        &self,
        change: impl FnOnce(&mut T) -> Result<R, E>,
    ) -> Result<R, E> {
        let mut guard = self.lock();
        let mut next = guard.clone();
        let result = change(&mut next)?;
        if !self.place.deferred {
            replace_file(
                &self.place.path,
                &serde_json::to_vec(&next).map_err(io::Error::from)?,
            )?;
        }
        *guard = next;
        Ok(result)
    }

    /// Writes the value as it is now.
    ///
    /// # Errors
    /// The file could not be written.
    pub fn save(&self) -> io::Result<()> {
        let bytes = self.read(serde_json::to_vec)?;
        replace_file(&self.place.path, &bytes)
    }

    fn lock(&self) -> MutexGuard<'_, T> {
        // A panic inside a change leaves the old value in place, so a poisoned lock is still whole.
        self.value.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Replaces a file's content atomically and durably: write beside it, sync, rename, sync the folder.
///
/// # Errors
/// The folder cannot be made or written to, for example because the disk is full.
pub fn replace_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_there_after_opening_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/state.json");
        let state: Durable<Vec<u32>> = Durable::open(path.clone()).unwrap();
        state
            .write(|list| {
                list.push(7);
                Ok::<_, io::Error>(())
            })
            .unwrap();
        let again: Durable<Vec<u32>> = Durable::open(path.clone()).unwrap();
        assert_eq!(again.read(Clone::clone), vec![7]);
    }

    #[test]
    fn a_failed_change_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        let state: Durable<Vec<u32>> = Durable::open(path.clone()).unwrap();
        let result: io::Result<()> = state.write(|list| {
            list.push(7);
            Err(io::Error::other("no"))
        });
        assert!(result.is_err());
        assert!(state.read(Vec::is_empty));
        assert!(!path.exists());
    }

    #[test]
    fn a_deferred_change_is_written_when_it_is_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        let state: Durable<Vec<u32>> = Durable::open(Place::deferred(path.clone())).unwrap();
        let changed = state.write(|list| {
            list.push(7);
            Ok::<_, io::Error>(())
        });
        changed.unwrap();
        assert!(!path.exists());
        state.save().unwrap();
        let again: Durable<Vec<u32>> = Durable::open(path).unwrap();
        assert_eq!(again.read(Clone::clone), vec![7]);
    }

    #[test]
    fn a_damaged_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        fs::write(&path, "{").unwrap();
        let error = Durable::<Vec<u32>>::open(path).unwrap_err();
        assert!(
            error.to_string().contains("state.json is damaged"),
            "{error}"
        );
    }
}
