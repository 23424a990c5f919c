//! Looks at an environment: at its two stacks first, inside only where they do not suffice.

use std::collections::BTreeSet;

use futures::stream::{StreamExt, TryStreamExt};

use super::Session;
use super::error::{ReconcileError, doing};
use super::train::record;
use super::wait::patiently;
use crate::cloud::stacks::{StackResource, StackState};
use crate::cloud::training::TrainingState;
use crate::cloud::transform::TransformState;
use crate::plan::recover::{Recovery, recovery};
use crate::plan::{
    Choices, Closeness, Deployment, Desired, Inside, ModelRecord, Observed, is_current,
    looks_for_model, parameters,
};

/// Questions that are asked at the same time.
const AT_ONCE: usize = 8;
/// Jobs whose models are looked at for the newest.
const NEWEST: usize = 5;
/// Attempts at one model that are looked for.
const MAX_ATTEMPTS: u32 = 50;

/// Looks at what is there: the two stacks, as they are at this moment. The account is told by the
/// stacks themselves; only where there is none the caller is asked who it is.
pub async fn observe(
    session: &Session,
    deployment: &Deployment,
) -> Result<Observed, ReconcileError> {
    let names = &deployment.names;
    let (foundation, service) = futures::try_join!(
        look_at_stack(session, &names.foundation_stack),
        look_at_stack(session, &names.service_stack),
    )?;
    let account = [&foundation, &service]
        .into_iter()
        .flatten()
        .find_map(StackState::account)
        .map(str::to_owned);
    let account = if let Some(account) = account {
        account
    } else {
        let caller = session.cloud.identity.caller().await;
        caller.map_err(doing("ask who is calling"))?.account
    };
    Ok(Observed {
        account,
        foundation,
        service,
        inside: Inside::default(),
    })
}

/// Reads what the bucket keeps of a model; `None` where it keeps nothing.
///
/// # Errors
/// The bucket cannot be read.
pub async fn model(
    session: &Session,
    deployment: &Deployment,
    training_key: &str,
) -> Result<Option<ModelRecord>, ReconcileError> {
    let object = ModelRecord::object(training_key);
    record::read(session, &deployment.names.bucket, &object).await
}

/// Looks at a stack, by its name or its ARN; `None` when there is none.
pub(super) async fn look_at_stack(
    session: &Session,
    stack: &str,
) -> Result<Option<StackState>, ReconcileError> {
    let ask = || session.cloud.stacks.describe(stack);
    patiently(session, stack, "look at the stack", ask).await
}

/// Looks at what bringing up needs to know inside. Where both stacks are as desired that is nothing,
/// unless a closer look was asked for.
pub(super) async fn look_for_up(
    session: &Session,
    desired: &Desired,
    choices: Choices,
    observed: &mut Observed,
) -> Result<(), ReconcileError> {
    observed.inside = Inside::default();
    if is_current(desired, observed) && choices.closeness == Closeness::Fingerprints {
        return Ok(());
    }
    let trained = desired.training().is_some();
    let attempts = async {
        if trained {
            attempts(session, desired).await
        } else {
            Ok(Vec::new())
        }
    };
    let (uploaded, attempts) = futures::try_join!(uploaded(session, desired), attempts)?;
    observed.inside.uploaded = uploaded;
    observed.inside.attempts = attempts;
    let wanted = trained && looks_for_model(desired, observed, choices);
    if wanted && observed.inside.finished().is_none() {
        models(session, desired, observed).await?;
    }
    for state in [&observed.foundation, &observed.service]
        .into_iter()
        .flatten()
        .filter(|state| recovery(state.status) == Recovery::Clear)
    {
        let resources = session.cloud.stacks.resources(&state.id).await;
        let resources = resources.map_err(doing("look at the stack's resources"))?;
        let live = resources.into_iter().filter(StackResource::is_live);
        let entry = (state.name.clone(), live.collect());
        observed.inside.live.extend([entry]);
    }
    Ok(())
}

/// Looks at everything that a teardown removes.
pub(super) async fn look_for_teardown(
    session: &Session,
    deployment: &Deployment,
    observed: &mut Observed,
) -> Result<(), ReconcileError> {
    let scope = deployment.scope();
    let (jobs, transforms, items) = futures::try_join!(
        jobs(session, deployment),
        transforms(session, deployment),
        async {
            let items = session.cloud.inventory.items(&scope).await;
            items.map_err(doing("look at what is there"))
        }
    )?;
    observed.inside.jobs = jobs;
    observed.inside.transforms = transforms;
    observed.inside.items = items;
    Ok(())
}

async fn uploaded(
    session: &Session,
    desired: &Desired,
) -> Result<BTreeSet<String>, ReconcileError> {
    let bucket = &desired.deployment.names.bucket;
    let sizes: Vec<Option<String>> = futures::stream::iter(desired.needed())
        .map(|key| async move {
            let size = session.cloud.artifacts.size(bucket, key).await?;
            Ok(size.map(|_| key.to_owned()))
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await
        .map_err(doing("look into the bucket"))?;
    Ok(sizes.into_iter().flatten().collect())
}

/// Looks at the attempts at the desired model, first to last.
async fn attempts(
    session: &Session,
    desired: &Desired,
) -> Result<Vec<TrainingState>, ReconcileError> {
    let mut attempts = Vec::new();
    for attempt in 1..=MAX_ATTEMPTS {
        let name = desired.job_name(attempt);
        let state = session.cloud.training.describe(&name).await;
        let Some(mut state) = state.map_err(doing("look at the training job"))? else {
            break;
        };
        forget_lost_model(session, &desired.deployment.names.bucket, &mut state).await?;
        attempts.push(state);
    }
    Ok(attempts)
}

/// Looks at what the bucket keeps of the desired model, and of the one to compare it with: the one that
/// serves, or the newest where none does.
async fn models(
    session: &Session,
    desired: &Desired,
    observed: &mut Observed,
) -> Result<(), ReconcileError> {
    let bucket = &desired.deployment.names.bucket;
    let own = ModelRecord::object(desired.training_key.as_str());
    let mut record = record::read(session, bucket, &own).await?;
    record = record.filter(|record| record.key == desired.training_key);
    if let Some(trained) = record.as_mut().and_then(|record| record.trained.as_mut()) {
        forget_lost_model(session, bucket, trained).await?;
    }
    observed.inside.record = record;
    let service = observed.service.as_ref();
    let serving = service.and_then(|state| state.parameters.get(parameters::TRAINING_KEY));
    observed.inside.baseline = match serving {
        Some(key) => record::read(session, bucket, &ModelRecord::object(key)).await?,
        None if observed.foundation.is_some() => newest(session, &desired.deployment).await?,
        None => None,
    };
    Ok(())
}

/// Finds the newest model that was trained.
async fn newest(
    session: &Session,
    deployment: &Deployment,
) -> Result<Option<ModelRecord>, ReconcileError> {
    let scope = deployment.scope();
    let listed = session.cloud.training.list(&scope.stem).await;
    let names = listed.map_err(doing("list the training jobs"))?;
    let ours = names.iter().rev().filter(|name| scope.training_job(name));
    for name in ours.take(NEWEST) {
        let Some(object) = ModelRecord::object_of_job(&scope.stem, name) else {
            continue;
        };
        let record = record::read(session, &scope.bucket, &object).await?;
        if let Some(record) = record.filter(|record| record.trained.is_some()) {
            return Ok(Some(record));
        }
    }
    Ok(None)
}

/// Takes the model of a job for gone when it is not in the bucket any more.
async fn forget_lost_model(
    session: &Session,
    bucket: &str,
    job: &mut TrainingState,
) -> Result<(), ReconcileError> {
    if let Some(key) = job.model.as_deref().and_then(key_of) {
        let size = session.cloud.artifacts.size(bucket, key).await;
        if size.map_err(doing("look at the model"))?.is_none() {
            job.model = None;
        }
    }
    Ok(())
}

/// Looks at all training jobs of an environment.
pub(super) async fn jobs(
    session: &Session,
    deployment: &Deployment,
) -> Result<Vec<TrainingState>, ReconcileError> {
    let scope = deployment.scope();
    let listed = session.cloud.training.list(&scope.stem).await;
    let names = listed.map_err(doing("list the training jobs"))?;
    let states: Vec<Option<TrainingState>> =
        futures::stream::iter(names.into_iter().filter(|name| scope.training_job(name)))
            .map(|name| async move { session.cloud.training.describe(&name).await })
            .buffered(AT_ONCE)
            .try_collect()
            .await
            .map_err(doing("look at the training jobs"))?;
    Ok(states.into_iter().flatten().collect())
}

/// Looks at all batch jobs of an environment, the oldest first.
pub(super) async fn transforms(
    session: &Session,
    deployment: &Deployment,
) -> Result<Vec<TransformState>, ReconcileError> {
    let scope = deployment.scope();
    let listed = session.cloud.transforms.list(&scope.stem).await;
    let mut jobs = listed.map_err(doing("list the batch jobs"))?;
    jobs.retain(|job| scope.transform_job(&job.name));
    Ok(jobs)
}

/// Returns the key of an `s3://bucket/key` URI.
pub(super) fn key_of(uri: &str) -> Option<&str> {
    uri.strip_prefix("s3://")?
        .split_once('/')
        .map(|(_, key)| key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_follows_the_bucket() {
        assert_eq!(
            key_of("s3://b/training/j/model.tar.gz"),
            Some("training/j/model.tar.gz")
        );
        assert_eq!(key_of("https://b/k"), None);
    }
}
