//! The catalogue is complete: every code has an entry, is raised by its own example, and is named once.

use std::collections::BTreeSet;

use super::article::{Shown, catalogue};
use super::*;

/// Codes of the command line that are raised only where something is deployed or a machine lacks
/// something, so that no example can be run: the source that raises each.
const RAISED_ELSEWHERE: &[(&str, &str)] = &[
    ("findings", include_str!("../failure.rs")),
    ("promotion-refused", include_str!("../codes.rs")),
    ("failed", include_str!("../codes.rs")),
    ("engine-failed", include_str!("../local/launch.rs")),
    ("no-browser", include_str!("../open.rs")),
    ("no-release", include_str!("../rollback.rs")),
    ("no-report", include_str!("../report/mod.rs")),
    ("api-refused", include_str!("../invoke/mod.rs")),
    ("not-emulated", include_str!("../unsupported.rs")),
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
fn every_code_has_an_example_or_is_raised_where_it_is_said_to_be() {
    let mut missing = Vec::new();
    for article in catalogue() {
        let raised = RAISED_ELSEWHERE
            .iter()
            .find(|(name, _)| *name == article.name);
        match raised {
            Some((name, source)) => {
                let constant = name.replace('-', "_").to_uppercase();
                assert!(article.examples.is_empty(), "{name} has an example");
                assert!(
                    source.contains(&format!("&{constant}"))
                        || source.contains(&format!("codes::{constant}")),
                    "{name}"
                );
            }
            None if article.examples.is_empty() => missing.push(article.name),
            None => {}
        }
    }
    assert!(missing.is_empty(), "without an example: {missing:?}");
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
