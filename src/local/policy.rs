//! Policy documents: what they let a caller do.
//!
//! Purpose: decides by the policies that name principals, which are those of buckets and the trust of
//! roles. Input: a document, and who asks for what. Output: a decision. Must not know: where the document
//! is kept. What is not understood is never taken for a yes or a no: it is refused by name. Requests count
//! as made over TLS, since the engine is reached on loopback only.

use serde_json::Value;

use super::auth::Caller;

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question<'a> {
    /// Who asks.
    pub(crate) caller: &'a Caller,
    /// E.g. `s3:GetObject`.
    pub(crate) action: &'a str,
    /// ARN of what it is done to; `None` in a role's trust, which is about the role itself.
    pub(crate) resource: Option<&'a str>,
    /// Condition keys that have a value, e.g. `sts:ExternalId`.
    pub(crate) context: &'a [(&'a str, &'a str)],
    /// Whether a yes for everybody counts; buckets that restrict public access leave it out.
    pub(crate) public_counts: bool,
}

/// What a document says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    /// A statement allows it, and none denies it.
    Allowed,
    /// No statement is about it.
    Silent,
    /// A statement denies it.
    Denied,
}

/// A part of a policy document that the engine does not understand.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} in a policy")]
pub(crate) struct NotUnderstood(String);

impl NotUnderstood {
    /// Names the part.
    pub(crate) fn new(part: impl Into<String>) -> Self {
        Self(part.into())
    }
}

/// Condition keys that are understood.
const KEYS: [&str; 4] = [
    "aws:PrincipalAccount",
    "aws:PrincipalArn",
    "aws:SecureTransport",
    "sts:ExternalId",
];

/// Decides by a document.
///
/// # Errors
/// A statement that is about the question holds something that is not understood.
pub(crate) fn decide(document: &Value, question: &Question<'_>) -> Result<Decision, NotUnderstood> {
    let mut decision = Decision::Silent;
    for statement in list(&document["Statement"]) {
        if !applies(statement, question)? {
            continue;
        }
        match statement["Effect"].as_str() {
            Some("Deny") => return Ok(Decision::Denied),
            Some("Allow") if question.public_counts || !is_public(&statement["Principal"]) => {
                decision = Decision::Allowed;
            }
            _ => {}
        }
    }
    Ok(decision)
}

fn applies(statement: &Value, question: &Question<'_>) -> Result<bool, NotUnderstood> {
    for member in ["NotPrincipal", "NotAction", "NotResource"] {
        if !statement[member].is_null() {
            return Err(NotUnderstood(member.to_owned()));
        }
    }
    let acts = list(&statement["Action"]).any(|action| {
        let pattern = action.as_str().unwrap_or_default().to_ascii_lowercase();
        matches(&pattern, &question.action.to_ascii_lowercase())
    });
    let reaches = question.resource.is_none_or(|resource| {
        list(&statement["Resource"])
            .any(|pattern| matches(pattern.as_str().unwrap_or_default(), resource))
    });
    if !acts || !reaches || !names(&statement["Principal"], question.caller) {
        return Ok(false);
    }
    conditions_hold(&statement["Condition"], question)
}

/// Whether a principal is, or takes in, the caller.
fn names(principal: &Value, caller: &Caller) -> bool {
    if is_public(principal) {
        return true;
    }
    let root = format!("arn:aws:iam::{}:root", caller.account);
    list(&principal["AWS"]).any(|name| {
        let name = name.as_str().unwrap_or_default();
        let is_role = caller
            .session
            .as_ref()
            .is_some_and(|session| session.role_arn == name);
        name == caller.account || name == root || name == caller.arn() || is_role
    })
}

/// Whether a principal is everybody.
fn is_public(principal: &Value) -> bool {
    principal == "*" || list(&principal["AWS"]).any(|name| name == "*")
}

fn conditions_hold(conditions: &Value, question: &Question<'_>) -> Result<bool, NotUnderstood> {
    let mut all_hold = true;
    for (operator, keys) in conditions.as_object().into_iter().flatten() {
        let equals: fn(&str, &str) -> bool = match operator.as_str() {
            "StringEquals" | "ArnEquals" => |wanted, value| wanted == value,
            "StringLike" | "ArnLike" => matches,
            "Bool" => |wanted, value| wanted.eq_ignore_ascii_case(value),
            other => return Err(NotUnderstood(format!("the condition operator {other}"))),
        };
        for (key, wanted) in keys.as_object().into_iter().flatten() {
            let known = KEYS.iter().find(|known| known.eq_ignore_ascii_case(key));
            let known = known.ok_or_else(|| NotUnderstood(format!("the condition key {key}")))?;
            let value = value_of(known, question);
            all_hold &= value
                .is_some_and(|value| list(wanted).any(|wanted| equals(&text_of(wanted), &value)));
        }
    }
    Ok(all_hold)
}

fn value_of(key: &str, question: &Question<'_>) -> Option<String> {
    match key {
        "aws:SecureTransport" => Some("true".to_owned()),
        "aws:PrincipalAccount" => Some(question.caller.account.clone()),
        "aws:PrincipalArn" => Some(match &question.caller.session {
            Some(session) => session.role_arn.clone(),
            None => question.caller.arn(),
        }),
        other => {
            let mut context = question.context.iter();
            let found = context.find(|(key, _)| *key == other);
            found.map(|(_, value)| (*value).to_owned())
        }
    }
}

/// A value of a condition, which may be written without quotes.
pub(super) fn text_of(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// The items of a list, or the one thing that stands in its place.
pub(super) fn list(value: &Value) -> impl Iterator<Item = &Value> {
    let (items, one) = match value {
        Value::Array(items) => (items.as_slice(), None),
        Value::Null => (&[][..], None),
        one => (&[][..], Some(one)),
    };
    items.iter().chain(one)
}

/// Whether a text is as a pattern with `*` and `?` has it.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut at, mut read) = (0, 0);
    // Where the last star is, and how much it has taken in so far.
    let mut star: Option<(usize, usize)> = None;
    while read < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, read));
                at += 1;
            }
            Some(byte) if *byte == b'?' || *byte == text[read] => {
                at += 1;
                read += 1;
            }
            _ => {
                let Some((place, taken)) = star else {
                    return false;
                };
                star = Some((place, taken + 1));
                at = place + 1;
                read = taken + 1;
            }
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::auth::Session;
    use super::*;

    const PROD: &str = "333344445555";
    const OBJECT: &str = "arn:aws:s3:::models/a/model.tar.gz";

    fn role() -> Caller {
        Caller {
            account: PROD.to_owned(),
            session: Some(Session {
                role_arn: format!("arn:aws:iam::{PROD}:role/promoter"),
                role_id: "AROA1".into(),
                name: "run".into(),
            }),
        }
    }

    fn ask(caller: &Caller, statement: &Value) -> Result<Decision, NotUnderstood> {
        let question = Question {
            caller,
            action: "s3:GetObject",
            resource: Some(OBJECT),
            context: &[("sts:ExternalId", "word")],
            public_counts: false,
        };
        decide(&json!({ "Statement": statement }), &question)
    }

    fn allow(principal: &Value, action: &Value, resource: &str) -> Value {
        json!({ "Effect": "Allow", "Principal": principal, "Action": action, "Resource": resource })
    }

    #[test]
    fn a_statement_names_principals_actions_and_resources() {
        let account = || json!({ "AWS": PROD });
        let root = || json!({ "AWS": [format!("arn:aws:iam::{PROD}:root")] });
        let other = || json!({ "AWS": "arn:aws:iam::111122223333:root" });
        let service = || json!({ "Service": "sagemaker.amazonaws.com" });
        let own = |name: &str| json!({ "AWS": format!("arn:aws:iam::{PROD}:role/{name}") });
        let any = || json!("s3:*");
        let yes = Ok(Decision::Allowed);
        let no = Ok(Decision::Silent);
        for (principal, action, resource, wanted) in [
            (account(), any(), "*", &yes),
            (
                root(),
                json!(["s3:ListBucket", "s3:getobject"]),
                OBJECT,
                &yes,
            ),
            (root(), json!("s3:Get*"), "arn:aws:s3:::models/*.gz", &yes),
            (own("promoter"), any(), "arn:aws:s3:::mode?s/*", &yes),
            (own("other"), any(), "*", &no),
            (other(), any(), "*", &no),
            (service(), any(), "*", &no),
            (root(), json!("s3:PutObject"), "*", &no),
            (root(), any(), "arn:aws:s3:::models", &no),
            // Everybody does not count where public access is restricted.
            (json!("*"), any(), "*", &no),
            (json!({ "AWS": "*" }), any(), "*", &no),
        ] {
            let statement = allow(&principal, &action, resource);
            assert_eq!(&ask(&role(), &statement), wanted, "{statement}");
        }
    }

    #[test]
    fn a_denial_wins_and_silence_is_no_yes() {
        let yes = allow(&json!({ "AWS": PROD }), &json!("*"), "*");
        let mut never = allow(&json!("*"), &json!("s3:*"), "*");
        never["Effect"] = "Deny".into();
        let both = json!([never, yes]);
        assert_eq!(ask(&role(), &both), Ok(Decision::Denied));
        assert_eq!(ask(&role(), &json!([])), Ok(Decision::Silent));
        // Requests count as made over TLS.
        never["Condition"] = json!({ "Bool": { "aws:SecureTransport": "false" } });
        assert_eq!(ask(&role(), &json!([never, yes])), Ok(Decision::Allowed));
    }

    #[test]
    fn conditions_hold_all_together_or_are_refused_by_name() {
        let with = |condition: Value| {
            let mut statement = allow(&json!({ "AWS": PROD }), &json!("*"), "*");
            statement["Condition"] = condition;
            ask(&role(), &statement)
        };
        let word = json!({ "StringEquals": { "sts:ExternalId": ["other", "word"] } });
        assert_eq!(with(word), Ok(Decision::Allowed));
        let two = json!({
            "StringEquals": { "STS:externalid": "word" },
            "ArnLike": { "aws:PrincipalArn": "arn:aws:iam::*:role/x*" },
        });
        assert_eq!(with(two), Ok(Decision::Silent));
        for (condition, name) in [
            (
                json!({ "IpAddress": { "aws:SourceIp": "10.0.0.0/8" } }),
                "IpAddress",
            ),
            (
                json!({ "StringEquals": { "aws:SourceVpc": "v" } }),
                "aws:SourceVpc",
            ),
        ] {
            let refusal = with(condition).unwrap_err().to_string();
            assert!(refusal.contains(name), "{refusal}");
        }
        let inverted = json!({ "Effect": "Allow", "NotPrincipal": "*", "Action": "*" });
        assert!(ask(&role(), &inverted).is_err());
    }

    #[test]
    fn stars_go_back_as_often_as_they_must() {
        assert!(matches("a*b*c", "aXbXbc"));
        assert!(matches("*", ""));
        assert!(!matches("a*b", "aXbc"));
        assert!(!matches("a?", "a"));
    }
}
