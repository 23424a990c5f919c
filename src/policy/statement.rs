//! The statements of access policies, wherever a template has them.

use std::collections::BTreeSet;

use serde_json::Value;

use super::finding::Sighting;
use super::subject::{Resource, Subject, escape, text};

/// What a policy is attached to, which decides what its statements mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attachment {
    /// It says who may take on a role.
    Trust,
    /// It says what a role may do.
    Identity,
    /// It says who may use a resource.
    Resource,
}

/// One statement of an access policy.
#[derive(Debug, Clone)]
pub(super) struct Statement<'a> {
    /// The resource of the template that has it.
    pub(super) resource: Resource<'a>,
    /// What its policy is attached to.
    pub(super) attachment: Attachment,
    pointer: String,
    value: &'a Value,
}

/// Finds all statements.
pub(super) fn statements<'a>(subject: &Subject<'a>) -> Vec<Statement<'a>> {
    let mut found = Vec::new();
    for resource in subject.resources() {
        if let Some(properties) = resource.body.get("Properties") {
            let attachment = if resource.kind.starts_with("AWS::IAM::") {
                Attachment::Identity
            } else {
                Attachment::Resource
            };
            collect(resource, attachment, properties, "", &mut found);
        }
    }
    found
}

fn collect<'a>(
    resource: Resource<'a>,
    attachment: Attachment,
    value: &'a Value,
    pointer: &str,
    found: &mut Vec<Statement<'a>>,
) {
    match value {
        Value::Array(list) => {
            for (index, item) in list.iter().enumerate() {
                collect(
                    resource,
                    attachment,
                    item,
                    &format!("{pointer}/{index}"),
                    found,
                );
            }
        }
        Value::Object(map) => {
            for (key, inner) in map {
                let pointer = format!("{pointer}/{}", escape(key));
                if key == "Statement" {
                    add(resource, attachment, inner, &pointer, found);
                    continue;
                }
                let attachment = match key.as_str() {
                    "AssumeRolePolicyDocument" => Attachment::Trust,
                    _ => attachment,
                };
                collect(resource, attachment, inner, &pointer, found);
            }
        }
        _ => {}
    }
}

fn add<'a>(
    resource: Resource<'a>,
    attachment: Attachment,
    value: &'a Value,
    pointer: &str,
    found: &mut Vec<Statement<'a>>,
) {
    let mut push = |value: &'a Value, pointer: String| {
        if value.is_object() {
            found.push(Statement {
                resource,
                attachment,
                pointer,
                value,
            });
        }
    };
    match value {
        Value::Array(list) => {
            for (index, item) in list.iter().enumerate() {
                push(item, format!("{pointer}/{index}"));
            }
        }
        value => push(value, pointer.to_owned()),
    }
}

impl<'a> Statement<'a> {
    /// Whether it allows something.
    pub(super) fn allows(&self) -> bool {
        self.value.get("Effect").and_then(Value::as_str) == Some("Allow")
    }

    /// Whether it denies something.
    pub(super) fn denies(&self) -> bool {
        self.value.get("Effect").and_then(Value::as_str) == Some("Deny")
    }

    /// What is under a key.
    pub(super) fn get(&self, key: &str) -> Option<&'a Value> {
        self.value.get(key)
    }

    /// What is under a key, one or many.
    pub(super) fn values(&self, key: &str) -> impl Iterator<Item = &'a Value> {
        let value = self.value.get(key);
        let (list, single) = match value {
            Some(Value::Array(list)) => (Some(list), None),
            other => (None, other),
        };
        list.into_iter().flatten().chain(single)
    }

    /// The actions, as they are written.
    pub(super) fn actions(&self) -> impl Iterator<Item = &'a str> {
        self.values("Action").filter_map(Value::as_str)
    }

    /// Whether it is for all resources, or for all of a service.
    pub(super) fn is_for_all_resources(&self) -> bool {
        self.values("Resource")
            .filter_map(text)
            .any(is_all_resources)
    }

    /// The principals of a kind, e.g. `Service`.
    pub(super) fn principals(&self, kind: &str) -> Vec<&'a str> {
        match self.value.get("Principal").and_then(|all| all.get(kind)) {
            Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
            Some(Value::String(name)) => vec![name],
            _ => Vec::new(),
        }
    }

    /// Whether it is for everybody.
    pub(super) fn is_for_everybody(&self) -> bool {
        self.value.get("Principal").and_then(Value::as_str) == Some("*")
            || self.principals("AWS").contains(&"*")
            || self.principals("Federated").contains(&"*")
            || self.value.get("NotPrincipal").is_some() && self.allows()
    }

    /// The keys of its conditions, in small letters.
    pub(super) fn condition_keys(&self) -> BTreeSet<String> {
        let operators = self.value.get("Condition").and_then(Value::as_object);
        operators
            .into_iter()
            .flat_map(|map| map.values())
            .filter_map(Value::as_object)
            .flat_map(|keys| keys.keys().map(|key| key.to_ascii_lowercase()))
            .collect()
    }

    /// The value of a condition's key, whatever the operator.
    pub(super) fn condition(&self, operator: &str, key: &str) -> Option<&'a Value> {
        let keys = self.value.get("Condition")?.get(operator)?.as_object()?;
        keys.iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(key))
            .map(|(_, value)| value)
    }

    /// A violation at one of its keys.
    pub(super) fn sighting(&self, key: &str, message: impl Into<String>) -> Sighting {
        let pointer = format!("{}/{key}", self.pointer);
        self.resource.sighting(&pointer, message)
    }
}

/// Whether an ARN names everything: `*`, or a service's every resource.
fn is_all_resources(arn: &str) -> bool {
    if arn == "*" {
        return true;
    }
    // A colon in `${AWS::Region}` separates nothing.
    let mut plain = String::new();
    let mut rest = arn;
    while let Some((before, after)) = rest.split_once("${") {
        plain.push_str(before);
        plain.push('x');
        rest = after.split_once('}').map_or("", |(_, tail)| tail);
    }
    plain.push_str(rest);
    plain.splitn(6, ':').nth(5) == Some("*")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_of_everything_is_recognised() {
        for arn in [
            "*",
            "arn:aws:s3:::*",
            "arn:${AWS::Partition}:logs:${AWS::Region}:1:*",
        ] {
            assert!(is_all_resources(arn), "{arn}");
        }
        for arn in [
            "arn:aws:s3:::b/*",
            "arn:aws:logs:r:1:log-group:*",
            "",
            "${Bucket.Arn}/*",
        ] {
            assert!(!is_all_resources(arn), "{arn}");
        }
    }
}
