//! Batch transform jobs.
//!
//! Purpose: asks a model about every record of some objects, as Batch Transform does: files are split into
//! records, records put into requests, answers assembled into a file beside each input. The model is served
//! by the same process as that of an endpoint. Input: `CreateTransformJob` requests, objects. Output: the
//! job's record, its log streams, an object `<file>.out` for each file. Must not know: endpoints' records,
//! CloudFormation.
//!
//! As "Use Batch Transform to Get Inferences from Large Datasets" in the SageMaker developer guide has it: a
//! file one of whose records fails has no answers, the other files go on, and the job fails; one that is
//! stopped stores nothing. Whatever `InstanceCount` says, one process serves.

mod api;
mod batches;
mod files;
mod job;
mod request;
mod run;
mod scripted;
mod tally;
#[cfg(test)]
mod tests;

pub(super) use job::TransformJob;
pub(super) use run::Control;
pub(super) use tally::Records;
