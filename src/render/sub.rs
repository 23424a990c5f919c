//! The filter `sub`: how a value of the stack gets into the text of a `!Sub`.
//!
//! CloudFormation takes `${Name}` in such a text for a reference and `${!Name}` for the plain
//! characters `${Name}`, so a value must not bring a `${` of its own. A `${` without its `}` would
//! take in what follows the value, and there is no way to write it: it is refused.

use tera::{Error, Kwargs, State, TeraResult};

/// Writes `${…}` so that CloudFormation reads it as these characters.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the engine hands its arguments over"
)]
pub(super) fn filter(text: &str, _: Kwargs, _: &State) -> TeraResult<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((name, behind)) = after.split_once('}') else {
            return Err(Error::message(
                "a text with `${` but no `}` behind it cannot be part of a !Sub",
            ));
        };
        for part in [before, "${!", name, "}"] {
            out.push_str(part);
        }
        rest = behind;
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tera::Context;

    fn sub(text: &str) -> Option<String> {
        let context = Context::new();
        filter(text, Kwargs::default(), &State::new(&context)).ok()
    }

    #[test]
    fn a_reference_becomes_plain_text() {
        assert_eq!(sub("a ${B} $${C}$").as_deref(), Some("a ${!B} $${!C}$"));
        assert_eq!(sub("${!x}").as_deref(), Some("${!!x}"));
        assert_eq!(sub("a ${b"), None);
    }
}
