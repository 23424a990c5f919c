//! A text with its id, and what is wrong with a line that has none.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

/// The longest text, in characters: that of the shipped `inference.py`.
const MOST_CHARACTERS: usize = 10_000;

/// What is classified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    /// The caller's own name for it, a text or a number; null where there is none.
    pub(super) id: Value,
    /// The text.
    pub(super) text: String,
}

impl Record {
    /// Makes a record, or says why the model would refuse it.
    pub(super) fn checked(id: Value, text: impl Into<String>) -> Result<Self, String> {
        let text = text.into();
        // Python takes some control characters for space, too.
        let blank = |letter: char| letter.is_whitespace() || letter.is_control();
        if text.chars().all(blank) {
            return Err("the text is blank".to_owned());
        }
        // Only a text of more bytes can have more characters.
        if text.len() > MOST_CHARACTERS && text.chars().count() > MOST_CHARACTERS {
            return Err(format!(
                "the text is longer than {MOST_CHARACTERS} characters"
            ));
        }
        Ok(Self { id, text })
    }
}

/// A line that cannot be classified, or was not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WrongLine {
    /// Name of the file.
    pub file: String,
    /// The line in it, from 1.
    pub line: u64,
    /// What is wrong.
    pub why: String,
}

impl fmt::Display for WrongLine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}: {}", self.file, self.line, self.why)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_model_would_refuse_is_no_record() {
        let checked = |text: &str| Record::checked(Value::Null, text);
        assert!(checked("Fed holds rates").is_ok());
        for blank in ["", " \t", "\u{a0}", "\u{1c}"] {
            assert!(checked(blank).unwrap_err().contains("blank"), "{blank:?}");
        }
        assert!(checked(&"ä".repeat(MOST_CHARACTERS)).is_ok());
        let long = checked(&"a".repeat(MOST_CHARACTERS + 1)).unwrap_err();
        assert!(long.contains("10000 characters"), "{long}");
    }
}
