//! The folder of checkpoints, which is filled from the store and then kept the same there.
//!
//! "Use checkpoints in Amazon SageMaker AI" in the developer guide: what is in S3 is copied into the
//! container before the job begins, what is written while it runs is copied out, and what is deleted in
//! the container is deleted in S3. A further job with the same address goes on from there.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::time::sleep;

use super::super::loglines::LogLines;
use super::super::ports::{ObjectStore, S3Uri};

/// Time between two looks at the folder.
const EVERY: Duration = Duration::from_secs(3);

/// The checkpoints of one run.
pub(super) struct Checkpoints {
    store: Arc<dyn ObjectStore>,
    folder: PathBuf,
    address: S3Uri,
    /// What the store has, by path below the folder, as the files were when they were copied.
    stored: BTreeMap<String, Stamp>,
}

/// What changes when a file does.
type Stamp = (u64, SystemTime);

impl Checkpoints {
    /// Fills the folder, which exists, with what the store has at this address.
    ///
    /// # Errors
    /// What the store has cannot be had.
    pub(super) async fn fill(
        store: Arc<dyn ObjectStore>,
        address: S3Uri,
        folder: PathBuf,
    ) -> Result<Self, String> {
        // With the slash, so that addresses that only begin like this one stay out.
        let prefix = address.join("");
        let download = store.download_prefix(&prefix.bucket, &prefix.key, &folder);
        download.await.map_err(|fault| {
            format!("ClientError: Checkpoints cannot be had from {address}: {fault}")
        })?;
        let stored = look(&folder).await?;
        Ok(Self {
            store,
            folder,
            address,
            stored,
        })
    }

    /// Keeps the store the same as the folder for as long as this is waited for. May be given up at any
    /// moment.
    pub(super) async fn keep(&mut self, log: &LogLines) -> Infallible {
        loop {
            sleep(EVERY).await;
            if let Err(reason) = self.save().await {
                log.line(reason);
            }
        }
    }

    /// Makes the store the same as the folder is now.
    ///
    /// # Errors
    /// A file cannot be copied, or the store fails. What was copied before stays.
    pub(super) async fn save(&mut self) -> Result<(), String> {
        let present = look(&self.folder).await?;
        for (name, stamp) in &present {
            if self.stored.get(name) != Some(stamp) && self.put(name).await? {
                self.stored.insert(name.clone(), *stamp);
            }
        }
        let gone: Vec<String> = self.stored.keys().cloned().collect();
        for name in gone.iter().filter(|name| !present.contains_key(*name)) {
            let object = self.address.join(name);
            let deleted = self.store.delete(&object.bucket, &object.key).await;
            deleted.map_err(|fault| format!("The checkpoint {object} stays: {fault}"))?;
            self.stored.remove(name);
        }
        Ok(())
    }

    /// Copies a file into the store; `false` when it was removed meanwhile.
    async fn put(&self, name: &str) -> Result<bool, String> {
        let (object, file) = (self.address.join(name), self.folder.join(name));
        let stored = self.store.put_file(&object.bucket, &object.key, &file);
        match stored.await {
            Ok(()) => Ok(true),
            Err(_) if !file.exists() => Ok(false),
            Err(fault) => Err(format!("The checkpoint {object} is not stored: {fault}")),
        }
    }
}

/// Looks through the folder.
async fn look(folder: &Path) -> Result<BTreeMap<String, Stamp>, String> {
    let root = folder.to_owned();
    let looked = tokio::task::spawn_blocking(move || {
        let mut found = BTreeMap::new();
        collect(&root, "", &mut found).map(|()| found)
    });
    let looked = looked.await.map_err(io::Error::other).flatten();
    looked.map_err(|error| format!("The folder of checkpoints cannot be read: {error}"))
}

/// Collects plain files; links and other things are no checkpoints. What is removed meanwhile is left out.
fn collect(folder: &Path, above: &str, found: &mut BTreeMap<String, Stamp>) -> io::Result<()> {
    let Some(entries) = there(fs::read_dir(folder))? else {
        return Ok(());
    };
    for entry in entries {
        let entry = entry?;
        let Some(data) = there(entry.metadata())? else {
            continue;
        };
        let name = entry.file_name();
        let name = name
            .to_str()
            .ok_or_else(|| io::Error::other(format!("{} is no UTF-8", entry.path().display())))?;
        if data.is_dir() {
            collect(&entry.path(), &format!("{above}{name}/"), found)?;
        } else if data.is_file() {
            found.insert(format!("{above}{name}"), (data.len(), data.modified()?));
        }
    }
    Ok(())
}

/// Takes what is not there any more for nothing.
fn there<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{Folder, Logs};
    use super::*;

    struct Place {
        root: tempfile::TempDir,
        log: Arc<LogLines>,
    }

    impl Place {
        fn new() -> Self {
            let log = LogLines::open(Arc::new(Logs::default()), "g".into(), "s".into());
            let root = tempfile::tempdir().unwrap();
            fs::create_dir(root.path().join("store")).unwrap();
            Self { root, log }
        }

        async fn filled(&self, folder: &str) -> Checkpoints {
            let folder = self.root.path().join(folder);
            fs::create_dir(&folder).unwrap();
            let store = Arc::new(Folder(self.root.path().join("store")));
            let address = S3Uri::parse("s3://bucket/kept/key").unwrap();
            Checkpoints::fill(store, address, folder).await.unwrap()
        }

        fn write(&self, path: &str, text: &str) {
            let path = self.root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }

        fn object(&self, name: &str) -> Option<String> {
            let path = self.root.path().join("store/bucket/kept/key").join(name);
            fs::read_to_string(path).ok()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_store_follows_the_folder_while_the_job_runs() {
        let place = Place::new();
        let mut checkpoints = place.filled("first").await;
        let script = async {
            place.write("first/step-1/weights", "one");
            sleep(EVERY * 2).await;
            assert_eq!(place.object("step-1/weights").as_deref(), Some("one"));
            place.write("first/step-1/weights", "longer");
            place.write("first/step-2/weights", "two");
            sleep(EVERY * 2).await;
            assert_eq!(place.object("step-1/weights").as_deref(), Some("longer"));
            fs::remove_dir_all(place.root.path().join("first/step-1")).unwrap();
            sleep(EVERY * 2).await;
        };
        tokio::select! {
            never = checkpoints.keep(&place.log) => match never {},
            () = script => {}
        }
        assert_eq!(place.object("step-1/weights"), None);
        assert_eq!(place.object("step-2/weights").as_deref(), Some("two"));
    }

    #[tokio::test]
    async fn a_further_job_goes_on_and_may_delete_what_it_found() {
        let place = Place::new();
        place.write("store/bucket/kept/key/step-1/weights", "one");
        place.write("store/bucket/kept/key/last", "1");
        place.write("store/bucket/kept/key-of-another/last", "9");
        let mut checkpoints = place.filled("second").await;
        let found = place.root.path().join("second");
        assert_eq!(
            fs::read_to_string(found.join("step-1/weights")).unwrap(),
            "one"
        );
        assert_eq!(fs::read_dir(&found).unwrap().count(), 2);
        fs::remove_file(found.join("last")).unwrap();
        checkpoints.save().await.unwrap();
        assert_eq!(place.object("last"), None);
        assert_eq!(place.object("step-1/weights").as_deref(), Some("one"));
    }

    #[tokio::test]
    async fn a_link_is_no_checkpoint() {
        let place = Place::new();
        let mut checkpoints = place.filled("third").await;
        place.write("secret", "s");
        let link = place.root.path().join("third/link");
        std::os::unix::fs::symlink(place.root.path().join("secret"), link).unwrap();
        checkpoints.save().await.unwrap();
        assert_eq!(place.object("link"), None);
    }
}
