//! Desired and observed in, an ordered list of steps out.
//!
//! Purpose: decides everything, so that carrying a plan out leaves nothing to decide. Input:
//! [`Desired`], [`Observed`] and the user's [`Choices`]. Output: a [`Plan`]. Must not know: I/O,
//! clocks, randomness, or ports that do something. The same input always gives the same plan.

mod action;
mod basis;
pub mod batch;
pub mod check;
pub mod codes;
mod desired;
mod expected;
pub mod expiry;
pub mod garbage;
mod held;
mod model;
mod observed;
pub mod parameters;
mod record;
pub mod recover;
mod released;
pub mod request;
mod saved;
pub mod teardown;
mod training;
mod up;

pub use action::{Action, Plan, Reason, Step, StepKind};
pub use basis::Basis;
pub use desired::{
    BroughtModel, Deployment, Desired, DesiredModel, DesiredStack, DesiredTraining, Purpose,
    ReleasedModel, Upload,
};
pub use expected::{Expected, expected, expected_of_resource};
pub use held::Held;
pub use observed::{Inside, Observed};
pub use record::ModelRecord;
pub use released::{NoEarlier, Templates, earlier, unproven};
pub use saved::{SavedPlan, UnreadablePlan};
pub use training::{ATTEMPTS, Trained, looks_for_model, main_metric, transient_failures};
pub use up::{Choices, Closeness, LiveResources, Reach, RetryTraining, held, is_current, plan};

#[cfg(test)]
mod tests;
