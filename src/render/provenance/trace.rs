//! The marks of one rendered document, and what they say about an offset.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use tera::{Kwargs, State, Tera, TeraResult};

use super::instrument::{Depth, FIELD, Instrument, SEPARATOR};
use super::marks::{Alphabet, Mark};
use crate::render::engine::{self, Output};
use crate::render::library::{Library, TemplateName};
use crate::stack::Place;

/// The marks of a document.
#[derive(Debug, Default)]
pub(super) struct Trace {
    marks: Vec<(usize, Mark)>,
    places: Vec<(TemplateName, usize)>,
    files: Vec<String>,
    values: Vec<String>,
}

impl Trace {
    /// Renders a document with marks; `head` is the length of what stands before it in its text.
    pub(super) fn of(output: &Output<'_>, head: usize) -> Self {
        let trimmed = output.raw.len() - output.raw.trim_start().len();
        let mut trace = [Depth::Values, Depth::Text]
            .into_iter()
            .find_map(|depth| Self::render(output, depth))
            .unwrap_or_default();
        for (at, _) in &mut trace.marks {
            *at = (*at + head).saturating_sub(trimmed);
        }
        trace
    }

    /// Renders with marks of a depth; `None` when the output would not be the same.
    fn render(output: &Output<'_>, depth: Depth) -> Option<Self> {
        let library = output.library;
        let texts = TemplateName::ALL.map(|name| library.text(name));
        let used = texts.into_iter().chain([output.raw.as_str()]);
        let alphabet = Alphabet::unused(used)?;
        let mut lines = Vec::new();
        let mut instrument = Instrument::new(alphabet, depth, &mut lines);
        let marked: Vec<(&str, String)> = TemplateName::ALL
            .iter()
            .enumerate()
            .map(|(index, name)| (name.file(), instrument.mark(index, texts[index])))
            .collect();
        let values = Arc::new(Mutex::new(Vec::new()));
        let mut tera = engine::bare();
        register(&mut tera, alphabet, Arc::clone(&values));
        tera.add_raw_templates(marked).ok()?;
        let text = engine::run(&tera, output.name, output.context).ok()?;
        let (plain, marks) = alphabet.take(&text);
        if plain != output.raw {
            return None;
        }
        let values = values
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        Some(Self {
            marks,
            places: lines
                .into_iter()
                .map(|(index, line)| (TemplateName::ALL[index], line))
                .collect(),
            files: shown(library),
            values,
        })
    }

    /// The template's file and line that wrote what is at a place of the text.
    pub(super) fn template(&self, text: &str, at: &Place) -> Option<(String, usize)> {
        let (name, line) = self.place(text, at.bytes.start, at.bytes.end)?;
        Some((self.files[name as usize].clone(), line))
    }

    /// The first mark behind a stretch on its line; the last on the line; the last before it.
    fn place(&self, text: &str, start: usize, end: usize) -> Option<(TemplateName, usize)> {
        let number = |&(at, mark): &(usize, Mark)| match mark {
            Mark::Template(number) => Some((at, number)),
            Mark::Value(_) => None,
        };
        let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
        let marks = || self.marks.iter().filter_map(number);
        let behind = marks().find(|(at, _)| (end..=line_end).contains(at));
        let on_line = || marks().rfind(|(at, _)| (line_start + 1..=line_end).contains(at));
        let before = || marks().rfind(|(at, _)| *at <= start);
        let (_, number) = behind.or_else(on_line).or_else(before)?;
        self.places.get(number).copied()
    }

    /// The paths of the values that a stretch of the text is made from.
    pub(super) fn values(&self, range: Range<usize>) -> impl Iterator<Item = &str> {
        self.marks
            .iter()
            .filter(move |(at, _)| *at > range.start && *at <= range.end)
            .filter_map(|(_, mark)| match mark {
                Mark::Value(number) => self.values.get(*number),
                Mark::Template(_) => None,
            })
            .flat_map(|paths| paths.split(SEPARATOR))
    }

    /// Whether values are marked, not only lines.
    #[cfg(test)]
    pub(super) fn is_whole(&self) -> bool {
        !self.values.is_empty()
    }
}

fn shown(library: &Library) -> Vec<String> {
    TemplateName::ALL
        .iter()
        .map(|name| library.shown(*name))
        .collect()
}

/// Registers the function that writes the marks of an expression.
fn register(tera: &mut Tera, alphabet: Alphabet, values: Arc<Mutex<Vec<String>>>) {
    let field = move |arguments: Kwargs, _: &State| -> TeraResult<String> {
        let mut text = alphabet.write(Mark::Template(arguments.must_get::<usize>("t")?));
        let paths = arguments.must_get::<&str>("p")?;
        if !paths.is_empty() {
            let mut values = values.lock().unwrap_or_else(PoisonError::into_inner);
            text.push_str(&alphabet.write(Mark::Value(values.len())));
            values.push(paths.to_owned());
        }
        Ok(text)
    };
    tera.register_function(FIELD, field);
}

/// The template's line that wrote a line of a document's text, for a message about the line.
pub(in crate::render) fn template_line(
    output: &Output<'_>,
    line: usize,
) -> Option<(TemplateName, usize)> {
    let head = output.text.len() - output.raw.trim().len() - 1;
    let trace = Trace::of(output, head);
    let start: usize = output
        .text
        .split_inclusive('\n')
        .take(line.saturating_sub(1))
        .map(str::len)
        .sum();
    trace.place(&output.text, start, start)
}
