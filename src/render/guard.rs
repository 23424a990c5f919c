//! Makes a template safe to run: it ends, and a value that is not there is an error everywhere.
//!
//! The engine bounds neither time nor the number of turns, and lets an undefined value pass as empty
//! or false in a condition or a concatenation. So a template is loaded with a little more in it: each
//! loop and component begins with a call of [`STEP`], which writes nothing and fails once
//! [`MAX_STEPS`] are used up, and each value goes through [`KNOWN`], which fails when there is none.
//! Counting, unlike a clock, gives the same answer on every machine.

use std::cell::Cell;

use tera::{Error, Kwargs, State, Tera, TeraResult, Value};

use super::expression::{self, Named};
use super::scan::{Kind, Piece, scan};

/// The function that counts; no template can name it by accident.
const STEP: &str = "__deploy_step";
/// The function that a value goes through.
const KNOWN: &str = "__deploy_known";
/// The most turns of loops and calls of components in one rendering.
pub(super) const MAX_STEPS: u32 = 50_000;
/// What the error of a rendering that took too many says.
pub(super) const TOO_MANY: &str = "loops and components take too many turns";
/// Separates the parts of what the error of an undefined value says.
pub(super) const PART: char = '\u{1f}';
/// Names that the engine itself defines, and differently from other values.
const ENGINE_NAMES: [&str; 3] = ["loop", "body", "__tera_context"];

thread_local! {
    /// The steps of the rendering that runs on this thread; a rendering never leaves its thread.
    static STEPS: Cell<u32> = const { Cell::new(0) };
}

/// A text with something written into it.
#[derive(Debug, Clone, Default)]
pub(super) struct Edited {
    /// The text with the insertions.
    pub(super) text: String,
    /// Offset in the edited text, and length, of each insertion; in order.
    insertions: Vec<(usize, usize)>,
}

impl Edited {
    /// Copies a stretch of the original.
    pub(super) fn copy(&mut self, original: &str) {
        self.text.push_str(original);
    }

    /// Writes something that is not in the original.
    pub(super) fn insert(&mut self, more: &str) {
        self.insertions.push((self.text.len(), more.len()));
        self.text.push_str(more);
    }

    /// The offset in the original of an offset in the edited text.
    pub(super) fn original(&self, offset: usize) -> usize {
        let inserted: usize = self
            .insertions
            .iter()
            .take_while(|(at, _)| *at < offset)
            .map(|(at, length)| (*length).min(offset - at))
            .sum();
        offset - inserted
    }
}

/// Registers the functions that a guarded template calls.
pub(super) fn register(tera: &mut Tera) {
    tera.register_function(STEP, step);
    tera.register_function(KNOWN, known);
}

/// Begins to count anew.
pub(super) fn reset() {
    STEPS.set(0);
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the engine hands its arguments over"
)]
fn step(_: Kwargs, _: &State) -> TeraResult<&'static str> {
    STEPS.set(STEPS.get() + 1);
    if STEPS.get() > MAX_STEPS {
        return Err(Error::message(TOO_MANY));
    }
    Ok("")
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the engine hands its arguments over"
)]
fn known(arguments: Kwargs, _: &State) -> TeraResult<Value> {
    let value = arguments
        .get::<Value>("v")?
        .unwrap_or_else(Value::undefined);
    if !value.is_undefined() {
        return Ok(value);
    }
    let name = arguments.must_get::<&str>("n")?;
    let mut message = format!("{PART}{name}");
    if let Some(parent) = arguments.get::<Value>("p")? {
        for key in parent.as_map().into_iter().flat_map(|map| map.keys()) {
            message.push(PART);
            message.push_str(&key.to_string());
        }
    }
    Err(Error::message(message))
}

/// Writes the guards into a template.
pub(super) fn guarded(text: &str) -> Edited {
    let mut edited = Edited::default();
    for piece in scan(text) {
        let word = keyword(text, &piece);
        let code = match piece.kind {
            Kind::Expression => 0,
            Kind::Tag => match word {
                "if" | "elif" | "set" | "set_global" => word_end(text, &piece, word),
                "for" => after_in(text, &piece),
                _ => piece.inside.len(),
            },
            Kind::Text | Kind::Comment | Kind::Raw => piece.inside.len(),
        };
        let start = piece.inside.start + code;
        edited.copy(&text[piece.range.start..start]);
        wrap_values(&mut edited, &text[start..piece.inside.end]);
        edited.copy(&text[piece.inside.end..piece.range.end]);
        if piece.kind == Kind::Tag && matches!(word, "for" | "component") {
            let end = if piece.trims_behind { "-}}" } else { "}}" };
            edited.insert(&format!("{{{{ {STEP}() {end}"));
        }
    }
    edited
}

fn wrap_values(edited: &mut Edited, code: &str) {
    let mut done = 0;
    for value in expression::named(code) {
        if value.optional || ENGINE_NAMES.contains(&value.root.as_str()) {
            continue;
        }
        edited.copy(&code[done..value.range.start]);
        edited.insert(&format!("{KNOWN}(v="));
        edited.copy(&code[value.range.clone()]);
        edited.insert(&format!(", {})", call_end(code, &value)));
        done = value.range.end;
    }
    edited.copy(&code[done..]);
}

/// The further arguments: the value's name and what it is a part of.
fn call_end(code: &str, value: &Named) -> String {
    let name = code[value.range.clone()]
        .replace('\\', "\\\\")
        .replace('"', "\\\"");
    if value.steps.is_empty() {
        return format!("n=\"{name}\"");
    }
    let parent = &code[value.range.start..value.last];
    format!("n=\"{name}\", p={parent}")
}

/// The first word of a tag; nothing for other pieces.
pub(super) fn keyword<'a>(text: &'a str, piece: &Piece) -> &'a str {
    if piece.kind != Kind::Tag {
        return "";
    }
    let inside = text[piece.inside.clone()].trim_start();
    let end = inside
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .unwrap_or(inside.len());
    &inside[..end]
}

fn word_end(text: &str, tag: &Piece, word: &str) -> usize {
    let inside = &text[tag.inside.clone()];
    inside.find(word).map_or(0, |at| at + word.len())
}

/// Where the code of a loop's list begins within its tag.
pub(super) fn after_in(text: &str, tag: &Piece) -> usize {
    let inside = &text[tag.inside.clone()];
    let tokens = expression::tokens(inside);
    tokens
        .iter()
        .find(|token| token.text == "in")
        .map_or(inside.len(), super::expression::Token::end)
}

/// Finds a list comprehension, a loop that cannot be counted: its word `for` within an expression.
pub(super) fn comprehension(text: &str) -> Option<usize> {
    for piece in scan(text) {
        if !matches!(piece.kind, Kind::Tag | Kind::Expression) {
            continue;
        }
        let tokens = expression::tokens(&text[piece.inside.clone()]);
        let first = usize::from(piece.kind == Kind::Tag);
        let found = tokens
            .iter()
            .skip(first)
            .find(|token| token.text == "for" && !token.after_dot);
        if let Some(token) = found {
            return Some(piece.inside.start + token.start);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loops_and_components_count_and_trim_as_before() {
        let edited =
            guarded("{% component c(a) -%} x {%- endcomponent c %}{% raw %}{{ d }}{% endraw %}");
        assert_eq!(
            edited.text,
            "{% component c(a) -%}{{ __deploy_step() -}} x {%- endcomponent c %}\
             {% raw %}{{ d }}{% endraw %}"
        );
    }

    #[test]
    fn values_go_through_the_guard() {
        assert_eq!(
            guarded("{% if a.b and c is defined %}{{ \"x\" ~ d }}").text,
            "{% if __deploy_known(v=a.b, n=\"a.b\", p=a) and c is defined %}\
             {{ \"x\" ~ __deploy_known(v=d, n=\"d\") }}"
        );
        assert_eq!(
            guarded("{% for a in b %}").text,
            "{% for a in __deploy_known(v=b, n=\"b\") %}{{ __deploy_step() }}"
        );
        let index = "{{ loop.index0 }}{% set x = 1 %}{{ f(a=1) | g }}";
        assert_eq!(guarded(index).text, index);
    }

    #[test]
    fn an_offset_is_found_in_the_original() {
        let text = "{% for a in b %}xy{% if c.d %}z{{ e }}W";
        let edited = guarded(text);
        for wanted in ["xy", "c.d", "z", "W", " }}W"] {
            let there = edited.text.find(wanted).unwrap();
            assert_eq!(
                edited.original(there),
                text.find(wanted).unwrap(),
                "{wanted}"
            );
        }
    }

    #[test]
    fn a_comprehension_is_found() {
        let text = "{{ [x for x in y] }}";
        assert_eq!(comprehension(text), text.find("for"));
        let none = "{% for x in y %}{{ \"for\" }} for{{ a.for }}";
        assert_eq!(comprehension(none), None);
    }
}
