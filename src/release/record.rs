//! The record of a release.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::id::ReleaseId;
use super::provenance::Provenance;
use crate::bundle::Digest;

/// What was proven to serve in an environment, and how it came about. It is written once, after it was seen
/// to serve, under a name that holds the digest of the text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// The version of the format, [`Release::VERSION`].
    pub version: u32,
    /// Its name.
    pub id: ReleaseId,
    /// The stack.
    pub stack: String,
    /// The environment.
    pub environment: String,
    /// The environment's account.
    pub account: String,
    /// The environment's region.
    pub region: String,
    /// When it was seen to serve.
    pub at: Timestamp,
    /// User and host.
    pub by: String,
    /// Version of the tool.
    pub tool: String,
    /// The release before it.
    pub previous: Option<ReleaseId>,
    /// The model.
    pub model: Model,
    /// The function's archive.
    pub function: Object,
    /// The two CloudFormation stacks.
    pub stacks: Stacks,
    /// Name of the endpoint config that was seen to serve.
    pub endpoint_config: String,
    /// How it came about.
    pub provenance: Provenance,
}

/// A release, and the digest of its record.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// The release.
    pub release: Release,
    /// SHA-256 of the text of its record.
    pub record: Digest,
}

/// A model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// Digest of everything that decided it, or of the archive where it was brought.
    pub training_key: Digest,
    /// The job that trained it, where that is known.
    pub job: Option<String>,
    /// Its `model.tar.gz`.
    pub artifact: Artifact,
    /// Its metrics, by name.
    pub metrics: BTreeMap<String, f64>,
    /// F1 of each class on what the model had not seen, by label; empty where training left no report.
    #[serde(default)]
    pub classes: BTreeMap<String, f64>,
}

/// A model's archive in a bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Artifact {
    /// Key in the bucket.
    pub key: String,
    /// Bytes.
    pub size: u64,
    /// SHA-256.
    pub sha256: Digest,
}

/// An object in the bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Object {
    /// Key in the bucket.
    pub key: String,
    /// SHA-256.
    pub sha256: Digest,
}

/// The two CloudFormation stacks of an environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stacks {
    /// Bucket and roles.
    pub foundation: Template,
    /// Everything that serves.
    pub service: Template,
}

/// A template, and what the stack was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Template {
    /// SHA-256 of the text.
    pub sha256: Digest,
    /// SHA-256 of what the text says: its comments and the order of its maps do not count.
    pub digest: String,
    /// Digest of everything that decides the stack's content, as the stack's own parameter has it.
    pub fingerprint: String,
}

/// Why an object is no record of a release.
#[derive(Debug, thiserror::Error)]
pub enum UnreadableRelease {
    /// It is something else.
    #[error("it is no record of a release")]
    Malformed(#[from] serde_json::Error),
    /// Another version of the tool wrote it.
    #[error("it has version {0} of the format, this deploy reads version {version}", version = Release::VERSION)]
    Version(u64),
    /// It is not what was written under its name.
    #[error("it was changed after it was written: {0}")]
    Tampered(String),
}

impl Template {
    /// Describes a template's text.
    pub fn of(text: &str, digest: &str, fingerprint: &str) -> Self {
        Self {
            sha256: Digest::of_bytes(text.as_bytes()),
            digest: digest.to_owned(),
            fingerprint: fingerprint.to_owned(),
        }
    }

    /// The object that keeps the text.
    pub fn object(&self) -> String {
        format!("{}{}.yaml", Self::FOLDER, self.sha256)
    }

    /// What the keys of these objects begin with.
    pub const FOLDER: &str = "templates/";
}

impl Release {
    /// The version of the format that is read and written.
    pub const VERSION: u32 = 1;
    /// What the keys of all records begin with.
    pub const FOLDER: &str = "releases/";

    /// What the keys of the records of a release begin with. There is one, or, when two runs saw the same
    /// release serve at the same moment, one of each.
    pub fn folder(id: &ReleaseId) -> String {
        format!("{}{id}/", Self::FOLDER)
    }

    /// The name in the key of a record.
    pub fn id_in(key: &str) -> Option<ReleaseId> {
        let (id, _) = key.strip_prefix(Self::FOLDER)?.split_once('/')?;
        id.parse().ok()
    }

    /// What is written, and under which key.
    ///
    /// # Errors
    /// Never for what this crate puts together.
    pub fn object(&self) -> Result<(String, String), serde_json::Error> {
        let text = serde_json::to_string_pretty(self)?;
        let digest = Digest::of_bytes(text.as_bytes());
        let key = format!("{}{digest}.json", Self::folder(&self.id));
        Ok((key, text))
    }

    /// Reads a record, and sees that it is what was written under this key and that its name fits what is
    /// in it.
    ///
    /// # Errors
    /// It is not.
    pub fn read(key: &str, text: &str) -> Result<Recorded, UnreadableRelease> {
        let digest = Digest::of_bytes(text.as_bytes());
        if !key.ends_with(&format!("/{digest}.json")) {
            let why = format!("the SHA-256 of its text is {digest}, its name says another");
            return Err(UnreadableRelease::Tampered(why));
        }
        let value: serde_json::Value = serde_json::from_str(text)?;
        let version = value.get("version").and_then(serde_json::Value::as_u64);
        if let Some(version) = version.filter(|version| *version != u64::from(Self::VERSION)) {
            return Err(UnreadableRelease::Version(version));
        }
        let release: Self = serde_json::from_value(value)?;
        if Self::id_in(key).as_ref() != Some(&release.id) || !release.is_named_by_content() {
            let why = format!("it calls itself {}, which does not fit", release.id);
            return Err(UnreadableRelease::Tampered(why));
        }
        Ok(Recorded {
            release,
            record: digest,
        })
    }

    /// Names what differs from another release, e.g. `model`, `function`; all of it where there is no other.
    pub fn changes_since(&self, other: Option<&Self>) -> Vec<&'static str> {
        const PARTS: [&str; 4] = ["model", "function", "foundation", "service"];
        let before = other.map(Self::parts);
        let parts = PARTS.into_iter().zip(self.parts()).enumerate();
        let changed = parts.filter(|(index, (_, now))| {
            let before = before.as_ref().map(|before| before[*index]);
            before != Some(*now)
        });
        changed.map(|(_, (name, _))| name).collect()
    }

    /// Digests of its parts.
    fn parts(&self) -> [&str; 4] {
        [
            self.model.training_key.as_str(),
            self.function.sha256.as_str(),
            &self.stacks.foundation.digest,
            &self.stacks.service.digest,
        ]
    }

    fn is_named_by_content(&self) -> bool {
        let Stacks {
            foundation,
            service,
        } = &self.stacks;
        let number = self.id.number;
        self.id == ReleaseId::new(number, &foundation.fingerprint, &service.fingerprint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::release::testing::release;

    #[test]
    fn a_record_is_read_as_it_was_written() {
        let release = release(3, "s1");
        let (key, text) = release.object().unwrap();
        assert!(
            key.starts_with(&format!("releases/{}/", release.id)),
            "{key}"
        );
        assert_eq!(Release::id_in(&key), Some(release.id.clone()));
        assert_eq!(Release::read(&key, &text).unwrap().release, release);
    }

    #[test]
    fn whoever_changes_a_record_is_found_out() {
        let release = release(3, "s1");
        let (key, text) = release.object().unwrap();
        let better = text.replace("0.9", "0.99");
        assert_ne!(better, text);
        let error = Release::read(&key, &better).unwrap_err();
        assert!(
            error.to_string().contains("changed after it was written"),
            "{error}"
        );
        // Under a name that fits the text, the stacks give it away.
        let other = text.replace("\"s1\"", "\"s2\"");
        assert_ne!(other, text);
        let renamed = format!(
            "releases/{}/{}.json",
            release.id,
            Digest::of_bytes(other.as_bytes())
        );
        let error = Release::read(&renamed, &other).unwrap_err();
        assert!(error.to_string().contains("does not fit"), "{error}");
        let moved = key.replace("releases/3-", "releases/4-");
        assert!(Release::read(&moved, &text).is_err());
    }

    #[test]
    fn what_differs_from_the_release_before_is_named() {
        let first = release(1, "s1");
        assert_eq!(first.changes_since(None).len(), 4);
        assert!(first.changes_since(Some(&release(2, "s1"))).is_empty());
        let mut second = release(2, "s2");
        second.model.training_key = Digest::of_bytes(b"another");
        second.stacks.service = Template::of("Resources: {a: 1}", "d2", "s2");
        assert_eq!(second.changes_since(Some(&first)), ["model", "service"]);
    }

    #[test]
    fn a_record_of_another_version_is_refused_by_its_number() {
        let later = Release {
            version: 2,
            ..release(1, "s")
        };
        let (key, text) = later.object().unwrap();
        let error = Release::read(&key, &text).unwrap_err();
        assert!(error.to_string().contains("version 2"), "{error}");
    }
}
