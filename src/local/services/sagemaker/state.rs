//! What SageMaker keeps on disk: everything by ARN.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::registry::{Group, Package};
use super::runtime::MAX_BODY;
use super::transform::TransformJob;

/// Largest request to a serverless variant, in bytes ("Serverless inference", `SageMaker` developer
/// guide).
const MAX_SERVERLESS_BODY: usize = 4 * 1024 * 1024;

/// Everything that exists.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct State {
    pub(super) jobs: BTreeMap<String, Job>,
    pub(super) models: BTreeMap<String, Record>,
    pub(super) configs: BTreeMap<String, Record>,
    pub(super) endpoints: BTreeMap<String, Endpoint>,
    pub(super) transforms: BTreeMap<String, TransformJob>,
    pub(super) package_groups: BTreeMap<String, Group>,
    pub(super) packages: BTreeMap<String, Package>,
}

/// What all things have.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) name: String,
    pub(super) region: String,
    pub(super) arn: String,
    /// Seconds since the Unix epoch.
    pub(super) created: f64,
    /// Seconds since the Unix epoch.
    pub(super) modified: f64,
    pub(super) tags: BTreeMap<String, String>,
    /// The create request without its tags.
    pub(super) request: Value,
}

impl State {
    /// Returns the record of the thing with this ARN, of whatever kind it is.
    pub(super) fn record_mut(&mut self, arn: &str) -> Option<&mut Record> {
        if let Some(job) = self.jobs.get_mut(arn) {
            return Some(&mut job.record);
        }
        if let Some(job) = self.transforms.get_mut(arn) {
            return Some(&mut job.record);
        }
        if let Some(endpoint) = self.endpoints.get_mut(arn) {
            return Some(&mut endpoint.record);
        }
        if let Some(group) = self.package_groups.get_mut(arn) {
            return Some(&mut group.record);
        }
        self.models
            .get_mut(arn)
            .or_else(|| self.configs.get_mut(arn))
    }
}

/// `TrainingJobStatus`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum JobStatus {
    InProgress,
    Completed,
    Failed,
    Stopping,
    Stopped,
}

impl JobStatus {
    /// Tells whether nothing will change any more.
    pub(super) fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Stopped)
    }

    /// Returns the API's word.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::InProgress => "InProgress",
            Self::Completed => "Completed",
            Self::Failed => "Failed",
            Self::Stopping => "Stopping",
            Self::Stopped => "Stopped",
        }
    }
}

/// `SecondaryStatus`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Phase {
    Starting,
    Pending,
    Downloading,
    Training,
    Uploading,
    Stopping,
    Interrupted,
    /// The engine ended while the job ran, and the job begins anew.
    Restarting,
    Completed,
    Failed,
    Stopped,
    MaxRuntimeExceeded,
    MaxWaitTimeExceeded,
}

impl Phase {
    /// Returns the API's word.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Starting => "Starting",
            Self::Pending => "Pending",
            Self::Downloading => "Downloading",
            Self::Training => "Training",
            Self::Uploading => "Uploading",
            Self::Stopping => "Stopping",
            Self::Interrupted => "Interrupted",
            Self::Restarting => "Restarting",
            Self::Completed => "Completed",
            Self::Failed => "Failed",
            Self::Stopped => "Stopped",
            Self::MaxRuntimeExceeded => "MaxRuntimeExceeded",
            Self::MaxWaitTimeExceeded => "MaxWaitTimeExceeded",
        }
    }

    /// Tells whether the job has no instance, so that nothing is paid for.
    pub(super) fn waits(self) -> bool {
        matches!(self, Self::Starting | Self::Pending | Self::Interrupted)
    }

    /// Returns the main status that goes with this phase.
    pub(super) fn status(self) -> JobStatus {
        match self {
            Self::Completed => JobStatus::Completed,
            Self::Failed => JobStatus::Failed,
            Self::Stopped | Self::MaxRuntimeExceeded | Self::MaxWaitTimeExceeded => {
                JobStatus::Stopped
            }
            Self::Stopping => JobStatus::Stopping,
            _ => JobStatus::InProgress,
        }
    }
}

/// One entry of `SecondaryStatusTransitions`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Transition {
    pub(super) phase: Phase,
    pub(super) start: f64,
    pub(super) end: Option<f64>,
    pub(super) message: String,
}

/// The last value of a metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Metric {
    pub(super) name: String,
    pub(super) value: f64,
    /// Seconds since the Unix epoch.
    pub(super) at: f64,
}

/// A training job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Job {
    pub(super) record: Record,
    pub(super) status: JobStatus,
    pub(super) transitions: Vec<Transition>,
    pub(super) failure_reason: Option<String>,
    /// When the first attempt's process began and the last one's ended, in seconds since the Unix epoch.
    pub(super) started: Option<f64>,
    pub(super) ended: Option<f64>,
    /// Where the model was stored.
    pub(super) model: Option<String>,
    pub(super) metrics: Vec<Metric>,
}

impl Job {
    /// Makes a job that has just been accepted.
    pub(super) fn new(record: Record) -> Self {
        let mut job = Self {
            status: JobStatus::InProgress,
            transitions: Vec::new(),
            failure_reason: None,
            started: None,
            ended: None,
            model: None,
            metrics: Vec::new(),
            record,
        };
        job.enter(
            Phase::Starting,
            "Preparing the training job",
            job.record.created,
        );
        job
    }

    /// Returns the current phase.
    pub(super) fn phase(&self) -> Phase {
        self.transitions
            .last()
            .map_or(Phase::Starting, |last| last.phase)
    }

    /// Goes on to a phase. A job that is being stopped stays `Stopping` until it is final.
    pub(super) fn enter(&mut self, phase: Phase, message: impl Into<String>, now: f64) {
        if let Some(last) = self.transitions.last_mut() {
            last.end.get_or_insert(now);
        }
        match phase {
            Phase::Training => {
                self.started.get_or_insert(now);
            }
            Phase::Restarting => self.started = None,
            _ => {}
        }
        let status = phase.status();
        if self.status != JobStatus::Stopping || status.is_final() {
            self.status = status;
        }
        self.transitions.push(Transition {
            phase,
            start: now,
            end: status.is_final().then_some(now),
            message: message.into(),
        });
        self.record.modified = now;
    }

    /// Returns the seconds until `now` that were spent in such phases since the training began.
    pub(super) fn seconds_in(&self, such: impl Fn(Phase) -> bool, now: f64) -> f64 {
        let Some(started) = self.started else {
            return 0.0;
        };
        let within = self.transitions.iter().filter(|one| one.start >= started);
        within
            .filter(|one| such(one.phase))
            .map(|one| one.end.unwrap_or(now) - one.start)
            .sum()
    }

    /// Replaces the message of the current phase.
    pub(super) fn report(&mut self, message: &str, now: f64) {
        if let Some(last) = self.transitions.last_mut() {
            message.clone_into(&mut last.message);
        }
        self.record.modified = now;
    }
}

/// `EndpointStatus`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum EndpointStatus {
    Creating,
    Updating,
    /// An update did not go well, and what served before is about to serve alone again.
    RollingBack,
    InService,
    Deleting,
    Failed,
}

impl EndpointStatus {
    /// Returns the API's word.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Creating => "Creating",
            Self::Updating => "Updating",
            Self::RollingBack => "RollingBack",
            Self::InService => "InService",
            Self::Deleting => "Deleting",
            Self::Failed => "Failed",
        }
    }
}

/// Everything that is needed to serve one endpoint configuration, copied when it was asked for: the
/// configuration and the model may be deleted later without the endpoint noticing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Serving {
    pub(super) config: String,
    pub(super) variant: String,
    pub(super) instances: u64,
    /// Requests at once, where the variant is serverless and has no instances.
    #[serde(default)]
    pub(super) concurrency: Option<u64>,
    pub(super) image: String,
    pub(super) model_data: String,
    pub(super) environment: BTreeMap<String, String>,
    /// Seconds that the server may take until it answers `/ping`.
    pub(super) startup_limit: u64,
}

impl Serving {
    /// Returns the largest request that it takes, in bytes.
    pub(super) fn largest_body(&self) -> usize {
        match self.concurrency {
            None => MAX_BODY,
            Some(_) => MAX_SERVERLESS_BODY,
        }
    }
}

/// An endpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Endpoint {
    pub(super) record: Record,
    pub(super) status: EndpointStatus,
    pub(super) failure_reason: Option<String>,
    /// What serves.
    pub(super) current: Option<Serving>,
    /// What is being brought into service.
    pub(super) next: Option<Serving>,
    /// How the last update was asked to go (`DeploymentConfig`).
    #[serde(default)]
    pub(super) deployment: Option<Value>,
}

impl Endpoint {
    /// Returns the configuration that the API tells: what serves, or else what was asked for.
    pub(super) fn shown(&self) -> Option<&Serving> {
        self.current.as_ref().or(self.next.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job() -> Job {
        Job::new(Record {
            name: "j".into(),
            region: "us-east-1".into(),
            arn: "arn".into(),
            created: 1.0,
            modified: 1.0,
            tags: BTreeMap::new(),
            request: Value::Null,
        })
    }

    #[test]
    fn transitions_close_one_another() {
        let mut job = job();
        job.enter(Phase::Training, "t", 2.0);
        job.enter(Phase::Completed, "c", 5.0);
        let ends: Vec<_> = job
            .transitions
            .iter()
            .map(|transition| transition.end)
            .collect();
        assert_eq!(ends, [Some(2.0), Some(5.0), Some(5.0)]);
        assert_eq!(job.status, JobStatus::Completed);
    }

    #[test]
    fn time_between_two_attempts_is_not_spent_on_an_instance() {
        let mut job = job();
        for (phase, at) in [
            (Phase::Training, 10.0),
            (Phase::Interrupted, 20.0),
            (Phase::Starting, 50.0),
            (Phase::Downloading, 51.0),
            (Phase::Training, 52.0),
        ] {
            job.enter(phase, "", at);
        }
        assert_eq!(job.started, Some(10.0));
        assert!((job.seconds_in(Phase::waits, 60.0) - 31.0).abs() < 1e-9);
        let training = |phase| phase == Phase::Training;
        assert!((job.seconds_in(training, 60.0) - 18.0).abs() < 1e-9);
        job.enter(Phase::Restarting, "", 60.0);
        assert_eq!(job.started, None);
        assert!(job.seconds_in(training, 60.0).abs() < 1e-9);
    }

    #[test]
    fn a_stopping_job_uploads_without_looking_in_progress() {
        let mut job = job();
        job.enter(Phase::Stopping, "s", 2.0);
        job.enter(Phase::Uploading, "u", 3.0);
        assert_eq!(job.status, JobStatus::Stopping);
        job.enter(Phase::MaxRuntimeExceeded, "m", 4.0);
        assert_eq!(job.status, JobStatus::Stopped);
    }
}
