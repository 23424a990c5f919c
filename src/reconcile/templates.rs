//! The templates that an environment is deployed from, before a plan changes them.

use super::Session;
use super::error::{ReconcileError, doing};
use crate::plan::{Action, Desired, DesiredStack, Plan, StepKind};

/// Reads the templates of the stacks that are there: of one that a plan leaves alone, the one that is desired.
///
/// # Errors
/// CloudFormation does not tell.
pub async fn deployed(
    session: &Session,
    desired: &Desired,
    plan: &Plan,
) -> Result<Vec<String>, ReconcileError> {
    let mut templates = Vec::new();
    for (kind, stack) in [
        (StepKind::Foundation, &desired.foundation),
        (StepKind::Service, &desired.service),
    ] {
        let step = plan.steps.iter().find(|step| step.kind == kind);
        match step.map(|step| step.action) {
            Some(Action::Create) => {}
            Some(_) => templates.push(read(session, stack).await?),
            None => templates.push(stack.template.clone()),
        }
    }
    Ok(templates)
}

async fn read(session: &Session, stack: &DesiredStack) -> Result<String, ReconcileError> {
    let deployed = session.cloud.drift.deployed(&stack.name).await;
    let deployed = deployed.map_err(doing("read the deployed template"))?;
    Ok(deployed.template)
}
