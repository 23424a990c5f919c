//! Codes: the stable names of what can go wrong, each with what is to be known about it.
//!
//! Purpose: one form for all of them. A code is declared beside what raises it, with [`codes!`], which
//! also makes the list of its module; it *is* its own entry in the catalogue, so none can be without one.
//! `deploy explain` shows the lists of all modules together: names are unique across the program. They
//! are words in kebab case, such as `unknown-field`; policies keep their older form, `S3-TLS`.
//! Must not know: what raises a code. Imports nothing of the crate.

/// The stable name of one kind of mistake or failure, and what is to be known about it.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    /// The name, in kebab case.
    pub name: &'static str,
    /// What it means, in one line without a full stop.
    pub title: &'static str,
    /// Why it matters, or how it comes about.
    pub why: &'static str,
    /// How to mend it; `None` where it depends on the case, whose own hint says it.
    pub remedy: Option<&'static str>,
    /// What raises it, and the same mended; `None` where a case is built by code.
    pub example: Option<Example>,
}

/// A piece of a file that is wrong, and the same piece mended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Example {
    /// The piece that is wrong.
    pub before: &'static str,
    /// The piece that is right.
    pub after: &'static str,
}

/// Declares codes and the list of them.
///
/// ```text
/// codes! {
///     /// The codes of stack files.
///     pub CODES
///     UNKNOWN_FIELD = "unknown-field" {
///         title: "…", why: "…", remedy: "…", before: "…", after: "…",
///     }
/// }
/// ```
macro_rules! codes {
    (
        $(#[$about:meta])*
        $visibility:vis $list:ident
        $($name:ident = $code:literal {
            title: $title:literal,
            why: $why:literal,
            $(remedy: $remedy:literal,)?
            $(before: $before:literal, after: $after:literal,)?
        })*
    ) => {
        $(
            #[doc = $title]
            $visibility static $name: $crate::code::Code = $crate::code::Code {
                name: $code,
                title: $title,
                why: $why,
                remedy: $crate::code::optional!($($remedy)?),
                example: $crate::code::optional!(
                    $($crate::code::Example { before: $before, after: $after })?
                ),
            };
        )*
        $(#[$about])*
        $visibility static $list: &[&$crate::code::Code] = &[$(&$name),*];
    };
}

/// `Some` of what is there, else `None`.
macro_rules! optional {
    () => {
        None
    };
    ($value:expr) => {
        Some($value)
    };
}

pub(crate) use {codes, optional};
