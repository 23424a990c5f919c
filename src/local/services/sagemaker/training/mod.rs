//! Training jobs.
//!
//! Purpose: runs a training job as a process under the container contract. Input: `CreateTrainingJob`
//! requests. Output: the job's record, its log stream, `model.tar.gz` and `output.tar.gz`. Must not
//! know: endpoints, CloudFormation.

mod api;
mod container;
mod describe;
mod drive;
mod metrics;
mod outputs;
mod request;
mod run;
mod scripted;
#[cfg(test)]
mod tests;
mod toolkit;

pub(super) use drive::Control;
