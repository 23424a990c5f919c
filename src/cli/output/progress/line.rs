//! Lines of a terminal: what may stand in them, how wide they are, where they are cut.

use std::fmt::Write as _;

use crate::cli::output::width::{fitting, width};
use anstyle::Style;

/// Stands for what was cut off.
const CUT: char = '…';

/// A line of text in parts, each of one style. It holds nothing that moves the cursor.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Line {
    parts: Vec<(Style, String)>,
}

impl Line {
    /// Adds text.
    pub(super) fn with(mut self, style: Style, text: &str) -> Self {
        let text = clean(text);
        if !text.is_empty() {
            self.parts.push((style, text));
        }
        self
    }

    /// Adds text in no style.
    pub(super) fn plain(self, text: &str) -> Self {
        self.with(Style::new(), text)
    }

    /// Adds another line to its end.
    pub(super) fn then(mut self, other: Self) -> Self {
        self.parts.extend(other.parts);
        self
    }

    /// The columns that it takes.
    pub(super) fn width(&self) -> usize {
        self.parts.iter().map(|(_, text)| width(text)).sum()
    }

    /// Cuts it to a number of columns.
    pub(super) fn cut(self, columns: usize) -> Self {
        if self.width() <= columns {
            return self;
        }
        let mut room = columns.saturating_sub(1); // One is for the sign of the cut.
        let mut parts = Vec::new();
        let mut last = Style::new();
        for (style, text) in self.parts {
            last = style;
            let kept = fitting(&text, room);
            let whole = kept.len() == text.len();
            room -= width(kept);
            parts.push((style, kept.to_owned()));
            if !whole {
                break;
            }
        }
        if columns > 0 {
            parts.push((last, CUT.to_string()));
        }
        Self { parts }
    }

    /// The text, with its styles as escape sequences where colours are wanted.
    pub(super) fn text(&self, colours: bool) -> String {
        let mut text = String::new();
        for (style, part) in &self.parts {
            if colours {
                // Writing to a String cannot fail.
                let _ = write!(text, "{style}{part}{style:#}");
            } else {
                text.push_str(part);
            }
        }
        text
    }
}

/// Makes text fit for a line: no escape sequences, nothing that moves the cursor or turns the direction.
/// Of text that was overwritten by a carriage return the last state is kept, as a terminal shows it.
pub(in crate::cli) fn clean(text: &str) -> String {
    let text = anstream::adapter::strip_str(text).to_string();
    let text = text.trim_end_matches(['\r', '\n']);
    let shown = text.rsplit('\r').next().unwrap_or_default();
    shown
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .filter(|c| !is_invisible(*c))
        .collect()
}

/// Signs that take no place but change what stands around them: joiners, directions, variations. How wide
/// the result is would depend on the terminal.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' |
        '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str, columns: usize) -> String {
        let line = Line::default().plain(text).cut(columns);
        assert!(line.width() <= columns, "{text:?} at {columns}");
        line.text(false)
    }

    #[test]
    fn a_line_is_cut_by_columns_and_not_by_characters() {
        assert_eq!(cut("endpoint", 8), "endpoint");
        assert_eq!(cut("endpoint", 7), "endpoi…");
        assert_eq!(cut("新闻分类", 8), "新闻分类");
        assert_eq!(cut("新闻分类", 7), "新闻分…");
        assert_eq!(cut("新闻分类", 6), "新闻…");
        assert_eq!(cut("e\u{301}clair", 3), "e\u{301}c…");
        assert_eq!(cut("a", 0), "");
        assert_eq!(cut("ab", 1), "…");
    }

    #[test]
    fn a_cut_goes_through_parts_and_keeps_their_styles() {
        let bold = Style::new().bold();
        let line = Line::default().with(bold, "service").plain(" creating");
        assert_eq!(line.clone().cut(9).text(false), "service …");
        assert_eq!(
            line.clone().cut(4).text(true),
            "\u{1b}[1mser\u{1b}[0m\u{1b}[1m…\u{1b}[0m"
        );
        assert_eq!(line.width(), 16);
    }

    #[test]
    fn nothing_that_moves_the_cursor_gets_into_a_line() {
        assert_eq!(clean("\u{1b}[2J\u{1b}[31mred\u{1b}[0m\tand"), "red and");
        assert_eq!(clean(" 10%|#   |\r 20%|##  |\r"), " 20%|##  |");
        assert_eq!(clean("two\nlines\n"), "two lines");
        assert_eq!(clean("abc\u{202e}def\u{200d}"), "abcdef");
    }
}
