//! A run of a training job without a process: it takes the time and the end that a script gives it.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::super::loglines::LogLines;
use super::super::state::Phase;
use super::drive::Ending;
use super::run::{Ended, Outcome, Run};
use crate::local::script::{Job, JobEnd, Stage};

/// Exit code 1, as the system encodes it.
const FAILED: i32 = 1 << 8;

/// SageMaker's words for having found no instance.
const NO_CAPACITY: &str = "CapacityError: Unable to provision requested ML compute capacity. \
                           Please retry using a different ML instance type.";

impl Run {
    /// Goes through the phases of a job as the script has them.
    pub(super) async fn play(&self, stage: &Stage, log: &Arc<LogLines>) -> Outcome {
        let record = self.service.read(|state| {
            let job = state.jobs.get(&self.arn);
            job.map(|job| job.record.request.to_string())
        });
        let job = stage.job(&record.unwrap_or_default());
        let failed = |reason: String| {
            log.line(&reason);
            Outcome::without_model(Ending::Failed(reason))
        };
        match self.wait_for_instance(&job).await {
            Ok(true) => {}
            Ok(false) => return Outcome::without_model(Ending::Stopped),
            Err(reason) => return failed(reason),
        }
        match self.act(&job, log).await {
            Ok(ended) => self.upload_results(log, ended).await,
            Err(reason) => failed(reason),
        }
    }

    /// Waits for an instance; `false` when the job was stopped meanwhile.
    async fn wait_for_instance(&self, job: &Job) -> Result<bool, String> {
        if job.pending > Duration::ZERO {
            self.enter(Phase::Pending, "Training job waiting for capacity")?;
            tokio::select! {
                () = sleep(job.pending) => {}
                () = self.stop_requested() => return Ok(false),
            }
        }
        match job.ends {
            JobEnd::NoCapacity => Err(NO_CAPACITY.to_owned()),
            _ => Ok(true),
        }
    }

    /// Does what the container would have done.
    async fn act(&self, job: &Job, log: &LogLines) -> Result<Ended, String> {
        self.enter(Phase::Downloading, "Downloading the training image")?;
        let unwritable = |error| format!("InternalServerError: the job's folder: {error}");
        self.layout.make(&self.request).map_err(unwritable)?;
        self.enter(Phase::Training, "Training in progress.")?;
        let limit = Duration::from_secs(self.request.stopping_condition.max_runtime_in_seconds);
        tokio::select! {
            () = sleep(job.takes) => {}
            () = sleep(limit) => return Ok(Ended::AtLimit),
            () = self.stop_requested() => return Ok(Ended::OnRequest),
        }
        let ml = self.layout.ml();
        match &job.ends {
            JobEnd::Completed(lines) => {
                let now = self.service.parts.clock.epoch_seconds();
                for line in lines {
                    self.metrics.scan(line, now);
                    log.line(line);
                }
                let name = &self.request.training_job_name;
                fs::write(ml.join("model/model.txt"), name).map_err(unwritable)?;
                Ok(Ended::ByItself(ExitStatus::from_raw(0)))
            }
            JobEnd::Failed(message) => {
                fs::write(ml.join("output/failure"), message).map_err(unwritable)?;
                Ok(Ended::ByItself(ExitStatus::from_raw(FAILED)))
            }
            JobEnd::NoCapacity => Err(NO_CAPACITY.to_owned()),
        }
    }
}
