//! The emulated services, one module each.
//!
//! Purpose: keeps each service's state and answers its operations. Input: signed requests
//! (`wire::ApiRequest`), and calls from one service to another. Output: HTTP responses, files and
//! child processes. Must not know: sockets, signatures, and how requests find their service.

pub mod apigateway;
pub mod autoscaling;
pub mod cloudformation;
pub mod cloudwatch;
pub mod iam;
pub mod lambda;
pub mod logs;
pub mod quotas;
pub mod s3;
pub mod sagemaker;
pub mod sts;
