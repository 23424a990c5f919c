//! Known causes of failures: recognised by where a failure comes from and by the service's words,
//! explained, each with what to do.
//!
//! Purpose: the one place that knows what AWS says when something usual goes wrong. Input: a
//! [`Symptom`]. Output: a [`Diagnosis`], or `None` for what is not known: a wrong explanation is
//! worse than none. Must not know: the SDK, plans, runs; it does no I/O.
//!
//! One file per family of causes, each a table. Where a family's texts were seen is said there;
//! what stands there as general knowledge was not seen verbatim and is matched loosely.

mod api;
mod batch;
mod bucket;
mod capacity;
pub mod codes;
mod credentials;
mod endpoint;
mod image;
mod key;
mod matching;
mod name;
mod permission;
mod protection;
mod quota;
mod region;
mod samples;
mod service;
mod template;
mod training;

use serde::{Deserialize, Serialize};

use super::CloudFault;
use matching::Row;
pub use permission::is_propagation;

/// Where a failure comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin<'a> {
    /// An API operation, e.g. `CreateTrainingJob`.
    Operation(&'a str),
    /// A resource of a CloudFormation stack, by its type.
    Resource(&'a str),
    /// A change of a stack that CloudFormation does not accept.
    Change,
    /// A training job that ended.
    Training,
    /// A batch job that ended.
    Batch,
    /// An endpoint, or the model behind it.
    Endpoint,
    /// The answer of the HTTP API.
    Api,
}

/// What is known of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Symptom<'a> {
    /// Where it comes from.
    pub origin: Origin<'a>,
    /// The error code; empty where there is none.
    pub code: &'a str,
    /// The service's words.
    pub message: &'a str,
}

impl<'a> Symptom<'a> {
    /// A failure without an error code of its own.
    pub fn new(origin: Origin<'a>, message: &'a str) -> Self {
        Self {
            origin,
            code: "",
            message,
        }
    }

    /// A request that the cloud did not carry out.
    pub fn of(fault: &'a CloudFault) -> Self {
        Self {
            origin: Origin::Operation(fault.operation),
            code: &fault.code,
            message: &fault.message,
        }
    }

    /// A training job that ended in a secondary status, e.g. `MaxRuntimeExceeded`, for a reason. The
    /// reason begins with a class of its own where the job failed, e.g. `AlgorithmError: …`.
    pub fn training(status: &'a str, reason: &'a str) -> Self {
        let class = reason.split_once(": ").filter(|(class, _)| {
            !class.is_empty() && class.bytes().all(|byte| byte.is_ascii_alphanumeric())
        });
        let (code, message) = class.unwrap_or((status, reason));
        Self {
            origin: Origin::Training,
            code,
            message,
        }
    }
}

/// A known cause; its name in snake case is its code in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KnownCause {
    /// A quota of the account is too low.
    QuotaExceeded,
    /// The region has no capacity of the instance type at the moment.
    NoCapacity,
    /// The container image does not exist.
    ImageNotFound,
    /// The container image may not be pulled.
    ImageDenied,
    /// The container image cannot be used from here.
    ImageElsewhere,
    /// Something of this name exists already, outside of the stack.
    NameTaken,
    /// The bucket cannot be deleted while it holds something.
    BucketNotEmpty,
    /// The stack is protected from being deleted.
    TerminationProtected,
    /// The bucket is being made or deleted by somebody at this moment.
    BucketBusy,
    /// The credentials were good once.
    CredentialsExpired,
    /// There are no credentials.
    CredentialsMissing,
    /// The credentials are not known.
    CredentialsInvalid,
    /// The clock of this machine is wrong.
    ClockWrong,
    /// Something is in another region, or the region is not enabled or lacks something.
    WrongRegion,
    /// Something belongs to another account.
    WrongAccount,
    /// Too many requests.
    Throttled,
    /// The service failed by itself.
    ServiceFault,
    /// The local engine has no Python to run jobs with.
    LocalPython,
    /// Something was not ready in the time that it is given.
    NotReadyInTime,
    /// A role is not known everywhere yet, or does not allow what is needed.
    RoleNotReady,
    /// A policy does not allow it.
    Denied,
    /// A key may not be used.
    KeyDenied,
    /// There is no data where the job looks for it.
    NoData,
    /// The job may not read its data.
    DataDenied,
    /// The job ran as long as it may.
    OutOfTime,
    /// The job waited for capacity as long as it may.
    OutOfPatience,
    /// The memory did not suffice.
    OutOfMemory,
    /// The disk did not suffice.
    DiskFull,
    /// The code needs a package that is not installed.
    PackageMissing,
    /// The script does not know an option that it is given.
    OptionUnknown,
    /// The training script failed.
    ScriptFailed,
    /// The model's artifact is not there.
    ModelMissing,
    /// The model server does not become healthy.
    Unhealthy,
    /// The model server answers with an error.
    ModelFailed,
    /// The model server did not answer.
    ModelSilent,
    /// An alarm took the endpoint's update back.
    AlarmRang,
    /// An endpoint on instances was to become serverless.
    KindFixed,
    /// The endpoint went back to what it served before.
    WentBack,
    /// The API cannot call the function, or the function failed.
    FunctionFailed,
    /// The function did not answer in time or was not free.
    FunctionBusy,
    /// The API has no such route.
    RouteMissing,
    /// The API asks for authorization.
    CallerDenied,
    /// The function's own policy has no room.
    PolicyFull,
    /// A template is larger than CloudFormation takes.
    TemplateTooLarge,
    /// A template says something that CloudFormation does not accept.
    TemplateInvalid,
}

impl KnownCause {
    /// Whether the cause lies with the service and may be gone when the same is tried again.
    pub fn is_transient(self) -> bool {
        matches!(
            self,
            Self::NoCapacity | Self::ServiceFault | Self::Throttled | Self::BucketBusy
        )
    }
}

/// A cause that was recognised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// The cause.
    pub cause: KnownCause,
    /// What has happened and why, in two or three short sentences.
    pub explanation: String,
    /// What to do about it.
    pub remedy: String,
}

/// Recognises the cause of a failure; `None` where it is not a known one.
pub fn diagnose(symptom: &Symptom<'_>) -> Option<Diagnosis> {
    let text = matching::searched(symptom);
    families(symptom)
        .into_iter()
        .flatten()
        .find(|row| row.matches(symptom, &text))
        .map(|row| {
            let (explanation, remedy) = (row.told)(symptom);
            Diagnosis {
                cause: row.cause,
                explanation,
                remedy,
            }
        })
}

/// Families that can be behind a failure of any origin, the more telling ones first.
static GENERAL: [&[Row]; 6] = [
    credentials::ROWS,
    region::ROWS,
    key::ROWS,
    image::ROWS,
    quota::ROWS,
    capacity::ROWS,
];

/// Operations by which a service is given a role that it acts as; all others are the caller's own business.
const GIVE_ROLES: [&str; 4] = [
    "CreateModelPackage",
    "CreateTrainingJob",
    "CreateTransformJob",
    "InvokeEndpoint",
];

/// The tables to look into, in order. What a script, a model or a function says is never searched for
/// what a service would say.
fn families(symptom: &Symptom<'_>) -> Vec<&'static [Row]> {
    let special: &[&'static [Row]] = match symptom.origin {
        Origin::Training if symptom.code == "AlgorithmError" => return vec![training::ALGORITHM],
        Origin::Api => return vec![api::ANSWERS],
        Origin::Batch => &[batch::ROWS],
        Origin::Training | Origin::Operation("CreateTrainingJob") => &[training::JOB],
        Origin::Endpoint | Origin::Operation("InvokeEndpoint") => &[endpoint::ROWS],
        Origin::Resource(kind) if kind.starts_with("AWS::SageMaker::") => {
            &[endpoint::ROWS, name::ROWS]
        }
        Origin::Resource(kind) if kind.starts_with("AWS::Lambda::") => &[api::FUNCTION, name::ROWS],
        Origin::Operation("AssumeRole") => &[permission::NOT_ASSUMED],
        Origin::Operation("DeleteStack") => &[protection::ROWS, bucket::ROWS],
        Origin::Operation(_) | Origin::Change | Origin::Resource(_) => &[bucket::ROWS, name::ROWS],
    };
    let not_ready: &[&'static [Row]] = match symptom.origin {
        Origin::Operation(operation) if !GIVE_ROLES.contains(&operation) => &[],
        _ => &[permission::NOT_READY],
    };
    // Last, since that a template is invalid says less than why a resource was refused.
    let last: &[&'static [Row]] = &[permission::DENIED, service::ROWS, template::ROWS];
    [special, &GENERAL, not_ready, last].concat()
}

#[cfg(test)]
mod tests;
