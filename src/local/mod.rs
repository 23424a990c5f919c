//! The embedded local engine: an AWS-compatible service on loopback that really runs the pipeline.
//!
//! Purpose: lets the same stack file run end to end without an AWS account. Input: AWS requests over
//! HTTP and a state folder. Output: AWS responses, child processes (training jobs, endpoints, Lambda
//! functions) and the HTTP API of each stack. Must not know: anything else of this crate. It is met
//! only over the wire, so that the client side and this side check each other.
//!
//! Every account in every region is a cell of its own: a key tells the account, the signature the region,
//! and what lives in one cell is not seen from another. S3 is one for all, as in AWS: names of buckets are
//! everybody's, and a bucket is met through its own region only. Roles are an account's. The caller is the
//! account's own key, which may do everything in its account, or the session of a role; what a role's own
//! policies say is not evaluated, so that a session may do in its account whatever the account may.
//!
//! What is emulated. Everything else is refused by name (`NotEmulated`, status 501):
//!
//! | service | operations | not emulated |
//! |---|---|---|
//! | CloudFormation | change sets (CREATE, UPDATE, drift-aware), drift detection, CreateStack, UpdateStack, DeleteStack (also by force), RollbackStack, ContinueUpdateRollback, UpdateTerminationProtection, all descriptions and lists of stacks, resources and events (also by operation), GetTemplate, GetTemplateSummary, ValidateTemplate | imports, exports, nested stacks, transforms, stack policies, stack sets, templates in S3 |
//! | CloudFormation functions | Ref, GetAtt, Sub, Join, Select, Split, If, Equals, Not, And, Or, FindInMap, Base64, pseudo parameters but NotificationARNs | ImportValue, GetAZs, Cidr, Transform, language extensions |
//! | S3 | buckets, objects, versions, multipart uploads, conditional writes; types Bucket, BucketPolicy | a bucket's policy lets other accounts read, list, write and delete objects, with conditions on TLS and on who asks; it is not held against the bucket's own account, and settings of buckets and DeleteObjects are for that account only; other services ask as their account, not as their role |
//! | IAM | reading roles and their policies, PutRolePolicy, DeleteRolePolicy, UpdateAssumeRolePolicy; type Role | users, groups, managed policies but for AdministratorAccess and PowerUserAccess; the sessions of roles may do what the policies and the permissions boundary of their roles allow |
//! | Service Quotas | listing them: there are none | asking for more |
//! | STS | GetCallerIdentity, AssumeRole by the trust of roles (principals, `sts:ExternalId`), also by an account's own key, which AWS takes for root and refuses | session policies, tags, MFA, web identities, SAML |
//! | CloudWatch Logs | groups, streams, events, retention (shown, not enforced), filter patterns of words; type LogGroup | queries, metric filters, subscriptions |
//! | SageMaker | training jobs (with an entry point, or by the training toolkit and a Python script; no container is run: the local Python stands for every image; on up to eight instances, each a process with all of the data, of whose checkpoints the first one's are kept; with checkpoints, retries and spare capacity, which is never taken away from a real process), transform jobs (records by line or whole files, one or many a request; no manifests, compression or joins), models, endpoint configurations, endpoints on instances and serverless (each instance is a process, up to four), updates all at once, canary, linear and rolling, taken back by alarms and time limits, UpdateEndpointWeightsAndCapacities, InvokeEndpoint; the model registry: groups, versions with approval, metrics and metadata; types Model, EndpointConfig, Endpoint | several variants, packages that are not versioned, data capture, everything else |
//! | CloudWatch | metrics of endpoints, functions and HTTP APIs (of a day, while the engine runs; memory and processor of instances as parts of this machine, on Linux), PutMetricData, GetMetricData, GetMetricStatistics, ListMetrics; PutMetricAlarm, DescribeAlarms, DeleteAlarms, SetAlarmState, ListTagsForResource, judged every minute; type Alarm; all in awsJson, as boto3 speaks it | actions of alarms, expressions, composite alarms, periods below a minute, disks of instances; Query and CBOR |
//! | Application Auto Scaling | instances of endpoints by target tracking: RegisterScalableTarget, PutScalingPolicy, describing and removing both; types ScalableTarget, ScalingPolicy | steps, schedules, everything but endpoints, the alarms that AWS makes |
//! | Lambda | running Python handlers, with cold and warm starts, reserved concurrency, time limits, memory limits (on Linux), `REPORT` lines; UpdateFunctionConfiguration, UpdateFunctionCode; types Function, Permission | versions, aliases, layers, event sources; concurrency that is provisioned, or changed by calls |
//! | API Gateway | HTTP APIs served at `/_aws/execute-api/<api id>/`, with CORS, throttles of stages and routes, tokens signed with RSA (checked against the issuer's own keys), signed requests, access logs, limits of size and time; UpdateApi, UpdateIntegration, UpdateStage, CreateRoute, UpdateRoute, DeleteRoute; types Api, Authorizer, Integration, Route, Stage | REST and WebSocket APIs, authorizers that are functions, domain names, stages without automatic deployment |

mod access;
pub mod auth;
mod cells;
pub mod clock;
pub mod durable;
mod engine;
pub mod ids;
pub mod journal;
pub mod metrics;
mod page;
mod policy;
mod ports;
pub mod resource;
pub mod runner;
pub mod script;
mod server;
pub mod services;
#[cfg(test)]
mod tests;
pub mod wire;
mod wiring;

pub use auth::Credentials;
pub use cells::CellId;
pub use engine::{Engine, EngineError, Options, serve};
pub use runner::{Making, Python, PythonError, PythonSpec, Readiness};
pub use server::DATA_PLANE;

/// The pretend account whose key is the engine's base key.
pub const ACCOUNT: &str = "000000000000";

/// The account of state that names none.
fn default_account() -> String {
    ACCOUNT.to_owned()
}
