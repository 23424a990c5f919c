//! How resources are, beside what a stack was deployed from: drift.

use async_trait::async_trait;
use serde_json::Value;

use super::CloudFault;

/// A stack as it was deployed last.
#[derive(Debug, Clone, PartialEq)]
pub struct Deployed {
    /// Text of its template.
    pub template: String,
    /// Its resources, those that exist.
    pub resources: Vec<DeployedResource>,
}

/// A resource of a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeployedResource {
    /// Key in the template.
    pub logical_id: String,
    /// Type, e.g. `AWS::S3::Bucket`.
    pub kind: String,
    /// What the service calls it.
    pub physical_id: String,
}

/// How far a drift detection is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Detection {
    /// It goes on.
    Running,
    /// It has ended; the text says what could not be looked at, if anything.
    Ended(Option<String>),
}

/// What a drift detection found of one resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detected {
    /// Key in the template.
    pub logical_id: String,
    /// Type.
    pub kind: String,
    /// How it compares.
    pub state: DetectedState,
}

/// How a resource compares with what its stack gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DetectedState {
    /// As given.
    InSync,
    /// Some properties are not as given.
    Modified(Vec<DetectedProperty>),
    /// It is gone.
    Deleted,
    /// It could not be looked at, for the given reason.
    Unknown(String),
}

/// A property that is not as given, in the service's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DetectedProperty {
    /// E.g. `/VersioningConfiguration/Status`.
    pub path: String,
    /// As the stack gave it.
    pub expected: String,
    /// As it is.
    pub actual: String,
}

/// A resource as its own service tells it.
#[derive(Debug, Clone, PartialEq)]
pub enum Live {
    /// Nobody looks at this type here.
    NotRead,
    /// It is not there.
    Missing,
    /// Its properties in the form of a template, as far as they can be read; `Null` is one that is not set.
    Properties(Value),
}

/// The drift detection of CloudFormation, and what it compares with.
#[async_trait]
pub trait StackDrift: Send + Sync {
    /// Tells what a stack was deployed from.
    async fn deployed(&self, stack: &str) -> Result<Deployed, CloudFault>;

    /// Starts a detection over a whole stack; returns its id. A [`FaultKind::Conflict`] says that one is
    /// under way already.
    ///
    /// [`FaultKind::Conflict`]: crate::cloud::FaultKind::Conflict
    async fn start(&self, stack: &str) -> Result<String, CloudFault>;

    /// Looks how far a detection is.
    async fn progress(&self, detection: &str) -> Result<Detection, CloudFault>;

    /// Lists what the last detection found of each resource that can be looked at.
    async fn found(&self, stack: &str) -> Result<Vec<Detected>, CloudFault>;
}

/// Reads resources through their own services, where CloudFormation is blind.
#[async_trait]
pub trait ReadBack: Send + Sync {
    /// Reads one resource. `properties` are those that the stack gave it, as far as they are known: parts
    /// of an API are found by the `ApiId` among them.
    async fn read(
        &self,
        resource: &DeployedResource,
        properties: &Value,
    ) -> Result<Live, CloudFault>;
}
