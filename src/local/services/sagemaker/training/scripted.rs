//! A run of a training job without a process: it takes the time and the end that a script gives it.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::super::loglines::LogLines;
use super::super::state::Phase;
use super::attempts::Attempt;
use super::checkpoints::Checkpoints;
use super::drive::Ending;
use super::hosts::Host;
use super::run::{Ended, Outcome, Run};
use crate::local::script::{Job, JobEnd};

/// Exit code 1, as the system encodes it.
const FAILED: i32 = 1 << 8;

/// SageMaker's words for having found no instance.
const NO_CAPACITY: &str = "CapacityError: Unable to provision requested ML compute capacity. \
                           Please retry using a different ML instance type.";

/// SageMaker's words for an error of its own.
const INTERNAL_ERROR: &str =
    "InternalServerError: We encountered an internal error. Please try again.";

/// Plays one job through its attempts.
pub(super) struct Actor {
    job: Job,
    /// How often it was interrupted, and whether it has no instance since.
    interruptions: u32,
    interrupted: bool,
    internal_errors: u32,
}

/// How an attempt ends that had an instance.
enum Act {
    Ended(Ended, Option<Checkpoints>),
    Interrupted,
}

impl Actor {
    pub(super) fn new(job: Job) -> Self {
        Self {
            job,
            interruptions: 0,
            interrupted: false,
            internal_errors: 0,
        }
    }

    /// What this attempt works when so much is done, and whether it is interrupted then.
    fn work(&self, done: Duration, spot: bool) -> (Duration, bool) {
        let (takes, times) = (self.job.takes, self.job.interruptions);
        let left = takes.saturating_sub(done);
        if spot && self.interruptions < times {
            (left.min(takes / (times + 1)), true)
        } else {
            (left, false)
        }
    }
}

impl Run {
    /// Goes through the phases of an attempt as the script has them.
    pub(super) async fn play(&self, actor: &mut Actor, log: &Arc<LogLines>) -> Attempt {
        let failed = |reason: String| {
            log.line(&reason);
            Attempt::Over(Outcome::without_model(Ending::Failed(reason)))
        };
        match self.wait_for_instance(actor).await {
            Ok(None) => {}
            Ok(Some(ending)) => return Attempt::Over(Outcome::without_model(ending)),
            Err(reason) => return failed(reason),
        }
        match self.act(actor, log).await {
            Ok(Act::Ended(ended, checkpoints)) => {
                Attempt::Over(self.upload_results(log, ended, checkpoints).await)
            }
            Ok(Act::Interrupted) => Attempt::Interrupted,
            Err(reason) => failed(reason),
        }
    }

    /// Waits for an instance; returns the job's end when it was called off meanwhile.
    async fn wait_for_instance(&self, actor: &mut Actor) -> Result<Option<Ending>, String> {
        let pending = actor.job.pending;
        if pending > Duration::ZERO {
            if !actor.interrupted {
                self.enter(Phase::Pending, "Training job waiting for capacity")?;
            }
            tokio::select! {
                () = sleep(pending) => {}
                ending = self.called_off() => return Ok(Some(ending)),
            }
        }
        if matches!(actor.job.ends, JobEnd::NoCapacity) {
            return Err(NO_CAPACITY.to_owned());
        }
        if std::mem::take(&mut actor.interrupted) {
            self.enter(Phase::Starting, "Preparing the instances for training")?;
        }
        Ok(None)
    }

    /// Does what the container would have done.
    async fn act(&self, actor: &mut Actor, log: &LogLines) -> Result<Act, String> {
        self.enter(Phase::Downloading, "Downloading the training image")?;
        self.layout
            .make(&self.request, &Host::only())
            .map_err(|error| unwritable(&error))?;
        let mut checkpoints = self.checkpoints(&self.layout).await?;
        self.enter(Phase::Training, "Training in progress.")?;
        if actor.internal_errors < actor.job.internal_errors {
            actor.internal_errors += 1;
            return Err(INTERNAL_ERROR.to_owned());
        }
        let done = self.progress()?;
        let (work, interrupted) = actor.work(done, self.request.enable_managed_spot_training);
        tokio::select! {
            () = sleep(work) => {}
            ending = self.cut_off() => return Ok(Act::Ended(Ended::CutOff(ending), checkpoints)),
        }
        if interrupted {
            actor.interruptions += 1;
            actor.interrupted = true;
            if let (Some(kept), Some(file)) = (&mut checkpoints, self.progress_file()) {
                let done = (done + work).as_millis().to_string();
                fs::write(file, done).map_err(|error| unwritable(&error))?;
                kept.save().await?;
            }
            return Ok(Act::Interrupted);
        }
        let status = self.end(&actor.job.ends, log)?;
        Ok(Act::Ended(
            Ended::ByItself(Host::only(), status),
            checkpoints,
        ))
    }

    /// Leaves what the algorithm would have left, and returns how it ends.
    fn end(&self, ends: &JobEnd, log: &LogLines) -> Result<ExitStatus, String> {
        let ml = self.layout.ml();
        match ends {
            JobEnd::Completed(lines) => {
                let now = self.service.parts.clock.epoch_seconds();
                for line in lines {
                    self.metrics.scan(line, now);
                    log.line(line);
                }
                let name = &self.request.training_job_name;
                fs::write(ml.join("model/model.txt"), name).map_err(|error| unwritable(&error))?;
                Ok(ExitStatus::from_raw(0))
            }
            JobEnd::Failed(message) => {
                fs::write(ml.join("output/failure"), message)
                    .map_err(|error| unwritable(&error))?;
                Ok(ExitStatus::from_raw(FAILED))
            }
            JobEnd::NoCapacity => Err(NO_CAPACITY.to_owned()),
        }
    }

    /// How much of the work the checkpoints have.
    fn progress(&self) -> Result<Duration, String> {
        let Some(file) = self.progress_file().filter(|file| file.exists()) else {
            return Ok(Duration::ZERO);
        };
        let text = fs::read_to_string(file).map_err(|error| unwritable(&error))?;
        let milliseconds = text.parse().map_err(|_| {
            format!("AlgorithmError: the checkpoint tells no progress, but {text:?}, exit code: 1")
        })?;
        Ok(Duration::from_millis(milliseconds))
    }

    /// The one checkpoint of a job that is played.
    fn progress_file(&self) -> Option<PathBuf> {
        let mirror = self.request.mirror()?;
        Some(self.layout.mirrored(&mirror.folder).join("progress"))
    }
}

fn unwritable(error: &std::io::Error) -> String {
    format!("InternalServerError: the job's folder: {error}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_parts_are_done_between_interruptions() {
        let seconds = Duration::from_secs;
        let mut actor = Actor::new(Job {
            takes: seconds(90),
            interruptions: 2,
            ..Job::default()
        });
        assert_eq!(actor.work(seconds(0), false), (seconds(90), false));
        assert_eq!(actor.work(seconds(0), true), (seconds(30), true));
        actor.interruptions = 2;
        assert_eq!(actor.work(seconds(60), true), (seconds(30), false));
        // Without checkpoints everything is to be done again.
        assert_eq!(actor.work(seconds(0), true), (seconds(90), false));
    }
}
