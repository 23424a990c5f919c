//! `deploy`: one YAML file to a text-classification service on AWS, or on an embedded local engine.

#[cfg(feature = "aws")]
pub mod aws;
pub mod cloud;
pub mod local;
