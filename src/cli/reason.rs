//! Reasons that the user gives, and that are kept.

/// Reads a reason; one without a word is none.
pub(super) fn read(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("say why, in a few words".to_owned()),
        reason => Ok(reason.to_owned()),
    }
}
