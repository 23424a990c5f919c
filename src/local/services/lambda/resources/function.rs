//! `AWS::Lambda::Function`.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Value, json};

use super::properties::{self, Properties};
use crate::local::ids::uuid;
use crate::local::resource::{
    Live, Resource, ResourceError, ResourceProvider, ResourceRequest, ResourceType, TIME_LIMIT,
};
use crate::local::services::lambda::Lambda;
use crate::local::services::lambda::model::{Code, Function, Logging};
use crate::local::services::lambda::source::Source;

/// Makes functions; the physical id is the function's name.
pub(super) struct FunctionProvider(pub(super) Arc<Lambda>);

const FUNCTION: ResourceType = ResourceType {
    name: "AWS::Lambda::Function",
    properties: &[
        "Architectures",
        "Code",
        "Description",
        "Environment",
        "FunctionName",
        "Handler",
        "LoggingConfig",
        "MemorySize",
        "PackageType",
        "ReservedConcurrentExecutions",
        "Role",
        "Runtime",
        "Tags",
        "Timeout",
    ],
    required: &["Code", "Role"],
    create_only: &["FunctionName", "PackageType", "TenancyConfig"],
    time_limit: TIME_LIMIT,
};

#[async_trait]
impl ResourceProvider for FunctionProvider {
    fn definition(&self) -> ResourceType {
        FUNCTION
    }

    async fn create(&self, request: &ResourceRequest) -> Result<Resource, ResourceError> {
        let name = request
            .string("FunctionName")
            .unwrap_or(&request.physical_name);
        check_name(name)?;
        let owner = format!("{}/{}", request.stack_id, request.logical_id);
        let there = self
            .0
            .state
            .read(|state| state.functions.get(name).cloned());
        match there {
            Some(function) if function.owner != owner => Err(ResourceError::new(format!(
                "Function already exist: {name}"
            ))),
            there => self.put(name, owner, there, request).await,
        }
    }

    async fn update(
        &self,
        physical_id: &str,
        _previous: &Value,
        request: &ResourceRequest,
    ) -> Result<Resource, ResourceError> {
        let there = self
            .0
            .state
            .read(|state| state.functions.get(physical_id).cloned());
        let Some(there) = there else {
            return Err(ResourceError::new(format!(
                "Function not found: {physical_id}"
            )));
        };
        self.put(physical_id, there.owner.clone(), Some(there), request)
            .await
    }

    async fn delete(&self, physical_id: &str) -> Result<(), ResourceError> {
        let removed = self.0.state.write(|state| {
            state.functions.remove(physical_id);
            Ok::<_, std::io::Error>(())
        });
        removed.map_err(|error| ResourceError::new(error.to_string()))?;
        self.0.forget_pool(physical_id);
        let _gate = self.0.code_gate.lock().await;
        self.0
            .sweep_code()
            .map_err(|error| ResourceError::new(error.to_string()))
    }

    /// The code is write-only, as in the type's registry schema.
    fn read(&self, physical_id: &str, expected: &Value) -> Result<Live, ResourceError> {
        let found = self
            .0
            .state
            .read(|state| state.functions.get(physical_id).cloned());
        let Some(function) = found else {
            return Ok(Live::Missing);
        };
        let environment = if function.environment.is_empty() {
            Value::Null
        } else {
            json!({ "Variables": function.environment })
        };
        Ok(Live::over(
            expected,
            [
                ("Architectures", json!(function.architectures)),
                ("Description", json!(function.description)),
                ("Environment", environment),
                ("Handler", json!(function.handler)),
                ("LoggingConfig", logging(&function.logging)),
                ("MemorySize", json!(function.memory)),
                ("ReservedConcurrentExecutions", json!(function.reserved)),
                ("Role", json!(function.role)),
                ("Runtime", json!(function.runtime)),
                ("Timeout", json!(function.timeout)),
            ],
        ))
    }
}

fn logging(logging: &Logging) -> Value {
    let mut shown = json!({ "LogFormat": logging.format, "LogGroup": logging.group });
    if let Some(level) = &logging.level {
        shown["ApplicationLogLevel"] = json!(level);
    }
    shown
}

impl FunctionProvider {
    async fn put(
        &self,
        name: &str,
        owner: String,
        there: Option<Function>,
        request: &ResourceRequest,
    ) -> Result<Resource, ResourceError> {
        let properties = properties::read(request, name)?;
        if !(self.0.parts.role_exists)(&properties.role) {
            return Err(ResourceError::new(
                "The role defined for the function cannot be assumed by Lambda.",
            ));
        }
        let _gate = self.0.code_gate.lock().await;
        let source = source(&request.properties["Code"])?;
        let code = self.0.fetch(source).await;
        let code = code.map_err(|error| ResourceError::new(error.to_string()))?;
        let function = Function {
            name: name.to_owned(),
            account: request.account.clone(),
            region: request.region.clone(),
            modified: self.0.parts.clock.epoch_millis(),
            revision: uuid(),
            policy: there.map(|there| there.policy).unwrap_or_default(),
            owner,
            ..assemble(properties, code)
        };
        let stored = self.0.state.write(|state| {
            let mut function = function.clone();
            // Permissions added meanwhile stay.
            if let Some(there) = state.functions.get(name) {
                function.policy.clone_from(&there.policy);
            }
            state.functions.insert(name.to_owned(), function);
            Ok::<_, std::io::Error>(())
        });
        stored.map_err(|error| ResourceError::new(error.to_string()))?;
        self.0.warm_up(&function);
        Ok(Resource {
            physical_id: name.to_owned(),
            attributes: BTreeMap::from([("Arn".to_owned(), json!(function.arn()))]),
        })
    }
}

/// Reads where the code is.
fn source(given: &Value) -> Result<Source, ResourceError> {
    let text = |name: &str| given[name].as_str().map(str::to_owned);
    if let Some(text) = text("ZipFile") {
        return Ok(Source::Inline(text));
    }
    match (text("S3Bucket"), text("S3Key")) {
        (Some(bucket), Some(key)) => Ok(Source::Object {
            bucket,
            key,
            version: text("S3ObjectVersion"),
        }),
        _ => Err(ResourceError::new(
            "Code: the local engine takes code from S3Bucket and S3Key, or from ZipFile",
        )),
    }
}

/// Returns the function with the configuration that the request's properties describe.
///
/// # Errors
/// As for a resource with these properties.
pub(in super::super) fn configured(
    request: &ResourceRequest,
    function: &Function,
) -> Result<Function, ResourceError> {
    let properties = properties::read(request, &function.name)?;
    Ok(Function {
        name: function.name.clone(),
        account: function.account.clone(),
        region: function.region.clone(),
        // It has operations of its own.
        reserved: function.reserved,
        modified: function.modified,
        revision: function.revision.clone(),
        policy: function.policy.clone(),
        owner: function.owner.clone(),
        ..assemble(properties, function.code.clone())
    })
}

/// Makes a function of what the template says; who it is follows from elsewhere.
fn assemble(properties: Properties, code: Code) -> Function {
    Function {
        runtime: properties.runtime,
        handler: properties.handler,
        role: properties.role,
        description: properties.description,
        memory: properties.memory,
        timeout: properties.timeout,
        reserved: properties.reserved,
        environment: properties.environment,
        architectures: properties.architectures,
        tags: properties.tags,
        logging: properties.logging,
        code,
        name: String::new(),
        account: String::new(),
        region: String::new(),
        modified: 0,
        revision: String::new(),
        policy: BTreeMap::new(),
        owner: String::new(),
    }
}

fn check_name(name: &str) -> Result<(), ResourceError> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if (1..=64).contains(&name.len()) && name.bytes().all(allowed) {
        return Ok(());
    }
    Err(ResourceError::new(format!(
        "Value '{name}' at 'functionName' failed to satisfy constraint: 1 to 64 letters, digits, hyphens and underscores"
    )))
}
