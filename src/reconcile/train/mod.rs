//! Trains a model: starts the job or attaches to it, follows it, repeats what failed for reasons that lie
//! with the service, and returns the artifact.

mod follow;
pub(super) mod jobs;
mod meter;
pub(super) mod record;
pub(super) mod tail;

use std::time::Duration;

use super::Session;
use super::error::{ReconcileError, doing, known};
use super::gates;
use super::observe::key_of;
use super::pin;
use super::progress::Event;
use super::wait::{Watch, rest};
use crate::cloud::diagnosis::is_propagation;
use crate::cloud::training::{TrainingRequest, TrainingState};
use crate::plan::{
    ATTEMPTS, Action, Desired, DesiredTraining, Observed, request, transient_failures,
};
use follow::{Following, follow};

/// How long a new role may take to be known everywhere; a real denial stays after it.
const PROPAGATION: Duration = Duration::from_mins(2);
/// The pause before the second attempt, in shortest pauses between two looks: a minute on AWS, a second where
/// the engine on this machine is asked. It doubles before each further attempt.
const BACK_OFF: u32 = 60;

/// A trained model.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Model {
    /// Key of `model.tar.gz` in the bucket.
    pub(super) key: String,
    /// The job that trained it.
    pub(super) job: TrainingState,
}

/// Whether the run holds the environment's lock, so that it may write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hold {
    /// It does.
    Locked,
    /// It only looks.
    Free,
}

/// How the desired model is trained. Nobody asks of one that is taken from a release.
fn how(desired: &Desired) -> Result<&DesiredTraining, ReconcileError> {
    known(desired.training(), "how the model is trained")
}

/// Carries out the training step.
pub(super) async fn train(
    session: &Session,
    desired: &Desired,
    observed: &Observed,
    role: Option<&str>,
    action: Action,
    hold: Hold,
) -> Result<Model, ReconcileError> {
    let inside = &observed.inside;
    let job = if action == Action::Reuse {
        known(inside.finished(), "the trained model")?.clone()
    } else {
        let role = known(role, "the training role")?;
        record::keep(session, desired, None).await?;
        attempts(session, desired, &inside.attempts, role, action).await?
    };
    let key = job.model.as_deref().and_then(key_of).map(str::to_owned);
    let key = known(key, "the model's place")?;
    // Also for a model that is used again: the run that trained it may have been broken off before this.
    if hold == Hold::Locked {
        record::keep(session, desired, Some(&job)).await?;
    }
    gates::check(session, desired, how(desired)?, observed, &job).await?;
    Ok(Model { key, job })
}

/// Trains until a job is completed. One that fails for a reason that lies with the service is repeated
/// after a pause, up to a number in a row that counts those of earlier runs.
async fn attempts(
    session: &Session,
    desired: &Desired,
    before: &[TrainingState],
    role: &str,
    action: Action,
) -> Result<TrainingState, ReconcileError> {
    let mut failures = transient_failures(before);
    let mut attempt = before.len();
    if action != Action::Attach {
        attempt += 1;
        begin(session, desired, attempt, role).await?;
    }
    loop {
        let followed = follow(session, &Following::of(desired, attempt)?).await;
        let (job, reason) = match followed {
            Err(ReconcileError::TrainingFailed {
                transient: true,
                job,
                reason,
                ..
            }) if failures + 1 < ATTEMPTS => (job, reason),
            other => return other,
        };
        failures += 1;
        attempt += 1;
        let doublings = u32::try_from(failures - 1).unwrap_or_default();
        let pause = session.cloud.pace.shortest * BACK_OFF * 2_u32.pow(doublings);
        session.observer.event(Event::TrainingRepeated {
            job,
            reason,
            attempt: failures + 1,
            of: ATTEMPTS,
            pause,
        });
        rest(session, pause).await?;
        begin(session, desired, attempt, role).await?;
    }
}

/// Starts an attempt; one of this name that runs already is left as it is.
async fn begin(
    session: &Session,
    desired: &Desired,
    attempt: usize,
    role: &str,
) -> Result<(), ReconcileError> {
    let name = desired.job_name(u32::try_from(attempt).unwrap_or(u32::MAX));
    let request = request::filled(desired, &name, role)?;
    pin::hold(session, how(desired)?.data_in_s3.as_ref()).await?;
    start(session, &request).await
}

async fn start(session: &Session, request: &TrainingRequest) -> Result<(), ReconcileError> {
    let mut watch = Watch::new("the training role to be known", PROPAGATION, session);
    loop {
        match session.cloud.training.start(request).await {
            Ok(()) => return Ok(()),
            Err(fault) if is_propagation(&fault.message) => {
                if let Err(ReconcileError::TimedOut { .. }) = watch.pause().await {
                    return Err(doing("start the training job")(fault));
                }
                session.cancel.check()?;
            }
            Err(fault) => return Err(doing("start the training job")(fault)),
        }
    }
}
