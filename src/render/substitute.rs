//! Fills what is known at run time only into a rendered request.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// What a placeholder begins with. A shell's `${NAME}` and CloudFormation's `${Name}` cannot be
/// taken for one, and the stack's values are checked not to contain it.
const OPEN: &str = "${deploy:";

/// Replaces every `${deploy:Name}` in the strings of a document.
///
/// # Errors
/// When a placeholder has no value or no end, or a value has no placeholder: either would mean
/// that template and caller disagree.
pub fn substitute(
    document: &Value,
    values: &BTreeMap<&str, String>,
) -> Result<Value, SubstituteError> {
    let mut used = BTreeSet::new();
    let filled = fill(document, values, &mut used)?;
    let unused = values.keys().find(|name| !used.contains(**name));
    match unused {
        Some(name) => Err(SubstituteError::Unused((*name).to_owned())),
        None => Ok(filled),
    }
}

fn fill<'a>(
    value: &Value,
    values: &'a BTreeMap<&str, String>,
    used: &mut BTreeSet<&'a str>,
) -> Result<Value, SubstituteError> {
    Ok(match value {
        Value::String(text) => Value::String(fill_text(text, values, used)?),
        Value::Array(list) => list
            .iter()
            .map(|item| fill(item, values, used))
            .collect::<Result<Value, _>>()?,
        Value::Object(map) => {
            let mut out = serde_json::Map::new();
            for (key, item) in map {
                out.insert(key.clone(), fill(item, values, used)?);
            }
            Value::Object(out)
        }
        other => other.clone(),
    })
}

fn fill_text<'a>(
    text: &str,
    values: &'a BTreeMap<&str, String>,
    used: &mut BTreeSet<&'a str>,
) -> Result<String, SubstituteError> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(OPEN) {
        let Some((name, tail)) = after.split_once('}') else {
            return Err(SubstituteError::Open(text.to_owned()));
        };
        let Some((known, value)) = values.get_key_value(name) else {
            return Err(SubstituteError::Unknown(name.to_owned()));
        };
        used.insert(known);
        out.push_str(before);
        out.push_str(value);
        rest = tail;
    }
    out.push_str(rest);
    Ok(out)
}

/// Says why a document cannot be filled in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubstituteError {
    /// The document asks for something that there is not.
    #[error("there is no value for the placeholder `{0}`")]
    Unknown(String),
    /// The document does not ask for something that must be in it.
    #[error("the document has no placeholder `{0}`")]
    Unused(String),
    /// A placeholder has no end.
    #[error("a placeholder has no `}}`: {0}")]
    Open(String),
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn values(pairs: &[(&'static str, &str)]) -> BTreeMap<&'static str, String> {
        pairs
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()))
            .collect()
    }

    #[test]
    fn placeholders_are_filled_and_the_shell_is_left_alone() {
        let document =
            json!({"a": ["s3://${deploy:B}/x/${deploy:K}"], "b": "${HOME:-/opt} $0", "c": 1});
        let filled = substitute(&document, &values(&[("B", "bucket"), ("K", "k")])).unwrap();
        let expected = json!({"a": ["s3://bucket/x/k"], "b": "${HOME:-/opt} $0", "c": 1});
        assert_eq!(filled, expected);
    }

    #[test]
    fn a_value_is_not_looked_into_again() {
        let filled = substitute(&json!("${deploy:A}"), &values(&[("A", "${deploy:B}")])).unwrap();
        assert_eq!(filled, json!("${deploy:B}"));
    }

    #[test]
    fn disagreement_is_an_error() {
        let fill = |text: &str, given: &[_]| substitute(&json!(text), &values(given)).unwrap_err();
        assert_eq!(
            fill("${deploy:X}", &[]),
            SubstituteError::Unknown("X".into())
        );
        assert_eq!(fill("x", &[("A", "")]), SubstituteError::Unused("A".into()));
        assert_eq!(
            fill("${deploy:X", &[]),
            SubstituteError::Open("${deploy:X".into())
        );
    }
}
