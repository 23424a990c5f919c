//! Beginning operations: executing a change set, creating, updating.

use std::collections::BTreeMap;

use serde_json::Value;

use super::change_sets::not_updatable;
use super::{Answer, Call, names, validation};
use crate::local::resource::Live;
use crate::local::services::cloudformation::changes::{self, Comparison};
use crate::local::services::cloudformation::drift;
use crate::local::services::cloudformation::operation::begin::{self, Wishes};
use crate::local::services::cloudformation::state::{
    ChangeSet, ChangeSetStatus, ExecutionStatus, OnFailure, Stack, StackStatus,
};
use crate::local::wire::ApiError;
use crate::local::wire::query::Xml;

/// Parameters of `CreateStack` and `UpdateStack` that ask for what is not emulated.
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
        let name = self.parameters.required("ChangeSetName")?;
        let token = self.token("ClientRequestToken");
        let disable_rollback = self.parameters.flag("DisableRollback")?;
        let retain_except_on_create = self.parameters.flag("RetainExceptOnCreate")?;
        let now = self.service.now();
        let id = self.service.state.write(|state| {
            let (stack, set) = names::change_set(state, self.parameters.get("StackName"), name)?;
            let (id, mut set) = (stack.id.clone(), set.clone());
            if token.is_some() && token == set.executed_with {
                return Ok(id);
            }
            if disable_rollback {
                set.on_failure = self.on_failure(set.creates)?;
            }
            executable(stack, &set)?;
            let wishes = Wishes {
                on_failure: set.on_failure,
                retain_except_on_create,
                token,
                revert: match set.stack_drift {
                    Some(_) => Some(self.as_it_is(stack)?),
                    None => None,
                },
            };
            execute(names::find_mut(state, &id)?, set, wishes, now);
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
        let wishes = self.wishes(true)?;
        let answer = self.service.state.write(|state| {
            match state.find(name) {
                // The same request sent again.
                Some(found) if wishes.token.is_some() && found.last_token == wishes.token => {
                    return Ok(begun(found));
                }
                Some(found) => {
                    return Err(ApiError::client(
                        "AlreadyExistsException",
                        format!("Stack [{}] already exists", found.name),
                    ));
                }
                None => {}
            }
            begin::create(&mut stack, definition, wishes, self.service.now());
            let answer = begun(&stack);
            state.stacks.insert(id.clone(), stack.into());
            Ok(answer)
        })?;
        self.service.drive(&id);
        Ok(answer)
    }

    pub(super) fn update_stack(&self) -> Answer {
        self.refuse(&NOT_EMULATED)?;
        let stack = self.with_stack(|stack| Ok(stack.clone()))?;
        let wishes = self.wishes(false)?;
        if wishes.token.is_some() && stack.last_token == wishes.token {
            return Ok(begun(&stack));
        }
        may_update(&stack, wishes.on_failure)?;
        let (definition, template) = self.definition(&stack)?;
        let pseudo = self.service.pseudo(&stack);
        let comparison = Comparison {
            stack: &stack,
            target: &definition,
            template: &template,
            pseudo: &pseudo,
            registry: &self.service.registry,
            actual: None,
        };
        if !changes::anything_changes(&comparison, &changes::changes(&comparison)?)? {
            return Err(validation("No updates are to be performed."));
        }
        let answer = self.service.state.write(|state| {
            let stack = names::find_mut(state, &stack.id)?;
            may_update(stack, wishes.on_failure)?;
            stack.change_sets.clear();
            begin::update(stack, definition, wishes, self.service.now());
            Ok::<_, ApiError>(begun(stack))
        })?;
        self.service.drive(&stack.id);
        Ok(answer)
    }

    fn wishes(&self, creates: bool) -> Result<Wishes, ApiError> {
        Ok(Wishes {
            on_failure: self.on_failure(creates)?,
            retain_except_on_create: self.parameters.flag("RetainExceptOnCreate")?,
            token: self.token("ClientRequestToken"),
            revert: None,
        })
    }

    /// Reads the properties of all resources that can be read.
    fn as_it_is(&self, stack: &Stack) -> Result<BTreeMap<String, Value>, ApiError> {
        let actual = drift::actual(&self.service.registry, stack)
            .map_err(|error| validation(error.to_string()))?;
        Ok(actual
            .into_iter()
            .filter_map(|(name, live)| match live {
                Live::Properties(properties) => Some((name, properties)),
                Live::Missing | Live::Unsupported => None,
            })
            .collect())
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
    if !set.creates {
        return may_update(stack, set.on_failure);
    }
    if stack.status == StackStatus::ReviewInProgress {
        Ok(())
    } else {
        Err(not_updatable(stack))
    }
}

/// A stack that stopped half-way may only be updated so that a failure leaves it there again.
fn may_update(stack: &Stack, on_failure: OnFailure) -> Result<(), ApiError> {
    if !stack.status.updatable() {
        return Err(not_updatable(stack));
    }
    if stack.status.is_paused() && on_failure != OnFailure::DoNothing {
        return Err(validation(format!(
            "This stack is currently in a non-terminal [{}] state. To update the stack from this state, please use the disable-rollback parameter with update-stack API. To rollback to the last known good state, use the rollback-stack API",
            stack.status
        )));
    }
    Ok(())
}

/// Begins what the change set describes; all other change sets of the stack go, as on AWS.
fn execute(stack: &mut Stack, mut set: ChangeSet, wishes: Wishes, now: i64) {
    set.execution = ExecutionStatus::InProgress;
    set.executed_with.clone_from(&wishes.token);
    if set.role.is_some() {
        stack.role.clone_from(&set.role);
    }
    stack.change_set_id = Some(set.id.clone());
    let definition = set.definition.clone();
    if set.creates {
        begin::create(stack, definition, wishes, now);
    } else {
        begin::update(stack, definition, wishes, now);
    }
    stack.change_sets = vec![set];
}

/// Answers with the stack and the operation that has begun.
pub(super) fn begun(stack: &Stack) -> Xml {
    let mut xml = Xml::default();
    xml.text("StackId", &stack.id).optional(
        "OperationId",
        stack.operations.first().map(|operation| &operation.id),
    );
    xml
}
