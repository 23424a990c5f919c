//! The filter `tojson`: how every value of the stack gets into a template.
//!
//! A JSON string is a double-quoted YAML string, so a value cannot break out of its place whatever
//! is in it. What JSON leaves as it is but a YAML 1.1 reader folds or refuses is escaped too.

use std::fmt::Write as _;

use tera::{Error, Kwargs, State, TeraResult, Value};

/// Writes a value as JSON that every YAML reader reads as the same value.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the engine hands its arguments over"
)]
pub(super) fn filter(value: Value, _: Kwargs, _: &State) -> TeraResult<String> {
    if value.is_none() {
        return Err(Error::message("there is no value to write"));
    }
    serde_json::to_string(&value)
        .map(|json| escape(&json))
        .map_err(|error| Error::chain("the value cannot be written as JSON", error))
}

/// Escapes what YAML 1.1 takes for a line break or does not print.
fn escape(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        let unprintable = matches!(
            c,
            '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
        );
        if unprintable {
            // Writing to a string cannot fail; a failure would only shorten the text.
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_yaml_folds_is_escaped_and_json_reads_it_back() {
        let text = "a\u{85}b\u{2028}c\u{7f}\"\\\n\u{1f600}é";
        let json = escape(&serde_json::to_string(text).unwrap());
        assert!(json.contains("\\u0085") && json.contains("\\u2028") && json.contains('é'));
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
    }
}
