//! A project in a temporary folder, the shipped binary run in it, and tools installed once.

pub(crate) mod project;
pub(crate) mod tools;

use std::path::PathBuf;

/// The repository's root.
pub(crate) fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A folder below Cargo's target folder that outlives a test run.
pub(crate) fn cache() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("cache")
}
