//! What was proven to serve, as data: releases, what a promotion says about itself, and pins.
//!
//! Purpose: one immutable record of each successful deployment, from which it can be told, repeated or
//! taken to another environment. Input: digests, metrics and evidence. Output: a [`Release`] or a [`Pin`],
//! and their texts. Must not know: clouds, plans, clocks, the terminal.

mod approval;
mod id;
mod pin;
mod provenance;
mod record;

pub use approval::{NAMESPACE, NoSignature, Signed, Signers, UnusableSigners, statement};
pub use id::{NoReleaseId, ReleaseId};
pub use pin::{Pin, UnreadablePin};
pub use provenance::{Approval, Evidence, Means, Promotion, Provenance, Source, Unproven};
pub use record::{Artifact, Model, Object, Recorded, Release, Stacks, Template, UnreadableRelease};

/// The tag of stacks, and of what they are made of, that names the release.
pub const RELEASE_TAG: &str = "deploy:release";

#[cfg(test)]
pub(crate) mod testing;
