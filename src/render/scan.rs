//! Takes a template's text apart: literal text, comments, tags and expressions, byte for byte.
//!
//! The engine has no hook for counting steps and none for telling where output comes from; both are
//! had by writing a little more into a template before it is loaded, and that needs to know where
//! its parts begin and end. What this reader does not understand it leaves as text: the engine is
//! the one to complain.

use std::ops::Range;

/// What a piece of a template is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Literal text.
    Text,
    /// A comment.
    Comment,
    /// From `{% raw %}` to `{% endraw %}`.
    Raw,
    /// `{% … %}`.
    Tag,
    /// `{{ … }}`.
    Expression,
}

/// A piece of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    /// What it is.
    pub(super) kind: Kind,
    /// Where it is, in bytes; pieces follow each other without a gap.
    pub(super) range: Range<usize>,
    /// Where its inside is: without delimiters and the hyphens that trim.
    pub(super) inside: Range<usize>,
    /// Whether it trims the text before it.
    pub(super) trims_before: bool,
    /// Whether it trims the text behind it.
    pub(super) trims_behind: bool,
}

/// Takes a text apart.
pub(super) fn scan(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let (mut start, mut at) = (0, 0);
    while let Some(open) = text[at..].find('{').map(|found| at + found) {
        match special(text, open) {
            Some(piece) => {
                push_text(&mut pieces, start..open);
                start = piece.range.end;
                at = start;
                pieces.push(piece);
            }
            None => at = open + 1,
        }
    }
    push_text(&mut pieces, start..text.len());
    pieces
}

fn push_text(pieces: &mut Vec<Piece>, range: Range<usize>) {
    if !range.is_empty() {
        pieces.push(Piece {
            kind: Kind::Text,
            inside: range.clone(),
            range,
            trims_before: false,
            trims_behind: false,
        });
    }
}

/// The comment, tag, expression or raw block that begins at `open`, if one does.
fn special(text: &str, open: usize) -> Option<Piece> {
    let (kind, close) = match text.get(open..open + 2)? {
        "{{" => (Kind::Expression, "}}"),
        "{%" => (Kind::Tag, "%}"),
        "{#" => (Kind::Comment, "#}"),
        _ => return None,
    };
    let trims_before = text[open + 2..].starts_with('-');
    let from = open + 2 + usize::from(trims_before);
    let to = if kind == Kind::Comment {
        from + text[from..].find(close)?
    } else {
        from + end_of_code(&text[from..], close)?
    };
    let trims_behind = text[from..to].ends_with('-');
    let piece = Piece {
        kind,
        range: open..to + 2,
        inside: from..to - usize::from(trims_behind),
        trims_before,
        trims_behind,
    };
    if kind == Kind::Tag && text[piece.inside.clone()].trim() == "raw" {
        return raw(text, piece);
    }
    Some(piece)
}

/// Extends the tag `{% raw %}` up to its `{% endraw %}`.
fn raw(text: &str, tag: Piece) -> Option<Piece> {
    let mut at = tag.range.end;
    loop {
        let open = at + text[at..].find("{%")?;
        let from = open + 2 + usize::from(text[open + 2..].starts_with('-'));
        let to = from + text[from..].find("%}")?;
        let inside = text[from..to].trim_end_matches('-');
        if inside.trim() == "endraw" {
            return Some(Piece {
                kind: Kind::Raw,
                range: tag.range.start..to + 2,
                inside: tag.range.end..open,
                trims_before: tag.trims_before,
                trims_behind: text[from..to].ends_with('-'),
            });
        }
        at = open + 2;
    }
}

/// Where the code of a tag or an expression ends; a delimiter in a quoted text does not count.
fn end_of_code(text: &str, close: &str) -> Option<usize> {
    let mut rest = text.char_indices();
    while let Some((at, c)) = rest.next() {
        if text[at..].starts_with(close) {
            return Some(at);
        }
        if matches!(c, '"' | '\'' | '`') {
            let mut escaped = false;
            rest.find(|&(_, inner)| {
                let ends = inner == c && !escaped;
                escaped = inner == '\\' && !escaped;
                ends
            })?;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn kinds(text: &str) -> Vec<(Kind, &str)> {
        scan(text)
            .into_iter()
            .map(|piece| (piece.kind, &text[piece.inside]))
            .collect()
    }

    #[test]
    fn every_part_is_told_from_the_others() {
        let text = "a{#- {{ no }} -#}b{%- if x -%}{{ \"}}\" ~ y }}{% raw %}{{ z }}{% endraw %}{c}";
        assert_eq!(
            kinds(text),
            [
                (Kind::Text, "a"),
                (Kind::Comment, " {{ no }} "),
                (Kind::Text, "b"),
                (Kind::Tag, " if x "),
                (Kind::Expression, " \"}}\" ~ y "),
                (Kind::Raw, "{{ z }}"),
                (Kind::Text, "{c}"),
            ]
        );
        let tag = &scan(text)[3];
        assert!(tag.trims_before && tag.trims_behind);
    }

    #[test]
    fn what_has_no_end_is_text() {
        assert_eq!(kinds("a {{ b"), [(Kind::Text, "a {{ b")]);
        assert_eq!(kinds("{% raw %} x"), [(Kind::Text, "{% raw %} x")]);
    }

    proptest! {
        #[test]
        fn pieces_cover_the_text_without_a_gap(text in "[a{%#}\" \n-]{0,40}") {
            let mut at = 0;
            for piece in scan(&text) {
                prop_assert_eq!(piece.range.start, at);
                prop_assert!(piece.range.start <= piece.inside.start);
                prop_assert!(piece.inside.end <= piece.range.end);
                at = piece.range.end;
            }
            prop_assert_eq!(at, text.len());
        }
    }
}
