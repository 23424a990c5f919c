//! The embedded local engine: an AWS-compatible service on loopback that really runs the pipeline.
//!
//! Purpose: lets the same stack file run end to end without an AWS account. Input: AWS requests over
//! HTTP and a state folder. Output: AWS responses, child processes (training jobs, endpoints, Lambda
//! functions) and the HTTP API of each stack. Must not know: anything else of this crate. It is met
//! only over the wire, so that the client side and this side check each other.

pub mod clock;
pub mod durable;
pub mod resource;
pub mod runner;
pub mod services;
pub mod wire;
