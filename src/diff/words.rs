//! Values in sentences: short, on one line, and unable to pass for anything else.

/// The longest value that a sentence holds, in characters.
const LONGEST: usize = 100;

/// A value between backticks; it cannot end them, break the line or turn the text around.
pub(super) fn quoted(value: &str) -> String {
    format!("`{}`", short(&clean(value).replace('`', "'"), LONGEST))
}

/// Replaces characters that do not show, or that change how others show.
pub(super) fn clean(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for character in value.chars() {
        match character {
            '\n' => out.push('⏎'),
            '\t' => out.push(' '),
            hidden if is_hidden(hidden) => out.push_str(&hidden.escape_unicode().to_string()),
            plain => out.push(plain),
        }
    }
    out
}

/// Whether a character controls a terminal, has no width, or turns the direction of a text.
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Shortens a text in its middle.
pub(super) fn short(text: &str, longest: usize) -> String {
    let count = text.chars().count();
    if count <= longest {
        return text.to_owned();
    }
    let half = longest.saturating_sub(1) / 2;
    let head: String = text.chars().take(longest - 1 - half).collect();
    let tail: String = text.chars().skip(count - half).collect();
    format!("{head}…{tail}")
}

/// A number of things, in words.
pub(super) fn count(number: usize, thing: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{ending}")
}

/// Puts texts in a row: at most `most` of them, and how many more there are.
pub(super) fn row(texts: &[String], most: usize) -> String {
    let mut out = texts
        .iter()
        .take(most)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    if texts.len() > most {
        out = format!("{out} and {} more", texts.len() - most);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_stays_on_its_line_and_between_its_quotes() {
        assert_eq!(quoted("a`b\nc"), "`a'b⏎c`");
        assert_eq!(clean("\u{1b}[31m"), "\\u{1b}[31m");
        assert_eq!(clean("a\u{202e}b"), "a\\u{202e}b");
    }

    #[test]
    fn a_long_text_keeps_both_ends() {
        assert_eq!(short("abcdefghij", 5), "ab…ij");
        assert_eq!(short("abcde", 5), "abcde");
        assert_eq!(short(&"é".repeat(50), 9).chars().count(), 9);
    }

    #[test]
    fn a_row_ends_with_how_many_more() {
        let texts: Vec<String> = ["a", "b", "c"].map(String::from).into();
        assert_eq!(row(&texts, 2), "a, b and 1 more");
        assert_eq!(row(&texts, 3), "a, b, c");
    }
}
