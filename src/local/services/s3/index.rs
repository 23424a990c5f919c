//! Everything S3 knows but the bytes, and the changes that it can go through.
//!
//! A change is applied the same way when it happens and when the journal is replayed.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::fault::S3Fault;
use super::model::{Bucket, Content, Part, Upload, Version};

/// All buckets.
#[derive(Debug, Default)]
pub(super) struct Index {
    buckets: BTreeMap<String, BucketState>,
}

/// A bucket with what it holds.
#[derive(Debug, Default)]
pub(super) struct BucketState {
    pub(super) bucket: Bucket,
    /// Versions by key, newest first; never an empty list.
    pub(super) objects: BTreeMap<String, Vec<Version>>,
    /// Uploads in progress by id.
    pub(super) uploads: BTreeMap<String, Upload>,
}

/// One change of the index.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Change {
    /// Makes a bucket, or replaces its settings.
    SetBucket { name: String, bucket: Box<Bucket> },
    /// Removes an empty bucket.
    DropBucket { name: String },
    /// Adds a version as the newest; one with the same id is replaced.
    AddVersion {
        bucket: String,
        key: String,
        version: Box<Version>,
    },
    /// Removes one version.
    DropVersion {
        bucket: String,
        key: String,
        id: String,
    },
    /// Starts an upload.
    StartUpload {
        bucket: String,
        id: String,
        upload: Box<Upload>,
    },
    /// Adds or replaces a part.
    SetPart {
        bucket: String,
        upload: String,
        number: u16,
        part: Part,
    },
    /// Ends an upload, completed or aborted.
    DropUpload { bucket: String, id: String },
}

impl Index {
    /// Finds a bucket.
    ///
    /// # Errors
    /// `NoSuchBucket`.
    pub(super) fn bucket(&self, name: &str) -> Result<&BucketState, S3Fault> {
        self.buckets.get(name).ok_or(S3Fault::NoSuchBucket)
    }

    /// Returns every bucket by name.
    pub(super) fn buckets(&self) -> &BTreeMap<String, BucketState> {
        &self.buckets
    }

    /// Applies a change and returns the blobs that nothing refers to any more.
    ///
    /// A change of something that is gone changes nothing: the journal may repeat itself.
    pub(super) fn apply(&mut self, change: Change) -> Vec<String> {
        match change {
            Change::SetBucket { name, bucket } => {
                self.buckets.entry(name).or_default().bucket = *bucket;
                Vec::new()
            }
            Change::DropBucket { name } => self
                .buckets
                .remove(&name)
                .map_or_else(Vec::new, |state| state.blobs().map(str::to_owned).collect()),
            Change::AddVersion {
                bucket,
                key,
                version,
            } => self
                .change(&bucket, |state| state.add_version(key, *version))
                .unwrap_or_default(),
            Change::DropVersion { bucket, key, id } => self
                .change(&bucket, |state| state.drop_version(&key, &id))
                .unwrap_or_default(),
            Change::StartUpload { bucket, id, upload } => {
                self.change(&bucket, |state| state.uploads.insert(id, *upload));
                Vec::new()
            }
            Change::SetPart {
                bucket,
                upload,
                number,
                part,
            } => self
                .change(&bucket, |state| state.set_part(&upload, number, part))
                .unwrap_or_default(),
            Change::DropUpload { bucket, id } => self
                .change(&bucket, |state| state.drop_upload(&id))
                .unwrap_or_default(),
        }
    }

    /// Returns changes that build this index from nothing.
    pub(super) fn snapshot(&self) -> Vec<Change> {
        let mut changes = Vec::new();
        for (name, state) in &self.buckets {
            changes.push(Change::SetBucket {
                name: name.clone(),
                bucket: Box::new(state.bucket.clone()),
            });
            for (key, versions) in &state.objects {
                changes.extend(versions.iter().rev().map(|version| Change::AddVersion {
                    bucket: name.clone(),
                    key: key.clone(),
                    version: Box::new(version.clone()),
                }));
            }
            for (id, upload) in &state.uploads {
                changes.push(Change::StartUpload {
                    bucket: name.clone(),
                    id: id.clone(),
                    upload: Box::new(upload.clone()),
                });
            }
        }
        changes
    }

    /// Returns every blob in use.
    pub(super) fn blobs(&self) -> BTreeSet<&str> {
        self.buckets.values().flat_map(BucketState::blobs).collect()
    }

    fn change<R>(&mut self, bucket: &str, change: impl FnOnce(&mut BucketState) -> R) -> Option<R> {
        self.buckets.get_mut(bucket).map(change)
    }
}

impl BucketState {
    /// Returns the newest version of a key, which may be a delete marker.
    pub(super) fn newest(&self, key: &str) -> Option<&Version> {
        self.objects.get(key)?.first()
    }

    /// Returns the present object of a key: its newest version unless that is a delete marker.
    pub(super) fn present(&self, key: &str) -> Option<&Content> {
        self.newest(key)?.content.as_ref()
    }

    /// Finds an object's content, the present one or that of a version.
    ///
    /// # Errors
    /// `NoSuchKey`, `NoSuchVersion`, or `MethodNotAllowed` for a delete marker's own version id.
    pub(super) fn find(
        &self,
        key: &str,
        version_id: Option<&str>,
    ) -> Result<(&Version, &Content), S3Fault> {
        let version = match version_id {
            None => self
                .newest(key)
                .ok_or(S3Fault::NoSuchKey { hidden_by: None })?,
            Some(id) => self
                .objects
                .get(key)
                .and_then(|versions| versions.iter().find(|version| version.id == id))
                .ok_or(S3Fault::NoSuchVersion)?,
        };
        match (&version.content, version_id) {
            (Some(content), _) => Ok((version, content)),
            (None, None) => Err(S3Fault::NoSuchKey {
                hidden_by: Some(version.id.clone()),
            }),
            (None, Some(_)) => Err(S3Fault::refused(
                axum::http::StatusCode::METHOD_NOT_ALLOWED,
                "MethodNotAllowed",
                "The specified method is not allowed against this resource.",
            )),
        }
    }

    /// Finds an upload of a key.
    ///
    /// # Errors
    /// `NoSuchUpload`.
    pub(super) fn upload(&self, key: &str, id: &str) -> Result<&Upload, S3Fault> {
        self.uploads
            .get(id)
            .filter(|upload| upload.key == key)
            .ok_or(S3Fault::NoSuchUpload)
    }

    fn add_version(&mut self, key: String, version: Version) -> Vec<String> {
        let dropped = self.drop_version(&key, &version.id);
        self.objects.entry(key).or_default().insert(0, version);
        dropped
    }

    fn drop_version(&mut self, key: &str, id: &str) -> Vec<String> {
        let Some(versions) = self.objects.get_mut(key) else {
            return Vec::new();
        };
        let Some(place) = versions.iter().position(|version| version.id == id) else {
            return Vec::new();
        };
        let version = versions.remove(place);
        if versions.is_empty() {
            self.objects.remove(key);
        }
        version
            .content
            .map(|content| content.blob)
            .into_iter()
            .collect()
    }

    fn set_part(&mut self, upload: &str, number: u16, part: Part) -> Vec<String> {
        match self.uploads.get_mut(upload) {
            Some(upload) => upload
                .parts
                .insert(number, part)
                .map(|old| old.blob)
                .into_iter()
                .collect(),
            None => vec![part.blob],
        }
    }

    fn drop_upload(&mut self, id: &str) -> Vec<String> {
        let parts = self.uploads.remove(id).map(|upload| upload.parts);
        parts
            .into_iter()
            .flat_map(BTreeMap::into_values)
            .map(|part| part.blob)
            .collect()
    }

    fn blobs(&self) -> impl Iterator<Item = &str> {
        let versions = self.objects.values().flatten();
        let contents = versions.filter_map(|version| version.content.as_ref());
        let parts = self
            .uploads
            .values()
            .flat_map(|upload| upload.parts.values());
        contents
            .map(|content| content.blob.as_str())
            .chain(parts.map(|part| part.blob.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::services::s3::checksum::Sums;
    use crate::local::services::s3::model::Headers;

    fn add(id: &str, blob: &str) -> Change {
        Change::AddVersion {
            bucket: "b".to_owned(),
            key: "k".to_owned(),
            version: Box::new(Version {
                id: id.to_owned(),
                modified: 0,
                content: Some(Content {
                    blob: blob.to_owned(),
                    size: 1,
                    etag: "e".to_owned(),
                    sums: Sums::default(),
                    headers: Headers::default(),
                }),
            }),
        }
    }

    fn index() -> Index {
        let mut index = Index::default();
        index.apply(Change::SetBucket {
            name: "b".to_owned(),
            bucket: Box::default(),
        });
        index
    }

    #[test]
    fn a_version_with_the_same_id_replaces_and_frees_the_blob() {
        let mut index = index();
        assert!(index.apply(add("null", "one")).is_empty());
        assert_eq!(index.apply(add("null", "two")), vec!["one"]);
        assert_eq!(index.blobs(), BTreeSet::from(["two"]));
    }

    #[test]
    fn a_snapshot_builds_the_same_order_of_versions() {
        let mut index = index();
        for (id, blob) in [("v1", "one"), ("v2", "two"), ("v3", "three")] {
            index.apply(add(id, blob));
        }
        let mut again = Index::default();
        for change in index.snapshot() {
            again.apply(change);
        }
        let order = |index: &Index| -> Vec<String> {
            let versions = &index.bucket("b").unwrap().objects["k"];
            versions.iter().map(|version| version.id.clone()).collect()
        };
        assert_eq!(order(&again), vec!["v3", "v2", "v1"]);
        assert_eq!(order(&again), order(&index));
    }
}
