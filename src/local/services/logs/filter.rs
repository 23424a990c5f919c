//! The patterns of FilterLogEvents, as far as they are words.

use super::LogsFault;

/// Words and quoted texts that must all occur in a message.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Pattern(Vec<String>);

impl Pattern {
    /// Reads a pattern; an empty one matches everything.
    pub(super) fn parse(text: &str) -> Result<Self, LogsFault> {
        let mut terms = Vec::new();
        let mut rest = text.trim();
        while !rest.is_empty() {
            let (term, after) = if let Some(quoted) = rest.strip_prefix('"') {
                quoted.split_once('"').ok_or_else(|| {
                    LogsFault::Invalid("Invalid filter pattern: a quote is open".into())
                })?
            } else {
                if rest.starts_with(['{', '[', '?', '-', '%']) {
                    return Err(LogsFault::Invalid(format!(
                        "the local engine does not emulate filter patterns other than words: {text}"
                    )));
                }
                rest.split_once(char::is_whitespace).unwrap_or((rest, ""))
            };
            terms.push(term.to_owned());
            rest = after.trim_start();
        }
        Ok(Self(terms))
    }

    /// Tells whether every term occurs in the message.
    pub(super) fn matches(&self, message: &str) -> bool {
        self.0.iter().all(|term| message.contains(term))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_terms_must_occur() {
        let pattern = Pattern::parse("ERROR \"out of memory\"").unwrap();
        assert!(pattern.matches("ERROR: out of memory"));
        assert!(!pattern.matches("ERROR: out of luck"));
        assert!(Pattern::parse(" ").unwrap().matches("anything"));
        assert!(Pattern::parse("{ $.level = 1 }").is_err());
        assert!(Pattern::parse("\"open").is_err());
    }
}
