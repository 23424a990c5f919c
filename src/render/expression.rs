//! Reads as much of an expression's code as is needed: its words, and the values that it names.

use std::ops::Range;

/// A word, a quoted text or a sign of an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token<'a> {
    /// Its text, quotes included.
    pub(super) text: &'a str,
    /// Where it begins, in bytes.
    pub(super) start: usize,
    /// Whether a dot stands before it.
    pub(super) after_dot: bool,
}

impl Token<'_> {
    /// Whether it is a name or a keyword.
    pub(super) fn is_word(&self) -> bool {
        self.text
            .starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
    }

    fn literal(&self) -> Option<&str> {
        match self.text.chars().next()? {
            '"' | '\'' | '`' => self.text.get(1..self.text.len().saturating_sub(1)),
            '0'..='9' => Some(self.text),
            _ => None,
        }
    }

    /// Where it ends, in bytes.
    pub(super) fn end(&self) -> usize {
        self.start + self.text.len()
    }
}

/// Words that name no value.
const KEYWORDS: [&str; 15] = [
    "and", "or", "not", "in", "is", "if", "else", "true", "false", "True", "False", "none", "None",
    "null", "for",
];

/// Takes code apart.
pub(super) fn tokens(code: &str) -> Vec<Token<'_>> {
    let mut tokens: Vec<Token<'_>> = Vec::new();
    let mut at = 0;
    while let Some(c) = code[at..].chars().next() {
        let length = match c {
            _ if c.is_whitespace() => {
                at += c.len_utf8();
                continue;
            }
            '"' | '\'' | '`' => quoted(&code[at..], c),
            _ if c.is_ascii_alphanumeric() || c == '_' => code[at..]
                .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                .unwrap_or(code.len() - at),
            _ => c.len_utf8(),
        };
        let after_dot = tokens.last().is_some_and(|token| token.text == ".");
        tokens.push(Token {
            text: &code[at..at + length],
            start: at,
            after_dot,
        });
        at += length;
    }
    tokens
}

/// The length of a quoted text.
fn quoted(code: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in code.char_indices().skip(1) {
        if c == quote && !escaped {
            return at + 1;
        }
        escaped = c == '\\' && !escaped;
    }
    code.len()
}

/// A value that an expression names: a name and the steps into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    /// The first name.
    pub(super) root: String,
    /// The fields and indexes behind it, as far as they are written out.
    pub(super) steps: Vec<String>,
    /// Where it is in the code, in bytes.
    pub(super) range: Range<usize>,
    /// Where the last step begins, its dot or bracket included.
    pub(super) last: usize,
    /// Whether the expression itself says what happens when the value is not there.
    pub(super) optional: bool,
}

/// The values that code names, in its order.
pub(super) fn named(code: &str) -> Vec<Named> {
    let tokens = tokens(code);
    let words = Words { tokens: &tokens };
    let mut found = Vec::new();
    let (mut at, mut braces, mut component) = (0, 0usize, false);
    while at < tokens.len() {
        match tokens[at].text {
            "{" => braces += 1,
            "}" => braces = braces.saturating_sub(1),
            "<" if words.begins_component(at) => {
                component = true;
                at += 1;
            }
            ">" if component && braces == 0 => component = false,
            _ if (!component || braces > 0) && words.is_value(at, braces > 0) => {
                let (named, next) = words.value(at);
                found.push(named);
                at = next;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// The one value that code consists of.
pub(super) fn alone(code: &str) -> Option<Named> {
    let trimmed = code.trim();
    let mut found = named(trimmed);
    let only = found.pop()?;
    (found.is_empty() && only.range == (0..trimmed.len())).then_some(only)
}

/// The tokens of an expression, to be looked around in.
struct Words<'a> {
    tokens: &'a [Token<'a>],
}

impl Words<'_> {
    fn text(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |token| token.text)
    }

    fn before(&self, at: usize) -> &str {
        at.checked_sub(1).map_or("", |before| self.text(before))
    }

    /// Whether `<` opens a component rather than compares.
    fn begins_component(&self, at: usize) -> bool {
        let operand =
            |c: char| c.is_alphanumeric() || matches!(c, '_' | '"' | '\'' | '`' | ')' | ']');
        !self.before(at).ends_with(operand)
    }

    /// Whether a value's name stands here, and not a keyword, filter, test, function or argument.
    fn is_value(&self, at: usize, in_braces: bool) -> bool {
        let before = self.before(at);
        let tested = before == "is" || (before == "not" && at >= 2 && self.text(at - 2) == "is");
        let argument = self.text(at + 1) == "=" && self.text(at + 2) != "=";
        let key = in_braces && self.text(at + 1) == ":";
        self.tokens[at].is_word()
            && !KEYWORDS.contains(&self.text(at))
            && !matches!(before, "|" | ".")
            && self.text(at + 1) != "("
            && !tested
            && !argument
            && !key
    }

    /// The value that begins here, and the token behind it.
    fn value(&self, start: usize) -> (Named, usize) {
        let mut at = start + 1;
        let mut steps = Vec::new();
        let (mut optional, mut last) = (false, self.tokens[start].start);
        loop {
            let chained = usize::from(self.text(at) == "?");
            let step = self.tokens.get(at + chained + 1);
            let length = match (self.text(at + chained), step) {
                (".", Some(step)) if step.is_word() => {
                    steps.push(step.text.to_owned());
                    2
                }
                ("[", Some(step)) if self.text(at + chained + 2) == "]" => match step.literal() {
                    Some(index) => {
                        steps.push(index.to_owned());
                        3
                    }
                    None => break,
                },
                _ => break,
            };
            optional |= chained == 1;
            last = self.tokens[at].start;
            at += chained + length;
        }
        optional |= matches!(
            (self.text(at), self.text(at + 1), self.text(at + 2)),
            ("|", "default", _)
                | ("is", "defined" | "undefined", _)
                | ("is", "not", "defined" | "undefined")
                | ("?", "[", _)
        );
        let range = self.tokens[start].start..self.tokens[at - 1].end();
        let root = self.tokens[start].text.to_owned();
        let named = Named {
            root,
            steps,
            range,
            last,
            optional,
        };
        (named, at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(code: &str) -> Vec<String> {
        named(code)
            .into_iter()
            .map(|named| {
                let mark = if named.optional { "?" } else { "" };
                [&[named.root], named.steps.as_slice()].concat().join("/") + mark
            })
            .collect()
    }

    #[test]
    fn only_values_are_named() {
        assert_eq!(
            paths("(\"a ${b}\" ~ names.group ~ ':*') | indent(width=n.m) | tojson"),
            ["names/group", "n/m"]
        );
        assert_eq!(
            paths("a.b is defined and not c.d[0].e == \"x\""),
            ["a/b?", "c/d/0/e"]
        );
        assert_eq!(paths("x is not defined or f(y=z)"), ["x?", "z"]);
        assert_eq!(
            paths("a[\"k\"] ~ b[i] ~ c?.d ~ e | default(value=1)"),
            ["a/k", "b", "i", "c/d?", "e?"]
        );
    }

    #[test]
    fn a_component_is_told_from_a_comparison() {
        assert_eq!(
            paths("<tags list={a.b} plain=\"x\" short /> | indent(width=8)"),
            ["a/b"]
        );
        assert_eq!(paths("a < b and c > d"), ["a", "b", "c", "d"]);
    }

    #[test]
    fn a_value_alone_is_told_from_an_expression() {
        assert!(alone(" a.b ").is_some());
        assert!(alone("a.b | sort").is_none());
        assert!(alone("a ~ b").is_none());
    }

    #[test]
    fn the_range_is_the_value_and_last_its_last_step() {
        let value = &named("1 + a.b.c | x")[0];
        assert_eq!((value.range.clone(), value.last), (4..9, 7));
    }
}
