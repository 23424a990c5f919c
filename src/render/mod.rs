//! A resolved stack and Tera templates become CloudFormation templates and request documents.
//!
//! Input: a [`Stack`] and a [`Library`] of templates. Output: [`Rendered`]. Pure and
//! deterministic: the same input gives the same bytes on every machine; nothing of a host, a
//! clock or an account's state gets in.
//! Must not know: credentials, live state, how anything is applied.

mod body;
pub mod codes;
mod context;
mod document;
mod engine;
mod error;
mod expression;
mod guard;
mod library;
mod provenance;
mod scan;
mod sub;
mod substitute;
mod tojson;
mod undefined;
mod values;

use crate::stack::Stack;

pub use body::read_rendered;
pub use document::{Document, Template, digest};
pub use error::{Mistake, RenderError};
pub use library::{Library, TemplateName, unknown_help};
pub use provenance::{Origin, Provenance, TemplatePlace};
pub use substitute::{SubstituteError, substitute};

/// The name of the file that only a stack that trains has.
pub const TRAINING_JOB_FILE: &str = "training-job.yaml";
/// The name of the file that only a stack with `batch` has.
pub const TRANSFORM_JOB_FILE: &str = "transform-job.yaml";

/// Everything that is rendered for one environment.
#[derive(Debug, Clone)]
pub struct Rendered {
    /// CloudFormation template of the bucket and the roles.
    pub foundation: Template,
    /// CloudFormation template of everything that serves.
    pub service: Template,
    /// The `CreateTrainingJob` request, with placeholders for what is known at run time only; `None` for a
    /// stack that trains nothing.
    pub training_job: Option<Document>,
    /// The `CreateTransformJob` request, with placeholders; `None` for a stack without `batch`.
    pub transform_job: Option<Document>,
}

impl Rendered {
    /// The texts with the names of the files that a reviewer finds them in.
    pub fn files(&self) -> Vec<(&'static str, &str)> {
        let mut files = vec![
            ("foundation.yaml", self.foundation.text()),
            ("service.yaml", self.service.text()),
        ];
        if let Some(request) = &self.training_job {
            files.push((TRAINING_JOB_FILE, request.text()));
        }
        if let Some(request) = &self.transform_job {
            files.push((TRANSFORM_JOB_FILE, request.text()));
        }
        files
    }
}

/// Renders an environment.
///
/// # Errors
/// When a template has a mistake, writes too much, or writes something that is no valid document.
pub fn render(stack: &Stack, library: &Library) -> Result<Rendered, RenderError> {
    render_with(stack, library, &context::context(stack))
}

/// Renders what lets others deploy an environment; the values are what its template names as `bootstrap`.
///
/// # Errors
/// As [`render`].
pub fn render_bootstrap(
    stack: &Stack,
    library: &Library,
    values: &serde_json::Value,
) -> Result<Template, RenderError> {
    let mut context = context::context(stack);
    context.insert("bootstrap", values);
    let engine = library.engine()?;
    Template::parse(engine.render(library, TemplateName::Bootstrap, stack, &context)?)
}

/// What templates can name, as a tree.
pub fn template_values(stack: &Stack) -> serde_json::Value {
    values::of(&context::context(stack))
}

/// Renders an environment with other values than its own, to see what a template makes of them.
///
/// # Errors
/// As [`render`], and when the values are no map.
pub fn render_values(
    stack: &Stack,
    library: &Library,
    values: &serde_json::Value,
) -> Result<Rendered, RenderError> {
    let context = tera::Context::from_serialize(values).map_err(|source| RenderError::Engine {
        template: "values".to_owned(),
        source,
    })?;
    render_with(stack, library, &context)
}

fn render_with(
    stack: &Stack,
    library: &Library,
    context: &tera::Context,
) -> Result<Rendered, RenderError> {
    let engine = library.engine()?;
    let output = |name| engine.render(library, name, stack, context);
    Ok(Rendered {
        foundation: Template::parse(output(TemplateName::Foundation)?)?,
        service: Template::parse(output(TemplateName::Service)?)?,
        training_job: match stack.training() {
            Some(_) => Some(Document::parse(output(TemplateName::TrainingJob)?)?),
            None => None,
        },
        transform_job: match &stack.batch {
            Some(_) => Some(Document::parse(output(TemplateName::TransformJob)?)?),
            None => None,
        },
    })
}

#[cfg(test)]
mod injection;
#[cfg(test)]
mod tests;
