//! The filter `sub`: how a value of the stack gets into the text of a `!Sub`.
//!
//! CloudFormation takes `${Name}` in such a text for a reference and `${!Name}` for the plain
//! characters `${Name}`, so a value must not bring a `${` of its own.

use tera::{Kwargs, State};

/// Writes `${` so that CloudFormation reads it as these two characters.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the engine hands its arguments over"
)]
pub(super) fn filter(text: &str, _: Kwargs, _: &State) -> String {
    text.replace("${", "${!")
}
