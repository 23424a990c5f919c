//! `deploy`: one YAML file to a text-classification service on AWS, or on an embedded local engine.

pub mod render;
pub mod stack;
