//! A resolved stack and Tera templates become CloudFormation templates and request documents.
//!
//! Input: a [`Stack`] and a [`Library`] of templates. Output: [`Rendered`]. Pure and
//! deterministic: the same input gives the same bytes on every machine; nothing of a host, a
//! clock or an account's state gets in.
//! Must not know: credentials, live state, how anything is applied.

mod body;
mod context;
mod document;
mod engine;
mod error;
mod library;
mod substitute;
mod tojson;

use crate::stack::Stack;

pub use body::read_rendered;
pub use document::{Document, Template};
pub use error::RenderError;
pub use library::{Library, TemplateName};
pub use substitute::{SubstituteError, substitute};

/// Everything that is rendered for one environment.
#[derive(Debug, Clone)]
pub struct Rendered {
    /// CloudFormation template of the bucket and the roles.
    pub foundation: Template,
    /// CloudFormation template of everything that serves.
    pub service: Template,
    /// The `CreateTrainingJob` request, with placeholders for what is known at run time only.
    pub training_job: Document,
}

impl Rendered {
    /// The texts with the names of the files that a reviewer finds them in.
    pub fn files(&self) -> [(&'static str, &str); 3] {
        [
            ("foundation.yaml", self.foundation.text()),
            ("service.yaml", self.service.text()),
            ("training-job.yaml", self.training_job.text()),
        ]
    }
}

/// Renders an environment.
///
/// # Errors
/// When a template has a mistake, writes too much, or writes something that is no valid document.
pub fn render(stack: &Stack, library: &Library) -> Result<Rendered, RenderError> {
    let engine = engine::Engine::new(library)?;
    let context = context::context(stack);
    let template = |name| -> Result<Template, RenderError> {
        Template::parse(engine.render(name, stack, &context)?)
    };
    Ok(Rendered {
        foundation: template(TemplateName::Foundation)?,
        service: template(TemplateName::Service)?,
        training_job: Document::parse(engine.render(
            TemplateName::TrainingJob,
            stack,
            &context,
        )?)?,
    })
}

#[cfg(test)]
mod tests;
