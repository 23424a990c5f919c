//! The services that the engine emulates, one module each.
//!
//! Purpose: the behaviour of each AWS service. Input: signed requests, resources wanted by
//! CloudFormation. Output: answers, state on disk, child processes. Must not know: how requests arrive.

pub mod sagemaker;
