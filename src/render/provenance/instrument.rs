//! Writes marks into a template, without a change to what it writes otherwise.
//!
//! Literal text gets a mark behind the last visible character of each line, where no trimming
//! reaches it. An expression gets a call that writes two marks: its place, and the names of the
//! values in it. For a name that is not the same everywhere (a loop's, a component's, a variable's)
//! a second variable carries the path of its value along.

use std::fmt::Write as _;

use super::marks::{Alphabet, Mark};
use crate::render::expression::{self, Named, Token};
use crate::render::guard::{after_in, keyword};
use crate::render::scan::{Kind, Piece, scan};

/// The function that writes the marks of an expression.
pub(super) const FIELD: &str = "__deploy_field";
/// What the name of a variable that carries a path begins with.
const CARRIER: &str = "__deploy_path_";
/// Separates the paths of an expression that names several values.
pub(super) const SEPARATOR: char = ' ';

/// What is marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// Literal text and expressions.
    Values,
    /// Literal text only.
    Text,
}

/// Writes marks into one template after the other, and keeps the list of places.
pub(super) struct Instrument<'a> {
    alphabet: Alphabet,
    depth: Depth,
    /// The places that marks number: template and line.
    places: &'a mut Vec<(usize, usize)>,
}

impl<'a> Instrument<'a> {
    /// Makes one that writes with an alphabet.
    pub(super) fn new(
        alphabet: Alphabet,
        depth: Depth,
        places: &'a mut Vec<(usize, usize)>,
    ) -> Self {
        Self {
            alphabet,
            depth,
            places,
        }
    }

    /// Marks one template.
    pub(super) fn mark(&mut self, template: usize, text: &str) -> String {
        let mut out = String::with_capacity(text.len() * 2);
        let mut scopes = Scopes::default();
        let mut line = 1;
        for piece in scan(text) {
            let whole = &text[piece.range.clone()];
            match piece.kind {
                Kind::Text => self.literal(template, line, whole, &mut out),
                Kind::Raw => {
                    let inside = &text[piece.inside.clone()];
                    let before = &text[piece.range.start..piece.inside.start];
                    out.push_str(before);
                    self.literal(template, line + newlines(before), inside, &mut out);
                    out.push_str(&text[piece.inside.end..piece.range.end]);
                }
                Kind::Expression if self.depth == Depth::Values => {
                    let place = self.place(template, line);
                    out.push_str(&expression(text, &piece, place, &scopes));
                }
                Kind::Tag if self.depth == Depth::Values => {
                    out.push_str(&tag(text, &piece, &mut scopes));
                }
                Kind::Tag | Kind::Expression | Kind::Comment => out.push_str(whole),
            }
            line += newlines(whole);
        }
        out
    }

    fn place(&mut self, template: usize, line: usize) -> usize {
        let place = (template, line);
        if self.places.last() != Some(&place) {
            self.places.push(place);
        }
        self.places.len() - 1
    }

    fn literal(&mut self, template: usize, first: usize, text: &str, out: &mut String) {
        for (index, line) in text.split_inclusive('\n').enumerate() {
            let visible = line.trim_end();
            out.push_str(visible);
            if !visible.is_empty() {
                let place = self.place(template, first + index);
                out.push_str(&self.alphabet.write(Mark::Template(place)));
            }
            out.push_str(&line[visible.len()..]);
        }
    }
}

fn newlines(text: &str) -> usize {
    text.matches('\n').count()
}

/// The names that are not the same everywhere, from the outside in.
#[derive(Debug, Default)]
struct Scopes {
    frames: Vec<Vec<String>>,
    set: Vec<String>,
}

impl Scopes {
    fn is_local(&self, name: &str) -> bool {
        let is = |known: &String| known == name;
        self.set.iter().any(is) || self.frames.iter().flatten().any(is)
    }

    /// An expression for the path of a value.
    fn path(&self, value: &Named) -> String {
        let mut code = if self.is_local(&value.root) {
            format!("({CARRIER}{} | default(value=\"\"))", value.root)
        } else {
            format!("\"{}\"", value.root)
        };
        for step in &value.steps {
            // A step with a quote would end the text; no field of ours has one.
            if !step.contains(['"', '\\']) {
                let _ = write!(code, " ~ \"/{step}\"");
            }
        }
        code
    }

    /// An expression for the paths of all values in some code.
    fn paths(&self, code: &str) -> String {
        let paths: Vec<String> = expression::named(code)
            .iter()
            .filter(|value| value.root != "loop")
            .map(|value| self.path(value))
            .collect();
        if paths.is_empty() {
            return "\"\"".to_owned();
        }
        paths.join(&format!(" ~ \"{SEPARATOR}\" ~ "))
    }
}

/// Marks what an expression writes; a component's own text is marked already.
fn expression(text: &str, piece: &Piece, place: usize, scopes: &Scopes) -> String {
    let code = &text[piece.inside.clone()];
    let begin = &text[piece.range.start..piece.inside.start];
    let end = &text[piece.inside.end..piece.range.end];
    if code.trim_start().starts_with('<') {
        return format!("{begin}{}{end}", component_call(code, scopes));
    }
    let paths = scopes.paths(code);
    format!("{begin} ({code}) ~ {FIELD}(t={place}, p={paths}) {end}")
}

/// Hands the paths of a component's arguments over with them.
fn component_call(code: &str, scopes: &Scopes) -> String {
    let tokens = expression::tokens(code);
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text);
    let mut at = 2;
    while text(at) == "." {
        at += 2;
    }
    let name_end = tokens.get(at - 1).map_or(code.len(), Token::end);
    let mut carried = String::new();
    while at < tokens.len() && !matches!(text(at), "/" | ">") {
        let attribute = text(at);
        if text(at + 1) == "=" && text(at + 2) == "{" {
            let (start, mut depth) = (at + 3, 1);
            at = start;
            while at < tokens.len() {
                match text(at) {
                    "{" => depth += 1,
                    "}" => depth -= 1,
                    _ => {}
                }
                if depth == 0 {
                    break;
                }
                at += 1;
            }
            let from = tokens.get(start).map_or(code.len(), |token| token.start);
            let to = tokens.get(at).map_or(code.len(), |token| token.start);
            let paths = scopes.paths(&code[from..to]);
            let _ = write!(carried, " {CARRIER}{attribute}={{{paths}}}");
        } else if text(at + 1) == "=" {
            at += 2;
        } else if tokens[at].is_word() {
            let paths = scopes.paths(attribute);
            let _ = write!(carried, " {CARRIER}{attribute}={{{paths}}}");
        }
        at += 1;
    }
    format!("{}{carried}{}", &code[..name_end], &code[name_end..])
}

/// Carries paths along where a tag gives values new names.
fn tag(text: &str, piece: &Piece, scopes: &mut Scopes) -> String {
    let whole = text[piece.range.clone()].to_owned();
    let inside = &text[piece.inside.clone()];
    let end = if piece.trims_behind { "-%}" } else { "%}" };
    match keyword(text, piece) {
        word @ ("set" | "set_global") => {
            let Some((name, code)) = inside.split_once('=') else {
                return whole;
            };
            let name = name.split_whitespace().last().unwrap_or_default();
            let paths = scopes.paths(code);
            scopes.set.push(name.to_owned());
            format!("{whole}{{% {word} {CARRIER}{name} = {paths} {end}")
        }
        "for" => {
            let list = &inside[after_in(text, piece)..];
            let names: Vec<String> = expression::tokens(inside)
                .iter()
                .skip(1)
                .take_while(|token| token.text != "in")
                .filter(|token| token.is_word())
                .map(|token| token.text.to_owned())
                .collect();
            let step = match names.as_slice() {
                [key, _] => format!(" ~ \"/\" ~ {key}"),
                _ => " ~ \"/\" ~ loop.index0".to_owned(),
            };
            let path = match expression::alone(list) {
                Some(value) => scopes.path(&value) + &step,
                None => scopes.paths(list),
            };
            let mut out = whole;
            for name in &names {
                let _ = write!(out, "{{% set {CARRIER}{name} = {path} {end}");
            }
            scopes.frames.push(names);
            out
        }
        "component" => {
            let (names, open) = parameters(inside);
            let carriers: String = names
                .iter()
                .map(|name| format!("{CARRIER}{name}=\"\", "))
                .collect();
            scopes.frames.push(names);
            let at = piece.inside.start + open;
            format!(
                "{}{carriers}{}",
                &text[piece.range.start..at],
                &text[at..piece.range.end]
            )
        }
        "endfor" | "endcomponent" => {
            scopes.frames.pop();
            whole
        }
        _ if inside.trim_start().starts_with('<') => {
            let begin = &text[piece.range.start..piece.inside.start];
            let behind = &text[piece.inside.end..piece.range.end];
            format!("{begin}{}{behind}", component_call(inside, scopes))
        }
        _ => whole,
    }
}

/// The parameters of a component's definition, and where they begin.
fn parameters(definition: &str) -> (Vec<String>, usize) {
    let tokens = expression::tokens(definition);
    let Some(open) = tokens.iter().position(|token| token.text == "(") else {
        return (Vec::new(), definition.len());
    };
    let mut names = Vec::new();
    for pair in tokens[open..].windows(2) {
        if matches!(pair[0].text, "(" | ",") && pair[1].is_word() {
            names.push(pair[1].text.to_owned());
        }
    }
    (names, tokens[open].end())
}
