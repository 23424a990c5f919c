//! The steps of a teardown. Each may find its work done already, by a run that was broken off.

use std::time::Duration;

use async_trait::async_trait;

use super::Session;
use super::change;
use super::error::{ReconcileError, doing};
use super::progress::Event;
use super::steps;
use super::wait::Watch;
use crate::cloud::logs::TRAINING_LOG_GROUP;
use crate::plan::{Deployment, Observed, Plan, Step, StepKind};

/// How long a job may take to stop: SageMaker gives it 120 s, then uploads what it has.
const STOP_LIMIT: Duration = Duration::from_hours(1);
/// Pages that a bucket is emptied by at most; one page holds 1,000 versions.
const MAX_PAGES: usize = 100_000;
/// How long what was deleted may still be listed.
const SETTLING: Duration = Duration::from_mins(1);

/// Carries out the plan of a teardown.
///
/// # Errors
/// The first step that failed; running the command again goes on there.
pub async fn tear_down(
    session: &Session,
    deployment: &Deployment,
    observed: &Observed,
    plan: &Plan,
) -> Result<(), ReconcileError> {
    steps::run(
        session,
        plan,
        &mut Removal {
            session,
            deployment,
            observed,
        },
    )
    .await
}

struct Removal<'a> {
    session: &'a Session,
    deployment: &'a Deployment,
    observed: &'a Observed,
}

#[async_trait]
impl steps::Executor for Removal<'_> {
    async fn step(&mut self, step: &Step) -> Result<(), ReconcileError> {
        remove(self.session, self.deployment, self.observed, step.kind).await
    }
}

async fn remove(
    session: &Session,
    deployment: &Deployment,
    observed: &Observed,
    step: StepKind,
) -> Result<(), ReconcileError> {
    match step {
        StepKind::RunningJobs => stop_jobs(session, observed).await,
        StepKind::ServiceRemoval => match &observed.service {
            Some(state) => change::delete(session, state).await,
            None => Ok(()),
        },
        StepKind::BucketContent => empty(session, &deployment.names.bucket).await,
        StepKind::FoundationRemoval => match &observed.foundation {
            Some(state) => {
                // What was written while the service went away, such as a job's last upload.
                empty(session, &deployment.names.bucket).await?;
                change::delete(session, state).await
            }
            None => Ok(()),
        },
        StepKind::PastJobs => delete_jobs(session, observed).await,
        _ => nothing_left(session, deployment).await,
    }
}

async fn stop_jobs(session: &Session, observed: &Observed) -> Result<(), ReconcileError> {
    for job in observed.inside.jobs.iter().filter(|job| !job.is_settled()) {
        let stopped = session.cloud.training.stop(&job.name).await;
        stopped.map_err(doing("stop the training job"))?;
        let mut watch = Watch::new(format!("{} to stop", job.name), STOP_LIMIT, &session.cancel);
        loop {
            let look = session.cloud.training.describe(&job.name).await;
            match watch.seen(look, "look at the training job")? {
                Some(None) => break,
                Some(Some(state)) if state.is_settled() => break,
                _ => watch.pause().await?,
            }
        }
    }
    Ok(())
}

async fn empty(session: &Session, bucket: &str) -> Result<(), ReconcileError> {
    let mut objects = 0;
    for _ in 0..MAX_PAGES {
        session.cancel.check()?;
        let removed = session.cloud.artifacts.remove_some(bucket).await;
        let removed = removed.map_err(doing("empty the bucket"))?;
        if removed == 0 {
            return Ok(());
        }
        objects += removed;
        session.observer.event(Event::Removed { objects });
    }
    Err(ReconcileError::Unknown("an end of the bucket"))
}

async fn delete_jobs(session: &Session, observed: &Observed) -> Result<(), ReconcileError> {
    for job in &observed.inside.jobs {
        session.cancel.check()?;
        let streams = format!("{}/", job.name);
        let deleted = session
            .cloud
            .logs
            .delete_streams(TRAINING_LOG_GROUP, &streams)
            .await;
        deleted.map_err(doing("delete the training log"))?;
        let deleted = session.cloud.training.delete(&job.name).await;
        deleted.map_err(doing("delete the training job"))?;
    }
    Ok(())
}

/// Looks at the whole account for anything of this environment. What was deleted may be listed for
/// a moment longer, so a second look decides.
async fn nothing_left(session: &Session, deployment: &Deployment) -> Result<(), ReconcileError> {
    let scope = deployment.scope();
    let mut watch = Watch::new("the last things to go", SETTLING, &session.cancel);
    loop {
        let items = session.cloud.inventory.items(&scope).await;
        let items = items.map_err(doing("look for leftovers"))?;
        if items.is_empty() {
            return Ok(());
        }
        match watch.pause().await {
            Ok(()) => {}
            Err(ReconcileError::TimedOut { .. }) => {
                return Err(ReconcileError::Leftovers { items });
            }
            Err(other) => return Err(other),
        }
    }
}
