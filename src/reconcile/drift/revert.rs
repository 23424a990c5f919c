//! Takes drift back through drift-aware change sets, and looks again.

use super::drift;
use crate::cloud::stacks::{DriftMode, StackState};
use crate::plan::Deployment;
use crate::reconcile::Session;
use crate::reconcile::change::{StackChange, ensure};
use crate::reconcile::error::{ReconcileError, doing, known};
use crate::reconcile::observe::look_at_stack;

/// Has CloudFormation bring back what others changed in these stacks, and looks whether anything is left: immutable
/// properties and types without drift support stay as they are (CloudFormation user guide, "Using
/// drift-aware change sets").
///
/// # Errors
/// A change failed, or something is left, which is named.
pub async fn revert_drift(
    session: &Session,
    deployment: &Deployment,
    stacks: impl Iterator<Item = &String> + Send,
) -> Result<(), ReconcileError> {
    for stack in stacks {
        of_stack(session, deployment, stack).await?;
    }
    let left = drift(session, deployment).await?;
    if left.has_drift() {
        return Err(ReconcileError::DriftLeft {
            findings: left.findings,
        });
    }
    Ok(())
}

async fn of_stack(
    session: &Session,
    deployment: &Deployment,
    stack: &str,
) -> Result<StackState, ReconcileError> {
    let state = known(look_at_stack(session, stack).await?, "the stack")?;
    let deployed = session.cloud.drift.deployed(&state.id).await;
    let deployed = deployed.map_err(doing("read the deployed template"))?;
    let change = StackChange {
        name: state.name.clone(),
        template: deployed.template,
        parameters: state.parameters.clone(),
        tags: state.tags.clone(),
        drift: DriftMode::Revert,
    };
    ensure(session, Some(deployment), &change, Some(&state)).await
}
