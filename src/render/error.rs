//! What can go wrong while a template is rendered.

use std::path::PathBuf;

/// Says why rendering failed.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// A template has a mistake, or names something that there is not.
    #[error("{template}:{line}:{column}: {message}")]
    Template {
        /// The template's file name.
        template: String,
        /// Line, counted from 1.
        line: usize,
        /// Column, counted from 1.
        column: usize,
        /// What is wrong.
        message: String,
    },
    /// A template failed in a way that has no place.
    #[error("template {template} cannot be used")]
    Engine {
        /// The template's file name.
        template: String,
        /// The engine's own words.
        source: tera::Error,
    },
    /// A template wrote more than CloudFormation takes.
    #[error(
        "template {template} writes more than {limit} bytes, the most that CloudFormation takes"
    )]
    TooLong {
        /// The template's file name.
        template: String,
        /// The limit in bytes.
        limit: usize,
    },
    /// What a template wrote is no document.
    #[error(
        "template {template} does not write valid YAML: line {line}, column {column}: {message}"
    )]
    NotYaml {
        /// The template's file name.
        template: String,
        /// Line of the output, counted from 1.
        line: usize,
        /// Column of the output, counted from 1.
        column: usize,
        /// What is wrong.
        message: String,
    },
    /// What a template wrote is YAML, but not what it should be.
    #[error("template {template}: {message}")]
    Content {
        /// The template's file name.
        template: String,
        /// What is wrong.
        message: String,
    },
    /// A project's own template cannot be read.
    #[error("cannot read the template {}", path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}
