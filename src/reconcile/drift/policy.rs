//! Policy documents compared by what they mean. Pure.
//!
//! IAM gives documents back in its own form: percent-encoded, statements and lists in any order, a list of
//! one as a text. `Sid` and `Id` name and do not mean anything (IAM user guide, "IAM JSON policy element
//! reference").

use std::collections::{BTreeMap, BTreeSet};

use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

/// A document, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Policy {
    version: String,
    /// Statements in their one form, with what they were written as.
    statements: BTreeMap<String, String>,
}

impl Policy {
    /// Reads a document: a map, its text, or its text percent-encoded.
    ///
    /// # Errors
    /// It is no policy document.
    pub(super) fn read(document: &Value) -> Result<Self, String> {
        let parsed = match document {
            Value::String(text) => parse(text)?,
            other => other.clone(),
        };
        let statements: Vec<&Value> = match &parsed["Statement"] {
            Value::Array(statements) => statements.iter().collect(),
            statement @ Value::Object(_) => vec![statement],
            _ => return Err("it has no statements".to_owned()),
        };
        Ok(Self {
            version: parsed["Version"]
                .as_str()
                .unwrap_or("2008-10-17")
                .to_owned(),
            statements: statements
                .into_iter()
                .map(|statement| (meaning(statement), statement.to_string()))
                .collect(),
        })
    }

    /// Writes all of its statements.
    pub(super) fn written(&self) -> String {
        let statements: Vec<&str> = self.statements.values().map(String::as_str).collect();
        statements.join(", ")
    }

    /// Writes what this document has and the other has not; `None` when there is nothing.
    pub(super) fn beyond(&self, other: &Self) -> Option<String> {
        let mut parts = Vec::new();
        if self.version != other.version {
            parts.push(format!("version {}", self.version));
        }
        parts.extend(
            self.statements
                .iter()
                .filter(|(meaning, _)| !other.statements.contains_key(*meaning))
                .map(|(_, written)| written.clone()),
        );
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}

fn parse(text: &str) -> Result<Value, String> {
    let decoded = percent_decode_str(text).decode_utf8_lossy();
    serde_json::from_str(text)
        .or_else(|_| serde_json::from_str(&decoded))
        .map_err(|error| format!("it is no JSON: {error}"))
}

/// Writes a statement in the one form that all statements of the same meaning share.
fn meaning(statement: &Value) -> String {
    let mut parts = BTreeMap::new();
    for (name, value) in statement.as_object().into_iter().flatten() {
        let form = match name.as_str() {
            "Sid" => continue,
            // The names of actions know no case.
            "Action" | "NotAction" => json!(set(value, &|text| text.to_lowercase())),
            "Principal" | "NotPrincipal" => principals(value),
            "Condition" => conditions(value),
            _ => json!(set(value, &str::to_owned)),
        };
        parts.insert(name.clone(), form);
    }
    json!(parts).to_string()
}

fn principals(value: &Value) -> Value {
    match value {
        // `"*"` is everybody, as `{"AWS": "*"}` is.
        Value::String(text) => json!({ "AWS": [text] }),
        Value::Object(kinds) => json!(
            kinds
                .iter()
                .map(|(kind, value)| (kind.clone(), set(value, &principal)))
                .collect::<BTreeMap<_, _>>()
        ),
        other => other.clone(),
    }
}

/// An account's number stands for its root.
fn principal(text: &str) -> String {
    let is_account = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_account {
        format!("arn:aws:iam::{text}:root")
    } else {
        text.to_owned()
    }
}

fn conditions(value: &Value) -> Value {
    let operators = value.as_object().into_iter().flatten();
    let form: BTreeMap<String, BTreeMap<String, BTreeSet<String>>> = operators
        .map(|(operator, keys)| {
            let keys = keys.as_object().into_iter().flatten();
            // The names of keys know no case.
            let keys = keys.map(|(key, value)| (key.to_lowercase(), set(value, &str::to_owned)));
            (operator.clone(), keys.collect())
        })
        .collect();
    json!(form)
}

/// A text, or a list of texts, as a set.
fn set(value: &Value, form: &dyn Fn(&str) -> String) -> BTreeSet<String> {
    match value {
        Value::Array(items) => items.iter().flat_map(|item| set(item, form)).collect(),
        Value::String(text) => BTreeSet::from([form(text)]),
        other => BTreeSet::from([form(&other.to_string())]),
    }
}

#[cfg(test)]
mod tests {
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
    use proptest::prelude::*;
    use proptest::sample::subsequence;

    use super::*;

    fn same(one: &Value, other: &Value) -> bool {
        let (one, other) = (Policy::read(one).unwrap(), Policy::read(other).unwrap());
        one.beyond(&other).is_none() && other.beyond(&one).is_none()
    }

    #[test]
    fn the_same_meaning_has_many_forms() {
        let one = json!({ "Version": "2012-10-17", "Statement": {
            "Sid": "Read", "Effect": "Allow", "Principal": { "AWS": "111122223333" },
            "Action": "s3:GetObject", "Resource": ["b", "a"],
            "Condition": { "Bool": { "aws:SecureTransport": true } },
        }});
        let other = json!({ "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Resource": ["a", "b"], "Action": ["S3:getobject"],
            "Principal": { "AWS": ["arn:aws:iam::111122223333:root"] },
            "Condition": { "Bool": { "aws:securetransport": ["true"] } },
        }]});
        assert!(same(&one, &other));
        let encoded = utf8_percent_encode(&one.to_string(), NON_ALPHANUMERIC).to_string();
        assert!(same(&json!(encoded), &other));
    }

    #[test]
    fn what_one_has_more_is_written() {
        let allow = |action: &str| json!({ "Effect": "Allow", "Action": action, "Resource": "*" });
        let small = json!({ "Version": "2012-10-17", "Statement": [allow("s3:GetObject")] });
        let large =
            json!({ "Version": "2012-10-17", "Statement": [allow("s3:GetObject"), allow("s3:*")] });
        let (small, large) = (Policy::read(&small).unwrap(), Policy::read(&large).unwrap());
        assert_eq!(small.beyond(&large), None);
        assert!(large.beyond(&small).unwrap().contains("s3:*"));
        assert!(Policy::read(&json!("%7B%7D")).is_err());
    }

    fn statements() -> impl Strategy<Value = Vec<(bool, Vec<String>, Vec<String>)>> {
        let actions = [
            "s3:GetObject",
            "s3:PutObject",
            "logs:PutLogEvents",
            "iam:PassRole",
        ];
        let resources = ["*", "arn:aws:s3:::a/*", "arn:aws:s3:::b"];
        let text = |list: &'static [&'static str]| {
            subsequence(list.to_vec(), 1..=list.len())
                .prop_shuffle()
                .prop_map(|list| list.into_iter().map(str::to_owned).collect::<Vec<_>>())
        };
        let actions: &'static [&'static str] = Box::leak(Box::new(actions));
        let resources: &'static [&'static str] = Box::leak(Box::new(resources));
        prop::collection::vec((any::<bool>(), text(actions), text(resources)), 1..4)
    }

    /// Writes the statements; `plain` writes lists of one as texts.
    fn document(statements: &[(bool, Vec<String>, Vec<String>)], plain: bool) -> Value {
        let list = |items: &[String]| match items {
            [one] if plain => json!(one),
            items => json!(items),
        };
        let statements: Vec<Value> = statements
            .iter()
            .enumerate()
            .map(|(index, (allow, actions, resources))| {
                json!({
                    "Sid": format!("S{index}"),
                    "Effect": if *allow { "Allow" } else { "Deny" },
                    "Action": list(actions),
                    "Resource": list(resources),
                })
            })
            .collect();
        json!({ "Version": "2012-10-17", "Statement": statements })
    }

    proptest! {
        #[test]
        fn order_and_form_mean_nothing(
            statements in statements(),
            plain in any::<bool>(),
            turn in 0usize..4,
        ) {
            let mut turned = statements.clone();
            turned.rotate_left(turn % statements.len());
            for (_, actions, resources) in &mut turned {
                actions.reverse();
                resources.reverse();
            }
            prop_assert!(same(&document(&statements, plain), &document(&turned, !plain)));
        }

        #[test]
        fn every_action_means_something(statements in statements(), which in 0usize..4) {
            let mut changed = statements.clone();
            let index = which % changed.len();
            changed[index].1.push("sts:AssumeRole".to_owned());
            prop_assert!(!same(&document(&statements, true), &document(&changed, true)));
        }
    }
}
