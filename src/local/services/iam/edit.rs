//! IAM's operations that change the policies of a role that is there.

use serde_json::Value;

use super::provider::document;
use super::{Iam, Role};
use crate::local::wire::ApiError;
use crate::local::wire::query::{Parameters, Xml};

impl Iam {
    /// Sets an inline policy.
    pub(super) fn put_role_policy(&self, parameters: &Parameters) -> Result<Xml, ApiError> {
        let name = parameters.required("PolicyName")?;
        let policy = given(parameters, name)?;
        self.edit(parameters, |role| {
            role.policies.insert(name.to_owned(), policy);
            Ok(())
        })
    }

    /// Removes an inline policy.
    pub(super) fn delete_role_policy(&self, parameters: &Parameters) -> Result<Xml, ApiError> {
        let name = parameters.required("PolicyName")?;
        self.edit(parameters, |role| match role.policies.remove(name) {
            Some(_) => Ok(()),
            None => Err(super::api::no_such_entity(format!(
                "The role policy with name {name} cannot be found."
            ))),
        })
    }

    /// Replaces the trust policy.
    pub(super) fn update_assume_role_policy(
        &self,
        parameters: &Parameters,
    ) -> Result<Xml, ApiError> {
        let trust = given(parameters, "AssumeRolePolicyDocument")?;
        self.edit(parameters, |role| {
            role.trust = trust;
            Ok(())
        })
    }

    fn edit(
        &self,
        parameters: &Parameters,
        edit: impl FnOnce(&mut Role) -> Result<(), ApiError>,
    ) -> Result<Xml, ApiError> {
        let name = parameters.required("RoleName")?;
        self.state.write(|state| match state.roles.get_mut(name) {
            Some(role) => edit(role),
            None => Err(super::api::no_such_entity(format!(
                "The role with name {name} cannot be found."
            ))),
        })?;
        Ok(Xml::default())
    }
}

fn given(parameters: &Parameters, name: &str) -> Result<Value, ApiError> {
    let text = parameters.required("PolicyDocument")?;
    document(name, Some(&Value::String(text.to_owned())))
        .map_err(|error| ApiError::client("MalformedPolicyDocument", error.to_string()))
}
