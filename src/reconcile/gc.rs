//! `gc` as a whole: look, plan, ask, lock, look again, remove what nothing refers to.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::{StreamExt, TryStreamExt};

use super::Session;
use super::consent::Consent;
use super::empty::remove_where;
use super::error::{ReconcileError, doing};
use super::lock::Lock;
use super::observe::{jobs, observe};
use super::release::releases;
use super::remove::delete_job;
use super::settle::settled;
use super::steps;
use super::train::record;
use crate::cloud::artifacts::Place;
use crate::plan::garbage::{self, Garbage, Kept, Owner};
use crate::plan::{Desired, ModelRecord, Observed, Plan, Step};
use crate::release::{Pin, Release};

/// How often the world may move between a plan and its execution.
const ROUNDS: usize = 5;
/// Records that are read at the same time.
const AT_ONCE: usize = 8;

/// What is kept although nothing of what serves refers to it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Keep {
    /// So many of the newest models.
    pub models: usize,
    /// So many of the newest releases.
    pub releases: usize,
    /// What other environments, or this one, will take over.
    pub pins: Vec<Pin>,
}

/// Removes models, data, code and templates that nothing refers to any more.
///
/// # Errors
/// The first thing that failed. Running it again goes on there.
pub async fn gc(
    session: &Session,
    desired: &Desired,
    keep: &Keep,
    consent: &dyn Consent,
) -> Result<Plan, ReconcileError> {
    let deployment = &desired.deployment;
    let mut observed = settled(session, deployment, Some(desired), "gc").await?;
    let mut before: Option<Garbage> = None;
    for _ in 0..ROUNDS {
        let garbage = look(session, desired, keep, &mut observed).await?;
        if !garbage.plan.held.is_empty() {
            return Err(ReconcileError::Held(garbage.plan.held));
        }
        consent.agree(&garbage.plan).await?;
        if garbage.plan.changes_nothing() {
            return Ok(garbage.plan);
        }
        let lock = Arc::new(Lock::new(session, deployment, "gc"));
        lock.take().await?;
        let removed = locked(&lock, desired, keep, &garbage).await;
        lock.release().await;
        match removed? {
            None => return Ok(garbage.plan),
            Some(now) => observed = now,
        }
        before = Some(garbage);
    }
    let now = look(session, desired, keep, &mut observed).await?;
    Err(ReconcileError::Moved {
        what: before.map_or_else(Vec::new, |before| {
            before.plan.based_on.moved(&now.plan.based_on)
        }),
    })
}

/// Removes what was agreed to if that still is what nothing refers to; returns what is there when not.
async fn locked(
    lock: &Arc<Lock>,
    desired: &Desired,
    keep: &Keep,
    agreed: &Garbage,
) -> Result<Option<Observed>, ReconcileError> {
    let session = &lock.fenced();
    let mut observed = observe(session, &desired.deployment).await?;
    if look(session, desired, keep, &mut observed).await? != *agreed {
        return Ok(Some(observed));
    }
    let mut sweep = Sweep {
        session,
        desired,
        garbage: agreed,
    };
    steps::run(session, &agreed.plan, &mut sweep).await?;
    Ok(None)
}

struct Sweep<'a> {
    session: &'a Session,
    desired: &'a Desired,
    garbage: &'a Garbage,
}

#[async_trait]
impl steps::Executor for Sweep<'_> {
    async fn step(&mut self, _: &Step) -> Result<(), ReconcileError> {
        for name in &self.garbage.jobs {
            self.session.cancel.check()?;
            delete_job(self.session, name).await?;
        }
        let scope = self.desired.deployment.scope();
        let doomed = |key: &str| {
            Owner::of(key, &scope).is_some_and(|owner| self.garbage.owners.contains(&owner))
        };
        remove_where(self.session, &scope.bucket, &doomed).await
    }
}

/// Looks at everything in the bucket, and at the training jobs.
async fn look(
    session: &Session,
    desired: &Desired,
    keep: &Keep,
    observed: &mut Observed,
) -> Result<Garbage, ReconcileError> {
    let deployment = &desired.deployment;
    observed.inside.jobs = jobs(session, deployment).await?;
    let found = owners(session, desired).await?;
    let names = found.keys().filter_map(|owner| match owner {
        Owner::Model(key) => Some(ModelRecord::object(key)),
        _ => None,
    });
    let names: Vec<String> = names.collect();
    let bucket = &deployment.names.bucket;
    let models: Vec<Option<ModelRecord>> = futures::stream::iter(&names)
        .map(|name| record::read(session, bucket, name))
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    let models: Vec<ModelRecord> = models.into_iter().flatten().collect();
    let releases = releases(session, deployment).await?.into_iter();
    let releases: Vec<Release> = releases.map(|one| one.release).collect();
    let kept = Kept {
        models: keep.models,
        newest_releases: keep.releases,
        releases: &releases,
        pins: &keep.pins,
    };
    Ok(garbage::plan(desired, observed, &found, &models, kept))
}

/// Counts the objects of each owner, old versions included.
async fn owners(
    session: &Session,
    desired: &Desired,
) -> Result<BTreeMap<Owner, usize>, ReconcileError> {
    let scope = desired.deployment.scope();
    let mut owners = BTreeMap::new();
    let mut place: Option<Place> = None;
    loop {
        session.cancel.check()?;
        let artifacts = &session.cloud.artifacts;
        let page = artifacts.versions(&scope.bucket, place.as_ref()).await;
        let page = page.map_err(doing("list the bucket"))?;
        for version in &page.versions {
            if let Some(owner) = Owner::of(&version.key, &scope) {
                *owners.entry(owner).or_default() += 1;
            }
        }
        place = page.next;
        if place.is_none() {
            return Ok(owners);
        }
    }
}
