//! What a change means for the account, without asking it: two sides of rendered documents become
//! a list of changes and their consequences.
//!
//! Input: the rendered documents of the working tree, and those of a git revision, a folder or a
//! file; or those of two environments or releases, with what is known of their models. Output: a [`Report`], and the same as text, Markdown or JSON. The facts about resource types
//! are embedded, with their date. Must not know: credentials, the network, the terminal.
//!
//! In reading order: `canonical` gives equal things one form, `compare` finds differences, `policy`
//! compares what is allowed, `impact` follows references, `consequences` says what it means.

mod base;
mod canonical;
mod change;
mod compare;
mod consequences;
mod content;
mod design;
mod documents;
mod environment;
mod facts;
mod git;
mod human;
mod identity;
mod impact;
mod markdown;
mod model;
mod policy;
mod references;
mod template;
mod training;
mod words;

pub use base::{Base, BaseError, Scope, read_base};
pub use change::{
    Action, Cause, Change, Consequence, Content, ContentChange, ContentState, Difference,
    Direction, DocumentDiff, Effect, EnvironmentDiff, Line, Origin, Permission, Presence,
    PropertyChange, Report, Section, SettingChange, Severity, Topic, VERSION,
};
pub use content::{Paths, content};
pub use design::design;
pub use documents::{
    Documents, Side, UnreadableDocument, document_name, documents_of, read_document,
};
pub use environment::{Besides, compare_environment};
pub use git::{GitError, Repository};
pub use human::human;
pub use identity::{Identity, in_words_of};
pub use markdown::{MARKDOWN_LIMIT, markdown};
pub use model::{Compared, Figure, LabelsDiff, ModelDiff, ModelSide, ReleaseSide};
pub use references::{Target, targets};

/// The JSON Schema (draft 2020-12) of a serialised [`Report`].
pub const SCHEMA: &str = include_str!("schema.json");

impl Report {
    /// Makes a report of what the working tree has otherwise than a base.
    pub fn new(
        stack: &str,
        base: &str,
        environments: Vec<EnvironmentDiff>,
        notes: Vec<String>,
    ) -> Self {
        Self {
            version: VERSION,
            stack: stack.to_owned(),
            subject: "working tree".to_owned(),
            base: base.to_owned(),
            changed: environments.iter().any(EnvironmentDiff::is_changed),
            facts: facts::date().to_owned(),
            environments,
            notes,
        }
    }

    /// Names what was compared, where that is not the working tree.
    #[must_use]
    pub fn about(mut self, subject: &str) -> Self {
        subject.clone_into(&mut self.subject);
        self
    }

    /// Fills in where the values come from. `find` is given environment, document and JSON pointer;
    /// what is only in the base has no place in the working tree.
    #[must_use]
    pub fn with_origins(mut self, find: impl Fn(&str, &str, &str) -> Option<Origin>) -> Self {
        for environment in &mut self.environments {
            for document in &mut environment.documents {
                for change in &mut document.changes {
                    let place =
                        |pointer: &str| find(&environment.environment, &document.document, pointer);
                    if change.action == Action::Remove {
                        continue;
                    }
                    change.origin = place(&change.pointer);
                    for property in &mut change.properties {
                        let gone = property.before.is_some() && property.after.is_none();
                        property.origin = if gone { None } else { place(&property.pointer) };
                    }
                }
            }
        }
        self
    }
}

impl EnvironmentDiff {
    /// Whether anything differs; what is not known does not.
    pub fn is_changed(&self) -> bool {
        let known = |change: &ContentChange| !matches!(change.state, ContentState::Unknown { .. });
        self.presence != Presence::Both
            || !self.documents.is_empty()
            || self.content.iter().any(known)
            || !self.settings.is_empty()
            || self.model.as_ref().is_some_and(ModelDiff::is_changed)
    }
}

#[cfg(test)]
mod tests;
