//! Whether an environment could be brought up: one check for each thing that has to be so.
//!
//! Purpose: tells what is wrong, and how to mend it, before anything is made. Input: a stack, the ports, and a
//! clock. Output: a [`Finding`] for each [`Check`], in a fixed order. It changes nothing, and what cannot be told
//! is said to be unknown. Must not know: the SDK, the terminal, this machine.

mod account;
mod bucket;
mod images;
mod instances;
mod permissions;
mod places;
mod quotas;
mod run;
mod together;

use serde::Serialize;

pub use account::{credentials, identity};
pub use bucket::bucket;
pub use images::images;
pub use instances::instances;
pub use permissions::permissions;
pub use places::{Way, clock, places};
pub use quotas::quotas;
pub use run::{Check, run};
pub use together::together;

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// As it should be.
    Ok,
    /// It cannot be told, or is not needed; the finding says why.
    Skipped,
    /// It will do, but should be known.
    Warning,
    /// It keeps `deploy up` from working.
    Failed,
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How it came out.
    pub state: State,
    /// What was found, or why nothing was.
    pub found: String,
    /// What to do about it.
    pub fix: Option<String>,
    /// The address that was asked, where the check is of one: several may come out alike.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

impl Finding {
    /// As it should be.
    pub fn ok(found: impl Into<String>) -> Self {
        Self::of(State::Ok, found)
    }

    /// It cannot be told, for this reason.
    pub fn skipped(why: impl Into<String>) -> Self {
        Self::of(State::Skipped, why)
    }

    /// It will do, but should be known.
    pub fn warning(found: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::of(State::Warning, found).mended(fix)
    }

    /// It keeps `deploy up` from working.
    pub fn failed(found: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::of(State::Failed, found).mended(fix)
    }

    fn of(state: State, found: impl Into<String>) -> Self {
        // One line each: the SDK tells of several attempts in lines of their own.
        let found: String = found.into();
        let lines: Vec<&str> = found.lines().map(str::trim).collect();
        Self {
            state,
            found: lines.join(" "),
            fix: None,
            address: None,
        }
    }

    fn mended(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }

    fn at(mut self, address: impl Into<String>) -> Self {
        self.address = Some(address.into());
        self
    }
}
