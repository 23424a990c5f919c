//! Conditions of statements: operators of IAM, held against the keys of a request.
//!
//! As "IAM JSON policy elements: Condition operators" and "Single-valued vs. multivalued context keys" of the
//! IAM user guide have them. A key here has one value at most.

use serde_json::Value;

use crate::local::policy::{NotUnderstood, list, matches, text_of};

/// How a wanted value is compared with that of the request.
type Compare = fn(&str, &str) -> bool;

/// An operator, taken apart.
struct Operator {
    compare: Compare,
    /// It holds when no value is like the request's.
    negated: bool,
    /// It holds where the request does not have the key.
    if_absent: bool,
}

/// Whether conditions hold, all of them.
///
/// # Errors
/// An operator or a key is not understood.
pub(super) fn hold(
    conditions: &Value,
    value_of: impl Fn(&str) -> Result<Option<String>, NotUnderstood>,
) -> Result<bool, NotUnderstood> {
    let mut all_hold = true;
    for (operator, keys) in conditions.as_object().into_iter().flatten() {
        for (key, wanted) in keys.as_object().into_iter().flatten() {
            let value = value_of(key)?;
            all_hold &= holds(operator, wanted, value.as_deref())?;
        }
    }
    Ok(all_hold)
}

fn holds(name: &str, wanted: &Value, value: Option<&str>) -> Result<bool, NotUnderstood> {
    if name == "Null" {
        let absent = value.is_none().to_string();
        return Ok(list(wanted).any(|wanted| text_of(wanted).eq_ignore_ascii_case(&absent)));
    }
    let operator = operator(name)?;
    let Some(value) = value else {
        return Ok(operator.if_absent);
    };
    let found = list(wanted).any(|wanted| (operator.compare)(&text_of(wanted), value));
    Ok(found != operator.negated)
}

fn operator(name: &str) -> Result<Operator, NotUnderstood> {
    let unknown = || NotUnderstood::new(format!("the condition operator {name}"));
    let (set, rest) = match name.split_once(':') {
        Some((set, rest)) => (Some(set), rest),
        None => (None, name),
    };
    let (rest, if_exists) = match rest.strip_suffix("IfExists") {
        Some(rest) => (rest, true),
        None => (rest, false),
    };
    let (negated, plain) = match rest {
        "StringNotEquals" => (true, "StringEquals"),
        "StringNotLike" => (true, "StringLike"),
        "ArnNotEquals" | "ArnNotLike" => (true, "ArnLike"),
        plain => (false, plain),
    };
    let compare: Compare = match plain {
        "StringEquals" => |wanted, value| wanted == value,
        "StringEqualsIgnoreCase" => |wanted, value| wanted.eq_ignore_ascii_case(value),
        // For ARNs the two are the same.
        "StringLike" | "ArnLike" | "ArnEquals" => matches,
        "Bool" => |wanted, value| wanted.eq_ignore_ascii_case(value),
        _ => return Err(unknown()),
    };
    let of_all = match set {
        None | Some("ForAnyValue") => false,
        Some("ForAllValues") => true,
        Some(_) => return Err(unknown()),
    };
    let any = set == Some("ForAnyValue");
    Ok(Operator {
        compare,
        negated,
        if_absent: if_exists || of_all || (negated && !any),
    })
}
