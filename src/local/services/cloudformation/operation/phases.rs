//! The phases of an operation, and which follows which.

use std::time::Duration;

use super::begin;
use super::goal::Goal;
use super::rollback::turn_back;
use super::walk::{OnFailed, walk};
use super::{DriveError, Driver};
use crate::local::ids;
use crate::local::services::cloudformation::outputs;
use crate::local::services::cloudformation::state::{
    ExecutionStatus, OnFailure, Operation, OperationKind, Output, Phase, ResourceStatus, Stack,
    StackResource, StackStatus, record_stack,
};
use crate::local::services::cloudformation::template::{
    Policy, Template, TemplateError, conditions, graph,
};

/// Time between the failure of a creation and the first deletion. The real service needs longer; whoever
/// looks every five seconds gets to read the log that explains the failure before it is deleted too.
const BEFORE_ROLLBACK: Duration = Duration::from_secs(6);

impl Driver {
    /// Carries out the present phase and enters the next, or ends the operation.
    pub(super) async fn phase(&self, operation: &Operation) -> Result<(), DriveError> {
        match operation.phase {
            Phase::Create => self.create_phase(operation).await,
            Phase::Update => self.update_phase(operation).await,
            Phase::UpdateRollback => self.update_rollback(operation).await,
            Phase::UpdateCleanup => {
                self.clean_up(StackStatus::UpdateComplete, ExecutionStatus::Complete)
                    .await
            }
            Phase::UpdateRollbackCleanup => {
                self.clean_up(StackStatus::UpdateRollbackComplete, ExecutionStatus::Failed)
                    .await
            }
            Phase::CreateRollback => self.create_rollback(operation).await,
            Phase::Delete => self.delete_phase(operation).await,
        }
    }

    async fn create_phase(&self, operation: &Operation) -> Result<(), DriveError> {
        let outcome = self.apply_all(operation, OnFailed::Stop).await?;
        self.record(|stack, now| {
            if begin::waiting_deletion(stack, now) {
                return;
            }
            match &outcome {
                Ok(outputs) => {
                    stack.outputs.clone_from(outputs);
                    end(
                        stack,
                        StackStatus::CreateComplete,
                        None,
                        ExecutionStatus::Complete,
                        now,
                    );
                }
                Err(reason) => match operation.on_failure {
                    OnFailure::Rollback => {
                        let reason = format!("{reason} Rollback requested by user.");
                        enter(
                            stack,
                            Phase::CreateRollback,
                            StackStatus::RollbackInProgress,
                            Some(reason),
                            now,
                        );
                    }
                    OnFailure::Delete => {
                        let reason = format!("{reason} Delete requested by user.");
                        enter(
                            stack,
                            Phase::Delete,
                            StackStatus::DeleteInProgress,
                            Some(reason),
                            now,
                        );
                    }
                    OnFailure::DoNothing => {
                        let reason = Some(reason.clone());
                        end(
                            stack,
                            StackStatus::CreateFailed,
                            reason,
                            ExecutionStatus::Failed,
                            now,
                        );
                    }
                },
            }
        })
        .await
    }

    async fn update_phase(&self, operation: &Operation) -> Result<(), DriveError> {
        let outcome = self.apply_all(operation, OnFailed::Stop).await?;
        let goal = self.goal()?;
        self.record(|stack, now| match (&outcome, &goal) {
            (Ok(outputs), Ok(goal)) => {
                stack.outputs.clone_from(outputs);
                drop_unwanted(stack, goal);
                enter(
                    stack,
                    Phase::UpdateCleanup,
                    StackStatus::UpdateCleanup,
                    None,
                    now,
                );
            }
            (Ok(_), Err(error)) => fail_update(stack, operation, error.to_string(), now),
            (Err(reason), _) => fail_update(stack, operation, reason.clone(), now),
        })
        .await
    }

    async fn update_rollback(&self, operation: &Operation) -> Result<(), DriveError> {
        let outcome = self.apply_all(operation, OnFailed::Skip).await?;
        self.record(|stack, now| match &outcome {
            Ok(outputs) => {
                stack.outputs.clone_from(outputs);
                enter(
                    stack,
                    Phase::UpdateRollbackCleanup,
                    StackStatus::UpdateRollbackCleanup,
                    None,
                    now,
                );
            }
            Err(reason) => {
                let reason = Some(reason.clone());
                end(
                    stack,
                    StackStatus::UpdateRollbackFailed,
                    reason,
                    ExecutionStatus::Failed,
                    now,
                );
            }
        })
        .await
    }

    async fn clean_up(
        &self,
        status: StackStatus,
        execution: ExecutionStatus,
    ) -> Result<(), DriveError> {
        let victims = self.look(|stack| stack.leftovers.clone())?;
        // As on AWS a failed clean-up does not fail the update; unlike there, the next one tries again.
        self.remove(&victims).await?;
        self.record(|stack, now| end(stack, status, None, execution, now))
            .await
    }

    async fn create_rollback(&self, operation: &Operation) -> Result<(), DriveError> {
        tokio::time::sleep(BEFORE_ROLLBACK).await;
        let victims = self.look(|stack| {
            everything(stack, |resource| {
                resource.deletion_policy == Policy::Retain && !operation.retain_except_on_create
            })
        })?;
        let failed = self.remove(&victims).await?;
        self.record(|stack, now| {
            if begin::waiting_deletion(stack, now) {
                return;
            }
            let (status, reason) = match failed_to("delete", &failed) {
                None => (StackStatus::RollbackComplete, None),
                reason => (StackStatus::RollbackFailed, reason),
            };
            stack.outputs.clear();
            end(stack, status, reason, ExecutionStatus::Failed, now);
        })
        .await
    }

    async fn delete_phase(&self, operation: &Operation) -> Result<(), DriveError> {
        let victims = self.look(|stack| {
            everything(stack, |resource| {
                resource.deletion_policy != Policy::Delete
                    || operation.retain.contains(&resource.logical_id)
            })
        })?;
        let mut failed = self.remove(&victims).await?;
        if operation.force && !failed.is_empty() {
            self.leave(&failed).await?;
            failed.clear();
        }
        self.record(|stack, now| match failed_to("delete", &failed) {
            None => {
                stack.deleted = Some(now);
                stack.change_sets.clear();
                end(
                    stack,
                    StackStatus::DeleteComplete,
                    None,
                    ExecutionStatus::Complete,
                    now,
                );
            }
            reason => end(
                stack,
                StackStatus::DeleteFailed,
                reason,
                ExecutionStatus::Failed,
                now,
            ),
        })
        .await
    }

    /// Applies the stack's definition; returns the outputs, or why it failed.
    async fn apply_all(
        &self,
        operation: &Operation,
        on_failed: OnFailed,
    ) -> Result<Result<Vec<Output>, String>, DriveError> {
        let goal = match self.goal()? {
            Ok(goal) => goal,
            Err(error) => return Ok(Err(error.to_string())),
        };
        // Once a deletion waits, only what a crash cut off is taken up again, so that it can be deleted.
        let may_begin = |name: &str| {
            self.look(|stack| {
                let waiting = stack
                    .operation
                    .as_ref()
                    .is_none_or(|operation| operation.delete_next.is_some());
                !waiting
                    || stack.resources.get(name).is_some_and(|present| {
                        present.status == ResourceStatus::CreateInProgress
                            && present.physical_id.is_none()
                    })
            })
            .unwrap_or(false)
        };
        let failed = walk(
            &goal.graph,
            operation.done.clone(),
            on_failed,
            may_begin,
            |name| self.apply(&goal, name),
        )
        .await?;
        if failed.is_empty() {
            let stack = self.look(Stack::clone)?;
            return Ok(outputs::evaluate(&goal.scope(&stack)).map_err(|error| error.to_string()));
        }
        let verb = if operation.phase == Phase::Create {
            "create"
        } else {
            "update"
        };
        Ok(Err(self
            .look(|stack| failed_by_kind(stack, &failed))?
            .or_else(|| failed_to(verb, &failed))
            .unwrap_or_default()))
    }

    fn goal(&self) -> Result<Result<Goal, TemplateError>, DriveError> {
        self.look(|stack| {
            let template = Template::parse(&stack.definition.template)?;
            let parameters = stack.definition.parameters.clone();
            let pseudo = self.service.pseudo(stack);
            let conditions = conditions::evaluate(&template, &parameters, &pseudo)?;
            let graph = graph::graph(&template, &conditions)?;
            Ok(Goal {
                template,
                parameters,
                conditions,
                graph,
                pseudo,
            })
        })
    }
}

/// Ends the operation in the given status.
fn end(
    stack: &mut Stack,
    status: StackStatus,
    reason: Option<String>,
    execution: ExecutionStatus,
    now: i64,
) {
    record_stack(stack, status, reason, now);
    stack.operation = None;
    if !matches!(
        status,
        StackStatus::UpdateFailed | StackStatus::UpdateRollbackFailed
    ) {
        stack.stable = None;
    }
    for set in &mut stack.change_sets {
        if set.execution == ExecutionStatus::InProgress {
            set.execution = execution;
        }
    }
}

fn enter(stack: &mut Stack, phase: Phase, status: StackStatus, reason: Option<String>, now: i64) {
    let follows = match phase {
        Phase::CreateRollback | Phase::UpdateRollback => Some(OperationKind::Rollback),
        Phase::Delete => Some(OperationKind::DeleteStack),
        _ => None,
    };
    if let Some(operation) = &mut stack.operation {
        operation.enter(phase);
        if let Some(kind) = follows {
            operation.id = ids::uuid();
            let id = operation.id.clone();
            stack.note_operation(kind, id);
        }
    }
    record_stack(stack, status, reason, now);
}

fn fail_update(stack: &mut Stack, operation: &Operation, reason: String, now: i64) {
    if operation.on_failure == OnFailure::DoNothing {
        end(
            stack,
            StackStatus::UpdateFailed,
            Some(reason),
            ExecutionStatus::Failed,
            now,
        );
        return;
    }
    turn_back(stack, operation.retain_except_on_create);
    enter(
        stack,
        Phase::UpdateRollback,
        StackStatus::UpdateRollbackInProgress,
        Some(reason),
        now,
    );
}

/// Moves what is no longer in the template to the leftovers.
fn drop_unwanted(stack: &mut Stack, goal: &Goal) {
    let (kept, dropped) = std::mem::take(&mut stack.resources)
        .into_iter()
        .partition(|(name, _)| goal.graph.contains_key(name));
    stack.resources = kept;
    for (_, mut resource) in dropped {
        if resource.status != ResourceStatus::DeleteComplete {
            resource.let_go = resource.deletion_policy != Policy::Delete;
            stack.leftovers.push(resource);
        }
    }
}

/// Returns all that exists of the stack, marked with what is to be let go.
fn everything(stack: &Stack, let_go: impl Fn(&StackResource) -> bool) -> Vec<StackResource> {
    let living = stack.living().cloned().map(|mut resource| {
        resource.let_go = let_go(&resource);
        resource
    });
    stack.leftovers.iter().cloned().chain(living).collect()
}

fn failed_to(verb: &str, failed: &[String]) -> Option<String> {
    (!failed.is_empty()).then(|| {
        format!(
            "The following resource(s) failed to {verb}: [{}].",
            failed.join(", ")
        )
    })
}

/// Names failures of an update by what failed: creations apart from updates.
fn failed_by_kind(stack: &Stack, failed: &[String]) -> Option<String> {
    let with = |status| -> Vec<String> {
        let has = |name: &&String| {
            stack
                .resources
                .get(*name)
                .is_some_and(|present| present.status == status)
        };
        failed.iter().filter(has).cloned().collect()
    };
    let reasons: Vec<String> = [
        ("create", ResourceStatus::CreateFailed),
        ("update", ResourceStatus::UpdateFailed),
    ]
    .into_iter()
    .filter_map(|(verb, status)| failed_to(verb, &with(status)))
    .collect();
    (!reasons.is_empty()).then(|| reasons.join(" "))
}
