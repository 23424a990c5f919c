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
mod change;
pub mod drift;
mod error;
mod observe;
pub mod progress;
mod remove;
mod steps;
mod train;
mod upload;
mod verify;
mod wait;

use std::sync::Arc;

pub use apply::{Outcome, bring_up};
pub use error::{Cause, ReconcileError};
pub use observe::{observe, observe_for_teardown, observe_for_up};
pub use remove::tear_down;
pub use verify::smoke_headline;
pub use wait::Cancel;

use crate::cloud::Cloud;
use progress::Observer;

/// What a run works with.
#[derive(Clone)]
pub struct Session {
    /// The environment's cloud.
    pub cloud: Cloud,
    /// Who is told of progress.
    pub observer: Arc<dyn Observer>,
    /// Whether the user wants to stop.
    pub cancel: Cancel,
}
