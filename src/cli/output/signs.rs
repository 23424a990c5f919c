//! Signs beyond ASCII, and what stands for them where the locale has none.

use std::borrow::Cow;
use std::sync::OnceLock;

/// Whether only ASCII can be shown.
static ONLY_ASCII: OnceLock<bool> = OnceLock::new();

/// Signs of this program, and what stands for each: as many columns, so that nothing moves.
const SIGNS: &[(char, char)] = &[
    ('✓', '+'),
    ('✗', 'x'),
    ('·', '-'),
    ('…', '~'),
    ('×', 'x'),
    ('├', '|'),
    ('└', '`'),
    ('│', '|'),
    ('━', '#'),
    ('─', '-'),
];
/// The frames of the sign that something runs, in order, and what stands for them.
const FRAMES: (&str, &str) = ("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏", "|/-\\|/-\\|/");
/// The eighths of a chart's cell, and what stands for them.
const EIGHTHS: (&str, &str) = ("▁▂▃▄▅▆▇█", "_..--==#");

/// Decides by the variables of the locale, the first that is set counts: one that is no UTF-8 has ASCII
/// only. Where none is set, as in many containers, whoever reads the output reads UTF-8.
pub(in crate::cli) fn begin(locale: Option<&str>) {
    ONLY_ASCII.get_or_init(|| locale.is_some_and(|locale| !is_utf8(locale)));
}

/// Whether only ASCII can be shown.
pub(super) fn only_ascii() -> bool {
    ONLY_ASCII.get().copied().unwrap_or_default()
}

/// A text as it can be shown.
pub(in crate::cli) fn shown(text: &str) -> Cow<'_, str> {
    if only_ascii() && !text.is_ascii() {
        Cow::Owned(text.chars().map(plain).collect())
    } else {
        Cow::Borrowed(text)
    }
}

fn is_utf8(locale: &str) -> bool {
    let locale = locale.to_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}

/// What stands for a sign; what is no sign of this program is somebody's text and stays.
fn plain(sign: char) -> char {
    let of_table = |(signs, plain): (&str, &str)| {
        let at = signs.chars().position(|known| known == sign)?;
        plain.chars().nth(at)
    };
    let single = SIGNS.iter().find(|(known, _)| *known == sign);
    single
        .map(|(_, plain)| *plain)
        .or_else(|| of_table(FRAMES))
        .or_else(|| of_table(EIGHTHS))
        .unwrap_or(sign)
}

#[cfg(test)]
mod tests {
    use super::*;
    use unicode_width::UnicodeWidthChar;

    #[test]
    fn every_sign_has_one_of_ascii_that_is_as_wide() {
        let tables = [FRAMES, EIGHTHS];
        for (signs, plain) in tables {
            assert_eq!(signs.chars().count(), plain.chars().count());
        }
        let all = tables.iter().flat_map(|(signs, _)| signs.chars());
        for sign in all.chain(SIGNS.iter().map(|(sign, _)| *sign)) {
            assert!(plain(sign).is_ascii(), "{sign}");
            assert_eq!(sign.width(), plain(sign).width(), "{sign}");
        }
    }

    #[test]
    fn somebodys_text_stays_as_it_is() {
        let text: String = "✓ 新闻 …".chars().map(plain).collect();
        assert_eq!(text, "+ 新闻 ~");
    }

    #[test]
    fn a_locale_without_utf_8_has_ascii_only() {
        for (locale, utf8) in [
            ("C", false),
            ("POSIX", false),
            ("de_DE.ISO-8859-1", false),
            ("C.UTF-8", true),
            ("en_US.utf8", true),
        ] {
            assert_eq!(is_utf8(locale), utf8, "{locale}");
        }
    }

    /// The sources that show something: every sign in them is known here.
    #[test]
    fn no_sign_of_the_program_is_forgotten() {
        let sources = [
            include_str!("progress/layout/mod.rs"),
            include_str!("progress/tree.rs"),
            include_str!("progress/line.rs"),
            include_str!("progress/chart.rs"),
            include_str!("progress/plain.rs"),
            include_str!("progress/words.rs"),
            include_str!("columns.rs"),
            include_str!("width.rs"),
            include_str!("reason.rs"),
            include_str!("../drift.rs"),
            include_str!("../batch/run.rs"),
        ];
        for source in sources {
            let code = source.split("#[cfg(test)]").next().unwrap();
            for sign in code.chars().filter(|c| !c.is_ascii()) {
                assert!(plain(sign).is_ascii(), "{sign} has no sign of ASCII");
            }
        }
    }
}
