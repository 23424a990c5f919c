//! Brings a CloudFormation stack about: change set, execution, waiting.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Session;
use super::error::{ReconcileError, doing};
use super::follow::{Operation, follow, has_begun};
use super::observe::look_at_stack;
use super::progress::Event;
use super::wait::Watch;
use super::withdraw;
use crate::bundle::Digest;
use crate::cloud::FaultKind;
use crate::cloud::condition::StackStatus;
use crate::cloud::stacks::{
    CHANGE_PREFIX, ChangeKind, ChangeRequest, ChangeStatus, DriftMode, StackState,
};
use crate::plan::Deployment;

/// How long the making of a change set may take.
const LIMIT: Duration = Duration::from_mins(30);

/// What a stack is to be made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackChange {
    /// Name of the stack.
    pub name: String,
    /// Template text.
    pub template: String,
    /// Parameters.
    pub parameters: BTreeMap<String, String>,
    /// Tags of the stack.
    pub tags: BTreeMap<String, String>,
    /// What is done about what others changed.
    pub drift: DriftMode,
}

/// Creates or updates a stack and waits until it is as desired. `before` is the stack as it was
/// observed; one that has changed since is not touched unless the change set says so.
///
/// # Errors
/// CloudFormation refuses the change, or its execution failed.
pub async fn ensure(
    session: &Session,
    deployment: Option<&Deployment>,
    change: &StackChange,
    before: Option<&StackState>,
) -> Result<StackState, ReconcileError> {
    let request = request(change, before);
    if let Some(before) = before {
        clear(session, before, &request.name).await?;
    }
    if !submitted(session, &request).await? {
        let state = look_at_stack(session, &change.name).await?;
        return super::error::known(state, "the stack");
    }
    let state = if let (ChangeKind::Update, Some(before)) = (request.kind, before) {
        before.clone()
    } else {
        let state = look_at_stack(session, &change.name).await?;
        super::error::known(state, "the stack")?
    };
    execute(session, &state, &request.name).await?;
    let operation = Operation {
        name: &change.name,
        id: &state.id,
        token: &request.name,
        before: Some(&state),
    };
    follow(session, deployment, operation).await?.succeeded()
}

fn request(change: &StackChange, before: Option<&StackState>) -> ChangeRequest {
    let exists = before.is_some_and(|state| {
        !matches!(
            state.status,
            StackStatus::ReviewInProgress | StackStatus::DeleteComplete
        )
    });
    let before = before.filter(|_| exists);
    ChangeRequest {
        stack: change.name.clone(),
        kind: if exists {
            ChangeKind::Update
        } else {
            ChangeKind::Create
        },
        name: name(change, before),
        template: change.template.clone(),
        parameters: change.parameters.clone(),
        tags: change.tags.clone(),
        drift: change.drift,
    }
}

/// Derives the change set's name, which is the operation's token too, from everything in it and from
/// the state that it starts from: a run that was killed between submitting and executing finds its own
/// change set again, and the same change made later is another operation.
fn name(change: &StackChange, before: Option<&StackState>) -> String {
    let start = before.map(|state| (&state.id, &state.revision));
    let StackChange {
        template,
        parameters,
        tags,
        drift,
        ..
    } = change;
    let content = format!("{template}\n{parameters:?}\n{tags:?}\n{drift:?}\n{start:?}");
    let digest = Digest::of_bytes(content.as_bytes());
    format!("{CHANGE_PREFIX}{}", &digest.as_str()[..32])
}

/// Removes change sets that earlier runs left. Those of others are left alone, though CloudFormation
/// itself discards them when another one is executed.
async fn clear(session: &Session, before: &StackState, name: &str) -> Result<(), ReconcileError> {
    let waiting = if before.status == StackStatus::ReviewInProgress {
        before.pending_changes.clone()
    } else {
        let waiting = session.cloud.changes.waiting(&before.name).await;
        waiting.map_err(doing("list the change sets"))?
    };
    for found in waiting.iter().filter(|found| *found != name) {
        if found.starts_with(CHANGE_PREFIX) {
            let discarded = session.cloud.changes.discard(&before.name, found).await;
            discarded.map_err(doing("discard an old change set"))?;
        } else {
            let stack = &before.name;
            let text = format!(
                "the change set {found} of {stack} is not deploy's; CloudFormation discards it with \
                 this change"
            );
            session.observer.event(Event::Notice { text });
        }
    }
    Ok(())
}

/// Submits the change set and waits until it can be executed; `false` when there is nothing to do.
async fn submitted(session: &Session, request: &ChangeRequest) -> Result<bool, ReconcileError> {
    let changes = &session.cloud.changes;
    let submitted = changes.submit(request).await;
    submitted.map_err(doing("submit the change set"))?;
    let mut watch = Watch::new("the change set", LIMIT, session);
    loop {
        let look = changes.look(&request.stack, &request.name).await;
        match watch.seen(look, "look at the change set")? {
            Some(ChangeStatus::Ready(_)) => return Ok(true),
            Some(ChangeStatus::Empty) => {
                discard(session, request).await?;
                return Ok(false);
            }
            Some(ChangeStatus::Failed(reason)) => {
                let reason = objections(session, request, reason).await;
                discard(session, request).await?;
                let stack = request.stack.clone();
                return Err(ReconcileError::ChangeRefused { stack, reason });
            }
            Some(ChangeStatus::Pending) | None => watch.pause().await?,
        }
    }
}

/// Adds to the reason of a change set's failure what its validation found in detail.
async fn objections(session: &Session, request: &ChangeRequest, reason: String) -> String {
    let stacks = &session.cloud.stacks;
    // Where it cannot be asked for, the reason stands without the details.
    let found = stacks.objections(&request.stack, &request.name).await;
    let found = found.unwrap_or_default().into_iter();
    let details =
        found.filter_map(|event| Some(format!("{}: {}", event.logical_id, event.reason?)));
    std::iter::once(reason)
        .chain(details)
        .collect::<Vec<_>>()
        .join("; ")
}

/// Removes a change set that cannot be executed, which would be found again by the next run, and the
/// empty stack that it stood in.
async fn discard(session: &Session, request: &ChangeRequest) -> Result<(), ReconcileError> {
    let discarded = session.cloud.changes.discard(&request.stack, &request.name);
    discarded.await.map_err(doing("discard the change set"))?;
    if request.kind == ChangeKind::Create {
        let state = look_at_stack(session, &request.stack).await?;
        let empty = state.filter(|state| {
            state.status == StackStatus::ReviewInProgress && state.pending_changes.is_empty()
        });
        if let Some(state) = empty {
            withdraw::delete(session, &state, Vec::new()).await?;
        }
    }
    Ok(())
}

async fn execute(session: &Session, state: &StackState, name: &str) -> Result<(), ReconcileError> {
    let executed = session.cloud.changes.execute(&state.name, name).await;
    let Err(fault) = executed else { return Ok(()) };
    // An execution that is under way already was begun by this very request, whose answer was lost, or
    // by another run that wants the same.
    let refused = matches!(
        fault.kind,
        FaultKind::Conflict | FaultKind::NotFound | FaultKind::Rejected
    );
    if refused && has_begun(session, &state.id, name).await? {
        return Ok(());
    }
    Err(doing("execute the change set")(fault))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(parameter: &str) -> StackChange {
        StackChange {
            name: "news".into(),
            template: "Resources: {}".into(),
            parameters: BTreeMap::from([("Key".to_owned(), parameter.to_owned())]),
            tags: BTreeMap::new(),
            drift: DriftMode::Leave,
        }
    }

    fn state(status: StackStatus, revision: &str) -> StackState {
        StackState {
            name: "news".into(),
            id: "arn:news".into(),
            status,
            status_reason: None,
            changed: None,
            revision: revision.into(),
            tags: BTreeMap::new(),
            parameters: BTreeMap::new(),
            outputs: BTreeMap::new(),
            pending_changes: Vec::new(),
            token: None,
        }
    }

    #[test]
    fn the_name_tells_content_and_start_from_others() {
        let done = state(StackStatus::UpdateComplete, "1");
        let later = state(StackStatus::UpdateComplete, "2");
        let first = name(&change("a"), Some(&done));
        assert_eq!(first, name(&change("a"), Some(&done)));
        assert_ne!(first, name(&change("b"), Some(&done)));
        assert_ne!(first, name(&change("a"), Some(&later)));
        assert!(first.starts_with(CHANGE_PREFIX));
    }

    #[test]
    fn a_stack_under_review_is_created_under_the_name_of_the_first_attempt() {
        let first = request(&change("a"), None);
        let reviewed = state(StackStatus::ReviewInProgress, "");
        let again = request(&change("a"), Some(&reviewed));
        assert_eq!((first.kind, &first.name), (again.kind, &again.name));
        let update = request(&change("a"), Some(&state(StackStatus::CreateComplete, "")));
        assert_eq!(update.kind, ChangeKind::Update);
    }
}
