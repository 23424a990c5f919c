//! The AWS services that the engine emulates.
//!
//! Purpose: one module per service, each with its own state on disk. Input: checked requests and plain
//! calls of the other services. Output: answers in the words of the real service, and providers of
//! CloudFormation resource types. Must not know: how requests arrive.

pub mod apigateway;
pub mod lambda;
pub mod s3;
