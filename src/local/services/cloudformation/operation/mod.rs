//! Carries operations out: creates, updates, deletes and rolls back.
//!
//! Purpose: takes a stack from phase to phase until its operation has ended. Input: the state, the
//! registry of providers. Output: provider calls and state changes, each on disk before the next
//! step. Must not know: requests and answers.

mod apply;
pub(crate) mod begin;
mod call;
mod goal;
mod phases;
mod record;
mod remove;
mod revert;
pub(crate) mod rollback;
mod walk;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::CloudFormation;
use super::state::Stack;
use crate::local::access::acting;

/// Pause between two tries of a state change that the disk refuses.
const PAUSE: Duration = Duration::from_secs(2);

/// Most phases that one operation can have, counting a deletion that follows a creation.
const MOST_PHASES: u32 = 16;

/// Works on one stack.
pub(crate) struct Driver {
    service: Arc<CloudFormation>,
    id: String,
}

/// Why the work on a stack stops although its operation has not ended. The next start carries it on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DriveError {
    /// The state cannot be written.
    #[error("the state cannot be written")]
    State(#[from] io::Error),
    /// The stack is not there any more.
    #[error("the stack is gone")]
    Gone,
}

impl Driver {
    /// Makes a driver for the stack with the given ARN.
    pub(crate) fn new(service: Arc<CloudFormation>, id: String) -> Self {
        Self { service, id }
    }

    /// Works until the stack has no operation left.
    pub(crate) async fn run(&self) {
        for _ in 0..MOST_PHASES {
            let Ok(Some(operation)) = self.look(|stack| stack.operation.clone()) else {
                return;
            };
            let phase = async {
                match operation.actor.clone() {
                    Some(actor) => acting(actor, self.phase(&operation)).await,
                    None => self.phase(&operation).await,
                }
            };
            if let Err(error) = phase.await {
                self.service.journal.line(&format!(
                    "cloudformation stops working on {}: {error}",
                    self.id
                ));
                return;
            }
        }
    }

    /// Looks at the stack.
    fn look<R>(&self, look: impl FnOnce(&Stack) -> R) -> Result<R, DriveError> {
        self.service
            .state
            .read(|state| state.stacks.get(&self.id).map(|stack| look(stack)))
            .ok_or(DriveError::Gone)
    }

    /// Changes the stack and the disk. While the disk refuses, clients are told so, and the change is
    /// tried again: the operation goes on by itself once there is room.
    async fn record<R>(&self, change: impl Fn(&mut Stack, i64) -> R) -> Result<R, DriveError> {
        loop {
            let now = self.service.now();
            let result = self
                .service
                .state
                .write(|state| match state.stacks.get_mut(&self.id) {
                    Some(stack) => Ok(change(stack, now)),
                    None => Err(DriveError::Gone),
                });
            let Err(DriveError::State(error)) = result else {
                self.service.note_refusal(None);
                return result;
            };
            self.service
                .journal
                .line(&format!("cloudformation cannot write its state: {error}"));
            self.service.note_refusal(Some(&error));
            tokio::time::sleep(PAUSE).await;
        }
    }
}
