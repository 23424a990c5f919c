//! How many columns there are, how many a text takes, and how a text is made to fit.

use std::io::{self, IsTerminal};
use std::sync::OnceLock;

use unicode_width::UnicodeWidthChar;

use super::signs;

/// The columns that the environment names.
static NAMED: OnceLock<Option<usize>> = OnceLock::new();

/// Takes what `COLUMNS` says: it counts before the terminal, and where there is none.
pub(in crate::cli) fn begin(columns: Option<&str>) {
    let named = columns.and_then(|columns| columns.parse().ok());
    NAMED.get_or_init(|| named.filter(|columns| *columns > 0));
}

/// The columns that results may take; `None` where nobody says, as in a file.
pub(super) fn room() -> Option<usize> {
    let named = NAMED.get().copied().flatten();
    named.or_else(|| {
        let stdout = io::stdout();
        if !stdout.is_terminal() {
            return None;
        }
        let size = rustix::termios::tcgetwinsize(stdout).ok()?;
        Some(usize::from(size.ws_col)).filter(|columns| *columns > 0)
    })
}

/// Stands for what was cut off, as it can be shown.
pub(super) fn cut() -> &'static str {
    if signs::only_ascii() { "..." } else { "…" }
}

/// The columns that a text takes: two for a wide sign, none for one that joins the one before.
pub(super) fn width(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or_default()).sum()
}

/// The beginning of a text that fits into so many columns.
pub(super) fn fitting(text: &str, columns: usize) -> &str {
    let mut taken = 0;
    for (at, c) in text.char_indices() {
        taken += c.width().unwrap_or_default();
        if taken > columns {
            return &text[..at];
        }
    }
    text
}

/// A text in so many columns; `cut` stands for what does not fit.
pub(super) fn shortened(text: &str, columns: usize, cut: &str) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let room = columns.saturating_sub(width(cut));
    format!(
        "{}{}",
        fitting(text, room).trim_end(),
        fitting(cut, columns)
    )
}

/// A text in lines between its words: the first has so many columns, and each of the others `rest`. A word
/// that is longer stays whole, so that an address can be copied.
pub(super) fn folded(text: &str, first: usize, rest: usize) -> Vec<String> {
    if width(text) <= first {
        return vec![text.to_owned()];
    }
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let room = if lines.len() == 1 { first } else { rest };
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if width(line) + 1 + width(word) <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_shortened_by_columns() {
        assert_eq!(shortened("endpoint", 8, "…"), "endpoint");
        assert_eq!(shortened("endpoint", 7, "…"), "endpoi…");
        assert_eq!(shortened("endpoint", 7, "..."), "endp...");
        assert_eq!(shortened("an endpoint", 4, "…"), "an…");
        assert_eq!(shortened("新闻分类", 6, "…"), "新闻…");
        assert_eq!(shortened("endpoint", 2, "..."), "..");
        assert_eq!(shortened("endpoint", 0, "…"), "");
    }

    #[test]
    fn a_text_is_folded_between_words_and_a_long_word_stays_whole() {
        assert_eq!(folded("one two  three", 80, 80), ["one two  three"]);
        assert_eq!(
            folded("one two three four", 7, 10),
            ["one two", "three four"]
        );
        let address = "https://a.example/classify answers";
        assert_eq!(
            folded(address, 10, 10),
            ["https://a.example/classify", "answers"]
        );
        assert_eq!(folded("", 0, 0), [""]);
    }
}
