//! `AWS::Lambda::Permission`.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Value, json};

use crate::local::ids::uuid;
use crate::local::resource::{
    Live, Resource, ResourceError, ResourceProvider, ResourceRequest, ResourceType, TIME_LIMIT,
};
use crate::local::services::lambda::Lambda;
use crate::local::services::lambda::api::split_name;
use crate::local::services::lambda::permission::Statement;

/// Adds and removes policy statements. The physical id is `<function>|<statement id>`: the statement
/// alone would not say whose it is.
pub(super) struct PermissionProvider(pub(super) Arc<Lambda>);

const PERMISSION: ResourceType = ResourceType {
    name: "AWS::Lambda::Permission",
    properties: &[
        "Action",
        "FunctionName",
        "Principal",
        "SourceAccount",
        "SourceArn",
    ],
    required: &["Action", "FunctionName", "Principal"],
    create_only: &[
        "Action",
        "EventSourceToken",
        "FunctionName",
        "FunctionUrlAuthType",
        "InvokedViaFunctionUrl",
        "Principal",
        "PrincipalOrgID",
        "SourceAccount",
        "SourceArn",
    ],
    time_limit: TIME_LIMIT,
};

#[async_trait]
impl ResourceProvider for PermissionProvider {
    fn definition(&self) -> ResourceType {
        PERMISSION
    }

    async fn create(&self, request: &ResourceRequest) -> Result<Resource, ResourceError> {
        let text = |name: &str| request.string(name).map(str::to_owned);
        let required = |name: &str| {
            text(name).ok_or_else(|| ResourceError::new(format!("{name} must be a string")))
        };
        let function = required("FunctionName")?;
        let (function, _) = split_name(&function);
        let statement = Statement {
            action: required("Action")?,
            principal: required("Principal")?,
            source_arn: text("SourceArn"),
            source_account: text("SourceAccount"),
        };
        let sid = request.physical_name.clone();
        let physical_id = format!("{function}|{sid}");
        self.change(function, |policy| {
            policy.insert(sid.clone(), statement);
        })?
        .ok_or_else(|| ResourceError::new(format!("Function not found: {function}")))?;
        Ok(Resource {
            physical_id,
            attributes: BTreeMap::from([("Id".to_owned(), json!(sid))]),
        })
    }

    async fn update(
        &self,
        _physical_id: &str,
        _previous: &Value,
        request: &ResourceRequest,
    ) -> Result<Resource, ResourceError> {
        // Every property is create-only; a repeated create is the same statement again.
        self.create(request).await
    }

    async fn delete(&self, physical_id: &str) -> Result<(), ResourceError> {
        let Some((function, sid)) = physical_id.split_once('|') else {
            return Ok(());
        };
        self.change(function, |policy| {
            policy.remove(sid);
        })?;
        Ok(())
    }

    fn read(&self, physical_id: &str, expected: &Value) -> Result<Live, ResourceError> {
        let there = physical_id.split_once('|').is_some_and(|(name, sid)| {
            self.0.state.read(|state| {
                let function = state.functions.get(name);
                function.is_some_and(|function| function.policy.contains_key(sid))
            })
        });
        Ok(if there {
            Live::Properties(expected.clone())
        } else {
            Live::Missing
        })
    }
}

impl PermissionProvider {
    /// Changes a function's policy; `None` when there is no such function.
    fn change(
        &self,
        function: &str,
        change: impl FnOnce(&mut BTreeMap<String, Statement>),
    ) -> Result<Option<()>, ResourceError> {
        let changed = self.0.state.write(|state| {
            let Some(function) = state.functions.get_mut(function) else {
                return Ok(None);
            };
            change(&mut function.policy);
            function.revision = uuid();
            Ok::<_, std::io::Error>(Some(()))
        });
        changed.map_err(|error| ResourceError::new(error.to_string()))
    }
}
