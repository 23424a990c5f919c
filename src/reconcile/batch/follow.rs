//! Follows a batch job to its end: its status and its log.

use std::time::Duration;

use super::super::Session;
use super::super::error::ReconcileError;
use super::super::progress::Event;
use super::super::train::tail::Tail;
use super::super::wait::Watch;
use crate::cloud::logs::TRANSFORM_LOG_GROUP;
use crate::cloud::transform::{TransformPhase, TransformState};

/// The longest that a job is followed.
const LIMIT: Duration = Duration::from_hours(28 * 24);
/// Pages that the rest of a settled job's log may have.
const LAST_PAGES: usize = 10;

/// Follows a job to its end.
///
/// # Errors
/// There is no such job, or it ended without answers for some file.
pub(super) async fn follow(
    session: &Session,
    name: &str,
) -> Result<TransformState, ReconcileError> {
    let mut watch = Watch::new(format!("batch job {name}"), LIMIT, session);
    let mut log = Tail::told_as(|line| Event::BatchLine { line });
    let mut shown = None;
    loop {
        let look = session.cloud.transforms.describe(name).await;
        let state = match watch.seen(look, "look at the batch job")? {
            Some(None) => return Err(ReconcileError::BatchGone(name.to_owned())),
            Some(Some(state)) => Some(state),
            None => None,
        };
        let phase = state.as_ref().map(|state| state.phase);
        let moved = phase.is_some() && phase != shown;
        let settled = phase.is_some_and(TransformPhase::is_settled);
        // Read after the status, so that the last lines of a settled job are among them, and told before.
        let pages = if settled { LAST_PAGES } else { 1 };
        for _ in 0..pages {
            let streams = log.streams(moved || settled);
            let cursor = log.cursor.clone();
            let logs = &session.cloud.logs;
            let prefix = format!("{name}/");
            let page = logs.read(TRANSFORM_LOG_GROUP, &prefix, cursor.as_deref(), streams);
            let page = watch.seen(page.await, "read the log of the batch job")?;
            if !page.is_some_and(|page| log.take(session, page)) {
                break;
            }
        }
        if let Some(state) = state {
            if moved {
                shown = phase;
                session.observer.event(Event::BatchStatus {
                    job: name.to_owned(),
                    status: format!("{:?}", state.phase),
                    message: state.failure_reason.clone().unwrap_or_default(),
                });
            }
            if settled {
                return ended(state, log.lines);
            }
        }
        watch.pause().await?;
    }
}

fn ended(state: TransformState, log: Vec<String>) -> Result<TransformState, ReconcileError> {
    if state.phase == TransformPhase::Completed {
        return Ok(state);
    }
    Err(ReconcileError::BatchFailed {
        state: Box::new(state),
        log,
    })
}
