//! Names of stacks and change sets: which are valid, and what they stand for.

use super::{Call, validation};
use crate::local::ids;
use crate::local::services::cloudformation::state::{ChangeSet, Stack, State};
use crate::local::wire::ApiError;

impl Call<'_> {
    /// Returns the `StackName` of the request, a name or an ARN.
    pub(super) fn stack_name(&self) -> Result<&str, ApiError> {
        self.parameters.required("StackName")
    }

    /// Looks at the stack that the request names; its answer may be an error as well.
    pub(super) fn with_stack<R>(
        &self,
        look: impl FnOnce(&Stack) -> Result<R, ApiError>,
    ) -> Result<R, ApiError> {
        let name = self.stack_name()?;
        self.service.state.read(|state| look(find(state, name)?))
    }

    /// Returns a new ARN in the service's form.
    pub(super) fn arn(&self, kind: &str, name: &str) -> String {
        let Self {
            service, region, ..
        } = self;
        format!(
            "arn:aws:cloudformation:{region}:{}:{kind}/{name}/{}",
            service.account,
            ids::uuid()
        )
    }
}

/// Finds a stack by name or ARN.
///
/// # Errors
/// `ValidationError`: it does not exist.
pub(super) fn find<'a>(state: &'a State, name: &str) -> Result<&'a Stack, ApiError> {
    state.find(name).ok_or_else(|| missing(name))
}

/// Finds a stack to change it.
///
/// # Errors
/// `ValidationError`: it does not exist.
pub(super) fn find_mut<'a>(state: &'a mut State, name: &str) -> Result<&'a mut Stack, ApiError> {
    let id = find(state, name)?.id.clone();
    let stack = state.stacks.get_mut(&id);
    stack.map(|stack| &mut **stack).ok_or_else(|| missing(name))
}

/// Finds a change set by its ARN, or by its name in the named stack.
///
/// # Errors
/// `ValidationError` without the stack's name, `ChangeSetNotFound`.
pub(super) fn change_set<'a>(
    state: &'a State,
    stack: Option<&str>,
    name: &str,
) -> Result<(&'a Stack, &'a ChangeSet), ApiError> {
    let not_found = || {
        ApiError::with_status(
            axum::http::StatusCode::NOT_FOUND,
            "ChangeSetNotFound",
            format!("ChangeSet [{name}] does not exist"),
        )
    };
    if name.starts_with("arn:") {
        return state
            .stacks
            .values()
            .find_map(|stack| Some((&**stack, stack.change_set(name)?)))
            .ok_or_else(not_found);
    }
    let stack = find(
        state,
        stack.ok_or_else(|| {
            validation("StackName must be specified if ChangeSetName is not specified as an ARN.")
        })?,
    )?;
    Ok((stack, stack.change_set(name).ok_or_else(not_found)?))
}

/// Checks the name of a new stack or change set.
///
/// # Errors
/// `ValidationError` with the rule.
pub(super) fn check(parameter: &str, name: &str) -> Result<(), ApiError> {
    let valid = name.len() <= 128
        && name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if valid {
        return Ok(());
    }
    Err(validation(format!(
        "1 validation error detected: Value '{name}' at '{parameter}' failed to satisfy constraint: \
         Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]* and have at most 128 characters"
    )))
}

fn missing(name: &str) -> ApiError {
    validation(format!("Stack with id {name} does not exist"))
}
