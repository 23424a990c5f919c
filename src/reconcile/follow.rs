//! Follows one operation of a CloudFormation stack to its end.
//!
//! One look a tick: the events of the operation, told from all others by its token, say how far it is
//! and how it ended. The stack itself is described only at the end, or when there is no news for long.

use std::time::Duration;

use super::Session;
use super::error::{Cause, ReconcileError};
use super::progress::Event;
use super::wait::{Watch, patiently};
use crate::cloud::condition::StackStatus;
use crate::cloud::inventory::Item;
use crate::cloud::logs::Streams;
use crate::cloud::stacks::{StackEvent, StackState};
use crate::cloud::{CloudFault, FaultKind};
use crate::plan::Deployment;

/// How long an operation of a stack may take: the update of an endpoint may take 970 minutes.
const LIMIT: Duration = Duration::from_hours(17);
/// Looks in a row without news after which the stack itself is looked at.
const QUIET: u32 = 6;
/// Lines of a failed resource's log that are kept.
const LOG_LINES: usize = 20;
/// Nested stacks into which the cause of a failure is followed.
const DEPTH: usize = 5;

/// An operation that was begun.
pub(super) struct Operation<'a> {
    /// Name of the stack, for people.
    pub(super) name: &'a str,
    /// ARN of the stack, by which it is found even when it is gone.
    pub(super) id: &'a str,
    /// The token of the request that began it.
    pub(super) token: &'a str,
    /// How the stack was before; `None` when the operation was under way already.
    pub(super) before: Option<&'a StackState>,
}

/// How an operation ended.
pub(super) struct Ended {
    /// The stack after it; `None` when it is gone altogether.
    pub(super) state: Option<StackState>,
    /// The first resource that failed, if one did.
    pub(super) cause: Option<Cause>,
    /// Resources that CloudFormation let go of: they are there still, and belong to no stack.
    pub(super) let_go: Vec<Item>,
}

impl Ended {
    /// The stack, when the operation did what was asked.
    ///
    /// # Errors
    /// It did not, or the stack is gone.
    pub(super) fn succeeded(self) -> Result<StackState, ReconcileError> {
        match self.state {
            Some(state) if state.status.succeeded() => Ok(state),
            Some(state) => Err(ReconcileError::StackFailed {
                stack: state.name,
                status: state.status,
                cause: self.cause,
            }),
            None => Err(ReconcileError::Unknown("the stack")),
        }
    }
}

/// Waits for the end of an operation, telling what happens.
pub(super) async fn follow(
    session: &Session,
    deployment: Option<&Deployment>,
    operation: Operation<'_>,
) -> Result<Ended, ReconcileError> {
    let mut story = Story::new(session, deployment, &operation);
    let mut watch = Watch::new(operation.name, LIMIT, session);
    loop {
        let news = story.read(&mut watch).await?;
        let over = story.status.is_some_and(|status| !status.is_busy());
        if over || story.quiet >= QUIET {
            story.quiet = 0;
            if let Some(state) = story.final_state(&mut watch, over).await? {
                // The reason of a failure may have been written after the last look.
                story.read(&mut watch).await?;
                let failed = state
                    .as_ref()
                    .is_some_and(|state| !state.status.succeeded());
                let cause = match story.cause {
                    None if failed => objection(session, &operation).await,
                    cause => cause,
                };
                return Ok(Ended {
                    state,
                    cause,
                    let_go: story.let_go,
                });
            }
        }
        if !news {
            story.quiet += 1;
        }
        watch.pause().await?;
    }
}

/// What CloudFormation objected to before it touched anything: then no resource has an event.
async fn objection(session: &Session, operation: &Operation<'_>) -> Option<Cause> {
    let objections = session
        .cloud
        .stacks
        .objections(operation.id, operation.token);
    // Where it cannot be asked for, the failure stands without its cause.
    let first = objections.await.ok()?.into_iter().next()?;
    Some(Cause {
        logical_id: first.logical_id,
        resource_type: first.resource_type,
        reason: first.reason?,
        log: Vec::new(),
    })
}

/// What was read of an operation so far.
struct Story<'a> {
    session: &'a Session,
    deployment: Option<&'a Deployment>,
    operation: &'a Operation<'a>,
    after: Option<String>,
    status: Option<StackStatus>,
    cause: Option<Cause>,
    let_go: Vec<Item>,
    quiet: u32,
}

impl<'a> Story<'a> {
    fn new(
        session: &'a Session,
        deployment: Option<&'a Deployment>,
        operation: &'a Operation<'a>,
    ) -> Self {
        Self {
            session,
            deployment,
            operation,
            after: None,
            status: None,
            cause: None,
            let_go: Vec::new(),
            quiet: 0,
        }
    }

    /// Reads what has happened since the last time; `false` when nothing has.
    async fn read(&mut self, watch: &mut Watch<'_>) -> Result<bool, ReconcileError> {
        let Operation { id, token, .. } = self.operation;
        let stacks = &self.session.cloud.stacks;
        let look = gone_is_none(stacks.events(id, token, self.after.as_deref()).await);
        let Some(events) = watch.seen(look, "look at the stack's events")? else {
            return Ok(true);
        };
        let news = !events.is_empty();
        for event in events {
            self.after = Some(event.id.clone());
            if let Some(status) = event.stack_status(id) {
                self.status = Some(status);
            }
            if self.cause.is_none() && event.is_cause(id) {
                self.cause = Some(self.explain(&event).await);
            }
            if event.status == "DELETE_SKIPPED" {
                self.let_go.push(let_go(&event));
            }
            self.tell(event);
        }
        Ok(news)
    }

    /// Looks at the stack: its state once the operation is over, nothing while it goes on. Right after
    /// the request it may still be shown as it was before.
    async fn final_state(
        &self,
        watch: &mut Watch<'_>,
        over: bool,
    ) -> Result<Option<Option<StackState>>, ReconcileError> {
        let look = self.session.cloud.stacks.describe(self.operation.id).await;
        let Some(state) = watch.seen(gone_is_none(look), "look at the stack")? else {
            return Ok(None);
        };
        let Some(state) = state else {
            return Ok(Some(None));
        };
        let begun = over
            || self.after.is_some()
            || self.operation.before.is_none_or(|before| {
                before.revision != state.revision || before.status != state.status
            });
        let rests = !state.status.is_busy() && state.status != StackStatus::ReviewInProgress;
        Ok((begun && rests).then_some(Some(state)))
    }

    /// Keeps what explains a failure, before a roll-back takes the log away.
    async fn explain(&self, event: &StackEvent) -> Cause {
        let event = self.innermost(event.clone()).await;
        let mut log = Vec::new();
        if let (Some(deployment), "AWS::SageMaker::Endpoint") =
            (self.deployment, event.resource_type.as_str())
        {
            let group = &deployment.names.endpoint_log_group;
            // Without the log the reason still stands; that the log cannot be read is not the failure.
            let logs = &self.session.cloud.logs;
            if let Ok(page) = logs.read(group, "AllTraffic", None, Streams::Known).await {
                let first = page.lines.len().saturating_sub(LOG_LINES);
                let last = page.lines.into_iter().skip(first);
                log = last.map(|line| line.text).collect();
            }
        }
        Cause {
            logical_id: event.logical_id,
            resource_type: event.resource_type,
            reason: event.reason.unwrap_or_else(|| "gave no reason".to_owned()),
            log,
        }
    }

    /// Follows the failure of a nested stack to the first resource that failed in it.
    async fn innermost(&self, mut event: StackEvent) -> StackEvent {
        for _ in 0..DEPTH {
            let Some(nested) = event.nested_stack().map(str::to_owned) else {
                return event;
            };
            match self.first_failure(&nested).await {
                Some(inner) => event = inner,
                // What cannot be read now leaves the failure of the nested stack as the cause.
                None => return event,
            }
        }
        event
    }

    async fn first_failure(&self, stack: &str) -> Option<StackEvent> {
        let stacks = &self.session.cloud.stacks;
        let token = stacks.newest_event(stack).await.ok()??.token?;
        let events = stacks.events(stack, &token, None).await.ok()?;
        events.into_iter().find(|event| event.is_cause(stack))
    }

    fn tell(&self, event: StackEvent) {
        self.session.observer.event(Event::Resource {
            stack: self.operation.name.to_owned(),
            logical_id: event.logical_id,
            resource_type: event.resource_type,
            status: event.status,
            reason: event.reason,
        });
    }
}

fn let_go(event: &StackEvent) -> Item {
    let id = event.physical_id.as_deref().unwrap_or_default();
    Item::resource(&event.logical_id, &event.resource_type, id)
}

/// What belongs to a stack that is gone altogether is not there.
fn gone_is_none<T: Default>(look: Result<T, CloudFault>) -> Result<T, CloudFault> {
    match look {
        Err(fault) if fault.kind == FaultKind::NotFound => Ok(T::default()),
        other => other,
    }
}

/// Whether the newest operation of a stack is the one with this token.
pub(super) async fn has_begun(
    session: &Session,
    stack: &str,
    token: &str,
) -> Result<bool, ReconcileError> {
    let ask = || session.cloud.stacks.newest_event(stack);
    let newest = patiently(session, stack, "look at the stack's events", ask).await?;
    Ok(newest.is_some_and(|event| event.token.as_deref() == Some(token)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::{Arc, Mutex};

    use async_trait::async_trait;

    use super::*;
    use crate::cloud::stacks::{StackResource, Stacks};
    use crate::reconcile::testing;

    const STACK: &str = "arn:stack";
    const NESTED: &str = "arn:nested";

    /// Stacks whose events come one by one, and are described as the last one says.
    #[derive(Default)]
    struct Told {
        events: BTreeMap<&'static str, Vec<StackEvent>>,
        /// Events of the stack that can be read already.
        readable: Mutex<usize>,
        objections: Vec<StackEvent>,
        describes: Mutex<u32>,
        looks: Mutex<u32>,
    }

    fn event(
        id: &str,
        about: (&str, &str, &str),
        status: &str,
        reason: Option<&str>,
    ) -> StackEvent {
        let (logical_id, resource_type, physical_id) = about;
        StackEvent {
            id: id.into(),
            token: Some("t".into()),
            physical_id: Some(physical_id.into()),
            logical_id: logical_id.into(),
            resource_type: resource_type.into(),
            status: status.into(),
            reason: reason.map(str::to_owned),
        }
    }

    fn own(id: &str, status: &str) -> StackEvent {
        event(
            id,
            ("news", "AWS::CloudFormation::Stack", STACK),
            status,
            None,
        )
    }

    #[async_trait]
    impl Stacks for Told {
        async fn describe(&self, _: &str) -> Result<Option<StackState>, CloudFault> {
            *self.describes.lock().unwrap() += 1;
            let readable = *self.readable.lock().unwrap();
            let mut own = self.events[STACK][..readable].iter().rev();
            let status = own.find_map(|event| event.stack_status(STACK));
            let state = status.map(|status| StackState {
                name: "news".into(),
                id: STACK.into(),
                status,
                status_reason: None,
                changed: None,
                revision: "2".into(),
                tags: BTreeMap::new(),
                parameters: BTreeMap::new(),
                outputs: BTreeMap::new(),
                pending_changes: Vec::new(),
                token: None,
            });
            Ok(state)
        }

        async fn list(&self) -> Result<Vec<String>, CloudFault> {
            Ok(Vec::new())
        }

        async fn resources(&self, _: &str) -> Result<Vec<StackResource>, CloudFault> {
            Ok(Vec::new())
        }

        async fn events(
            &self,
            stack: &str,
            token: &str,
            after: Option<&str>,
        ) -> Result<Vec<StackEvent>, CloudFault> {
            let mut events = self.events[stack].clone();
            if stack == STACK {
                *self.looks.lock().unwrap() += 1;
                let mut readable = self.readable.lock().unwrap();
                *readable = (*readable + 1).min(events.len());
                events.truncate(*readable);
            }
            events.retain(|event| event.token.as_deref() == Some(token));
            let read = events
                .iter()
                .position(|event| Some(event.id.as_str()) == after);
            Ok(events.split_off(read.map_or(0, |read| read + 1)))
        }

        async fn objections(&self, _: &str, _: &str) -> Result<Vec<StackEvent>, CloudFault> {
            Ok(self.objections.clone())
        }

        async fn newest_event(&self, stack: &str) -> Result<Option<StackEvent>, CloudFault> {
            Ok(self.events[stack].last().cloned())
        }
    }

    async fn followed(told: &Arc<Told>) -> Ended {
        let mut bed = testing::session();
        bed.session.cloud.stacks = told.clone();
        let operation = Operation {
            name: "news",
            id: STACK,
            token: "t",
            before: None,
        };
        follow(&bed.session, None, operation).await.unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn one_look_a_tick_is_enough_and_the_stack_is_described_once() {
        let mut events = vec![own("0", "UPDATE_IN_PROGRESS")];
        let group = ("Group", "AWS::Logs::LogGroup", "g");
        events.extend((1..30).map(|n| event(&n.to_string(), group, "UPDATE_COMPLETE", None)));
        events.push(own("30", "UPDATE_COMPLETE"));
        let told = Arc::new(Told {
            events: BTreeMap::from([(STACK, events)]),
            ..Told::default()
        });
        let ended = followed(&told).await;
        assert_eq!(ended.state.unwrap().status, StackStatus::UpdateComplete);
        assert_eq!(*told.describes.lock().unwrap(), 1);
        // One for each event, and one after the end.
        assert_eq!(*told.looks.lock().unwrap(), 32);
    }

    #[tokio::test(start_paused = true)]
    async fn the_cause_is_the_first_failure_even_in_a_nested_stack() {
        let inner = ("Inner", "AWS::CloudFormation::Stack", NESTED);
        let bucket = ("Bucket", "AWS::S3::Bucket", "b");
        let told = Arc::new(Told {
            events: BTreeMap::from([
                (
                    STACK,
                    vec![
                        own("0", "CREATE_IN_PROGRESS"),
                        event(
                            "1",
                            inner,
                            "CREATE_FAILED",
                            Some("Embedded stack was not created"),
                        ),
                        event(
                            "2",
                            bucket,
                            "CREATE_FAILED",
                            Some("Resource creation cancelled"),
                        ),
                        own("3", "ROLLBACK_IN_PROGRESS"),
                        own("4", "ROLLBACK_COMPLETE"),
                    ],
                ),
                (
                    NESTED,
                    vec![
                        event(
                            "5",
                            bucket,
                            "CREATE_FAILED",
                            Some("Resource creation cancelled"),
                        ),
                        event(
                            "6",
                            bucket,
                            "CREATE_FAILED",
                            Some("it belongs to somebody else"),
                        ),
                    ],
                ),
            ]),
            ..Told::default()
        });
        let ended = followed(&told).await;
        let cause = ended.cause.unwrap();
        assert_eq!(
            (cause.logical_id.as_str(), cause.reason.as_str()),
            ("Bucket", "it belongs to somebody else")
        );
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_failed_resource_the_validation_tells_the_cause() {
        let bucket = ("Bucket", "AWS::S3::Bucket", "b");
        let told = Arc::new(Told {
            events: BTreeMap::from([(
                STACK,
                vec![
                    own("0", "CREATE_IN_PROGRESS"),
                    own("1", "ROLLBACK_COMPLETE"),
                ],
            )]),
            objections: vec![event("2", bucket, "VALIDATION_FAILED", Some("it is taken"))],
            ..Told::default()
        });
        assert_eq!(followed(&told).await.cause.unwrap().reason, "it is taken");
    }

    #[tokio::test(start_paused = true)]
    async fn an_operation_without_events_is_seen_in_the_stack_itself() {
        let mut last = own("0", "DELETE_COMPLETE");
        last.token = None;
        let told = Arc::new(Told {
            events: BTreeMap::from([(STACK, vec![last])]),
            ..Told::default()
        });
        let ended = followed(&told).await;
        assert_eq!(ended.state.unwrap().status, StackStatus::DeleteComplete);
        assert!(*told.looks.lock().unwrap() >= QUIET);
    }
}
