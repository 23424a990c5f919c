//! Makes reality match a plan.
//!
//! Purpose: observes, and carries plans out step by step. Input: [`crate::plan::Desired`], a
//! [`crate::plan::Plan`] and a [`Session`]. Output: events while it works, an [`Outcome`] or a
//! [`ReconcileError`] at the end. It is the only place that waits. Must not know: the SDK, the
//! terminal, YAML, or whether AWS or the local engine answers.
//!
//! There is no state of its own: the stacks, the jobs and the bucket are the state. Every step may be
//! repeated, and its names derive from content, so a run that was killed is picked up by the next.

mod apply;
mod batch;
mod change;
pub mod codes;
mod consent;
mod crowding;
mod down;
pub mod drift;
mod empty;
mod error;
mod follow;
mod gates;
mod gc;
mod holdout;
pub mod lock;
mod object;
mod observe;
mod pin;
pub mod progress;
mod promotion;
mod proof;
mod quota;
mod registry;
mod release;
mod remove;
mod report;
mod search;
mod settle;
mod station;
mod steps;
mod tally;
mod templates;
#[cfg(test)]
pub(crate) mod testing;
mod traffic;
mod train;
mod transfer;
mod up;
mod upload;
mod verify;
mod wait;
mod withdraw;

use std::sync::Arc;
use std::time::Duration;

pub use apply::Outcome;
pub use batch::{
    BatchOutcome, BatchRun, Joined, Results, batch, batch_jobs, collect, fetch, stop_batch,
};
pub use change::{StackChange, ensure};
pub use consent::{Always, Consent};
pub use crowding::Crowding;
pub use down::{Down, DownOptions, Due, down};
pub use error::{Cause, ReconcileError};
pub use gc::{Keep, gc};
pub use observe::{model, observe};
pub use pin::pin;
pub use promotion::{Candidate, examine, recalled};
pub use proof::{Depth, proof};
pub use registry::version;
pub use release::{recorded, releases, serving, template};
pub use remove::Stubborn;
pub use report::{ArchiveError, Report, ReportError, Wanted, report};
pub use search::{Found, LogSource, Looking, look_into_logs};
pub use station::{Station, Witness, Worker};
pub use templates::deployed;
pub use traffic::{Traffic, traffic};
pub use train::jobs::{Listening, listen, stop_training, training_jobs};
pub use transfer::{How, transfer};
pub use up::{Up, UpOptions, plan_up, up};
pub use verify::smoke_text;
pub use wait::Cancel;
pub use withdraw::{Skip, delete};

use crate::cloud::Cloud;
use progress::Observer;

/// What a run works with.
#[derive(Clone)]
pub struct Session {
    /// The environment's cloud.
    pub cloud: Cloud,
    /// The environment that releases are taken from, if there is one.
    pub source: Option<Upstream>,
    /// Who is told of progress.
    pub observer: Arc<dyn Observer>,
    /// Whether the user wants to stop.
    pub cancel: Cancel,
    /// Who works here.
    pub station: Station,
    /// How long another run is waited for that holds the lock.
    pub patience: Duration,
    /// How crowded the account is.
    pub crowding: Crowding,
}

/// An environment that releases are taken from.
#[derive(Clone)]
pub struct Upstream {
    /// Its cloud.
    pub cloud: Cloud,
    /// The group of its models in the registry, if it keeps them there.
    pub registry: Option<String>,
}
