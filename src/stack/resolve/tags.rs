//! The section `tags`, and the tool's own tags.

use std::collections::BTreeMap;

use indexmap::IndexMap;

use super::super::check::Check;
use super::super::document::Scalar;
use super::super::names::EnvironmentName;
use super::super::problem::Problem;
use crate::stack::codes;

/// AWS takes 50 tags; some are left for the tool's own.
const MAX_TAGS: usize = 40;
const MAX_KEY: usize = 128;
const MAX_VALUE: usize = 256;

/// Checks the user's tags and adds the tool's own, by which it knows what belongs to it.
pub(super) fn resolve(
    check: &mut Check<'_>,
    given: Option<&IndexMap<String, Scalar>>,
    stack: Option<&str>,
    environment: &EnvironmentName,
) -> BTreeMap<String, String> {
    let none = IndexMap::new();
    let given = given.unwrap_or(&none);
    check.require(given.len() <= MAX_TAGS, &["tags"], || {
        Problem::new(
            &codes::LIMIT_EXCEEDED,
            format!("there are {} tags, more than {MAX_TAGS}", given.len()),
        )
    });
    let mut tags = BTreeMap::new();
    for (key, value) in given {
        let field = &["tags", key.as_str()];
        check.unchanged(field, value);
        let value = value.to_text();
        let reserved = ["aws:", "deploy:"]
            .iter()
            .any(|p| key.to_lowercase().starts_with(p));
        check.require(!reserved, field, || {
            Problem::new(
                &codes::RESERVED_NAME,
                format!("the tag `{key}` is reserved"),
            )
            .because("`aws:` belongs to AWS and `deploy:` to this tool")
            .help("rename it")
        });
        check.require(!key.is_empty() && fits(key, MAX_KEY), field, || {
            Problem::new(&codes::INVALID_NAME, format!("`{key}` is no key for a tag"))
                .help(rule(MAX_KEY))
        });
        check.require(fits(&value, MAX_VALUE), field, || {
            Problem::new(
                &codes::INVALID_VALUE,
                format!("the tag `{key}` has no valid value"),
            )
            .help(rule(MAX_VALUE))
        });
        tags.insert(key.clone(), value);
    }
    tags.insert("deploy:stack".into(), stack.unwrap_or_default().to_owned());
    tags.insert("deploy:environment".into(), environment.to_string());
    tags.insert("deploy:tool".into(), "deploy".into());
    tags
}

/// Whether a text has only what tags may have.
fn fits(text: &str, limit: usize) -> bool {
    let allowed = |c: char| c.is_alphanumeric() || " _.:/=+-@".contains(c);
    text.chars().count() <= limit && text.chars().all(allowed)
}

fn rule(limit: usize) -> String {
    format!("use letters, digits, spaces and `_.:/=+-@`, at most {limit}")
}
