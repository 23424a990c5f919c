//! Training jobs.
//!
//! Purpose: runs a training job as a process under the container contract. Input: `CreateTrainingJob`
//! requests. Output: the job's record, its log stream, its checkpoints, `model.tar.gz` and
//! `output.tar.gz`. Must not know: endpoints, CloudFormation.

mod api;
mod attempts;
mod checkpoints;
mod container;
mod describe;
mod drive;
mod hosts;
mod interruptions;
mod metrics;
mod outputs;
mod request;
mod run;
mod scripted;
#[cfg(test)]
mod tests;
mod toolkit;

pub(super) use drive::Control;
