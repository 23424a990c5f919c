//! The steps of a teardown. Each may find its work done already, by a run that was broken off.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::Session;
use super::batch::jobs::stop_batch;
use super::down::DownOptions;
use super::empty::{Sparing, empty};
use super::error::{ReconcileError, doing};
use super::lock::Lock;
use super::observe::look_at_stack;
use super::registry;
use super::steps;
use super::train::jobs::stop_training;
use super::wait::Watch;
use super::withdraw;
use crate::cloud::FaultKind;
use crate::cloud::condition::StackStatus;
use crate::cloud::inventory::Item;
use crate::cloud::logs::{TRAINING_LOG_GROUP, TRANSFORM_LOG_GROUP};
use crate::cloud::stacks::{StackResource, StackState};
use crate::plan::teardown::{Extent, stays};
use crate::plan::{Deployment, Observed, Plan, Step, StepKind};

/// How long what was deleted may still be listed.
const SETTLING: Duration = Duration::from_mins(1);

/// How often a deletion is tried again because somebody still wrote into the bucket, or because what was
/// left keeps something else from going.
const REPEATS: usize = 5;

/// What to do with resources that CloudFormation cannot delete.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Stubborn {
    /// Fail, naming them.
    #[default]
    Fail,
    /// Leave them, and delete the stack around them.
    Leave,
}

/// Carries out the plan of a teardown. Returns what is there still although its stack is gone.
///
/// # Errors
/// The first step that failed; running the command again goes on there.
pub(super) async fn tear_down(
    session: &Session,
    deployment: &Deployment,
    observed: &Observed,
    plan: &Plan,
    options: DownOptions,
    lock: Option<&Arc<Lock>>,
) -> Result<Vec<Item>, ReconcileError> {
    let mut removal = Removal {
        session,
        deployment,
        observed,
        options,
        lock,
        let_go: Vec::new(),
    };
    steps::run(session, plan, &mut removal).await?;
    let let_go = removal.let_go;
    if options.extent == Extent::Everything {
        registry::clear(session, deployment).await?;
    }
    Ok(let_go)
}

struct Removal<'a> {
    session: &'a Session,
    deployment: &'a Deployment,
    observed: &'a Observed,
    options: DownOptions,
    lock: Option<&'a Arc<Lock>>,
    let_go: Vec<Item>,
}

#[async_trait]
impl steps::Executor for Removal<'_> {
    async fn step(&mut self, step: &Step) -> Result<(), ReconcileError> {
        let bucket = &self.deployment.names.bucket;
        match step.kind {
            StepKind::RunningJobs => stop_jobs(self.session, self.observed).await,
            StepKind::ServiceRemoval => {
                let let_go = self.delete(self.observed.service.as_ref()).await?;
                self.let_go.extend(let_go);
                Ok(())
            }
            StepKind::BatchLogs => delete_batch_logs(self.session, self.observed).await,
            StepKind::BucketContent => empty(self.session, bucket, Sparing::Lock).await,
            StepKind::FoundationRemoval => {
                let let_go = self.foundation().await?;
                self.let_go.extend(let_go);
                Ok(())
            }
            StepKind::PastJobs => delete_jobs(self.session, self.observed).await,
            _ => self.nothing_left().await,
        }
    }
}

impl Removal<'_> {
    /// Removes the foundation with the bucket in it. The lock is in the bucket, so it goes first; from the
    /// next moment on the deletion of the stack keeps everybody else away.
    async fn foundation(&self) -> Result<Vec<Item>, ReconcileError> {
        let bucket = &self.deployment.names.bucket;
        // What was written while the service went away, such as a job's last upload.
        empty(self.session, bucket, Sparing::Lock).await?;
        if let Some(lock) = self.lock {
            lock.surrender().await;
        }
        let Some(mut state) = self.observed.foundation.clone() else {
            empty(self.session, bucket, Sparing::Nothing).await?;
            return Ok(Vec::new());
        };
        for _ in 0..REPEATS {
            empty(self.session, bucket, Sparing::Nothing).await?;
            let failure = match withdraw::delete(self.session, &state, Vec::new()).await {
                Err(failure) => failure,
                deleted => return deleted,
            };
            match self.undeleted(&state).await? {
                // Somebody wrote into the bucket between its last listing and its deletion.
                Some(now) if self.is_filled(bucket).await? => state = now,
                Some(now) if self.options.stubborn == Stubborn::Leave => {
                    return self.leave(now, failure).await;
                }
                _ => return Err(failure),
            }
        }
        self.delete(Some(&state)).await
    }

    /// Whether there is anything in the bucket.
    async fn is_filled(&self, bucket: &str) -> Result<bool, ReconcileError> {
        match self.session.cloud.artifacts.versions(bucket, None).await {
            Ok(page) => Ok(!page.versions.is_empty()),
            Err(fault) if fault.kind == FaultKind::NotFound => Ok(false),
            Err(fault) => Err(doing("look into the bucket")(fault)),
        }
    }

    async fn delete(&self, state: Option<&StackState>) -> Result<Vec<Item>, ReconcileError> {
        let Some(state) = state else {
            return Ok(Vec::new());
        };
        let failure = match withdraw::delete(self.session, state, Vec::new()).await {
            Err(failure) if self.options.stubborn == Stubborn::Leave => failure,
            result => return result,
        };
        match self.undeleted(state).await? {
            Some(now) => self.leave(now, failure).await,
            None => Err(failure),
        }
    }

    /// The stack as it is after a deletion that failed.
    async fn undeleted(&self, state: &StackState) -> Result<Option<StackState>, ReconcileError> {
        let now = look_at_stack(self.session, &state.id).await?;
        Ok(now.filter(|now| now.status == StackStatus::DeleteFailed))
    }

    /// Deletes a stack around what could not be deleted. What is left may keep something else from going,
    /// such as a route its integration: that is then left, too.
    async fn leave(
        &self,
        mut state: StackState,
        mut failure: ReconcileError,
    ) -> Result<Vec<Item>, ReconcileError> {
        // An operation tells only of what it let go of itself.
        let mut all = BTreeSet::new();
        for _ in 0..REPEATS {
            let left = self.left(&state).await?;
            all.extend(left.iter().map(StackResource::item));
            let names = left.into_iter().map(|resource| resource.logical_id);
            failure = match withdraw::delete(self.session, &state, names.collect()).await {
                Err(failure) => failure,
                Ok(let_go) => {
                    all.extend(let_go);
                    return Ok(all.into_iter().collect());
                }
            };
            let Some(now) = self.undeleted(&state).await? else {
                return Err(failure);
            };
            state = now;
        }
        Err(failure)
    }

    /// What could not be deleted of a stack.
    async fn left(&self, state: &StackState) -> Result<Vec<StackResource>, ReconcileError> {
        let resources = self.session.cloud.stacks.resources(&state.id).await;
        let mut left = resources.map_err(doing("look at the stack's resources"))?;
        left.retain(|resource| resource.status == "DELETE_FAILED");
        Ok(left)
    }

    /// Looks at the whole account for anything of this environment. What was deleted may be listed for
    /// a moment longer, so a second look decides.
    async fn nothing_left(&self) -> Result<(), ReconcileError> {
        let scope = self.deployment.scope();
        let extent = self.options.extent;
        let mut watch = Watch::new("the last things to go", SETTLING, self.session);
        loop {
            let look = self.session.cloud.inventory.items(&scope).await;
            if let Some(mut items) = watch.seen(look, "look for leftovers")? {
                items.retain(|item| !stays(extent, item));
                if items.is_empty() {
                    return Ok(());
                }
                match watch.pause().await {
                    Err(ReconcileError::TimedOut { .. }) => {
                        return Err(ReconcileError::Leftovers { items });
                    }
                    other => other?,
                }
            } else {
                watch.pause().await?;
            }
        }
    }
}

async fn stop_jobs(session: &Session, observed: &Observed) -> Result<(), ReconcileError> {
    for job in observed.inside.jobs.iter().filter(|job| !job.is_settled()) {
        stop_training(session, &job.name).await?;
    }
    let transforms = observed.inside.transforms.iter();
    for job in transforms.filter(|job| !job.phase.is_settled()) {
        stop_batch(session, &job.name).await?;
    }
    Ok(())
}

async fn delete_jobs(session: &Session, observed: &Observed) -> Result<(), ReconcileError> {
    for job in &observed.inside.jobs {
        session.cancel.check()?;
        delete_job(session, &job.name).await?;
    }
    Ok(())
}

/// Deletes the logs of batch jobs. SageMaker has no operation that deletes the jobs.
async fn delete_batch_logs(session: &Session, observed: &Observed) -> Result<(), ReconcileError> {
    for job in &observed.inside.transforms {
        session.cancel.check()?;
        let streams = format!("{}/", job.name);
        let deleted = session
            .cloud
            .logs
            .delete_streams(TRANSFORM_LOG_GROUP, &streams);
        deleted
            .await
            .map_err(doing("delete the log of a batch job"))?;
    }
    Ok(())
}

/// Deletes the record of a training job that has ended, and its log.
///
/// # Errors
/// One of them cannot be deleted.
pub(super) async fn delete_job(session: &Session, name: &str) -> Result<(), ReconcileError> {
    let streams = format!("{name}/");
    let logs = &session.cloud.logs;
    let deleted = logs.delete_streams(TRAINING_LOG_GROUP, &streams).await;
    deleted.map_err(doing("delete the training log"))?;
    let deleted = session.cloud.training.delete(name).await;
    deleted.map_err(doing("delete the training job"))
}
