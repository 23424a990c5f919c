//! Starts the tasks that drive jobs, and records what becomes of them.

use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::super::names::Kind;
use super::super::state::{Job, JobStatus, Phase};
use super::super::{SageMaker, lock};
use super::container::Layout;
use super::metrics::Metrics;
use super::outputs::cut_reason;
use super::request::TrainingRequest;
use super::run::Run;
use crate::local::wire::ApiError;

/// A running job's handle. Dropping it ends the job's process without a trace in the state.
pub(in super::super) struct Control {
    pub(super) stop: watch::Sender<bool>,
    pub(super) metrics: Arc<Metrics>,
    task: JoinHandle<()>,
}

impl Drop for Control {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// How a job ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ending {
    Completed,
    /// The algorithm's or the engine's fault, with the reason.
    Failed(String),
    Stopped,
    MaxRuntimeExceeded,
    MaxWaitTimeExceeded,
}

impl Ending {
    /// Returns the phase that the job stays in.
    fn phase(&self) -> Phase {
        match self {
            Self::Completed => Phase::Completed,
            Self::Failed(_) => Phase::Failed,
            Self::Stopped => Phase::Stopped,
            Self::MaxRuntimeExceeded => Phase::MaxRuntimeExceeded,
            Self::MaxWaitTimeExceeded => Phase::MaxWaitTimeExceeded,
        }
    }

    /// Returns the status message.
    pub(super) fn message(&self) -> &'static str {
        match self {
            Self::Completed => "Training job completed",
            Self::Failed(_) => "Training job failed",
            Self::Stopped => "Training job stopped",
            Self::MaxRuntimeExceeded => "Training job runtime exceeded MaxRuntimeInSeconds",
            Self::MaxWaitTimeExceeded => "Training job exceeded MaxWaitTimeInSeconds",
        }
    }
}

impl SageMaker {
    /// Starts driving a job that stands in the state.
    pub(super) fn start_job(
        self: &Arc<Self>,
        arn: &str,
        request: TrainingRequest,
    ) -> Result<(), ApiError> {
        let metrics = Arc::new(Metrics::new(&request.algorithm_specification)?);
        let (stop, stopped) = watch::channel(false);
        let run = Run {
            service: Arc::clone(self),
            arn: arn.to_owned(),
            layout: self.layout(arn, &request.training_job_name),
            request,
            metrics: Arc::clone(&metrics),
            stopped,
        };
        // The map is held until the entry is in, so that the task cannot take it out before.
        let mut jobs = lock(&self.jobs);
        let task = tokio::spawn(run.drive());
        jobs.insert(
            arn.to_owned(),
            Control {
                stop,
                metrics,
                task,
            },
        );
        Ok(())
    }

    /// Starts the jobs again that were in progress when the engine ended; one that was being stopped
    /// is stopped now.
    pub(in super::super) fn resume_jobs(self: &Arc<Self>) -> std::io::Result<()> {
        let open: Vec<Job> = self.read(|state| {
            let open = state.jobs.values().filter(|job| !job.status.is_final());
            open.cloned().collect()
        });
        for job in open {
            let arn = &job.record.arn;
            let result = if job.status == JobStatus::Stopping {
                let ending = Ending::Stopped;
                let message = ending.message();
                self.finish(arn, ending, None, message)
            } else {
                self.enter(arn, Phase::Restarting, "The local engine was started again")
                    .and_then(|()| self.start_job(arn, TrainingRequest::read(&job.record.request)?))
            };
            result.map_err(std::io::Error::other)?;
        }
        Ok(())
    }

    pub(super) fn layout(&self, arn: &str, name: &str) -> Layout {
        let region = arn.split(':').nth(3).unwrap_or("us-east-1");
        Layout::new(self.parts.folder.join("work/jobs").join(region).join(name))
    }

    pub(super) fn enter(&self, arn: &str, phase: Phase, message: &str) -> Result<(), ApiError> {
        let now = self.parts.clock.epoch_seconds();
        self.change_job(arn, |job| job.enter(phase, message, now))
    }

    /// Records the end of a job.
    pub(super) fn finish(
        &self,
        arn: &str,
        ending: Ending,
        model: Option<String>,
        message: &str,
    ) -> Result<(), ApiError> {
        let now = self.parts.clock.epoch_seconds();
        let metrics = lock(&self.jobs)
            .get(arn)
            .map(|control| control.metrics.last());
        self.change_job(arn, |job| {
            let phase = ending.phase();
            if let Ending::Failed(reason) = ending {
                job.failure_reason = Some(cut_reason(&reason));
            }
            job.metrics = metrics.unwrap_or_default();
            job.model = model;
            job.ended = Some(now);
            job.enter(phase, message, now);
        })
    }

    pub(super) fn change_job(
        &self,
        arn: &str,
        change: impl FnOnce(&mut Job),
    ) -> Result<(), ApiError> {
        self.change(|state| {
            let job = state.jobs.get_mut(arn);
            change(job.ok_or_else(|| Kind::TrainingJob.missing(arn))?);
            Ok(())
        })
    }
}
