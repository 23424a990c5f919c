//! Waits for operations that are under way already, such as those that a killed run began.

use std::sync::Arc;

use super::Session;
use super::error::ReconcileError;
use super::follow::{Operation, follow};
use super::lock::Lock;
use super::observe::observe;
use super::progress::Event;
use crate::cloud::condition::StackStatus;
use crate::cloud::stacks::{CHANGE_PREFIX, StackState};
use crate::plan::parameters::FINGERPRINT;
use crate::plan::{Deployment, Desired, Held, Observed, held};

/// Operations after each other that are waited for.
const ROUNDS: usize = 10;

/// Looks at an environment once nothing is under way in it. Operations that deploy began are followed to
/// their end; the lock is held meanwhile, so that no living run is mistaken for a dead one.
///
/// # Errors
/// Another run works on it, something else does, or the operation that this very environment
/// (`desired`) waits for failed.
pub(super) async fn settled(
    session: &Session,
    deployment: &Deployment,
    desired: Option<&Desired>,
    operation: &'static str,
) -> Result<Observed, ReconcileError> {
    let observed = observe(session, deployment).await?;
    let forbidden = held(deployment, &observed);
    if !forbidden.is_empty() {
        return Err(ReconcileError::Held(forbidden));
    }
    if busy(&observed).is_none() {
        return Ok(observed);
    }
    let lock = Arc::new(Lock::new(session, deployment, operation));
    lock.take().await?;
    let result = wait(session, deployment, desired, observed).await;
    lock.release().await;
    result
}

/// Waits until nothing is under way; for whoever holds the lock.
pub(super) async fn wait(
    session: &Session,
    deployment: &Deployment,
    desired: Option<&Desired>,
    mut observed: Observed,
) -> Result<Observed, ReconcileError> {
    for _ in 0..ROUNDS {
        let Some(state) = busy(&observed) else {
            return Ok(observed);
        };
        attach(session, deployment, desired, state).await?;
        observed = observe(session, deployment).await?;
    }
    Err(ReconcileError::Held(
        busy(&observed).map(Held::busy).into_iter().collect(),
    ))
}

/// Follows the operation of a busy stack to its end.
async fn attach(
    session: &Session,
    deployment: &Deployment,
    desired: Option<&Desired>,
    state: &StackState,
) -> Result<(), ReconcileError> {
    let token = match &state.token {
        Some(token) if token.starts_with(CHANGE_PREFIX) => token,
        _ => return Err(ReconcileError::Held(vec![Held::busy(state)])),
    };
    let on = format!("{} ({}), begun by an earlier run", state.name, state.status);
    session.observer.event(Event::Waiting { on });
    let operation = Operation {
        name: &state.name,
        id: &state.id,
        token,
        before: None,
    };
    let ended = follow(session, Some(deployment), operation).await?;
    let awaited = desired.is_some_and(|desired| is_wanted(desired, state));
    // The failure of something else, such as an older version, is history: the plan says what follows.
    if awaited && ended.state.is_some() {
        ended.succeeded()?;
    }
    Ok(())
}

/// Whether the operation under way brings about what is desired now.
fn is_wanted(desired: &Desired, state: &StackState) -> bool {
    // A deletion keeps the parameters of what it removes.
    if state.status == StackStatus::DeleteInProgress {
        return false;
    }
    let wanted = [&desired.foundation, &desired.service]
        .into_iter()
        .find(|stack| stack.name == state.name);
    wanted.is_some_and(|stack| state.parameters.get(FINGERPRINT) == Some(&stack.fingerprint))
}

fn busy(observed: &Observed) -> Option<&StackState> {
    [&observed.foundation, &observed.service]
        .into_iter()
        .flatten()
        .find(|state| state.status.is_busy())
}
