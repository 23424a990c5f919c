//! Who is at work, for others to read, and what can be told of others at work.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Who is at work: what the lock says to everybody else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Worker {
    /// Differs for every run.
    pub id: String,
    /// The user's name.
    pub user: String,
    /// The machine's name.
    pub host: String,
    /// What tells this machine, its start and its process ids apart from all others; empty where that
    /// cannot be told.
    pub machine: String,
    /// The process id.
    pub pid: i32,
    /// When the process began, in the machine's own terms: a process id alone may be used again.
    pub began: String,
}

/// Knows what a run cannot know by itself: the time, and whether a process of this machine is gone.
pub trait Witness: Send + Sync {
    /// The time by this machine's clock.
    fn now(&self) -> Timestamp;

    /// Whether the worker certainly works no more. `false` whenever that cannot be told, as for every
    /// other machine.
    fn is_gone(&self, worker: &Worker) -> bool;
}

/// A worker and its witness.
#[derive(Clone)]
pub struct Station {
    /// Who works here.
    pub worker: Worker,
    /// What it can tell.
    pub witness: Arc<dyn Witness>,
}
