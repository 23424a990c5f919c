//! The engine's folder in a project: record, lock, credentials, log.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};

use super::super::context::Project;
use crate::local::Credentials;
use crate::local::durable::replace_file;

/// The engine's folder.
#[derive(Debug, Clone)]
pub(super) struct Folder {
    path: PathBuf,
}

/// What a running engine says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    /// Process id.
    pub(super) pid: i32,
    /// Base URL.
    pub(super) url: String,
    /// What it was started with; another one means that it has to be started anew.
    pub(super) settings: String,
}

impl Folder {
    /// Names the folder of a project; it need not exist.
    pub(super) fn of(project: &Project) -> Self {
        Self::at(project.root.join(".deploy").join("local"))
    }

    /// Names a folder.
    pub(super) fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// The folder itself.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The file that the engine logs to.
    pub(super) fn log(&self) -> PathBuf {
        self.path.join("engine.log")
    }

    /// The file that takes what the engine's process prints, such as why it did not start.
    pub(super) fn printed(&self) -> PathBuf {
        self.path.join("engine.out")
    }

    /// The AWS credentials file.
    pub(super) fn credentials_file(&self) -> PathBuf {
        self.path.join("credentials")
    }

    /// Takes the lock that an engine holds while it runs; `None` when another process has it.
    pub(super) fn lock(&self) -> io::Result<Option<File>> {
        fs::create_dir_all(&self.path)?;
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(self.path.join("lock"))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(file)),
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether an engine runs.
    pub(super) fn is_locked(&self) -> io::Result<bool> {
        if !self.path.join("lock").exists() {
            return Ok(false);
        }
        Ok(self.lock()?.is_none())
    }

    /// Reads the record of the running engine; `None` when there is none (yet).
    pub(super) fn record(&self) -> io::Result<Option<Record>> {
        match fs::read(self.path.join("engine.json")) {
            Ok(bytes) => Ok(serde_json::from_slice(&bytes).ok()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes the record.
    pub(super) fn write_record(&self, record: &Record) -> io::Result<()> {
        replace_file(
            &self.path.join("engine.json"),
            &serde_json::to_vec_pretty(record)?,
        )
    }

    /// Removes the record of an engine that ends.
    pub(super) fn remove_record(&self) -> io::Result<()> {
        match fs::remove_file(self.path.join("engine.json")) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Reads the credentials that the engine accepts, making them on first use.
    pub(super) fn credentials(&self) -> io::Result<Credentials> {
        let path = self.credentials_file();
        match fs::read_to_string(&path) {
            Ok(text) => {
                return parse(&text).ok_or_else(|| {
                    io::Error::new(
                        io::ErrorKind::InvalidData,
                        format!("{} is damaged", path.display()),
                    )
                });
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        fs::create_dir_all(&self.path)?;
        let credentials = random_credentials()?;
        let text = format!(
            "[default]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
            credentials.access_key, credentials.secret_key
        );
        let file = OpenOptions::new()
            .create_new(true)
            .write(true)
            .mode(0o600)
            .open(&path);
        match file {
            Ok(mut file) => {
                io::Write::write_all(&mut file, text.as_bytes())?;
                Ok(credentials)
            }
            // Another command made them meanwhile.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let text = fs::read_to_string(&path)?;
                parse(&text).ok_or_else(|| io::ErrorKind::InvalidData.into())
            }
            Err(error) => Err(error),
        }
    }

    /// Writes the file that leads a browser to an address which nobody else is to know.
    pub(super) fn lead_to(&self, address: &str) -> io::Result<PathBuf> {
        let path = self.path.join("open.html");
        let page = format!(
            "<!doctype html><meta charset=\"utf-8\"><title>deploy: local engine</title>\
             <meta http-equiv=\"refresh\" content=\"0; url={address}\">\n"
        );
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(true)
            .write(true)
            .mode(0o600)
            .open(&path)?;
        io::Write::write_all(&mut file, page.as_bytes())?;
        Ok(path)
    }

    /// Removes the folder, and `.deploy` when it is empty then.
    pub(super) fn remove(&self) -> io::Result<()> {
        match fs::remove_dir_all(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        if let Some(parent) = self.path.parent() {
            match fs::remove_dir(parent) {
                Err(error)
                    if error.kind() != io::ErrorKind::NotFound
                        && error.kind() != io::ErrorKind::DirectoryNotEmpty =>
                {
                    return Err(error);
                }
                _ => {}
            }
        }
        Ok(())
    }
}

fn parse(text: &str) -> Option<Credentials> {
    let value = |name: &str| {
        text.lines().find_map(|line| {
            let (key, value) = line.split_once('=')?;
            (key.trim() == name).then(|| value.trim().to_owned())
        })
    };
    Some(Credentials {
        access_key: value("aws_access_key_id")?,
        secret_key: value("aws_secret_access_key")?,
    })
}

/// Makes a key that nobody else on this machine can guess. The form is that of AWS keys, since
/// clients check it.
fn random_credentials() -> io::Result<Credentials> {
    let mut bytes = [0_u8; 28];
    io::Read::read_exact(&mut File::open("/dev/urandom")?, &mut bytes)?;
    let text = hex::encode_upper(bytes);
    Ok(Credentials {
        access_key: format!("AKIA{}", &text[..16]),
        secret_key: text[16..56].to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn credentials_and_the_page_s_address_are_read_by_the_user_only() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::at(place.path().join("local"));
        let first = folder.credentials().unwrap();
        assert_eq!(folder.credentials().unwrap(), first);
        assert_eq!(first.access_key.len(), 20);
        let mode = fs::metadata(folder.credentials_file())
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o077, 0);
        let page = folder.lead_to("http://127.0.0.1:1/?key=x").unwrap();
        assert_eq!(fs::metadata(&page).unwrap().permissions().mode() & 0o077, 0);
        let text = fs::read_to_string(page).unwrap();
        assert!(text.contains("url=http://127.0.0.1:1/?key=x\""), "{text}");
    }

    #[test]
    fn one_process_holds_the_lock() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::at(place.path().join("local"));
        assert!(!folder.is_locked().unwrap());
        let held = folder.lock().unwrap();
        assert!(held.is_some());
        assert!(folder.is_locked().unwrap());
        drop(held);
        assert!(!folder.is_locked().unwrap());
    }

    #[test]
    fn removing_takes_the_empty_parent_too() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::at(place.path().join(".deploy/local"));
        folder.credentials().unwrap();
        folder.remove().unwrap();
        folder.remove().unwrap();
        assert!(!place.path().join(".deploy").exists());
    }
}
