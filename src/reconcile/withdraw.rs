//! Takes a CloudFormation stack away or back, and waits for it.

use super::Session;
use super::error::{ReconcileError, doing};
use super::follow::{self, Ended, follow};
use crate::bundle::Digest;
use crate::cloud::condition::StackStatus;
use crate::cloud::inventory::Item;
use crate::cloud::stacks::{CHANGE_PREFIX, Operation, StackState};
use crate::plan::Deployment;
use crate::plan::recover::{Recovery, recovery};

/// Deletes a stack and waits until it is gone. What `leave` names stays; that is possible only after a
/// deletion that failed. Returns what is there still although the stack is gone: what was left, and what
/// the template says is kept.
///
/// # Errors
/// Something in it could not be deleted.
pub async fn delete(
    session: &Session,
    state: &StackState,
    leave: Vec<String>,
) -> Result<Vec<Item>, ReconcileError> {
    let operation = operation("delete", state, leave);
    let withdrawals = &session.cloud.withdrawals;
    let deleted = withdrawals.delete(&state.id, &operation).await;
    deleted.map_err(doing("delete the stack"))?;
    match wait(session, None, state, &operation).await? {
        Ended {
            state: None,
            let_go,
            ..
        } => Ok(let_go),
        mut ended => {
            let let_go = std::mem::take(&mut ended.let_go);
            ended.succeeded().map(|_| let_go)
        }
    }
}

/// Brings a stack whose last operation failed back to a state from which it can be updated. Resources
/// that could not be rolled back are left as they are where `skip` says so.
///
/// # Errors
/// The roll-back failed, too.
pub(super) async fn recover(
    session: &Session,
    deployment: &Deployment,
    state: &StackState,
    skip: Skip,
) -> Result<StackState, ReconcileError> {
    let withdrawals = &session.cloud.withdrawals;
    let operation = match recovery(state.status) {
        Recovery::RollBack => {
            let operation = operation("roll-back", state, Vec::new());
            let begun = withdrawals.roll_back(&state.id, &operation).await;
            begun.map_err(doing("roll the stack back"))?;
            operation
        }
        Recovery::ContinueRollBack => {
            let failed = match skip {
                Skip::Nothing => Vec::new(),
                Skip::Failed => failed_updates(session, state).await?,
            };
            let operation = operation("continue-roll-back", state, failed);
            let begun = withdrawals.continue_roll_back(&state.id, &operation).await;
            begun.map_err(doing("go on with the roll-back"))?;
            operation
        }
        _ => return Ok(state.clone()),
    };
    let ended = wait(session, Some(deployment), state, &operation).await?;
    match ended.state {
        // Here a roll-back is what was wanted.
        Some(state) if recovery(state.status) == Recovery::Update => Ok(state),
        Some(state) if state.status == StackStatus::RollbackComplete => Ok(state),
        _ => ended.succeeded(),
    }
}

/// What to do with resources that cannot be rolled back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Skip {
    /// Try to roll them back again.
    #[default]
    Nothing,
    /// Leave them as they are.
    Failed,
}

/// The logical ids of the resources that a roll-back could not bring back.
async fn failed_updates(
    session: &Session,
    state: &StackState,
) -> Result<Vec<String>, ReconcileError> {
    let resources = session.cloud.stacks.resources(&state.id).await;
    Ok(resources
        .map_err(doing("look at the stack's resources"))?
        .into_iter()
        .filter(|resource| resource.status == "UPDATE_FAILED")
        .map(|resource| resource.logical_id)
        .collect())
}

async fn wait(
    session: &Session,
    deployment: Option<&Deployment>,
    state: &StackState,
    operation: &Operation,
) -> Result<Ended, ReconcileError> {
    let operation = follow::Operation {
        name: &state.name,
        id: &state.id,
        token: &operation.token,
        before: Some(state),
    };
    follow(session, deployment, operation).await
}

/// Makes an operation whose token derives from what is done to which state of the stack, so that a
/// repeated request is recognised.
fn operation(verb: &str, state: &StackState, leave: Vec<String>) -> Operation {
    let content = format!(
        "{verb}\n{}\n{}\n{}\n{leave:?}",
        state.id, state.revision, state.status
    );
    let digest = Digest::of_bytes(content.as_bytes());
    Operation {
        token: format!("{CHANGE_PREFIX}{verb}-{}", &digest.as_str()[..32]),
        leave,
    }
}
