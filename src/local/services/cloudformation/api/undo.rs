//! Beginning operations that take back: deleting a stack, rolling one back.

use std::collections::BTreeSet;

use super::execute::begun;
use super::{Answer, Call, names, validation};
use crate::local::services::cloudformation::operation::{begin, rollback};
use crate::local::services::cloudformation::state::{Stack, StackStatus, State};
use crate::local::wire::ApiError;
use crate::local::wire::query::Xml;

impl Call<'_> {
    pub(super) fn delete_stack(&self) -> Answer {
        let force = match self.parameters.get("DeletionMode") {
            None | Some("STANDARD") => false,
            Some("FORCE_DELETE_STACK") => true,
            Some(other) => {
                return Err(validation(format!(
                    "DeletionMode must be STANDARD or FORCE_DELETE_STACK, not {other}"
                )));
            }
        };
        let name = self.stack_name()?;
        let retain = self.logical_ids("RetainResources");
        let id = self.service.state.write(|state| {
            let Some(id) = state.find(name).map(|stack| stack.id.clone()) else {
                // As on AWS, deleting what is not there succeeds.
                return Ok(None);
            };
            self.delete(state, &id, retain, force).map(|()| Some(id))
        })?;
        if let Some(id) = id {
            self.service.drive(&id);
        }
        Ok(Xml::default())
    }

    pub(super) fn continue_update_rollback(&self) -> Answer {
        let name = self.stack_name()?;
        let skip = self.logical_ids("ResourcesToSkip");
        let token = self.token("ClientRequestToken");
        let id = self.service.state.write(|state| {
            let stack = names::find_mut(state, name)?;
            if repeated(stack, token.as_ref()) {
                return Ok(stack.id.clone());
            }
            if stack.status != StackStatus::UpdateRollbackFailed {
                return Err(validation(format!(
                    "Stack:{} is in {} state and can not continue rollback.",
                    stack.id, stack.status
                )));
            }
            known(stack, "ResourcesToSkip", &skip)?;
            self.work_as(stack);
            rollback::go_on(stack, skip, token, self.service.now());
            Ok(stack.id.clone())
        })?;
        self.service.drive(&id);
        Ok(Xml::default())
    }

    pub(super) fn rollback_stack(&self) -> Answer {
        self.refuse(&["DeploymentConfig"])?;
        let name = self.stack_name()?;
        let retain_except_on_create = self.parameters.flag("RetainExceptOnCreate")?;
        let token = self.token("ClientRequestToken");
        let (id, answer) = self.service.state.write(|state| {
            let stack = names::find_mut(state, name)?;
            if !repeated(stack, token.as_ref()) {
                if !stack.status.is_paused() {
                    return Err(validation(format!(
                        "Stack:{} is in {} state and can not be rolled back.",
                        stack.id, stack.status
                    )));
                }
                self.work_as(stack);
                rollback::ask(stack, retain_except_on_create, token, self.service.now());
            }
            Ok((stack.id.clone(), begun(stack)))
        })?;
        self.service.drive(&id);
        Ok(answer)
    }

    /// Notes the role that the request names; without one the stack keeps its own.
    fn work_as(&self, stack: &mut Stack) {
        if let Some(role) = self.token("RoleARN") {
            stack.role = Some(role);
        }
    }

    fn logical_ids(&self, parameter: &str) -> BTreeSet<String> {
        self.parameters.strings(parameter).into_iter().collect()
    }

    fn delete(
        &self,
        state: &mut State,
        id: &str,
        retain: BTreeSet<String>,
        force: bool,
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
        if stack.status != StackStatus::DeleteFailed {
            let what = match (retain.is_empty(), force) {
                (true, false) => None,
                (false, _) => Some("resources to retain"),
                (true, true) => Some("deletion mode FORCE_DELETE_STACK"),
            };
            if let Some(what) = what {
                return Err(validation(format!(
                    "Invalid operation on stack [{}]. The specified {what} can only be used when the stack is in the DELETE_FAILED state",
                    stack.id
                )));
            }
        }
        known(stack, "RetainResources", &retain)?;
        let token = self.token("ClientRequestToken");
        self.work_as(stack);
        begin::delete(stack, retain, force, token, self.service.now());
        Ok(())
    }
}

/// Tells whether the request was sent before, and began the stack's newest operation then.
fn repeated(stack: &Stack, token: Option<&String>) -> bool {
    token.is_some() && stack.last_token.as_ref() == token
}

fn known(stack: &Stack, parameter: &str, names: &BTreeSet<String>) -> Result<(), ApiError> {
    match names
        .iter()
        .find(|name| !stack.resources.contains_key(*name))
    {
        None => Ok(()),
        Some(unknown) => Err(validation(format!(
            "{parameter} names {unknown}, which is no resource of the stack"
        ))),
    }
}
