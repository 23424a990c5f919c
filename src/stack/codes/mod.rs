//! The codes of what can be wrong with a stack file.
//!
//! Each example is a piece of a stack file: a test lays it over a good one and reads that, which must
//! raise the code of the piece that is wrong and nothing for the piece that is mended.

mod content;
mod form;
mod values;

pub use content::*;
pub use form::*;
pub use values::*;

use crate::code::Code;

/// All codes of stack files.
pub fn all() -> impl Iterator<Item = &'static Code> {
    let lists = [form::FORM, values::VALUES, content::CONTENT];
    lists.into_iter().flatten().copied()
}

#[cfg(test)]
mod tests;
