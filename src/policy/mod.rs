//! Looks over rendered documents for what a careful reviewer would object to.
//!
//! Input: a [`Subject`], the rendered documents of one environment and whether it is protected, and
//! the waivers of its stack file. Output: [`Finding`]s, each with the place that it is about, and
//! reports of them as JSON and SARIF. Pure: nothing is read, asked or changed.
//! Must not know: credentials, live state, the terminal.
//!
//! A policy judges only what a document says outright. A value that is decided later (`Ref` to a
//! parameter, `Fn::If` and the other functions) is taken to be right, so that no finding is a guess.
//!
//! To add a policy: an entry in `POLICIES` of its family under `families/`, with its function and a
//! test that has a template that violates it and one that does not.

mod examine;
mod facts;
mod families;
mod finding;
mod fingerprint;
mod lines;
mod registry;
pub mod report;
mod statement;
mod subject;
mod waiver;

pub use examine::{Examined, examine};
pub use facts::knows_resource;
pub use finding::{Finding, Origin, Policy, Severity};
pub use registry::{all, find};
pub use subject::{Document, DocumentName, Subject};
pub use waiver::{CODES, UNKNOWN_POLICY, Waivers};

#[cfg(test)]
mod tests;
