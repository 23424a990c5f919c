//! The contract between the CloudFormation service and whatever creates a type of resource.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;

/// How long one operation may take, unless a type says otherwise.
pub const TIME_LIMIT: Duration = Duration::from_hours(2);

/// What there is to know of a type before a resource of it is made: the part of the resource type definition
/// schema (CloudFormation CLI user guide) that the engine goes by.
#[derive(Debug, Clone, Copy)]
pub struct ResourceType {
    /// Its name, e.g. `AWS::S3::Bucket`.
    pub name: &'static str,
    /// Every top-level property that is understood; others are refused before anything is made.
    pub properties: &'static [&'static str],
    /// The top-level properties that must be given.
    pub required: &'static [&'static str],
    /// The top-level properties whose change replaces the resource (`createOnlyProperties` of the type's
    /// registry schema).
    pub create_only: &'static [&'static str],
    /// How long one operation may take before CloudFormation gives it up (the longest `timeoutInMinutes` of the
    /// type's registry schema, where it has one).
    pub time_limit: Duration,
}

/// Creates, updates and deletes resources of one CloudFormation type.
///
/// Every call may be repeated after a crash of the engine: creating what this stack already created
/// under the same name returns it, deleting what is gone succeeds.
#[async_trait]
pub trait ResourceProvider: Send + Sync {
    /// Returns what there is to know of the type.
    fn definition(&self) -> ResourceType;

    /// Creates the resource and returns once it is usable (an endpoint: in service).
    ///
    /// # Errors
    /// The reason as it is to stand in the stack's events; nothing of the resource may be left behind,
    /// or what is left must be removable by `delete` with the name of `ResourceRequest::physical_name`.
    async fn create(&self, request: &ResourceRequest) -> Result<Resource, ResourceError>;

    /// Updates the resource in place.
    ///
    /// # Errors
    /// The reason; the previous state is still in force where the real service guarantees it.
    async fn update(
        &self,
        physical_id: &str,
        previous: &Value,
        request: &ResourceRequest,
    ) -> Result<Resource, ResourceError>;

    /// Deletes the resource; one that does not exist counts as deleted.
    ///
    /// # Errors
    /// The reason, e.g. a bucket that is not empty.
    async fn delete(&self, physical_id: &str) -> Result<(), ResourceError>;

    /// Reads the resource as it is now, in the form of the template. `expected` are the properties that
    /// the stack gave it: what cannot be read back (write-only properties) is answered as expected.
    ///
    /// # Errors
    /// The reason why it cannot be read.
    fn read(&self, _physical_id: &str, _expected: &Value) -> Result<Live, ResourceError> {
        Ok(Live::Unsupported)
    }
}

/// A resource as it is, whoever changed it last.
#[derive(Debug, Clone, PartialEq)]
pub enum Live {
    /// The type's registry schema has no read handler, so that nobody looks.
    Unsupported,
    /// The resource is not there.
    Missing,
    /// Its properties.
    Properties(Value),
}

impl Live {
    /// Puts what was read over what is expected; a property that was read as `Null` is not set.
    pub fn over<const N: usize>(expected: &Value, read: [(&str, Value); N]) -> Self {
        let mut properties = expected.clone();
        for (name, value) in read {
            match (properties.as_object_mut(), value) {
                (Some(properties), Value::Null) => {
                    properties.remove(name);
                }
                (Some(properties), value) => {
                    properties.insert(name.to_owned(), value);
                }
                (None, _) => {}
            }
        }
        Self::Properties(properties)
    }
}

/// What a provider is asked to make real: properties with all intrinsic functions resolved.
#[derive(Debug, Clone, PartialEq)]
pub struct ResourceRequest {
    /// Name of the stack.
    pub stack_name: String,
    /// ARN of the stack.
    pub stack_id: String,
    /// The resource's key in the template.
    pub logical_id: String,
    /// A name for a resource whose template fixes none: `<stack>-<logical id>-<suffix>`, at most 63
    /// characters of `[A-Za-z0-9-]`, the same when a create is repeated, another for a replacement.
    pub physical_name: String,
    /// Region, e.g. `us-east-1`.
    pub region: String,
    /// Account, twelve digits.
    pub account: String,
    /// The resource's `Properties`, resolved; an object.
    pub properties: Value,
    /// Tags of the stack and the `aws:cloudformation:*` tags, to be joined to the resource's own.
    pub tags: BTreeMap<String, String>,
}

impl ResourceRequest {
    /// Returns the string property `name`, if it is there and a string.
    pub fn string(&self, name: &str) -> Option<&str> {
        self.properties.get(name).and_then(Value::as_str)
    }
}

/// A resource as it was made.
#[derive(Debug, Clone, PartialEq)]
pub struct Resource {
    /// The physical id, which is also what `Ref` returns.
    pub physical_id: String,
    /// What `Fn::GetAtt` returns by attribute name.
    pub attributes: BTreeMap<String, Value>,
}

/// Why a resource could not be made, changed or removed, in the words of the service.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ResourceError {
    /// The reason, as it stands in the stack's events.
    pub message: String,
}

impl ResourceError {
    /// Makes an error from the service's words.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
        }
    }
}
