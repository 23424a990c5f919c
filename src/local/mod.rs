//! The embedded local engine: an AWS-compatible service on loopback that really runs the pipeline.
//!
//! Purpose: lets the same stack file run end to end without an AWS account. Input: AWS requests over
//! HTTP and a state folder. Output: AWS responses, child processes (training jobs, endpoints, Lambda
//! functions) and the HTTP API of each stack. Must not know: anything else of this crate. It is met
//! only over the wire, so that the client side and this side check each other.
//!
//! What is emulated. Everything else is refused by name (`NotEmulated`, status 501):
//!
//! | service | operations | not emulated |
//! |---|---|---|
//! | CloudFormation | change sets (CREATE, UPDATE, drift-aware), drift detection, CreateStack, UpdateStack, DeleteStack (also by force), RollbackStack, ContinueUpdateRollback, UpdateTerminationProtection, all descriptions and lists of stacks, resources and events (also by operation), GetTemplate, GetTemplateSummary, ValidateTemplate | imports, exports, nested stacks, transforms, stack policies, stack sets, templates in S3 |
//! | CloudFormation functions | Ref, GetAtt, Sub, Join, Select, Split, If, Equals, Not, And, Or, FindInMap, Base64, pseudo parameters but NotificationARNs | ImportValue, GetAZs, Cidr, Transform, language extensions |
//! | S3 | buckets, objects, versions, multipart uploads, conditional writes; types Bucket, BucketPolicy | policies are kept, not enforced |
//! | IAM | reading roles and their policies, PutRolePolicy, DeleteRolePolicy, UpdateAssumeRolePolicy; type Role | users, groups, managed policies; policies are kept, not evaluated |
//! | Service Quotas | listing them: there are none | asking for more |
//! | STS | GetCallerIdentity | assuming roles |
//! | CloudWatch Logs | groups, streams, events, retention (shown, not enforced), filter patterns of words; type LogGroup | queries, metric filters, subscriptions |
//! | SageMaker | training jobs (with an entry point, or by the training toolkit and a Python script; with checkpoints, retries and spare capacity, which is never taken away from a real process), transform jobs (records by line or whole files, one or many a request; no manifests, compression or joins), models, endpoint configurations, endpoints (also UpdateEndpointWeightsAndCapacities), InvokeEndpoint; types Model, EndpointConfig, Endpoint | everything else |
//! | Lambda | running Python handlers, UpdateFunctionConfiguration, UpdateFunctionCode; types Function, Permission | versions, aliases, layers, event sources |
//! | API Gateway | HTTP APIs served at `/_aws/execute-api/<api id>/`, UpdateApi, UpdateIntegration, UpdateStage, CreateRoute, UpdateRoute, DeleteRoute; types Api, Integration, Route, Stage | REST and WebSocket APIs, authorizers, stages but `$default` |

pub mod auth;
pub mod clock;
pub mod durable;
mod engine;
pub mod ids;
pub mod journal;
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
pub use engine::{Engine, EngineError, Options, serve};
pub use runner::{Python, PythonError, PythonSpec};
pub use server::DATA_PLANE;

/// The one pretend account.
pub const ACCOUNT: &str = "000000000000";
