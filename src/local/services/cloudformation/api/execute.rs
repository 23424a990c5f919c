//! Beginning operations: executing a change set, creating, updating, deleting.

use std::collections::BTreeSet;

use super::change_sets::not_updatable;
use super::{Answer, Call, names, validation};
use crate::local::services::cloudformation::changes::{self, Comparison};
use crate::local::services::cloudformation::operation::begin;
use crate::local::services::cloudformation::state::{
    ChangeSet, ChangeSetStatus, ExecutionStatus, Stack, StackStatus, State,
};
use crate::local::wire::ApiError;
use crate::local::wire::query::Xml;

/// Parameters of CreateStack and UpdateStack that ask for what is not emulated.
const NOT_EMULATED: [&str; 9] = [
    "RollbackConfiguration",
    "NotificationARNs",
    "RoleARN",
    "ResourceTypes",
    "StackPolicyBody",
    "StackPolicyURL",
    "StackPolicyDuringUpdateBody",
    "StackPolicyDuringUpdateURL",
    "TimeoutInMinutes",
];

impl Call<'_> {
    pub(super) fn execute_change_set(&self) -> Answer {
        self.refuse(&["RetainExceptOnCreate"])?;
        let name = self.parameters.required("ChangeSetName")?;
        let token = self.token("ClientRequestToken");
        let disable_rollback = self.parameters.flag("DisableRollback")?;
        let now = self.service.now();
        let id = self.service.state.write(|state| {
            let (stack, set) = names::change_set(state, self.parameters.get("StackName"), name)?;
            let (id, mut set) = (stack.id.clone(), set.clone());
            if token.is_some() && token == set.executed_with {
                return Ok(id);
            }
            executable(stack, &set)?;
            if disable_rollback {
                set.on_failure = self.on_failure(set.creates)?;
            }
            execute(names::find_mut(state, &id)?, set, token, now);
            Ok::<_, ApiError>(id)
        })?;
        self.service.drive(&id);
        Ok(Xml::default())
    }

    pub(super) fn create_stack(&self) -> Answer {
        self.refuse(&NOT_EMULATED)?;
        let name = self.stack_name()?;
        names::check("stackName", name)?;
        let id = self.arn("stack", name);
        let mut stack = Stack::new(
            id.clone(),
            name.to_owned(),
            self.region.to_owned(),
            self.service.now(),
        );
        stack.termination_protection = self.parameters.flag("EnableTerminationProtection")?;
        let (definition, _) = self.definition(&stack)?;
        let on_failure = self.on_failure(true)?;
        let token = self.token("ClientRequestToken");
        let id = self.service.state.write(|state| {
            match state.find(name) {
                // The same request sent again.
                Some(found) if token.is_some() && found.last_token == token => {
                    return Ok(found.id.clone());
                }
                Some(found) => {
                    return Err(ApiError::client(
                        "AlreadyExistsException",
                        format!("Stack [{}] already exists", found.name),
                    ));
                }
                None => {}
            }
            begin::create(
                &mut stack,
                definition,
                on_failure,
                token,
                self.service.now(),
            );
            state.stacks.insert(id.clone(), stack);
            Ok(id)
        })?;
        self.service.drive(&id);
        Ok(stack_id(&id))
    }

    pub(super) fn update_stack(&self) -> Answer {
        self.refuse(&NOT_EMULATED)?;
        let stack = self.with_stack(|stack| Ok(stack.clone()))?;
        let token = self.token("ClientRequestToken");
        if token.is_some() && stack.last_token == token {
            return Ok(stack_id(&stack.id));
        }
        if !stack.status.updatable() {
            return Err(not_updatable(&stack));
        }
        let (definition, template) = self.definition(&stack)?;
        let pseudo = self.service.pseudo(&stack);
        let comparison = Comparison {
            stack: &stack,
            target: &definition,
            template: &template,
            pseudo: &pseudo,
            registry: &self.service.registry,
        };
        if !changes::anything_changes(&comparison, &changes::changes(&comparison)?)? {
            return Err(validation("No updates are to be performed."));
        }
        let on_failure = self.on_failure(false)?;
        self.service.state.write(|state| {
            let stack = names::find_mut(state, &stack.id)?;
            if !stack.status.updatable() {
                return Err(not_updatable(stack));
            }
            stack.change_sets.clear();
            begin::update(stack, definition, on_failure, token, self.service.now());
            Ok(())
        })?;
        self.service.drive(&stack.id);
        Ok(stack_id(&stack.id))
    }

    pub(super) fn delete_stack(&self) -> Answer {
        self.refuse(&["RoleARN"])?;
        if self
            .parameters
            .get("DeletionMode")
            .is_some_and(|mode| mode != "STANDARD")
        {
            return Err(ApiError::not_emulated(
                "cloudformation",
                "DeleteStack with DeletionMode FORCE_DELETE_STACK",
            ));
        }
        let name = self.stack_name()?;
        let retain: BTreeSet<String> = self
            .parameters
            .strings("RetainResources")
            .into_iter()
            .collect();
        let id = self.service.state.write(|state| {
            let Some(id) = state.find(name).map(|stack| stack.id.clone()) else {
                // As on AWS, deleting what is not there succeeds.
                return Ok(None);
            };
            self.delete(state, &id, retain).map(|()| Some(id))
        })?;
        if let Some(id) = id {
            self.service.drive(&id);
        }
        Ok(Xml::default())
    }

    pub(super) fn continue_update_rollback(&self) -> Answer {
        self.refuse(&["RoleARN"])?;
        let name = self.stack_name()?;
        let skip: BTreeSet<String> = self
            .parameters
            .strings("ResourcesToSkip")
            .into_iter()
            .collect();
        let token = self.token("ClientRequestToken");
        let id = self.service.state.write(|state| {
            let stack = names::find_mut(state, name)?;
            if stack.status != StackStatus::UpdateRollbackFailed {
                return Err(validation(format!(
                    "Stack:{} is in {} state and can not continue rollback.",
                    stack.id, stack.status
                )));
            }
            if let Some(unknown) = skip
                .iter()
                .find(|name| !stack.resources.contains_key(*name))
            {
                return Err(validation(format!(
                    "ResourcesToSkip names {unknown}, which is no resource of the stack"
                )));
            }
            begin::continue_rollback(stack, skip, token, self.service.now());
            Ok(stack.id.clone())
        })?;
        self.service.drive(&id);
        Ok(Xml::default())
    }

    fn delete(
        &self,
        state: &mut State,
        id: &str,
        retain: BTreeSet<String>,
    ) -> Result<(), ApiError> {
        state.forget_old();
        let Ok(stack) = names::find_mut(state, id) else {
            return Ok(());
        };
        if stack.status == StackStatus::DeleteComplete {
            return Ok(());
        }
        if stack.termination_protection {
            return Err(validation(format!(
                "Stack [{}] cannot be deleted while TerminationProtection is enabled",
                stack.name
            )));
        }
        if !stack.status.deletable() {
            return Err(validation(format!(
                "Stack [{}] cannot be deleted while in status {}",
                stack.name, stack.status
            )));
        }
        if !retain.is_empty() && stack.status != StackStatus::DeleteFailed {
            return Err(validation(format!(
                "Invalid operation on stack [{}]. The specified resources to retain can only be used when the stack is in the DELETE_FAILED state",
                stack.id
            )));
        }
        if let Some(unknown) = retain
            .iter()
            .find(|name| !stack.resources.contains_key(*name))
        {
            return Err(validation(format!(
                "RetainResources names {unknown}, which is no resource of the stack"
            )));
        }
        begin::delete(
            stack,
            retain,
            self.token("ClientRequestToken"),
            self.service.now(),
        );
        Ok(())
    }
}

fn executable(stack: &Stack, set: &ChangeSet) -> Result<(), ApiError> {
    if set.status != ChangeSetStatus::CreateComplete || set.execution != ExecutionStatus::Available
    {
        let status = match (set.status, set.execution) {
            (ChangeSetStatus::Failed, _) => "FAILED",
            (_, ExecutionStatus::InProgress) => "EXECUTE_IN_PROGRESS",
            (_, ExecutionStatus::Failed) => "EXECUTE_FAILED",
            _ => "EXECUTE_COMPLETE",
        };
        return Err(ApiError::client(
            "InvalidChangeSetStatus",
            format!(
                "ChangeSet [{}] cannot be executed in its current status of [{status}]",
                set.id
            ),
        ));
    }
    let fits = if set.creates {
        stack.status == StackStatus::ReviewInProgress
    } else {
        stack.status.updatable()
    };
    if fits {
        Ok(())
    } else {
        Err(not_updatable(stack))
    }
}

/// Begins what the change set describes; all other change sets of the stack go, as on AWS.
fn execute(stack: &mut Stack, mut set: ChangeSet, token: Option<String>, now: i64) {
    set.execution = ExecutionStatus::InProgress;
    set.executed_with.clone_from(&token);
    stack.change_set_id = Some(set.id.clone());
    let (definition, on_failure) = (set.definition.clone(), set.on_failure);
    if set.creates {
        begin::create(stack, definition, on_failure, token, now);
    } else {
        begin::update(stack, definition, on_failure, token, now);
    }
    stack.change_sets = vec![set];
}

fn stack_id(id: &str) -> Xml {
    let mut xml = Xml::default();
    xml.text("StackId", id);
    xml
}
