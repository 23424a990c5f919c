//! The training jobs of an environment, looked at, listened to and stopped by themselves: without a plan,
//! and without the lock.
//!
//! To stop a job needs no lock, and could not have it: the run that started the job holds it as long as it
//! follows the job. Stopping is one idempotent request to SageMaker; that run sees the job stopped, says so
//! and ends, and the lock with it.

use std::time::Duration;

use super::super::Session;
use super::super::error::{ReconcileError, doing};
use super::super::observe::jobs;
use super::super::progress::Event;
use super::super::wait::Watch;
use super::meter::Meter;
use super::tail::Tail;
use crate::cloud::logs::{Streams, TRAINING_LOG_GROUP};
use crate::cloud::training::TrainingState;
use crate::plan::Deployment;

/// How long a job may take to stop: SageMaker gives it 120 s, then uploads what it has.
const STOP_LIMIT: Duration = Duration::from_hours(1);
/// How long a log is listened to at most: the longest that a job runs and waits.
const LISTEN_LIMIT: Duration = Duration::from_hours(28 * 24);
/// Pages of a log that are read at most for what there is.
const PAGES: usize = 1_000;

/// Lists the training jobs of an environment, the oldest first.
///
/// # Errors
/// They cannot be looked at.
pub async fn training_jobs(
    session: &Session,
    deployment: &Deployment,
) -> Result<Vec<TrainingState>, ReconcileError> {
    let mut jobs = jobs(session, deployment).await?;
    jobs.sort_by_key(|job| job.facts.created);
    Ok(jobs)
}

/// Asks a training job to stop, and waits until it has. One that is not running is left as it is.
///
/// # Errors
/// It cannot be stopped, or looked at.
pub async fn stop_training(
    session: &Session,
    name: &str,
) -> Result<Option<TrainingState>, ReconcileError> {
    let stopped = session.cloud.training.stop(name).await;
    stopped.map_err(doing("stop the training job"))?;
    let mut watch = Watch::new(format!("{name} to stop"), STOP_LIMIT, session);
    loop {
        let look = session.cloud.training.describe(name).await;
        match watch.seen(look, "look at the training job")? {
            Some(None) => return Ok(None),
            Some(Some(state)) if state.is_settled() => return Ok(Some(state)),
            _ => watch.pause().await?,
        }
    }
}

/// How long a log is listened to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listening {
    /// To what there is.
    Once,
    /// Until the job ends.
    Follow,
}

/// Tells the lines of a training job's log as events, and changes nothing.
///
/// # Errors
/// The job or its log cannot be looked at.
pub async fn listen(
    session: &Session,
    name: &str,
    listening: Listening,
) -> Result<(), ReconcileError> {
    let mut log = Tail::new(Meter::default());
    let mut status = String::new();
    let mut watch = Watch::new(format!("the log of {name}"), LISTEN_LIMIT, session);
    loop {
        let look = session.cloud.training.describe(name).await;
        let state = watch.seen(look, "look at the training job")?.flatten();
        let settled = state.as_ref().is_none_or(TrainingState::is_settled);
        if let Some(state) = state.filter(|state| state.detail != status) {
            status.clone_from(&state.detail);
            session.observer.event(Event::TrainingStatus {
                job: state.name,
                status: state.detail,
                message: state.message,
            });
        }
        for _ in 0..PAGES {
            let prefix = format!("{name}/");
            let cursor = log.cursor.clone();
            let logs = &session.cloud.logs;
            let page = logs.read(TRAINING_LOG_GROUP, &prefix, cursor.as_deref(), Streams::New);
            let page = watch.seen(page.await, "read the training log")?;
            if !page.is_some_and(|page| log.take(session, page)) {
                break;
            }
        }
        if settled || listening == Listening::Once {
            return Ok(());
        }
        watch.pause().await?;
    }
}
