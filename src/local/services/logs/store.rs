//! Groups and streams as folders and files.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::LogsFault;
use super::stream::{self, Event, StreamFile};
use crate::local::durable::replace_file;

/// Days that a retention may have.
const RETENTIONS: [u64; 23] = [
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653, 0,
];

/// All groups below one folder.
pub(super) struct Store {
    folder: PathBuf,
    /// Held while files change.
    changing: Mutex<()>,
}

/// What is known of a group; kept in `group.json`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Group {
    pub(super) name: String,
    pub(super) created: i64,
    pub(super) retention_days: Option<u64>,
    pub(super) tags: BTreeMap<String, String>,
    /// Which resource of which stack it is; empty when it is none.
    pub(super) owner: String,
}

impl Store {
    pub(super) fn open(folder: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(&folder)?;
        Ok(Self {
            folder,
            changing: Mutex::new(()),
        })
    }

    /// Makes a group for `owner`.
    pub(super) fn create_group(&self, name: &str, owner: &str, now: i64) -> Result<(), LogsFault> {
        check("logGroupName", name, 512)?;
        let _changing = self.lock();
        if self.group_file(name).exists() {
            return Err(LogsFault::Exists("group"));
        }
        let group = Group {
            name: name.into(),
            created: now,
            owner: owner.into(),
            ..Group::default()
        };
        self.write_group(&group)
    }

    pub(super) fn group(&self, name: &str) -> Result<Group, LogsFault> {
        read_group(&self.group_file(name))?.ok_or(LogsFault::Missing("group"))
    }

    pub(super) fn change_group(
        &self,
        name: &str,
        change: impl FnOnce(&mut Group),
    ) -> Result<(), LogsFault> {
        let _changing = self.lock();
        let mut group = self.group(name)?;
        change(&mut group);
        if group
            .retention_days
            .is_some_and(|days| days == 0 || !RETENTIONS.contains(&days))
        {
            return Err(LogsFault::Invalid(format!(
                "{} days is no retention that CloudWatch Logs has",
                group.retention_days.unwrap_or_default()
            )));
        }
        self.write_group(&group)
    }

    pub(super) fn delete_group(&self, name: &str) -> Result<(), LogsFault> {
        let _changing = self.lock();
        self.group(name)?;
        let folder = self.group_folder(name);
        // Without its description the group is gone, whatever happens to the rest.
        fs::remove_file(self.group_file(name))?;
        Ok(fs::remove_dir_all(folder)?)
    }

    /// Returns the groups whose name begins with `prefix`, by name.
    pub(super) fn groups(&self, prefix: &str) -> Result<Vec<Group>, LogsFault> {
        let mut groups = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            if let Some(group) = read_group(&entry?.path().join("group.json"))?
                && group.name.starts_with(prefix)
            {
                groups.push(group);
            }
        }
        groups.sort_by(|left, right| left.name.cmp(&right.name));
        Ok(groups)
    }

    pub(super) fn create_stream(&self, group: &str, name: &str, now: i64) -> Result<(), LogsFault> {
        check("logStreamName", name, 512)?;
        let _changing = self.lock();
        self.group(group)?;
        let path = self.stream_file(group, name);
        if path.exists() {
            return Err(LogsFault::Exists("stream"));
        }
        Ok(stream::create(&path, name, now)?)
    }

    pub(super) fn delete_stream(&self, group: &str, name: &str) -> Result<(), LogsFault> {
        let _changing = self.lock();
        self.stream(group, name)?;
        Ok(fs::remove_file(self.stream_file(group, name))?)
    }

    /// Returns the stream's file, for reading.
    pub(super) fn stream(&self, group: &str, name: &str) -> Result<StreamFile, LogsFault> {
        self.group(group)?;
        StreamFile::open(&self.stream_file(group, name))?.ok_or(LogsFault::Missing("stream"))
    }

    /// Returns the streams of a group whose name begins with `prefix`, by name.
    pub(super) fn streams(&self, group: &str, prefix: &str) -> Result<Vec<StreamFile>, LogsFault> {
        self.group(group)?;
        let mut streams = Vec::new();
        for entry in fs::read_dir(self.group_folder(group))? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "log")
                && let Some(stream) = StreamFile::open(&path)?
                && stream.name.starts_with(prefix)
            {
                streams.push(stream);
            }
        }
        streams.sort_by(|left, right| left.name.cmp(&right.name));
        Ok(streams)
    }

    /// Appends events to a stream, which is made when it is absent.
    pub(super) fn append(
        &self,
        group: &str,
        name: &str,
        events: &[(i64, &str)],
        now: i64,
    ) -> Result<(), LogsFault> {
        check("logStreamName", name, 512)?;
        let _changing = self.lock();
        let path = self.stream_file(group, name);
        if !path.exists() {
            stream::create(&path, name, now)?;
        }
        let events: Vec<Event> = events
            .iter()
            .map(|(time, message)| Event {
                time: *time,
                taken: now,
                message: (*message).to_owned(),
            })
            .collect();
        Ok(stream::append(&path, &events)?)
    }

    fn write_group(&self, group: &Group) -> Result<(), LogsFault> {
        let bytes = serde_json::to_vec(group).map_err(io::Error::from)?;
        Ok(replace_file(&self.group_file(&group.name), &bytes)?)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, ()> {
        self.changing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn group_folder(&self, name: &str) -> PathBuf {
        self.folder.join(file_name(name))
    }

    fn group_file(&self, name: &str) -> PathBuf {
        self.group_folder(name).join("group.json")
    }

    fn stream_file(&self, group: &str, name: &str) -> PathBuf {
        self.group_folder(group)
            .join(format!("{}.log", file_name(name)))
    }
}

fn read_group(path: &Path) -> io::Result<Option<Group>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Turns a name into a file name that is readable and belongs to no other name.
fn file_name(name: &str) -> String {
    let readable: String = name
        .chars()
        .map(|letter| {
            if letter.is_ascii_alphanumeric() || letter == '-' {
                letter
            } else {
                '_'
            }
        })
        .take(60)
        .collect();
    let digest = hex::encode(Sha256::digest(name.as_bytes()));
    format!("{readable}-{}", &digest[..16])
}

fn check(parameter: &str, name: &str, longest: usize) -> Result<(), LogsFault> {
    let group = parameter == "logGroupName";
    let valid = |letter: char| {
        if group {
            letter.is_ascii_alphanumeric() || "_-/.#".contains(letter)
        } else {
            !matches!(letter, ':' | '*') && !letter.is_control()
        }
    };
    if !name.is_empty() && name.len() <= longest && name.chars().all(valid) {
        return Ok(());
    }
    Err(LogsFault::Invalid(format!(
        "1 validation error detected: Value '{name}' at '{parameter}' failed to satisfy constraint: \
         1 to {longest} characters of those that are allowed"
    )))
}
