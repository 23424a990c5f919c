//! Looks at an environment: at its two stacks first, inside only where they do not suffice.

use std::time::Duration;

use futures::stream::{StreamExt, TryStreamExt};

use super::Session;
use super::error::{ReconcileError, doing};
use super::progress::Event;
use super::wait::Watch;
use crate::cloud::stacks::StackState;
use crate::cloud::training::TrainingState;
use crate::plan::{Deployment, Desired, Inside, Observed, is_current};

/// Questions that are asked at the same time.
const AT_ONCE: usize = 8;
/// Attempts at one model that are looked for.
const MAX_ATTEMPTS: u32 = 50;
/// How long an operation of a stack may take: the update of an endpoint may take 970 minutes.
pub(super) const STACK_LIMIT: Duration = Duration::from_hours(17);

/// Looks at what is there: the caller and the two stacks, as they are at this moment.
pub async fn observe(
    session: &Session,
    deployment: &Deployment,
) -> Result<Observed, ReconcileError> {
    let cloud = &session.cloud;
    let (caller, foundation, service) = futures::try_join!(
        cloud.identity.caller(),
        cloud.stacks.describe(&deployment.names.foundation_stack),
        cloud.stacks.describe(&deployment.names.service_stack),
    )
    .map_err(doing("look at the environment"))?;
    Ok(Observed {
        caller,
        foundation,
        service,
        inside: Inside::default(),
    })
}

/// Looks at what bringing up needs to know, after operations under way have ended. Nothing inside is
/// looked at when both stacks are as desired.
pub async fn observe_for_up(
    session: &Session,
    desired: &Desired,
) -> Result<Observed, ReconcileError> {
    let mut observed = observe_settled(session, &desired.deployment).await?;
    if is_in_account(&desired.deployment, &observed) && !is_current(desired, &observed) {
        observed.inside.uploaded = uploaded(session, desired).await?;
        observed.inside.attempts = attempts(session, desired).await?;
    }
    Ok(observed)
}

/// Looks at everything that a teardown removes, after operations under way have ended.
pub async fn observe_for_teardown(
    session: &Session,
    deployment: &Deployment,
) -> Result<Observed, ReconcileError> {
    let mut observed = observe_settled(session, deployment).await?;
    if is_in_account(deployment, &observed) {
        observed.inside.jobs = jobs(session, deployment).await?;
    }
    Ok(observed)
}

async fn observe_settled(
    session: &Session,
    deployment: &Deployment,
) -> Result<Observed, ReconcileError> {
    let mut observed = observe(session, deployment).await?;
    if is_in_account(deployment, &observed) {
        observed.foundation = settled(session, observed.foundation).await?;
        observed.service = settled(session, observed.service).await?;
    }
    Ok(observed)
}

/// In another account there is nothing to look at; the plan says so.
fn is_in_account(deployment: &Deployment, observed: &Observed) -> bool {
    observed.caller.account == deployment.account
}

/// Waits until no operation is under way on a stack.
async fn settled(
    session: &Session,
    state: Option<StackState>,
) -> Result<Option<StackState>, ReconcileError> {
    let mut state = match state {
        Some(state) if state.status.is_busy() => state,
        settled => return Ok(settled),
    };
    let on = format!("{} ({})", state.name, state.status);
    session.observer.event(Event::Waiting { on });
    let mut watch = Watch::new(&state.name, STACK_LIMIT, &session.cancel);
    let doing = "look at the stack";
    while state.status.is_busy() {
        watch.pause().await?;
        // By its ARN, so that a namesake that comes after it is not taken for it.
        match watch.seen(session.cloud.stacks.describe(&state.id).await, doing)? {
            Some(Some(now)) => state = now,
            Some(None) => return Ok(None),
            None => {}
        }
    }
    // A stack that is gone by now is not there.
    session
        .cloud
        .stacks
        .describe(&state.name)
        .await
        .map_err(super::error::doing(doing))
}

async fn uploaded(
    session: &Session,
    desired: &Desired,
) -> Result<std::collections::BTreeSet<String>, ReconcileError> {
    let bucket = &desired.deployment.names.bucket;
    let sizes: Vec<Option<String>> = futures::stream::iter(&desired.uploads)
        .map(|upload| async move {
            let size = session.cloud.artifacts.size(bucket, &upload.key).await?;
            Ok(size.map(|_| upload.key.clone()))
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
        if let Some(key) = state.model.as_deref().and_then(key_of) {
            let size = session
                .cloud
                .artifacts
                .size(&desired.deployment.names.bucket, key)
                .await;
            if size.map_err(doing("look at the model"))?.is_none() {
                state.model = None;
            }
        }
        attempts.push(state);
    }
    Ok(attempts)
}

async fn jobs(
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
