//! Carries a change of a CloudFormation stack through: change set, execution, waiting, the cause of
//! a failure.

use std::collections::BTreeMap;

use super::Session;
use super::error::{Cause, ReconcileError, doing};
use super::observe::STACK_LIMIT;
use super::progress::Event;
use super::wait::Watch;
use crate::bundle::Digest;
use crate::cloud::stacks::{
    CHANGE_PREFIX, ChangeKind, ChangeRequest, ChangeStatus, DriftMode, StackEvent, StackState,
};
use crate::cloud::{CloudFault, FaultKind};
use crate::plan::{Desired, DesiredStack};

/// Lines of a failed resource's log that are kept.
const LOG_LINES: usize = 20;

/// Creates or updates a stack and waits until it is as desired.
pub(super) async fn bring_about(
    session: &Session,
    desired: &Desired,
    stack: &DesiredStack,
    kind: ChangeKind,
    parameters: BTreeMap<String, String>,
) -> Result<StackState, ReconcileError> {
    let name = change_name(stack, &parameters, &desired.tags);
    let request = ChangeRequest {
        stack: stack.name.clone(),
        kind,
        name,
        template: stack.template.clone(),
        parameters,
        tags: desired.tags.clone(),
        drift: DriftMode::Leave,
    };
    carry_out(session, desired, &request).await
}

/// Carries a change set through: submits it, executes it, waits. One without changes is no failure.
pub(super) async fn carry_out(
    session: &Session,
    desired: &Desired,
    request: &ChangeRequest,
) -> Result<StackState, ReconcileError> {
    if submitted(session, request).await? {
        let before = newest_event(session, request).await?;
        let executed = session
            .cloud
            .stacks
            .execute_change(&request.stack, &request.name)
            .await;
        executed.map_err(doing("execute the change set"))?;
        follow(session, desired, request, before).await
    } else {
        let state = session.cloud.stacks.describe(&request.stack).await;
        super::error::known(state.map_err(doing("look at the stack"))?, "the stack")
    }
}

/// Submits the change set and waits until it can be executed; `false` when there is nothing to do.
async fn submitted(session: &Session, request: &ChangeRequest) -> Result<bool, ReconcileError> {
    let stacks = &session.cloud.stacks;
    stacks
        .submit_change(request)
        .await
        .map_err(doing("submit the change set"))?;
    let mut watch = Watch::new("the change set", STACK_LIMIT, &session.cancel);
    loop {
        let look = stacks.change(&request.stack, &request.name).await;
        match watch.seen(look, "look at the change set")? {
            Some(ChangeStatus::Ready(_)) => return Ok(true),
            Some(ChangeStatus::Empty) => {
                let discarded = stacks.discard_change(&request.stack, &request.name).await;
                discarded.map_err(doing("discard the empty change set"))?;
                return Ok(false);
            }
            Some(ChangeStatus::Failed(reason)) => {
                // A failed change set of this name would be found again by the next run.
                let discarded = stacks.discard_change(&request.stack, &request.name).await;
                discarded.map_err(doing("discard the failed change set"))?;
                let stack = request.stack.clone();
                return Err(ReconcileError::ChangeRefused { stack, reason });
            }
            Some(ChangeStatus::Pending) | None => watch.pause().await?,
        }
    }
}

async fn newest_event(
    session: &Session,
    request: &ChangeRequest,
) -> Result<Option<String>, ReconcileError> {
    let newest = session.cloud.stacks.newest_event(&request.stack).await;
    newest.map_err(doing("look at the stack's events"))
}

/// Waits for the end of the operation, telling what happens.
async fn follow(
    session: &Session,
    desired: &Desired,
    request: &ChangeRequest,
    mut after: Option<String>,
) -> Result<StackState, ReconcileError> {
    let mut watch = Watch::new(&request.stack, STACK_LIMIT, &session.cancel);
    let mut cause = None;
    loop {
        let look = session.cloud.stacks.describe(&request.stack).await;
        let state = watch.seen(look, "look at the stack")?;
        // Read after the status, so that the reason for a final status is always among them.
        let events = session
            .cloud
            .stacks
            .events(&request.stack, after.as_deref())
            .await;
        for event in watch
            .seen(events, "look at the stack's events")?
            .unwrap_or_default()
        {
            after = Some(event.id.clone());
            if cause.is_none() && event.is_cause() {
                cause = Some(explain(session, desired, &event).await);
            }
            tell(session, &request.stack, event);
        }
        match state {
            Some(Some(state)) if !state.status.is_busy() && has_started(&state) => {
                if state.status.succeeded() {
                    return Ok(state);
                }
                let stack = request.stack.clone();
                return Err(ReconcileError::StackFailed {
                    stack,
                    status: state.status,
                    cause,
                });
            }
            Some(None) => return Err(ReconcileError::Unknown("the stack")),
            _ => watch.pause().await?,
        }
    }
}

/// Right after execution the stack may still be shown as under review.
fn has_started(state: &StackState) -> bool {
    state.status != crate::cloud::condition::StackStatus::ReviewInProgress
}

/// Keeps what explains a failure, before a roll-back takes the log away.
async fn explain(session: &Session, desired: &Desired, event: &StackEvent) -> Cause {
    let mut log = Vec::new();
    if event.resource_type == "AWS::SageMaker::Endpoint" {
        let group = &desired.deployment.names.endpoint_log_group;
        // Without the log the reason still stands; that the log cannot be read is not the failure.
        if let Ok(page) = session.cloud.logs.read(group, "AllTraffic", None).await {
            let first = page.lines.len().saturating_sub(LOG_LINES);
            log = page.lines[first..].to_vec();
        }
    }
    Cause {
        logical_id: event.logical_id.clone(),
        resource_type: event.resource_type.clone(),
        reason: event
            .reason
            .clone()
            .unwrap_or_else(|| "gave no reason".to_owned()),
        log,
    }
}

fn tell(session: &Session, stack: &str, event: StackEvent) {
    session.observer.event(Event::Resource {
        stack: stack.to_owned(),
        logical_id: event.logical_id,
        resource_type: event.resource_type,
        status: event.status,
        reason: event.reason,
    });
}

/// Deletes a stack and waits until it is gone.
pub(super) async fn delete(session: &Session, state: &StackState) -> Result<(), ReconcileError> {
    let stacks = &session.cloud.stacks;
    let mut after = stacks
        .newest_event(&state.id)
        .await
        .map_err(doing("look at the stack"))?;
    stacks
        .delete(&state.id)
        .await
        .map_err(doing("delete the stack"))?;
    let mut watch = Watch::new(&state.name, STACK_LIMIT, &session.cancel);
    let mut cause = None;
    loop {
        watch.pause().await?;
        // By its ARN: a deleted stack is still found by it.
        let Some(now) = watch.seen(
            gone_is_none(stacks.describe(&state.id).await),
            "look at the stack",
        )?
        else {
            continue;
        };
        let events = gone_is_none(stacks.events(&state.id, after.as_deref()).await);
        for event in watch
            .seen(events, "look at the stack's events")?
            .unwrap_or_default()
        {
            after = Some(event.id.clone());
            if cause.is_none() && event.is_cause() {
                cause = Some(Cause {
                    logical_id: event.logical_id.clone(),
                    resource_type: event.resource_type.clone(),
                    reason: event.reason.clone().unwrap_or_default(),
                    log: Vec::new(),
                });
            }
            tell(session, &state.name, event);
        }
        match now {
            None => return Ok(()),
            Some(now) if now.status.is_busy() => {}
            Some(now) if now.status.succeeded() => return Ok(()),
            Some(now) => {
                let stack = state.name.clone();
                return Err(ReconcileError::StackFailed {
                    stack,
                    status: now.status,
                    cause,
                });
            }
        }
    }
}

/// What belongs to a stack that is gone altogether is not there.
fn gone_is_none<T: Default>(look: Result<T, CloudFault>) -> Result<T, CloudFault> {
    match look {
        Err(fault) if fault.kind == FaultKind::NotFound => Ok(T::default()),
        other => other,
    }
}

/// Derives the change set's name from everything in it: the same change has the same name, so a run
/// that was killed between submitting and executing finds its own change set again.
fn change_name(
    stack: &DesiredStack,
    parameters: &BTreeMap<String, String>,
    tags: &BTreeMap<String, String>,
) -> String {
    let content = format!("{}\n{parameters:?}\n{tags:?}", stack.template);
    let digest = Digest::of_bytes(content.as_bytes());
    format!("{CHANGE_PREFIX}{}", &digest.as_str()[..32])
}
