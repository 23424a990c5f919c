//! Load on a service: so many requests a second, or so many callers at once, and what came of it.
//!
//! Purpose: sends requests by a [`Plan`] and measures them so that a stall of the service cannot hide.
//! Input: a plan and a [`Caller`] for each connection. Output: a [`Report`]. Must not know: stacks,
//! clouds, or the terminal; the [`Target`] is given to it.
//!
//! How time is measured. A load generator that waits for an answer before it sends the next request
//! sends nothing while the service stalls, so a stall of a second looks like one slow request
//! ("coordinated omission"). Here:
//!
//! * At a fixed rate (open loop) every request has a planned start, and its latency counts from it,
//!   also when no connection was free then. What never got its turn counts with the time it waited.
//! * With a fixed number of connections (closed loop) there is no plan to be late for. The requests
//!   that a connection would have sent at its usual pace (the median) while it waited for a slow
//!   answer are added, as `HdrHistogram` does it. The figures as measured are kept beside them.
//!
//! The latency is that of answers with a 2xx status, of requests that timed out, and of those that
//! never got their turn; a quick refusal is an error, and no quick answer.

mod assertion;
mod caller;
mod chart;
mod drive;
mod error;
mod page;
mod recorder;
mod report;
mod target;
mod tls;
mod wire;

pub use assertion::{Assertion, AssertionError};
pub use caller::{Caller, HttpCaller};
pub use drive::{drive, drive_until};
pub use error::TargetError;
pub use page::page;
pub use recorder::Kind;
pub use report::{Interval, Percentiles, Report};
pub use target::{Admission, Sign, Target};

use std::time::Duration;

/// How load is put on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shape {
    /// So many requests a second, whatever the answers take.
    Open {
        /// Requests a second.
        rate: f64,
    },
    /// Every connection sends its next request when it has the answer to its last.
    Closed,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plan {
    /// How load is put on.
    pub shape: Shape,
    /// Connections: how many requests can be under way at once.
    pub connections: usize,
    /// How long requests are sent before any is counted.
    pub warm_up: Duration,
    /// How long requests are sent and counted.
    pub duration: Duration,
    /// How long an answer is waited for.
    pub timeout: Duration,
}

#[cfg(test)]
mod tests;
