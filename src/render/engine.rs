//! Runs a template: nothing is escaped, nothing undefined is let through, output and time have limits.

use std::collections::HashMap;
use std::io::{self, Write};

use sha2::{Digest, Sha256};
use tera::{Context, ErrorKind, ReportError, Tera};

use super::error::{Mistake, RenderError};
use super::guard::{self, Edited};
use super::library::{Library, TemplateName};
use super::undefined;
use super::{sub, tojson};
use crate::stack::Stack;

/// The most that a template may write: what CloudFormation takes from a bucket.
const MAX_OUTPUT: usize = 1 << 20;

/// The loaded templates.
#[derive(Debug)]
pub(super) struct Engine {
    tera: Tera,
    /// The texts that were loaded, by file name, for finding places in the original ones.
    edited: HashMap<&'static str, Edited>,
    /// SHA-256 of each template together with the shared parts.
    digests: [String; TemplateName::ALL.len()],
}

/// What a template wrote.
pub(super) struct Output<'a> {
    /// The template.
    pub(super) name: TemplateName,
    /// What it wrote, just as it did.
    pub(super) raw: String,
    /// Length of the header in bytes.
    pub(super) head: usize,
    /// The whole text, with its header.
    pub(super) text: String,
    /// What it was made from.
    pub(super) library: &'a Library,
    /// The values it was made with.
    pub(super) context: &'a Context,
}

/// Makes an engine with the project's filters and nothing loaded.
pub(super) fn bare() -> Tera {
    let mut tera = Tera::default();
    tera.autoescape_on(Vec::<&'static str>::new());
    tera.register_filter("tojson", tojson::filter);
    tera.register_filter("sub", sub::filter);
    tera
}

impl Engine {
    /// Loads the templates of a library.
    pub(super) fn new(library: &Library) -> Result<Self, RenderError> {
        let mut edited = HashMap::new();
        for name in TemplateName::ALL {
            let text = library.text(name);
            if let Some(at) = guard::comprehension(text) {
                let message = "a list cannot be made in an expression: its turns are not counted";
                let help = "write `{% for … %}` and `{% endfor %}` instead".to_owned();
                let mistake = Mistake::new(library, name, at..at + 3, message).help(Some(help));
                return Err(RenderError::Template(Box::new(mistake)));
            }
            edited.insert(name.file(), guard::guarded(text));
        }
        let mut tera = bare();
        guard::register(&mut tera);
        // All at once: they use each other's parts.
        let texts = edited.iter().map(|(file, edited)| (*file, &edited.text));
        tera.add_raw_templates(texts).map_err(|error| {
            plain_failure(library).unwrap_or_else(|| unplaced("library", error))
        })?;
        let digests = TemplateName::ALL.map(|name| {
            let digest = Sha256::new()
                .chain_update(library.text(name))
                .chain_update(library.text(TemplateName::Shared));
            hex::encode(digest.finalize())
        });
        Ok(Self {
            tera,
            edited,
            digests,
        })
    }

    /// Renders one template and puts the header before it that says what it was made from.
    pub(super) fn render<'a>(
        &self,
        library: &'a Library,
        name: TemplateName,
        stack: &Stack,
        context: &'a Context,
    ) -> Result<Output<'a>, RenderError> {
        guard::reset();
        let raw = run(&self.tera, name, context).map_err(|stop| match stop {
            Stop::Full => RenderError::TooLong {
                template: library.shown(name),
                limit: MAX_OUTPUT,
            },
            Stop::Failed(error) => self.failure(library, name, context, error),
        })?;
        let header = header(stack, name, &self.digests[name as usize]);
        let text = format!("{header}{}\n", raw.trim());
        Ok(Output {
            name,
            raw,
            head: header.len(),
            text,
            library,
            context,
        })
    }

    /// Takes the place and the words out of the engine's error.
    fn failure(
        &self,
        library: &Library,
        name: TemplateName,
        context: &Context,
        error: tera::Error,
    ) -> RenderError {
        let report = match error.kind() {
            ErrorKind::SyntaxError(report) | ErrorKind::RenderingError(report) => report,
            ErrorKind::Msg(message) if message.contains("recursion depth") => {
                let message = "components call each other without an end";
                return RenderError::Template(Box::new(Mistake::whole(library, name, message)));
            }
            _ => return unplaced(name.file(), error),
        };
        if report.message().contains(guard::TOO_MANY) {
            return RenderError::TooMany {
                template: library.shown(name),
                limit: guard::MAX_STEPS,
            };
        }
        let (Some(place), Some(edited)) = (
            TemplateName::of(report.filename()),
            self.edited.get(report.filename()),
        ) else {
            return unplaced(name.file(), error);
        };
        let span = &report.span().range;
        let bytes = edited.original(span.start)..edited.original(span.end);
        let words = undefined::words(report.message(), context);
        let mistake = Mistake::new(library, place, bytes, words.message).help(words.help);
        RenderError::Template(Box::new(mistake))
    }
}

/// Why a template did not come to its end.
pub(super) enum Stop {
    /// It wrote too much.
    Full,
    /// The engine's error.
    Failed(tera::Error),
}

/// Runs a template, up to the limit of its output.
pub(super) fn run(tera: &Tera, name: TemplateName, context: &Context) -> Result<String, Stop> {
    let mut output = Capped {
        bytes: Vec::new(),
        full: false,
    };
    let result = tera.render_to(name.file(), context, &mut output);
    if output.full {
        return Err(Stop::Full);
    }
    result.map_err(Stop::Failed)?;
    String::from_utf8(output.bytes).map_err(|error| Stop::Failed(error.into()))
}

/// The first mistake of the templates as they are written, with its own place.
fn plain_failure(library: &Library) -> Option<RenderError> {
    let mut tera = bare();
    let texts = TemplateName::ALL.map(|name| (name.file(), library.text(name)));
    let error = tera.add_raw_templates(texts).err()?;
    let mistake = match error.kind() {
        ErrorKind::SyntaxError(report) | ErrorKind::RenderingError(report) => {
            let name = TemplateName::of(report.filename())?;
            let range = report_range(report);
            Mistake::new(library, name, range, report.message())
        }
        ErrorKind::Msg(message) => unknown_part(library, message)?,
        _ => return None,
    };
    Some(RenderError::Template(Box::new(mistake)))
}

fn report_range(report: &ReportError) -> std::ops::Range<usize> {
    report.span().range.clone()
}

/// Reads the engine's report of a filter, function or component that there is not: it has no other
/// form than `error: <what>`, a line with `--> <file>:<line>:<column>`, and the source.
fn unknown_part(library: &Library, report: &str) -> Option<Mistake> {
    let mut lines = report.lines();
    let message = lines.find_map(|line| line.trim_start().strip_prefix("error: "))?;
    let place = lines.find_map(|line| line.trim_start().strip_prefix("--> "))?;
    let mut parts = place.rsplitn(3, ':');
    let column: usize = parts.next()?.parse().ok()?;
    let line: usize = parts.next()?.parse().ok()?;
    let name = TemplateName::of(parts.next()?)?;
    let text = library.text(name);
    let start: usize = text
        .split_inclusive('\n')
        .take(line - 1)
        .map(str::len)
        .sum();
    let offset: usize = text[start..]
        .chars()
        .take(column - 1)
        .map(char::len_utf8)
        .sum();
    let length = message.split('`').nth(1).map_or(1, str::len);
    let range = start + offset..start + offset + length;
    Some(Mistake::new(library, name, range, message))
}

fn unplaced(template: &str, source: tera::Error) -> RenderError {
    RenderError::Engine {
        template: template.to_owned(),
        source,
    }
}

/// The lines that say where a rendered file comes from; no time and no host, so that the same
/// input gives the same bytes.
fn header(stack: &Stack, name: TemplateName, digest: &str) -> String {
    let file = stack
        .file
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    format!(
        "# Generated by deploy: do not edit, change {file} or the template instead.\n\
         # stack file: {file}, environment {}, sha256 of its content {}\n\
         # template: {} with {}, sha256 of both {digest}\n",
        stack.environment,
        stack.content_digest,
        name.file(),
        TemplateName::Shared.file(),
    )
}

/// A writer that takes no more than [`MAX_OUTPUT`] bytes.
struct Capped {
    bytes: Vec<u8>,
    full: bool,
}

impl Write for Capped {
    fn write(&mut self, more: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + more.len() > MAX_OUTPUT {
            self.full = true;
            return Err(io::Error::other("the output is over its limit"));
        }
        self.bytes.extend_from_slice(more);
        Ok(more.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
