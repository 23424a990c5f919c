//! Follows a training job to its end: its status, its log, what it runs on.

use std::time::Duration;

use super::super::Session;
use super::super::error::ReconcileError;
use super::super::progress::Event;
use super::super::wait::Watch;
use super::how;
use super::meter::Meter;
use super::tail::Tail;
use crate::cloud::logs::TRAINING_LOG_GROUP;
use crate::cloud::training::{JobFacts, TrainingPhase, TrainingState};
use crate::plan::Desired;

/// Time beyond its own limit that a job may take: waiting for an instance, download, upload.
const OVERHEAD: Duration = Duration::from_hours(6);
/// Pages that the rest of a settled job's log may have.
const LAST_PAGES: usize = 10;

/// What is followed.
pub(super) struct Following<'a> {
    /// Name of the job.
    pub(super) job: String,
    /// Which attempt at the model it is, from 1.
    pub(super) attempt: usize,
    /// The longest that it is followed.
    pub(super) limit: Duration,
    /// The rendered request, for its metrics.
    pub(super) request: &'a serde_json::Value,
}

impl<'a> Following<'a> {
    /// An attempt at the desired model.
    pub(super) fn of(desired: &'a Desired, attempt: usize) -> Result<Self, ReconcileError> {
        let training = how(desired)?;
        Ok(Self {
            job: desired.job_name(u32::try_from(attempt).unwrap_or(u32::MAX)),
            attempt,
            limit: Duration::from_secs(training.limit_seconds) + OVERHEAD,
            request: &training.request,
        })
    }
}

/// Follows a job to its end.
///
/// # Errors
/// [`ReconcileError::TrainingFailed`] when it ends without a model.
pub(super) async fn follow(
    session: &Session,
    following: &Following<'_>,
) -> Result<TrainingState, ReconcileError> {
    let name = &following.job;
    let mut watch = Watch::new(format!("training job {name}"), following.limit, session);
    let mut log = Tail::new(Meter::of(following.request));
    let mut shown = Shown::default();
    loop {
        let look = session.cloud.training.describe(name).await;
        let state = watch.seen(look, "look at the training job")?;
        let state = match state {
            Some(None) => return Err(ReconcileError::Unknown("the training job")),
            Some(Some(state)) => Some(state),
            None => None,
        };
        let moved = state
            .as_ref()
            .is_some_and(|state| state.detail != shown.status);
        let settled = state.as_ref().is_some_and(TrainingState::is_settled);
        // Read after the status, so that the last lines of a settled job are among them, and told before.
        let pages = if settled { LAST_PAGES } else { 1 };
        for _ in 0..pages {
            let streams = log.streams(moved || settled);
            let cursor = log.cursor.clone();
            let prefix = format!("{name}/");
            let logs = &session.cloud.logs;
            let page = logs.read(TRAINING_LOG_GROUP, &prefix, cursor.as_deref(), streams);
            let page = watch.seen(page.await, "read the training log")?;
            if !page.is_some_and(|page| log.take(session, page)) {
                break;
            }
        }
        if let Some(state) = state {
            shown.tell(session, following, &state);
            if settled {
                return ended(state, log.lines);
            }
        }
        watch.pause().await?;
    }
}

fn ended(state: TrainingState, log: Vec<String>) -> Result<TrainingState, ReconcileError> {
    if state.phase == TrainingPhase::Completed {
        return Ok(state);
    }
    Err(ReconcileError::TrainingFailed {
        transient: state.failed_transiently(),
        reason: state.failure_reason.unwrap_or(state.message),
        job: state.name,
        status: state.detail,
        log,
    })
}

/// What was told of a job last.
#[derive(Default)]
struct Shown {
    status: String,
    message: String,
    facts: Option<JobFacts>,
}

impl Shown {
    /// Tells what is new.
    fn tell(&mut self, session: &Session, following: &Following<'_>, job: &TrainingState) {
        if self.status != job.detail || self.message != job.message {
            self.status.clone_from(&job.detail);
            self.message.clone_from(&job.message);
            session.observer.event(Event::TrainingStatus {
                job: job.name.clone(),
                status: job.detail.clone(),
                message: job.message.clone(),
            });
        }
        // The seconds of a job that runs are everybody's own to count.
        let mut facts = job.facts.clone();
        if !job.is_settled() {
            facts.training_seconds = None;
            facts.billable_seconds = None;
        }
        if self.facts.as_ref() != Some(&facts) {
            self.facts = Some(facts.clone());
            session.observer.event(Event::TrainingFacts {
                job: job.name.clone(),
                attempt: following.attempt,
                saving: facts.saving(),
                facts,
            });
        }
    }
}
