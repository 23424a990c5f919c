//! The catalogue is complete: every code has an entry, is raised by its own example, and is named once.

use std::collections::BTreeSet;

use super::article::{Shown, catalogue};
use super::*;

/// Codes of the command line whose examples take more than a command line: a test raises each by running the
/// program, and holds this list against them.
const RAISED_BY_THE_PROGRAM: &[&str] = &[
    "findings",
    "promotion-refused",
    "failed",
    "engine-failed",
    "no-browser",
    "no-release",
    "no-report",
    "api-refused",
    "not-emulated",
];

#[test]
fn codes_are_named_once_and_explain_themselves() {
    let mut seen = BTreeSet::new();
    for article in catalogue() {
        let name = article.name;
        assert!(seen.insert(plain(name)), "{name} is there twice");
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '-';
        assert!(name.chars().all(fits) && !name.starts_with('-'), "{name}");
        for text in [Some(article.title), Some(article.why), article.remedy] {
            let Some(text) = text else { continue };
            assert!(text.len() > 10 && !text.ends_with('.'), "{name}: {text}");
            assert!(!text.contains("  "), "a line break in the source: {text}");
        }
    }
}

#[test]
fn every_code_has_an_example_or_is_raised_by_the_program() {
    let bare = catalogue();
    let bare = bare.iter().filter(|article| article.examples.is_empty());
    let bare: BTreeSet<&str> = bare.map(|article| article.name).collect();
    let raised = RAISED_BY_THE_PROGRAM.iter().copied().collect();
    assert_eq!(bare, raised);
}

#[test]
fn every_way_to_mend_a_case_is_told_with_it() {
    for article in catalogue() {
        for example in &article.examples {
            if let Shown::Case { printed } = example {
                let told = article.remedy.is_some() || printed.contains("\nhint: ");
                assert!(told, "{}: {printed}", article.name);
            }
        }
    }
}

#[test]
fn a_slip_is_mended_in_any_spelling() {
    let articles = catalogue();
    let hint = |code: &str| unknown(code, &plain(code), &articles).hints.join("");
    assert_eq!(hint("unknwn-field"), "did you mean `unknown-field`?");
    assert_eq!(hint("s3_tlss"), "did you mean `S3-TLS`?");
    assert_eq!(hint("zzzz"), "`deploy explain` lists all codes");
}
