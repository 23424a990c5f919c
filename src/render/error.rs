//! What can go wrong while a template is rendered.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

use super::library::{Library, TemplateName};

/// Says why rendering failed.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// A template has a mistake, or names something that there is not.
    #[error("{0}")]
    Template(Box<Mistake>),
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
    /// A template's loops do not end in time.
    #[error("the loops and components of template {template} take more than {limit} turns")]
    TooMany {
        /// The template's file name.
        template: String,
        /// The limit.
        limit: u32,
    },
    /// What a template wrote is no YAML.
    #[error("{0}")]
    NotYaml(Box<Mistake>),
    /// What a template wrote is YAML, but not what it should be.
    #[error("{0}")]
    Content(Box<Mistake>),
    /// A project's own template has a name that no built-in template has.
    #[error("{} overrides nothing: no template is named `{file}`", path.display())]
    Unknown {
        /// The file.
        path: PathBuf,
        /// Its name.
        file: String,
        /// What to do about it.
        help: String,
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

impl RenderError {
    /// The mistake, where it has a place in a template.
    pub fn mistake(&self) -> Option<&Mistake> {
        match self {
            Self::Template(mistake) | Self::NotYaml(mistake) | Self::Content(mistake) => {
                Some(mistake)
            }
            _ => None,
        }
    }
}

/// A mistake in a template, or in what it wrote, with its place in the template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The template's file name, or its path where the project has its own.
    pub template: String,
    /// The template's text.
    pub text: String,
    /// Line, counted from 1; 0 when the whole template is meant.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
    /// The stretch in bytes of the template's text.
    pub bytes: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What else is known about it, such as the line that was written.
    pub notes: Vec<String>,
    /// What to do about it.
    pub help: Option<String>,
}

impl Mistake {
    /// Makes a mistake at a stretch of a template's text.
    pub(super) fn new(
        library: &Library,
        name: TemplateName,
        bytes: Range<usize>,
        message: impl Into<String>,
    ) -> Self {
        let text = library.text(name).to_owned();
        let bytes = floor(&text, bytes.start)..floor(&text, bytes.end);
        let before = &text[..bytes.start];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Self {
            template: library.shown(name),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            bytes,
            text,
            message: message.into(),
            notes: Vec::new(),
            help: None,
        }
    }

    /// Makes a mistake of a template as a whole.
    pub(super) fn whole(library: &Library, name: TemplateName, message: impl Into<String>) -> Self {
        Self {
            line: 0,
            column: 0,
            ..Self::new(library, name, 0..0, message)
        }
    }

    /// Makes a mistake of a whole line, from its first character that is no blank.
    pub(super) fn at_line(
        library: &Library,
        name: TemplateName,
        line: usize,
        message: impl Into<String>,
    ) -> Self {
        let text = library.text(name);
        let start: usize = text
            .split_inclusive('\n')
            .take(line.saturating_sub(1))
            .map(str::len)
            .sum();
        let content = text[start..].lines().next().unwrap_or_default();
        let indent = content.len() - content.trim_start().len();
        let range = start + indent..start + content.trim_end().len().max(indent);
        Self::new(library, name, range, message)
    }

    /// Adds what else is known.
    #[must_use]
    pub(super) fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Adds what to do about it.
    #[must_use]
    pub(super) fn help(mut self, help: Option<String>) -> Self {
        self.help = help;
        self
    }
}

/// The nearest start of a character at or before an offset.
fn floor(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.template)?;
        if self.line > 0 {
            write!(f, ":{}:{}", self.line, self.column)?;
        }
        write!(f, ": {}", self.message)?;
        for note in &self.notes {
            write!(f, " ({note})")?;
        }
        Ok(())
    }
}
