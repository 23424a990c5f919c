//! Creating, listing and deleting change sets.

use super::{Answer, Call, names, page, validation};
use crate::local::services::cloudformation::changes::{self, Comparison, Looked};
use crate::local::services::cloudformation::drift;
use crate::local::services::cloudformation::state::{
    ChangeSet, ChangeSetStatus, ExecutionStatus, Stack, StackStatus, State, record_stack,
};
use crate::local::wire::ApiError;
use crate::local::wire::query::Xml;

/// Most change sets of one stack.
const MOST: usize = 100;

/// The service's words for a change set that would change nothing.
const NO_CHANGES: &str = "The submitted information didn't contain changes. Submit different information to create a change set.";

impl Call<'_> {
    pub(super) fn create_change_set(&self) -> Answer {
        self.refuse(&[
            "ResourcesToImport",
            "ImportExistingResources",
            "RollbackConfiguration",
            "NotificationARNs",
            "ResourceTypes",
            "DeploymentConfig",
        ])?;
        if self.parameters.flag("IncludeNestedStacks")? {
            return Err(ApiError::not_emulated(
                "cloudformation",
                "CreateChangeSet with IncludeNestedStacks",
            ));
        }
        let name = self.parameters.required("ChangeSetName")?;
        names::check("changeSetName", name)?;
        let creates = match self.parameters.get("ChangeSetType") {
            None | Some("UPDATE") => false,
            Some("CREATE") => true,
            Some(other) => {
                return Err(ApiError::not_emulated(
                    "cloudformation",
                    &format!("change sets of type {other}"),
                ));
            }
        };
        let (stack, isnew) = self.target(name, creates)?;
        if let Some(answer) = self.repeated(&stack, name)? {
            return Ok(answer);
        }
        let set = self.compute(&stack, name, creates)?;
        let ids = (set.id.clone(), stack.id.clone());
        self.service
            .state
            .write(|state| store(state, stack, isnew, set))?;
        Ok(created(&ids.0, &ids.1))
    }

    pub(super) fn list_change_sets(&self) -> Answer {
        self.with_stack(|stack| {
            let open = stack
                .change_sets
                .iter()
                .filter(|set| !set.is_over())
                .collect();
            let page = page::page(open, self.parameters.get("NextToken"), 100)?;
            let mut xml = Xml::default();
            xml.list("Summaries", page.items, |xml, set| {
                super::describe::head(xml, stack, set);
            });
            xml.optional("NextToken", page.next);
            Ok(xml)
        })
    }

    pub(super) fn delete_change_set(&self) -> Answer {
        let name = self.parameters.required("ChangeSetName")?;
        self.service.state.write(|state| {
            let (stack, set) =
                match names::change_set(state, self.parameters.get("StackName"), name) {
                    Ok((stack, set)) => (stack.id.clone(), set),
                    // Deleting what is not there succeeds, as long as the stack is known.
                    Err(error) if error.code == "ChangeSetNotFound" => return Ok(()),
                    Err(error) => return Err(error),
                };
            if set.execution == ExecutionStatus::InProgress {
                return Err(ApiError::client(
                    "InvalidChangeSetStatus",
                    format!(
                        "ChangeSet [{}] cannot be deleted while it is being executed",
                        set.id
                    ),
                ));
            }
            let id = set.id.clone();
            names::find_mut(state, &stack)?
                .change_sets
                .retain(|set| set.id != id);
            Ok(())
        })?;
        Ok(Xml::default())
    }

    /// Returns the stack that the change set is for, and whether it must be made first.
    fn target(&self, change_set: &str, creates: bool) -> Result<(Stack, bool), ApiError> {
        let name = self.stack_name()?;
        let found = self.service.state.read(|state| state.find(name).cloned());
        match found {
            Some(stack) if creates && stack.status != StackStatus::ReviewInProgress => {
                Err(validation(format!(
                    "Stack [{}] already exists and cannot be created again with the changeSet [{change_set}].",
                    stack.name
                )))
            }
            Some(stack) if !creates && !stack.status.updatable() => Err(not_updatable(&stack)),
            Some(stack) => Ok((stack, false)),
            None if creates => {
                names::check("stackName", name)?;
                let id = self.arn("stack", name);
                let mut stack = Stack::new(
                    id,
                    name.to_owned(),
                    self.region.to_owned(),
                    self.service.now(),
                );
                let reason = stack.status_reason.clone();
                record_stack(
                    &mut stack,
                    StackStatus::ReviewInProgress,
                    reason,
                    self.service.now(),
                );
                Ok((stack, true))
            }
            None => Err(validation(format!("Stack [{name}] does not exist"))),
        }
    }

    /// Answers a repeated request with the change set that it made the first time.
    fn repeated(&self, stack: &Stack, name: &str) -> Result<Option<Xml>, ApiError> {
        let Some(set) = stack.change_set(name) else {
            return Ok(None);
        };
        let token = self.token("ClientToken");
        if token.is_some() && token == set.client_token {
            return Ok(Some(created(&set.id, &stack.id)));
        }
        if set.is_over() {
            return Ok(None);
        }
        Err(ApiError::client(
            "AlreadyExistsException",
            format!(
                "ChangeSet {name} cannot be created because it already exists in stack {}",
                stack.name
            ),
        ))
    }

    fn compute(&self, stack: &Stack, name: &str, creates: bool) -> Result<ChangeSet, ApiError> {
        let (definition, template) = self.definition(stack)?;
        let pseudo = self.service.pseudo(stack);
        let actual = match self.parameters.get("DeploymentMode") {
            None => None,
            Some("REVERT_DRIFT") if !creates => Some(
                drift::actual(&self.service.registry, stack)
                    .map_err(|error| validation(error.to_string()))?,
            ),
            Some(other) => {
                return Err(validation(format!(
                    "DeploymentMode {other} does not fit a change set of this type"
                )));
            }
        };
        let comparison = Comparison {
            stack,
            target: &definition,
            template: &template,
            pseudo: &pseudo,
            registry: &self.service.registry,
            actual: actual.as_ref().map(|actual| Looked {
                actual,
                at: self.service.now(),
            }),
        };
        let changes = changes::changes(&comparison)?;
        let useful = creates || changes::anything_changes(&comparison, &changes)?;
        Ok(ChangeSet {
            id: self.arn("changeSet", name),
            name: name.to_owned(),
            description: self.token("Description"),
            created: self.service.now(),
            creates,
            definition,
            changes,
            status: if useful {
                ChangeSetStatus::CreateComplete
            } else {
                ChangeSetStatus::Failed
            },
            status_reason: (!useful).then(|| NO_CHANGES.to_owned()),
            execution: if useful {
                ExecutionStatus::Available
            } else {
                ExecutionStatus::Unavailable
            },
            on_failure: self.on_failure(creates)?,
            stack_drift: actual.as_ref().map(|actual| drift::of_all(stack, actual)),
            client_token: self.token("ClientToken"),
            role: self.token("RoleARN"),
            executed_with: None,
        })
    }
}

/// Says that a stack cannot be updated in its present status.
pub(super) fn not_updatable(stack: &Stack) -> ApiError {
    validation(format!(
        "Stack:{} is in {} state and can not be updated.",
        stack.id, stack.status
    ))
}

fn store(state: &mut State, stack: Stack, isnew: bool, set: ChangeSet) -> Result<(), ApiError> {
    let id = stack.id.clone();
    if isnew {
        if state.find(&stack.name).is_some() {
            return Err(ApiError::client(
                "AlreadyExistsException",
                format!("Stack [{}] already exists", stack.name),
            ));
        }
        state.stacks.insert(id.clone(), stack.into());
    }
    let stack = names::find_mut(state, &id)?;
    // The name of one that was executed is free again.
    stack
        .change_sets
        .retain(|other| other.name != set.name || !other.is_over());
    if stack.change_sets.len() >= MOST {
        return Err(ApiError::client(
            "LimitExceededException",
            format!("a stack may have at most {MOST} change sets"),
        ));
    }
    stack.change_sets.push(set);
    Ok(())
}

fn created(id: &str, stack: &str) -> Xml {
    let mut xml = Xml::default();
    xml.text("Id", id).text("StackId", stack);
    xml
}
