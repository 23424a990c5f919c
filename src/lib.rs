//! `deploy`: one YAML file to a text-classification service on AWS, or on an embedded local engine.

#[cfg(feature = "aws")]
pub mod aws;
pub mod bundle;
#[cfg(feature = "aws")]
pub mod cli;
pub mod cloud;
pub mod local;
pub mod plan;
pub mod reconcile;
pub mod render;
pub mod stack;
