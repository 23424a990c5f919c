//! A job's attempts: it begins again after an interruption, and after an error of SageMaker's own.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::super::loglines::LogLines;
use super::super::state::Phase;
use super::checkpoints::Checkpoints;
use super::container::Layout;
use super::drive::Ending;
use super::run::{Outcome, Run};
use super::scripted::Actor;

/// What one attempt comes to.
pub(super) enum Attempt {
    /// The job's end, unless it is repeated.
    Over(Outcome),
    /// The instance was taken away.
    Interrupted,
}

impl Run {
    /// Drives the job through as many attempts as it needs and may have.
    pub(super) async fn attempts(&self, log: &Arc<LogLines>) -> Outcome {
        let mut actor = self.actor();
        let mut retries = self.request.retries();
        loop {
            let attempt = match &mut actor {
                Some(actor) => self.play(actor, log).await,
                None => Attempt::Over(self.run(log).await),
            };
            let again = match attempt {
                Attempt::Interrupted => self.enter(
                    Phase::Interrupted,
                    "Training job interrupted: the managed spot training instances were taken away",
                ),
                Attempt::Over(outcome) if retries > 0 && outcome.is_internal_error() => {
                    retries -= 1;
                    self.enter(Phase::Starting, "Retrying after an internal error")
                }
                Attempt::Over(outcome) => return outcome,
            };
            if let Err(reason) = again {
                return Outcome::without_model(Ending::Failed(reason));
            }
        }
    }

    /// Returns who plays this job, if it is played.
    fn actor(&self) -> Option<Actor> {
        let stage = self.service.parts.script.as_ref()?;
        let record = self.service.read(|state| {
            let job = state.jobs.get(&self.arn);
            job.map(|job| job.record.request.to_string())
        });
        Some(Actor::new(stage.job(&record.unwrap_or_default())))
    }

    /// Fills an instance's folder of checkpoints, if the job has one.
    pub(super) async fn checkpoints(&self, layout: &Layout) -> Result<Option<Checkpoints>, String> {
        let Some(mirror) = self.request.mirror() else {
            return Ok(None);
        };
        let store = Arc::clone(&self.service.parts.store);
        let filled = Checkpoints::fill(store, mirror.address, layout.mirrored(&mirror.folder));
        filled.await.map(Some)
    }

    /// Waits until the job is to end whatever it does: on request, or when it waited and ran too long.
    pub(super) async fn called_off(&self) -> Ending {
        let waited_out = async {
            match self.request.stopping_condition.max_wait_time_in_seconds {
                Some(seconds) => sleep(self.seconds_left(seconds)).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = self.stop_requested() => Ending::Stopped,
            () = waited_out => Ending::MaxWaitTimeExceeded,
        }
    }

    /// Waits until the training is to end whatever it does. All attempts together have
    /// `MaxRuntimeInSeconds`.
    pub(super) async fn cut_off(&self) -> Ending {
        let now = self.service.parts.clock.epoch_seconds();
        let trained = self.service.read(|state| {
            let job = state.jobs.get(&self.arn);
            job.map(|job| job.seconds_in(|phase| phase == Phase::Training, now))
        });
        let limit = self.request.stopping_condition.max_runtime_in_seconds;
        let trained = Duration::from_secs_f64(trained.unwrap_or_default().max(0.0));
        tokio::select! {
            ending = self.called_off() => ending,
            () = sleep(Duration::from_secs(limit).saturating_sub(trained)) => {
                Ending::MaxRuntimeExceeded
            }
        }
    }

    /// Returns how much of so many seconds since the job was asked for is left.
    fn seconds_left(&self, seconds: u64) -> Duration {
        let created = self.service.read(|state| {
            let job = state.jobs.get(&self.arn);
            job.map(|job| job.record.created)
        });
        let now = self.service.parts.clock.epoch_seconds();
        let passed = now - created.unwrap_or(now);
        Duration::from_secs(seconds).saturating_sub(Duration::from_secs_f64(passed.max(0.0)))
    }
}
