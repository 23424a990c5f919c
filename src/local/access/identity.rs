//! One identity policy, held against one wish.

use serde_json::Value;

use super::{Wish, condition};
use crate::local::auth::Caller;
use crate::local::policy::{Decision, NotUnderstood, list, matches};

/// Condition keys of which a request has no value unless its wish names one.
const KEYS: [&str; 8] = [
    "aws:RequestedRegion",
    "aws:TagKeys",
    "cloudformation:RoleArn",
    "cloudwatch:namespace",
    "iam:AWSServiceName",
    "iam:PassedToService",
    "iam:PermissionsBoundary",
    "s3:prefix",
];
/// Beginnings of condition keys that end in the key of a tag.
const TAG_KEYS: [&str; 2] = ["aws:RequestTag/", "aws:ResourceTag/"];

/// Decides by a document.
///
/// # Errors
/// A statement that is about the wish holds something that is not understood.
pub(super) fn decide(
    document: &Value,
    caller: &Caller,
    wish: &Wish,
) -> Result<Decision, NotUnderstood> {
    let mut decision = Decision::Silent;
    for statement in list(&document["Statement"]) {
        if !is_about(statement, wish)? {
            continue;
        }
        let holds = condition::hold(&statement["Condition"], |key| value_of(key, caller, wish))?;
        match statement["Effect"].as_str() {
            Some("Deny") if holds => return Ok(Decision::Denied),
            Some("Allow") if holds => decision = Decision::Allowed,
            _ => {}
        }
    }
    Ok(decision)
}

fn is_about(statement: &Value, wish: &Wish) -> Result<bool, NotUnderstood> {
    let action = wish.action.to_ascii_lowercase();
    let acts = |member: &str| {
        list(&statement[member]).any(|pattern| {
            let pattern = pattern.as_str().unwrap_or_default().to_ascii_lowercase();
            matches(&pattern, &action)
        })
    };
    let reaches = |member: &str| {
        list(&statement[member])
            .any(|pattern| matches(pattern.as_str().unwrap_or_default(), &wish.resource))
    };
    let has = |member: &str| !statement[member].is_null();
    let acts = if has("NotAction") {
        !acts("NotAction")
    } else {
        acts("Action")
    };
    if !acts {
        return Ok(false);
    }
    let patterns = list(&statement["Resource"]).chain(list(&statement["NotResource"]));
    let mut variables = patterns
        .filter_map(Value::as_str)
        .filter(|pattern| pattern.contains("${"));
    if let Some(pattern) = variables.next() {
        return Err(NotUnderstood::new(format!("the variable in {pattern}")));
    }
    Ok(if has("NotResource") {
        !reaches("NotResource")
    } else {
        reaches("Resource")
    })
}

fn value_of(key: &str, caller: &Caller, wish: &Wish) -> Result<Option<String>, NotUnderstood> {
    let is = |known: &str| known.eq_ignore_ascii_case(key);
    if is("aws:SecureTransport") {
        return Ok(Some("true".to_owned()));
    }
    if is("aws:PrincipalAccount") {
        return Ok(Some(caller.account.clone()));
    }
    if is("aws:PrincipalArn") {
        let role = caller
            .session
            .as_ref()
            .map(|session| session.role_arn.clone());
        return Ok(Some(role.unwrap_or_else(|| caller.arn())));
    }
    let begins = |known: &&str| {
        key.get(..known.len())
            .is_some_and(|beginning| beginning.eq_ignore_ascii_case(known))
    };
    if !KEYS.iter().any(|known| is(known)) && !TAG_KEYS.iter().any(begins) {
        return Err(NotUnderstood::new(format!("the condition key {key}")));
    }
    let mut context = wish.context.iter();
    let found = context.find(|(name, _)| is(name));
    Ok(found.map(|(_, value)| value.clone()))
}
