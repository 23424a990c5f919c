//! The Lambda API's operations that change a function that is there.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value, json};

use super::Lambda;
use super::model::Function;
use super::resources::configured;
use super::source::Source;
use crate::local::ids::uuid;
use crate::local::resource::ResourceRequest;
use crate::local::wire::{ApiError, json};

/// What `UpdateFunctionConfiguration` can change here.
const CONFIGURATION: [&str; 8] = [
    "Description",
    "Environment",
    "Handler",
    "LoggingConfig",
    "MemorySize",
    "Role",
    "Runtime",
    "Timeout",
];

/// Where `UpdateFunctionCode` takes code from.
const CODE: [&str; 4] = ["S3Bucket", "S3Key", "S3ObjectVersion", "ZipFile"];

impl Lambda {
    /// Changes the configuration; what the request does not name stays.
    pub(super) fn update_configuration(
        self: &Arc<Self>,
        function: &Function,
        body: &[u8],
    ) -> Result<Value, ApiError> {
        let given: Map<String, Value> = json::input(body)?;
        known("UpdateFunctionConfiguration", &given, &CONFIGURATION)?;
        let mut properties = function.configuration();
        for (name, value) in given {
            properties[name] = value;
        }
        let request = ResourceRequest {
            stack_name: String::new(),
            stack_id: String::new(),
            logical_id: String::new(),
            physical_name: function.name.clone(),
            region: function.region.clone(),
            account: function.account.clone(),
            properties,
            tags: function.tags.clone(),
        };
        let wanted = configured(&request, function)
            .map_err(|error| ApiError::client("InvalidParameterValueException", error.message))?;
        if !(self.parts.role_exists)(&wanted.role) {
            return Err(ApiError::client(
                "InvalidParameterValueException",
                "The role defined for the function cannot be assumed by Lambda.",
            ));
        }
        self.replace(wanted)
    }

    /// Replaces the code.
    pub(super) async fn update_code(
        self: &Arc<Self>,
        function: &Function,
        body: &[u8],
    ) -> Result<Value, ApiError> {
        let given: Map<String, Value> = json::input(body)?;
        known("UpdateFunctionCode", &given, &CODE)?;
        let source = source(&given)?;
        let _gate = self.code_gate.lock().await;
        let code = self.fetch(source).await.map_err(|error| {
            ApiError::client("InvalidParameterValueException", error.to_string())
        })?;
        self.replace(Function {
            code,
            ..function.clone()
        })
    }

    /// Stores the changed function; permissions that were added meanwhile stay.
    fn replace(self: &Arc<Self>, mut wanted: Function) -> Result<Value, ApiError> {
        wanted.modified = self.parts.clock.epoch_millis();
        wanted.revision = uuid();
        let stored = self.state.write(|state| {
            if let Some(there) = state.functions.get(&wanted.name) {
                wanted.policy.clone_from(&there.policy);
            }
            state.functions.insert(wanted.name.clone(), wanted.clone());
            Ok::<_, ApiError>(wanted)
        })?;
        self.warm_up(&stored);
        Ok(stored.configuration())
    }
}

fn source(given: &Map<String, Value>) -> Result<Source, ApiError> {
    let text = |name: &str| given.get(name).and_then(Value::as_str).map(str::to_owned);
    let invalid = |message: &str| ApiError::client("InvalidParameterValueException", message);
    match (text("ZipFile"), text("S3Bucket"), text("S3Key")) {
        (Some(encoded), None, None) => BASE64
            .decode(encoded)
            .map(Source::Archive)
            .map_err(|_| invalid("ZipFile is no Base64")),
        (None, Some(bucket), Some(key)) => Ok(Source::Object {
            bucket,
            key,
            version: text("S3ObjectVersion"),
        }),
        _ => Err(invalid(
            "Please provide a source for function code: ZipFile, or S3Bucket and S3Key.",
        )),
    }
}

/// Refuses members that ask for what is not emulated.
fn known(operation: &str, given: &Map<String, Value>, known: &[&str]) -> Result<(), ApiError> {
    let other = given.iter().find(|(name, value)| {
        !known.contains(&name.as_str()) && **value != Value::Null && **value != json!(false)
    });
    match other {
        None => Ok(()),
        Some((name, _)) => Err(ApiError::not_emulated(
            "Lambda",
            &format!("{operation} with {name}"),
        )),
    }
}
