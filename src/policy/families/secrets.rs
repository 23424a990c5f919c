//! Secrets in plain text: in environment variables, hyperparameters, tags, anywhere.
//!
//! A rendered document is committed, reviewed, kept by CloudFormation and shown in consoles. What is
//! found is never repeated: a message says of which kind it is, and where.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use crate::code::Example;
use crate::policy::finding::{Policy, Severity, Sighting};
use crate::policy::subject::{Document, Subject, escape, is_given, is_or_may_be};

pub(super) const POLICIES: &[Policy] = &[
    Policy {
        id: "SECRET-FORMAT",
        severity: Severity::Error,
        title: "No document contains a key or token of a known format",
        reason: "whoever reads the repository, the template or the console can use it",
        remedy: "withdraw the key, and have the code fetch its successor from AWS Secrets Manager",
        example: Example {
            before: "\
Function:
  Type: AWS::Lambda::Function
  Properties:
    Environment: { Variables: { CALLER: AKIAIOSFODNN7EXAMPLE } }",
            after: "\
Function:
  Type: AWS::Lambda::Function
  Properties:
    Environment: { Variables: { CALLER: '{{resolve:secretsmanager:news/caller}}' } }",
        },
        check: known_formats,
    },
    Policy {
        id: "SECRET-NAME",
        severity: Severity::Error,
        title: "No value under a name like `password` is written in plain text",
        reason: "whoever reads the repository, the template or the console can use it",
        remedy: "have the code fetch it from AWS Secrets Manager; hand over the secret's ARN only",
        example: Example {
            before: "\
Function:
  Type: AWS::Lambda::Function
  Properties:
    Environment: { Variables: { DB_PASSWORD: hunter22 } }",
            after: "\
Function:
  Type: AWS::Lambda::Function
  Properties:
    Environment: { Variables: { DB_PASSWORD: '{{resolve:secretsmanager:news/db}}' } }",
        },
        check: secret_names,
    },
    Policy {
        id: "SECRET-PARAMETER",
        severity: Severity::Error,
        title: "Parameters for secrets are not shown",
        reason: "CloudFormation shows a parameter's value to everybody who may describe the stack",
        remedy: "set `NoEcho: true` on the parameter, and give it no `Default`",
        example: Example {
            before: "\
Parameters:
  ApiToken: { Type: String }",
            after: "\
Parameters:
  ApiToken: { Type: String, NoEcho: true }",
        },
        check: shown_parameters,
    },
];

/// What known keys and tokens look like.
const FORMATS: &[(&str, &str)] = &[
    ("an AWS access key id", r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    ("a Hugging Face token", r"\bhf_[A-Za-z0-9]{30,}\b"),
    (
        "a private key",
        r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----",
    ),
    (
        "a GitHub token",
        r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{50,})\b",
    ),
    ("a GitLab token", r"\bglpat-[A-Za-z0-9_-]{20,}"),
    ("a Slack token", r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}"),
    ("an Anthropic key", r"\bsk-ant-[A-Za-z0-9_-]{20,}"),
    (
        "an OpenAI key",
        r"\bsk-(?:proj-|svcacct-)?[A-Za-z0-9_-]{32,}",
    ),
    ("a Stripe key", r"\b[rs]k_live_[A-Za-z0-9]{16,}\b"),
    ("a Google API key", r"\bAIza[A-Za-z0-9_-]{35}"),
    ("an npm token", r"\bnpm_[A-Za-z0-9]{36}\b"),
    ("a PyPI token", r"\bpypi-AgE[A-Za-z0-9_-]{40,}"),
    (
        "a signed token (JWT)",
        r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}",
    ),
    (
        "a URL with a password",
        r"\b[a-z][a-z0-9+.-]*://[^\s/:@$]+:[^\s/:@$]+@",
    ),
];

static COMPILED: LazyLock<Vec<(&str, Regex)>> = LazyLock::new(|| {
    FORMATS
        .iter()
        .filter_map(|(name, pattern)| Some((*name, Regex::new(pattern).ok()?)))
        .collect()
});

/// Blots out what looks like a key or token, so that no message or place repeats one.
pub(in crate::policy) fn blot_out(text: &str) -> String {
    let mut text = text.to_owned();
    for (name, pattern) in COMPILED.iter() {
        if pattern.is_match(&text) {
            text = pattern.replace_all(&text, format!("<{name}>")).into_owned();
        }
    }
    text
}

/// A text of a document, with the name that it stands under.
struct Named<'a> {
    pointer: String,
    name: &'a str,
    text: &'a str,
}

/// Names of list items that stand for a key: `{Key: …, Value: …}`.
const ITEM_NAMES: [&str; 3] = ["Key", "Name", "ParameterKey"];

fn walk<'a>(value: &'a Value, name: &'a str, pointer: &str, visit: &mut impl FnMut(Named<'a>)) {
    match value {
        Value::String(text) => visit(Named {
            pointer: pointer.to_owned(),
            name,
            text,
        }),
        Value::Array(list) => {
            for (index, item) in list.iter().enumerate() {
                walk(item, name, &format!("{pointer}/{index}"), visit);
            }
        }
        Value::Object(map) => {
            let item_name = ITEM_NAMES.iter().find_map(|key| map.get(*key)?.as_str());
            for (key, inner) in map {
                let own = match item_name {
                    Some(name) if key.ends_with("Value") => name,
                    _ => key,
                };
                walk(inner, own, &format!("{pointer}/{}", escape(key)), visit);
            }
        }
        _ => {}
    }
}

fn find(subject: &Subject<'_>, judge: impl Fn(&Named<'_>) -> Option<String>) -> Vec<Sighting> {
    let mut found = Vec::new();
    for document in &subject.documents {
        walk(document.body, "", "", &mut |named| {
            if let Some(message) = judge(&named) {
                found.push(sighting(document, &named.pointer, message));
            }
        });
    }
    found
}

/// A violation in a template or a request, whichever the document is.
fn sighting(document: &Document<'_>, pointer: &str, message: String) -> Sighting {
    let mut sighting = document.sighting(pointer, message);
    sighting.resource = pointer
        .strip_prefix("/Resources/")
        .and_then(|rest| rest.split('/').next())
        .map(|id| id.replace("~1", "/").replace("~0", "~"));
    sighting
}

fn known_formats(subject: &Subject<'_>) -> Vec<Sighting> {
    find(subject, |named| {
        let (kind, _) = COMPILED
            .iter()
            .find(|(_, pattern)| pattern.is_match(named.text))?;
        Some(format!("the value looks like {kind}"))
    })
}

fn secret_names(subject: &Subject<'_>) -> Vec<Sighting> {
    find(subject, |named| {
        let text = named.text;
        let decided_later = text.contains("${") || text.contains("{{resolve:");
        if decided_later || text.starts_with("arn:") || blot_out(text) != text {
            return None;
        }
        let found = match secrecy(named.name)? {
            Secrecy::Password => text.len() >= 4,
            Secrecy::Token => text.len() >= 12 && !text.contains(' ') && entropy(text) >= 3.0,
        };
        found.then(|| format!("the value of `{}` is in plain text", named.name))
    })
}

/// What a name says of its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Secrecy {
    /// Whatever it is, it is secret.
    Password,
    /// It is secret if it looks random.
    Token,
}

fn secrecy(name: &str) -> Option<Secrecy> {
    const HARMLESS_ENDS: [&str; 15] = [
        "arn", "column", "count", "file", "id", "length", "limit", "name", "path", "policy",
        "size", "type", "uri", "url", "version",
    ];
    let words = words(name);
    let last = words.last()?;
    if HARMLESS_ENDS.contains(&last.as_str()) {
        return None;
    }
    let has = |wanted: &[&str]| words.iter().any(|word| wanted.contains(&word.as_str()));
    let pair = |a: &str| {
        words
            .windows(2)
            .any(|pair| pair[0] == a && pair[1] == "key")
    };
    if has(&["password", "passwd", "passphrase", "pwd"]) {
        Some(Secrecy::Password)
    } else if last == "token"
        || has(&["secret", "secrets", "credential", "credentials", "apikey"])
        || pair("api")
        || pair("access")
        || pair("private")
    {
        Some(Secrecy::Token)
    } else {
        None
    }
}

/// The words of a name, in small letters: `HF_TOKEN`, `hf-token` and `hfToken` are two words each.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = vec![String::new()];
    let mut after_small = false;
    for c in name.chars() {
        let starts_word = !c.is_alphanumeric() || after_small && c.is_uppercase();
        if starts_word {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| c.is_alphanumeric()) {
            word.extend(c.to_lowercase());
        }
        after_small = c.is_lowercase() || c.is_numeric();
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Bits of information in a character, going by how often each occurs in the text.
fn entropy(text: &str) -> f64 {
    let mut counts = std::collections::BTreeMap::<char, u32>::new();
    for c in text.chars() {
        *counts.entry(c).or_default() += 1;
    }
    let total = f64::from(counts.values().sum::<u32>());
    -counts
        .values()
        .map(|count| f64::from(*count) / total)
        .map(|share| share * share.log2())
        .sum::<f64>()
}

fn shown_parameters(subject: &Subject<'_>) -> Vec<Sighting> {
    let mut found = Vec::new();
    for document in &subject.documents {
        let parameters = document.body.get("Parameters").and_then(Value::as_object);
        for (name, parameter) in parameters.into_iter().flatten() {
            let hidden = is_or_may_be(parameter.get("NoEcho"), "true");
            let has_default = is_given(parameter.get("Default"));
            if secrecy(name).is_some() && (!hidden || has_default) {
                let message = format!("the parameter `{name}` can be read by others");
                found.push(document.sighting(&format!("/Parameters/{}", escape(name)), message));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{on_resource, on_training};
    use super::*;

    /// Secrets are put together here, so that this file has none that a scanner would report.
    fn samples() -> Vec<String> {
        let letters = "Ab1".repeat(14);
        vec![
            format!("AKIA{}", "Q7".repeat(8)),
            format!("hf_{}", &letters[..34]),
            format!("-----BEGIN RSA {} KEY-----\nMII", "PRIVATE"),
            format!("ghp_{}", &letters[..36]),
            format!("github_pat_{letters}{letters}"),
            format!("xoxb-{}", &letters[..24]),
            format!("sk-ant-{letters}"),
            format!("sk-proj-{letters}"),
            format!("AIza{}", &letters[..35]),
            format!("eyJ{0}.eyJ{0}.{0}", &letters[..20]),
            format!("postgres://user:{}@db/x", "hunter2"),
        ]
    }

    #[test]
    fn every_pattern_is_a_valid_expression() {
        assert_eq!(COMPILED.len(), FORMATS.len());
    }

    #[test]
    fn known_formats_are_found_anywhere_and_never_repeated() {
        for secret in samples() {
            for request in [
                json!({"Environment": {"WHATEVER": secret}}),
                json!({"HyperParameters": {"note": format!("x {secret} y")}}),
                json!({"Tags": [{"Key": "a", "Value": secret}]}),
            ] {
                let found = on_training("SECRET-FORMAT", request);
                assert_eq!(found.len(), 1, "{secret}");
                assert!(!found[0].message.contains(&secret), "{found:?}");
            }
            assert!(
                !blot_out(&format!("a {secret} b")).contains(&secret),
                "{secret}"
            );
        }
    }

    #[test]
    fn what_only_resembles_a_secret_is_left_alone() {
        for harmless in [
            "distilbert-base-uncased",
            "https://example.com/a:b@c",
            "AKIA",
            "sk-learn",
            "s3://bucket/key",
            "arn:aws:secretsmanager:eu-west-1:1:secret:x",
        ] {
            let request = json!({"Environment": {"A": harmless}});
            assert!(
                on_training("SECRET-FORMAT", request).is_empty(),
                "{harmless}"
            );
        }
    }

    #[test]
    fn a_name_gives_a_secret_away() {
        let found = |name: &str, value: &str| {
            !on_training("SECRET-NAME", json!({"Environment": {name: value}})).is_empty()
        };
        let random = ["q8Zr", "T1vK", "x0Lm"].concat();
        assert!(found("DB_PASSWORD", "hunter"));
        assert!(found("HF_TOKEN", &random));
        assert!(found("clientSecret", &random));
        assert!(found("aws-secret-access-key", &random));
        for (name, value) in [
            ("tokenizer", random.as_str()),
            ("max_tokens", &random),
            ("TOKEN", "no"),
            ("SECRET_ARN", &random),
            ("DB_PASSWORD", "{{resolve:secretsmanager:db}}"),
            ("API_KEY", "aaaaaaaaaaaaaaaa"),
            ("TrainingKey", &random),
        ] {
            assert!(!found(name, value), "{name}");
        }
    }

    #[test]
    fn a_tag_names_its_value_and_a_resource_is_told() {
        let tags = json!({"Tags": [{"Key": "password", "Value": "hunter2"}]});
        let found = on_resource("SECRET-NAME", "AWS::S3::Bucket", tags);
        assert_eq!(found[0].resource.as_deref(), Some("R"));
        assert_eq!(found[0].pointer, "/Resources/R/Properties/Tags/0/Value");
        assert!(!found[0].message.contains("hunter2"));
    }

    #[test]
    fn a_parameter_for_a_secret_is_hidden() {
        let find = |parameter: Value| {
            on_training(
                "SECRET-PARAMETER",
                json!({"Parameters": {"DbPassword": parameter}}),
            )
        };
        assert_eq!(find(json!({"Type": "String"})).len(), 1);
        assert!(find(json!({"Type": "String", "NoEcho": true})).is_empty());
        assert_eq!(find(json!({"NoEcho": true, "Default": "x"})).len(), 1);
    }
}
