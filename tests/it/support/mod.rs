//! A project in a temporary folder, the shipped binary run in it, and tools installed once.

pub(crate) mod engine;
pub(crate) mod http;
pub(crate) mod project;
pub(crate) mod tools;

use std::net::TcpListener;
use std::path::PathBuf;
use std::time::Duration;

/// The repository's root.
pub(crate) fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The stack files that ship with the repository: the one that a bare `deploy up` takes, then the examples.
pub(crate) fn shipped_stacks() -> Vec<PathBuf> {
    let stacks = repository().join("stacks");
    let examples = stacks.join("examples").read_dir().unwrap();
    let mut files: Vec<PathBuf> = examples
        .map(|entry| entry.unwrap().path().join("stack.yaml"))
        .filter(|file| file.is_file())
        .collect();
    files.sort();
    files.insert(0, stacks.join("news-classifier/stack.yaml"));
    files
}

/// A folder below Cargo's target folder that outlives a test run.
pub(crate) fn cache() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("cache")
}

/// A port on loopback that nobody listens on at this moment.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// Waits a moment for another process, which has no signal.
#[expect(
    clippy::disallowed_methods,
    reason = "a test looks at another process, which has no signal"
)]
pub(crate) fn pause() {
    std::thread::sleep(Duration::from_millis(20));
}
