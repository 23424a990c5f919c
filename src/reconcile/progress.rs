//! What a run tells while it works; only `cli` turns it into words.

use std::time::Duration;

use serde::Serialize;

use crate::cloud::training::JobFacts;
use crate::plan::{Action, StepKind};

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A plan is carried out from here on.
    Planned {
        /// Its steps, in order.
        steps: Vec<PlannedStep>,
    },
    /// A step begins.
    StepStarted {
        /// The step.
        step: StepKind,
        /// What is done.
        action: Action,
    },
    /// A step is done.
    StepDone {
        /// The step.
        step: StepKind,
        /// How long it took.
        #[serde(rename = "seconds", serialize_with = "seconds")]
        took: Duration,
    },
    /// A step failed; the error that ends the run says why.
    StepFailed {
        /// The step.
        step: StepKind,
    },
    /// The user asked to stop while a step was under way; what it began may go on by itself.
    StepLeft {
        /// The step.
        step: StepKind,
    },
    /// A step will not be carried out, because an earlier one failed.
    StepSkipped {
        /// The step.
        step: StepKind,
    },
    /// Something that is already under way is waited for.
    Waiting {
        /// For what.
        on: String,
    },
    /// Something that the user should know, and that stops nothing.
    Notice {
        /// What.
        text: String,
    },
    /// A resource of a CloudFormation stack changed its status.
    Resource {
        /// Name of the CloudFormation stack.
        stack: String,
        /// Key in the template.
        logical_id: String,
        /// Type.
        resource_type: String,
        /// Status.
        status: String,
        /// Why.
        reason: Option<String>,
    },
    /// Bytes were uploaded.
    Uploaded {
        /// The step.
        step: StepKind,
        /// Bytes so far.
        sent: u64,
        /// Bytes in all.
        total: u64,
    },
    /// Bytes of an artifact were copied from another environment.
    Copied {
        /// Bytes so far.
        sent: u64,
        /// Bytes in all.
        total: u64,
    },
    /// A training job's status or status message changed.
    TrainingStatus {
        /// Name of the job.
        job: String,
        /// Secondary status, e.g. `Downloading`.
        status: String,
        /// Message.
        message: String,
    },
    /// A line of a training job's log.
    TrainingLine {
        /// The line.
        line: String,
    },
    /// A metric in a line of a training job's log.
    TrainingMetric {
        /// Its name.
        name: String,
        /// Its value.
        value: f64,
    },
    /// What a training job runs on, when it is known and when it changes.
    TrainingFacts {
        /// Name of the job.
        job: String,
        /// Which attempt at the model it is, from 1.
        attempt: usize,
        /// What spare capacity saved, in percent.
        saving: Option<u64>,
        /// What it runs on, and for how long.
        #[serde(flatten)]
        facts: JobFacts,
    },
    /// A training job failed for a reason that lies with the service, and is repeated after a pause.
    TrainingRepeated {
        /// Name of the job that failed.
        job: String,
        /// Why.
        reason: String,
        /// Which attempt in a row is next.
        attempt: usize,
        /// How many there may be.
        of: usize,
        /// How long until then.
        #[serde(rename = "pause_seconds", serialize_with = "seconds")]
        pause: Duration,
    },
    /// A batch job's status changed.
    BatchStatus {
        /// Name of the job.
        job: String,
        /// Status, e.g. `InProgress`.
        status: String,
        /// Why it failed, if it did.
        message: String,
    },
    /// A line of a batch job's log.
    BatchLine {
        /// The line.
        line: String,
    },
    /// Objects were removed from the bucket.
    Removed {
        /// How many so far.
        objects: usize,
    },
}

/// A step that is going to be carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct PlannedStep {
    /// The step.
    pub step: StepKind,
    /// What will be done.
    pub action: Action,
}

/// Is told of events.
pub trait Observer: Send + Sync {
    /// Takes an event.
    fn event(&self, event: Event);
}

fn seconds<S: serde::Serializer>(took: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64((took.as_secs_f64() * 1000.0).round() / 1000.0)
}
