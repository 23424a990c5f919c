//! Templates: text in, checked structure out.
//!
//! Purpose: reads a template, checks it as far as that needs no running stack, and evaluates
//! parameters, conditions and intrinsic functions. Input: template text, parameter values, what is
//! known of other resources. Output: [`Template`], resolved JSON values, dependencies. Must not know:
//! stacks, operations, time.

pub(crate) mod conditions;
pub(crate) mod graph;
pub(crate) mod intrinsics;
pub(crate) mod loader;
pub(crate) mod model;
pub(crate) mod parameters;
pub(crate) mod references;
pub(crate) mod validate;

pub(crate) use model::{Policy, ResourceSpec, Template};

/// Why a template, or its parameters, cannot be used. All of them are `ValidationError`s on the wire.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TemplateError {
    /// The text or its structure is wrong.
    #[error("Template format error: {0}")]
    Format(String),
    /// An intrinsic function cannot be evaluated.
    #[error("Template error: {0}")]
    Evaluation(String),
    /// Parameter values and the template do not fit.
    #[error("{0}")]
    Parameters(String),
    /// A feature of CloudFormation that the local engine does not have.
    #[error("the local engine does not emulate {0}")]
    NotEmulated(String),
    /// Resources depend on each other in a circle.
    #[error("Circular dependency between resources: [{}]", .0.join(", "))]
    Circle(Vec<String>),
}
