//! Where each line of a rendered document comes from: the template's line, and the stack file's.
//!
//! It is found out by rendering once more, when somebody asks: the templates get marks, which travel
//! through loops, components and filters to the output. Marked output without its marks must be the
//! plain output byte for byte; where a template does something with its own text that does not bear
//! marks, fewer are used.

mod fields;
mod instrument;
mod marks;
mod trace;

use serde_json::Value;

use super::error::RenderError;
use super::library::{Library, TemplateName};
use super::{body, context, values};
use crate::stack::yaml::Node;
use crate::stack::{Place, Stack};
use trace::Trace;

pub(super) use trace::template_line;

/// Where a part of a rendered document comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The line of the rendered document, counted from 1.
    pub rendered_line: usize,
    /// The template's line that wrote it.
    pub template: TemplatePlace,
    /// The place in the stack file that the value comes from; `None` for what the template alone
    /// decides, or where the file leaves a field out.
    pub stack: Option<Place>,
}

/// A line of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplatePlace {
    /// The project's own file, or the name of a built-in template.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
}

impl std::fmt::Display for TemplatePlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// The origins of all parts of one environment's documents.
#[derive(Debug)]
pub struct Provenance {
    documents: Vec<(TemplateName, Traced)>,
    values: Value,
    tree: Node,
}

/// A document with its marks.
#[derive(Debug)]
struct Traced {
    root: Node,
    text: String,
    trace: Trace,
}

impl Provenance {
    /// Renders an environment's documents once more, with marks. `tree` is what the stack file says
    /// about the environment, with its places ([`crate::stack::StackFile::merged`]).
    ///
    /// # Errors
    /// When the templates cannot be loaded, or one writes no YAML.
    pub fn new(stack: &Stack, library: &Library, tree: Node) -> Result<Self, RenderError> {
        let engine = library.engine()?;
        let context = context::context(stack);
        let mut documents = Vec::new();
        for name in TemplateName::ALL {
            if name == TemplateName::Shared {
                continue;
            }
            // What does not render for this stack is no document of it; `render` is what says why.
            let Ok(output) = engine.render(library, name, stack, &context) else {
                continue;
            };
            let trace = Trace::of(&output, output.head);
            let root = body::read(&output)?;
            let text = output.text;
            documents.push((name, Traced { root, text, trace }));
        }
        Ok(Self {
            documents,
            values: values::of(&context),
            tree,
        })
    }

    /// The origin of the part of a document at a JSON pointer into its value, such as
    /// `/Resources/Endpoint/Properties/EndpointName`.
    ///
    /// For a map or a list the stack file's place is that of the first value in it that is neither
    /// a name nor a tag.
    pub fn of(&self, document: TemplateName, pointer: &str) -> Option<Origin> {
        let (_, traced) = self.documents.iter().find(|(name, _)| *name == document)?;
        let part = body::find(&traced.root, pointer)?;
        let at = part.key.as_ref().unwrap_or(&part.node.place);
        let (file, line) = traced.trace.template(&traced.text, at)?;
        Some(Origin {
            rendered_line: at.line,
            template: TemplatePlace { file, line },
            stack: self.stack_place(traced, part.node, part.key.as_ref()),
        })
    }

    /// The templates that `pointer` exists in; most names stand in one document only.
    pub fn documents_with(&self, pointer: &str) -> impl Iterator<Item = TemplateName> {
        self.documents
            .iter()
            .filter(move |(_, traced)| body::find(&traced.root, pointer).is_some())
            .map(|(name, _)| *name)
    }

    fn stack_place(&self, traced: &Traced, node: &Node, key: Option<&Place>) -> Option<Place> {
        let place = |path: &str| fields::place(path, &self.values, &self.tree);
        let range = body::extent(node);
        if body::is_scalar(node) {
            let own = traced.trace.values(range).find_map(place);
            return own.or_else(|| traced.trace.values(key?.bytes.clone()).find_map(place));
        }
        // Names and tags are in everything, and tell nothing about this part.
        let telling = |path: &&str| {
            let first = path.split('/').next().unwrap_or_default();
            !matches!(first, "stack" | "environment" | "names" | "tags")
        };
        traced.trace.values(range).filter(telling).find_map(place)
    }
}

#[cfg(test)]
mod tests;
