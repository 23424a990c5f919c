//! Compares a resource as its service tells it with what is expected of it. Pure.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::expected::Expected;
use super::policy::Policy;

/// What a comparison found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Comparison {
    /// What is not as expected.
    pub(super) differences: Vec<Difference>,
    /// What could not be compared.
    pub(super) unknown: Vec<Unknown>,
    /// The properties that were compared.
    pub(super) compared: BTreeSet<String>,
}

/// A property that is not as expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Difference {
    /// E.g. `/Environment/Variables/LEVEL`.
    pub(super) path: String,
    /// `None`: it is not to be there.
    pub(super) expected: Option<String>,
    /// `None`: it is not there.
    pub(super) actual: Option<String>,
}

/// A property that could not be compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unknown {
    pub(super) path: String,
    pub(super) reason: String,
}

/// Compares the properties that were read. What the template does not set is not compared, but where leaving
/// it out means that there is none.
pub(super) fn compare(kind: &str, expected: &Expected, live: &Map<String, Value>) -> Comparison {
    let mut comparison = Comparison::default();
    for (name, actual) in live {
        let default = default_of(kind, name);
        let Some(wanted) = expected.get(name).or(default.as_ref()) else {
            continue;
        };
        let path = format!("/{name}");
        comparison.compared.insert(name.clone());
        match name.as_str() {
            "AssumeRolePolicyDocument" | "PolicyDocument" => {
                comparison.document(path, wanted, actual);
            }
            "Policies" => comparison.policies(&path, wanted, actual),
            "Code" => comparison.code(path, wanted, actual),
            _ => comparison.value(path, wanted, actual),
        }
    }
    comparison
}

/// What a property is when the template leaves it out, where anything else is drift.
fn default_of(kind: &str, property: &str) -> Option<Expected> {
    let value = match (kind, property) {
        ("AWS::IAM::Role", "Policies" | "ManagedPolicyArns")
        | ("AWS::Lambda::Function", "Layers") => json!([]),
        ("AWS::Lambda::Function", "Environment") => json!({ "Variables": {} }),
        ("AWS::ApiGatewayV2::Api", "CorsConfiguration") => Value::Null,
        ("AWS::ApiGatewayV2::Api", "DisableExecuteApiEndpoint") => json!(false),
        ("AWS::ApiGatewayV2::Stage", "StageVariables") => json!({}),
        _ => return None,
    };
    Some(Expected::of(&value))
}

impl Comparison {
    fn differ(&mut self, path: String, expected: Option<String>, actual: Option<String>) {
        self.differences.push(Difference {
            expected: expected.map(|text| shown(&path, text)),
            actual: actual.map(|text| shown(&path, text)),
            path,
        });
    }

    fn unknown(&mut self, path: String, reason: impl Into<String>) {
        let reason = reason.into();
        self.unknown.push(Unknown { path, reason });
    }

    fn value(&mut self, path: String, expected: &Expected, actual: &Value) {
        match (expected, actual) {
            (Expected::Unknown(reason), _) => self.unknown(path, reason),
            (Expected::Object(wanted), Value::Object(there)) => {
                // Variables are one value: one more or less changes it.
                let whole = path.ends_with("Variables");
                for (name, value) in wanted {
                    let path = format!("{path}/{name}");
                    match there.get(name) {
                        Some(found) => self.value(path, value, found),
                        None if whole => self.value(path, value, &Value::Null),
                        None => self.unknown(path, "it is not read back"),
                    }
                }
                for (name, value) in there {
                    if whole && !wanted.contains_key(name) {
                        self.differ(format!("{path}/{name}"), None, Some(text(value)));
                    }
                }
            }
            (Expected::List(wanted), Value::Array(there)) => self.list(&path, wanted, there),
            (Expected::List(wanted), Value::Null) if wanted.is_empty() => {}
            (Expected::Scalar(wanted), there) if text(wanted) == text(there) => {}
            (wanted, there) => {
                let wanted = Some(wanted.partly()).filter(|value| !value.is_null());
                let there = Some(there).filter(|value| !value.is_null());
                self.differ(path, wanted.as_ref().map(text), there.map(text));
            }
        }
    }

    /// Pairs what is equal, whatever its place, and compares the rest in order.
    fn list(&mut self, path: &str, expected: &[Expected], actual: &[Value]) {
        let mut spare: Vec<&Value> = actual.iter().collect();
        let mut unpaired = Vec::new();
        for (index, wanted) in expected.iter().enumerate() {
            let mut tried = Self::default();
            let twin = spare.iter().position(|there| {
                tried = Self::default();
                tried.value(format!("{path}/{index}"), wanted, there);
                tried.differences.is_empty()
            });
            match twin {
                Some(twin) => {
                    spare.remove(twin);
                    self.unknown.extend(tried.unknown);
                }
                None => unpaired.push((index, wanted)),
            }
        }
        let mut spare = spare.into_iter();
        for (index, wanted) in unpaired {
            let there = spare.next().unwrap_or(&Value::Null);
            self.value(format!("{path}/{index}"), wanted, there);
        }
        for (offset, there) in spare.enumerate() {
            let path = format!("{path}/{}", expected.len() + offset);
            self.differ(path, None, Some(text(there)));
        }
    }

    fn document(&mut self, path: String, expected: &Expected, actual: &Value) {
        let wanted = match expected.known() {
            Ok(document) => Policy::read(&document),
            Err(reason) => return self.unknown(path, reason),
        };
        match (wanted, Policy::read(actual)) {
            (Ok(wanted), Ok(there)) => {
                let (less, more) = (wanted.beyond(&there), there.beyond(&wanted));
                if less.is_some() || more.is_some() {
                    self.differ(path, less, more);
                }
            }
            (Err(reason), _) | (_, Err(reason)) => self.unknown(path, reason),
        }
    }

    /// Inline policies are told apart by their names.
    fn policies(&mut self, path: &str, expected: &Expected, actual: &Value) {
        let Expected::List(wanted) = expected else {
            return self.unknown(path.to_owned(), "the policies are no list");
        };
        let there = actual.as_array().map_or(&[][..], Vec::as_slice);
        let mut named = BTreeSet::new();
        for policy in wanted {
            let name = match policy.get("PolicyName").map(Expected::known) {
                Some(Ok(Value::String(name))) => name,
                Some(Err(reason)) => {
                    self.unknown(path.to_owned(), reason);
                    continue;
                }
                _ => {
                    self.unknown(path.to_owned(), "a policy has no name");
                    continue;
                }
            };
            let path = format!("{path}/{name}");
            let found = there
                .iter()
                .find(|policy| policy["PolicyName"] == name.as_str());
            match (policy.get("PolicyDocument"), found) {
                (Some(document), Some(found)) => {
                    self.document(path, document, &found["PolicyDocument"]);
                }
                (_, None) => self.differ(path, Some("there".to_owned()), None),
                (None, Some(_)) => self.unknown(path, "the template gives no document"),
            }
            named.insert(name);
        }
        for policy in there {
            let name = policy["PolicyName"].as_str().unwrap_or_default();
            if !named.contains(name) {
                let told = Policy::read(&policy["PolicyDocument"])
                    .map_or_else(|reason| reason, |policy| policy.written());
                self.differ(format!("{path}/{name}"), None, Some(told));
            }
        }
    }

    /// The key of the function's archive contains the digest of its content.
    fn code(&mut self, path: String, expected: &Expected, actual: &Value) {
        let Some(key) = expected.get("S3Key") else {
            return self.unknown(path, "the template has the code itself");
        };
        let key = match key.known() {
            Ok(key) => text(&key),
            Err(reason) => return self.unknown(path, reason),
        };
        let Some(wanted) = digest_in(&key) else {
            return self.unknown(path, format!("the key {key} tells no digest"));
        };
        match actual["Sha256"].as_str() {
            Some(there) if there == wanted => {}
            Some(there) => self.differ(path, Some(digest(wanted)), Some(digest(there))),
            None => self.unknown(path, "Lambda tells no digest"),
        }
    }
}

fn digest(hexadecimal: &str) -> String {
    format!("sha256 {hexadecimal}")
}

/// Finds a SHA-256 in a key, e.g. `function/<digest>.zip`.
fn digest_in(key: &str) -> Option<&str> {
    key.split(['/', '.', '-'])
        .find(|part| part.len() == 64 && part.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Hides what may be a secret.
pub(super) fn shown(path: &str, text: String) -> String {
    if path.contains("Variables/") {
        "(hidden)".to_owned()
    } else {
        text
    }
}

/// A value as a text: numbers and booleans equal their texts, as CloudFormation has it.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => match number.as_f64() {
            // Display of a whole float has no fraction: 50.0 is 50.
            Some(float) if number.is_f64() => float.to_string(),
            _ => number.to_string(),
        },
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(kind: &str, expected: &Value, live: &Value) -> Vec<String> {
        compare(kind, &Expected::of(expected), live.as_object().unwrap())
            .differences
            .into_iter()
            .map(|one| {
                let side = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
                format!("{} {} {}", one.path, side(one.expected), side(one.actual))
            })
            .collect()
    }

    #[test]
    fn numbers_and_order_make_no_drift() {
        let expected = json!({ "A": "50", "B": 50.0, "C": true, "L": [1, { "K": 2 }] });
        let live = json!({ "A": 50, "B": 50, "C": "true", "L": [{ "K": 2, "More": 1 }, "1"] });
        assert_eq!(found("T", &expected, &live), [""; 0]);
        let live = json!({ "A": 51, "B": null, "L": [1] });
        assert_eq!(
            found("T", &expected, &live),
            ["/A 50 51", "/B 50 -", "/L/1 {\"K\":2} -"]
        );
    }

    #[test]
    fn variables_are_compared_whole_and_never_shown() {
        let expected = json!({ "Environment": { "Variables": { "A": "1", "B": "2" } } });
        let live = json!({ "Environment": { "Variables": { "A": "x", "B": "2", "C": "3" } } });
        assert_eq!(
            found("AWS::Lambda::Function", &expected, &live),
            [
                "/Environment/Variables/A (hidden) (hidden)",
                "/Environment/Variables/C - (hidden)"
            ]
        );
        let none = found("AWS::Lambda::Function", &json!({}), &live);
        assert_eq!(none.len(), 3, "the template sets none: {none:?}");
    }

    #[test]
    fn inline_policies_are_compared_by_name_and_meaning() {
        let policy = |name: &str, action: &str| {
            json!({ "PolicyName": name, "PolicyDocument": { "Version": "2012-10-17", "Statement":
                [{ "Effect": "Allow", "Action": action, "Resource": "*" }] } })
        };
        let expected = json!({ "Policies": [policy("a", "s3:Get"), policy("b", "s3:Put")] });
        let live =
            json!({ "Policies": [policy("b", "s3:put"), policy("a", "s3:*"), policy("c", "x:y")] });
        let found = found("AWS::IAM::Role", &expected, &live);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].starts_with("/Policies/a {") && found[0].contains("s3:*"));
        assert!(found[1].starts_with("/Policies/c - {"));
        assert_eq!(
            super::tests::found(
                "AWS::IAM::Role",
                &expected,
                &json!({ "Policies": [policy("a", "s3:Get")] })
            ),
            ["/Policies/b there -"]
        );
    }

    #[test]
    fn code_is_compared_by_the_digest_in_its_key() {
        let (one, other) = ("a".repeat(64), "b".repeat(64));
        let expected = json!({ "Code": { "S3Key": format!("function/{one}.zip") } });
        let kind = "AWS::Lambda::Function";
        let same = json!({ "Code": { "Sha256": one } });
        assert_eq!(found(kind, &expected, &same), [""; 0]);
        let changed = found(kind, &expected, &json!({ "Code": { "Sha256": other } }));
        assert!(changed[0].starts_with("/Code sha256 aaa"), "{changed:?}");
        let comparison = compare(
            kind,
            &Expected::of(&json!({ "Code": { "S3Key": "latest.zip" } })),
            same.as_object().unwrap(),
        );
        assert_eq!(comparison.unknown.len(), 1);
    }

    #[test]
    fn what_is_not_read_back_is_not_taken_for_drift() {
        let expected = Expected::of(&json!({ "A": { "B": 1, "C": 2 } }));
        let live = json!({ "A": { "B": 1 } });
        let comparison = compare("T", &expected, live.as_object().unwrap());
        assert_eq!(comparison.differences, []);
        assert_eq!(comparison.unknown[0].path, "/A/C");
    }

    #[test]
    fn what_is_unknown_is_never_in_sync() {
        let mut expected = std::collections::BTreeMap::new();
        expected.insert("Role".to_owned(), Expected::Unknown("no".to_owned()));
        let live = json!({ "Role": "arn" });
        let comparison = compare("T", &Expected::Object(expected), live.as_object().unwrap());
        assert_eq!(comparison.differences, []);
        assert_eq!(comparison.unknown[0].path, "/Role");
    }
}
