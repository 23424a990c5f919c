//! The batch jobs of an environment, looked at and stopped by themselves, without the lock: stopping is one
//! idempotent request, and whoever follows the job sees it stopped.

use std::time::Duration;

use super::super::Session;
use super::super::error::{ReconcileError, doing};
use super::super::observe::transforms;
use super::super::wait::Watch;
use crate::cloud::transform::TransformState;
use crate::plan::Deployment;

/// How long a job may take to stop.
const STOP_LIMIT: Duration = Duration::from_hours(1);

/// Lists the batch jobs of an environment, the oldest first.
///
/// # Errors
/// They cannot be looked at.
pub async fn batch_jobs(
    session: &Session,
    deployment: &Deployment,
) -> Result<Vec<TransformState>, ReconcileError> {
    transforms(session, deployment).await
}

/// Asks a batch job to stop, and waits until it has. One that is not running is left as it is.
///
/// # Errors
/// It cannot be stopped, or looked at.
pub async fn stop_batch(
    session: &Session,
    name: &str,
) -> Result<Option<TransformState>, ReconcileError> {
    let stopped = session.cloud.transforms.stop(name).await;
    stopped.map_err(doing("stop the batch job"))?;
    let mut watch = Watch::new(format!("{name} to stop"), STOP_LIMIT, session);
    loop {
        let look = session.cloud.transforms.describe(name).await;
        match watch.seen(look, "look at the batch job")? {
            Some(None) => return Ok(None),
            Some(Some(state)) if state.phase.is_settled() => return Ok(Some(state)),
            _ => watch.pause().await?,
        }
    }
}
