//! Takes drift back through drift-aware change sets, and looks again.

use super::{DriftReport, drift};
use crate::bundle::Digest;
use crate::cloud::stacks::{CHANGE_PREFIX, ChangeKind, ChangeRequest, DriftMode, StackState};
use crate::plan::Desired;
use crate::reconcile::error::{ReconcileError, doing, known};
use crate::reconcile::{Session, change};

/// Has CloudFormation bring back what others changed, and looks whether anything is left: immutable
/// properties and types without drift support stay as they are (CloudFormation user guide, "Using
/// drift-aware change sets").
///
/// # Errors
/// A change failed, or something is left, which is named.
pub async fn revert_drift(
    session: &Session,
    desired: &Desired,
    report: &DriftReport,
) -> Result<(), ReconcileError> {
    for stack in &report.stacks {
        let found = report.findings.iter();
        let digest: Vec<String> = found
            .filter(|finding| finding.subject.stack == *stack)
            .map(|finding| format!("{finding:?}"))
            .collect();
        if !digest.is_empty() {
            of_stack(session, desired, stack, &digest.join("\n")).await?;
        }
    }
    let left = drift(session, &desired.deployment).await?;
    if left.has_drift() {
        return Err(ReconcileError::DriftLeft {
            findings: left.findings,
        });
    }
    Ok(())
}

async fn of_stack(
    session: &Session,
    desired: &Desired,
    stack: &str,
    findings: &str,
) -> Result<(), ReconcileError> {
    let state = session.cloud.stacks.describe(stack).await;
    let state = known(state.map_err(doing("look at the stack"))?, "the stack")?;
    let deployed = session.cloud.drift.deployed(&state.id).await;
    let deployed = deployed.map_err(doing("read the deployed template"))?;
    let newest = session.cloud.stacks.newest_event(&state.id).await;
    let newest = newest.map_err(doing("look at the stack's events"))?;
    let request = ChangeRequest {
        stack: state.name.clone(),
        kind: ChangeKind::Update,
        name: name(&state, newest.as_deref(), findings),
        template: deployed.template,
        parameters: state.parameters,
        tags: state.tags,
        drift: DriftMode::Revert,
    };
    change::carry_out(session, desired, &request)
        .await
        .map(drop)
}

/// The same drift in the same state of the stack has the same name, so that a run that was killed finds
/// its own change set again. The newest event tells two cases of the same drift apart.
fn name(state: &StackState, newest: Option<&str>, findings: &str) -> String {
    let content = format!("{}\n{newest:?}\n{findings}", state.id);
    let digest = Digest::of_bytes(content.as_bytes());
    format!("{CHANGE_PREFIX}revert-{}", &digest.as_str()[..32])
}
