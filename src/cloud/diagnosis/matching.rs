//! How a row of a table is recognised, and how names are taken out of a service's words.

use super::{KnownCause, Origin, Symptom};

/// What is told of a cause: an explanation, and what to do.
pub(super) type Told = fn(&Symptom<'_>) -> (String, String);

/// A known cause: how it is recognised, and what is told of it.
pub(super) struct Row {
    /// The cause.
    pub(super) cause: KnownCause,
    /// The resource types that it is about; empty for any origin.
    pub(super) types: &'static [&'static str],
    /// It is recognised by any of these, regardless of case; `*` stands for anything between.
    pub(super) phrases: &'static [&'static str],
    /// What is told of it.
    pub(super) told: Told,
}

impl Row {
    /// Whether this is the cause; `text` is what [`searched`] returns.
    pub(super) fn matches(&self, symptom: &Symptom<'_>, text: &str) -> bool {
        let concerned = self.types.is_empty()
            || matches!(symptom.origin, Origin::Resource(kind) if self.types.contains(&kind));
        concerned && self.phrases.iter().any(|phrase| contains(text, phrase))
    }
}

/// The text that phrases are looked for in: code and words, in lower case, spaces made even.
pub(super) fn searched(symptom: &Symptom<'_>) -> String {
    let text = if symptom.code.is_empty() {
        symptom.message.to_owned()
    } else {
        format!("{}: {}", symptom.code, symptom.message)
    };
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").to_lowercase()
}

/// Whether the parts of a phrase stand in a text, in this order.
pub(super) fn contains(text: &str, phrase: &str) -> bool {
    let mut rest = text;
    phrase.split('*').all(|part| match rest.find(part) {
        Some(at) => {
            rest = &rest[at + part.len()..];
            true
        }
        None => false,
    })
}

/// Puts together what is told.
pub(super) fn say(explanation: &str, remedy: &str) -> (String, String) {
    (explanation.to_owned(), remedy.to_owned())
}

/// The text between two others; `None` where they do not stand so.
pub(super) fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    let (inner, _) = rest.split_once(after)?;
    Some(inner).filter(|inner| !inner.is_empty())
}

/// The word after a text, without quotes and the punctuation around it.
pub(super) fn word_after<'a>(text: &'a str, before: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    rest.split_whitespace().next().map(bare).filter(some)
}

/// The first word that has a property, without quotes and the punctuation around it.
pub(super) fn word_where(text: &str, wanted: impl Fn(&str) -> bool) -> Option<&str> {
    text.split_whitespace()
        .map(bare)
        .find(|word| some(word) && wanted(word))
}

/// The number after a text.
pub(super) fn number_after(text: &str, before: &str) -> Option<u64> {
    let (_, rest) = text.split_once(before)?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

fn bare(word: &str) -> &str {
    word.trim_matches(|c: char| "\"'`()[]<>,;".contains(c))
        .trim_end_matches(['.', ':'])
        .trim_matches(|c: char| "\"'`()[]<>,;".contains(c))
}

fn some(word: &&str) -> bool {
    !word.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_phrase_stand_in_order() {
        assert!(contains("the image a was not found", "image * not found"));
        assert!(!contains("not found: the image", "image * not found"));
        assert!(contains("rate exceeded", "rate exceeded"));
        assert!(!contains("", "a"));
    }

    #[test]
    fn names_are_taken_out_without_what_stands_around_them() {
        let text = "User: arn:aws:iam::1:user/a is not authorized to perform: s3:GetObject on resource: \"arn:b\".";
        assert_eq!(word_after(text, "to perform: "), Some("s3:GetObject"));
        assert_eq!(word_after(text, "on resource: "), Some("arn:b"));
        assert_eq!(word_after(text, "on key: "), None);
        assert_eq!(
            between(text, "User: ", " is not"),
            Some("arn:aws:iam::1:user/a")
        );
        assert_eq!(
            number_after("exit code: 137, killed", "exit code: "),
            Some(137)
        );
        assert_eq!(number_after("exit code: none", "exit code: "), None);
        let image = word_where("image '1.dkr.ecr.x/y:z'.", |word| {
            word.contains(".dkr.ecr.")
        });
        assert_eq!(image, Some("1.dkr.ecr.x/y:z"));
    }

    #[test]
    fn the_code_is_searched_too() {
        let symptom = Symptom {
            origin: Origin::Change,
            code: "ValidationError",
            message: "Not\n  good",
        };
        assert_eq!(searched(&symptom), "validationerror: not good");
    }
}
