//! What is kept of a transform job.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::listing::{Listed, summarize};
use super::super::names::Kind;
use super::super::state::{JobStatus, Record, Serving};
use super::tally::Records;

/// A transform job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in super::super) struct TransformJob {
    pub(in super::super) record: Record,
    pub(in super::super) status: JobStatus,
    pub(in super::super) failure_reason: Option<String>,
    /// When its model began to be served, in seconds since the Unix epoch.
    pub(in super::super) started: Option<f64>,
    pub(in super::super) ended: Option<f64>,
    /// What had been counted when it ended.
    #[serde(default)]
    pub(in super::super) records: Records,
    /// What answers, copied when the job was asked for: the model may be deleted meanwhile.
    pub(super) serving: Serving,
}

impl TransformJob {
    /// Makes a job that has just been accepted.
    pub(super) fn new(record: Record, serving: Serving) -> Self {
        Self {
            record,
            status: JobStatus::InProgress,
            failure_reason: None,
            started: None,
            ended: None,
            records: Records::default(),
            serving,
        }
    }

    /// `DescribeTransformJob`'s answer.
    pub(super) fn described(&self) -> Value {
        let mut answer = self.record.request.clone();
        summarize(Kind::TransformJob, self, &mut answer);
        if let Some(started) = self.started {
            answer["TransformStartTime"] = started.into();
        }
        answer
    }
}

impl Listed for TransformJob {
    fn record(&self) -> &Record {
        &self.record
    }

    fn status(&self) -> Option<&'static str> {
        Some(self.status.word())
    }

    fn tell(&self, summary: &mut Value) {
        if let Some(reason) = &self.failure_reason {
            summary["FailureReason"] = reason.as_str().into();
        }
        if let Some(ended) = self.ended {
            summary["TransformEndTime"] = ended.into();
        }
    }
}
