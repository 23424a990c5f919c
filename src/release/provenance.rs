//! How a release came about, and on what evidence.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::id::ReleaseId;
use crate::bundle::Digest;

/// How a release came about.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "how", rename_all = "snake_case")]
pub enum Provenance {
    /// From the working tree, by `deploy up`.
    #[default]
    Deployed,
    /// From a release of another environment.
    Promoted(Box<Promotion>),
    /// From an earlier release of the same environment.
    RolledBack {
        /// Which one.
        to: ReleaseId,
        /// Why, in the user's words or the tool's.
        reason: Option<String>,
    },
}

impl fmt::Display for Provenance {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Deployed => formatter.write_str("deployed"),
            Self::Promoted(promotion) => {
                let Source {
                    environment,
                    release,
                    ..
                } = &promotion.from;
                write!(formatter, "promoted from {environment} {release}")
            }
            Self::RolledBack { to, reason } => {
                write!(formatter, "rolled back to {to}")?;
                match reason {
                    Some(reason) => write!(formatter, " ({reason})"),
                    None => Ok(()),
                }
            }
        }
    }
}

/// What a promotion was made from, and why it was allowed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Promotion {
    /// The release that was taken over.
    pub from: Source,
    /// What was asked of it, and found.
    pub evidence: Vec<Evidence>,
    /// Who approved it.
    pub approvals: Vec<Approval>,
    /// That it is not what the other environment has proven, and why it was promoted all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unproven: Option<Unproven>,
}

impl Promotion {
    /// Adds approvals, one of each person, and says whether there were new ones.
    pub fn approve(&mut self, given: &[Approval]) -> bool {
        let before = self.approvals.len();
        for approval in given {
            if self.approvals.iter().all(|other| other.by != approval.by) {
                self.approvals.push(approval.clone());
            }
        }
        self.approvals.len() > before
    }
}

/// A release of another environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The environment.
    pub environment: String,
    /// Its account.
    pub account: String,
    /// Its region.
    pub region: String,
    /// Its bucket.
    pub bucket: String,
    /// The release.
    pub release: ReleaseId,
    /// SHA-256 of the release's record.
    pub record: Digest,
}

/// One gate: what was asked, and what was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// Name of the gate, e.g. `metric eval_macro_f1`.
    pub gate: String,
    /// What was asked, e.g. `>= 0.88`.
    pub asked: String,
    /// What was found, e.g. `0.891`.
    pub found: String,
    /// Whether that is enough.
    pub passed: bool,
    /// When it was looked at.
    pub at: Timestamp,
}

impl fmt::Display for Evidence {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            gate, asked, found, ..
        } = self;
        write!(formatter, "{gate}: {asked} is asked, {found} was found")
    }
}

/// Somebody's word for a promotion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// Who.
    pub by: String,
    /// How that is known.
    pub means: Means,
    /// When it was looked at.
    pub at: Timestamp,
    /// The signature itself, so that it can be checked again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
}

impl fmt::Display for Approval {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.means {
            Means::Signature(key) => write!(formatter, "{}, signed with {key}", self.by),
            Means::Ci(run) => write!(formatter, "{}, by the word of {run}", self.by),
        }
    }
}

/// How it is known who approved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Means {
    /// By a signature that was checked; this is the fingerprint of the key.
    Signature(String),
    /// By the word of the CI system that ran; this is the address of the run.
    Ci(String),
}

/// That something else is promoted than what was proven.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unproven {
    /// What differs.
    pub differs: Vec<String>,
    /// Why it was promoted all the same, in the user's words.
    pub reason: String,
}
