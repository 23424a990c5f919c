//! Finds what a value refers to, without evaluating it.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// A reference within a template value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reference {
    /// `Ref`, to a resource or a parameter.
    Name(String),
    /// `Fn::GetAtt`: resource and attribute.
    Attribute(String, String),
    /// A condition, by `Fn::If` or `Condition`.
    Condition(String),
}

impl Reference {
    /// Returns the name of the resource or parameter, and nothing for a condition.
    pub(crate) fn target(&self) -> Option<&str> {
        match self {
            Self::Name(name) | Self::Attribute(name, _) => Some(name),
            Self::Condition(_) => None,
        }
    }
}

/// Which branches of `Fn::If` are looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Branches<'a> {
    /// Both.
    All,
    /// The one that counts under these conditions.
    Chosen(&'a BTreeMap<String, bool>),
}

/// Returns every reference in `value`, in the order of the text; pseudo parameters are left out.
pub(crate) fn references(value: &Value, branches: Branches<'_>) -> Vec<Reference> {
    let mut found = Vec::new();
    collect(value, branches, &mut found);
    found
}

/// Returns the function's name and argument when `map` is a call of an intrinsic function.
pub(crate) fn function(map: &Map<String, Value>) -> Option<(&str, &Value)> {
    let (name, argument) = map.iter().next()?;
    let call = map.len() == 1
        && (name.starts_with("Fn::")
            || name == "Ref"
            // Policy documents have blocks called Condition: only a name makes it a reference.
            || (name == "Condition" && argument.is_string()));
    call.then_some((name.as_str(), argument))
}

/// A piece of the text of `Fn::Sub`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    /// Text that stands for itself.
    Text(String),
    /// What stands between `${` and `}`.
    Name(String),
}

/// Takes the text of `Fn::Sub` apart; `${!Name}` stands for the text `${Name}`.
pub(crate) fn sub_parts(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let Some(length) = rest[start..].find('}') else {
            break;
        };
        if start > 0 {
            parts.push(Part::Text(rest[..start].to_owned()));
        }
        let name = &rest[start + 2..start + length];
        parts.push(match name.strip_prefix('!') {
            Some(literal) => Part::Text(format!("${{{literal}}}")),
            None => Part::Name(name.trim().to_owned()),
        });
        rest = &rest[start + length + 1..];
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest.to_owned()));
    }
    parts
}

fn collect(value: &Value, branches: Branches<'_>, found: &mut Vec<Reference>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, branches, found)),
        Value::Object(map) => match function(map) {
            Some((name, argument)) => collect_call(name, argument, branches, found),
            None => map
                .values()
                .for_each(|value| collect(value, branches, found)),
        },
        _ => {}
    }
}

fn collect_call(name: &str, argument: &Value, branches: Branches<'_>, found: &mut Vec<Reference>) {
    match (name, argument) {
        ("Ref", Value::String(target)) => push_name(target, found),
        ("Condition", Value::String(condition)) => {
            found.push(Reference::Condition(condition.clone()))
        }
        ("Fn::GetAtt", Value::String(text)) => push_dotted(text, found),
        ("Fn::GetAtt", Value::Array(items)) => {
            if let [Value::String(target), attribute] = &items[..] {
                let attribute_name = attribute.as_str().unwrap_or_default().to_owned();
                found.push(Reference::Attribute(target.clone(), attribute_name));
                collect(attribute, branches, found);
            }
        }
        ("Fn::Sub", Value::String(text)) => collect_sub(text, None, found),
        ("Fn::Sub", Value::Array(items)) => {
            if let [Value::String(text), Value::Object(variables)] = &items[..] {
                collect_sub(text, Some(variables), found);
                variables
                    .values()
                    .for_each(|value| collect(value, branches, found));
            }
        }
        ("Fn::If", Value::Array(items)) => {
            let Some(condition) = items.first().and_then(Value::as_str) else {
                return;
            };
            found.push(Reference::Condition(condition.to_owned()));
            let branch = match branches {
                Branches::All => None,
                Branches::Chosen(conditions) => conditions.get(condition).copied(),
            };
            for (position, item) in items.iter().enumerate().skip(1) {
                if branch.is_none_or(|held| held == (position == 1)) {
                    collect(item, branches, found);
                }
            }
        }
        _ => collect(argument, branches, found),
    }
}

fn collect_sub(text: &str, variables: Option<&Map<String, Value>>, found: &mut Vec<Reference>) {
    for part in sub_parts(text) {
        if let Part::Name(name) = part
            && variables.is_none_or(|variables| !variables.contains_key(&name))
        {
            push_dotted(&name, found);
        }
    }
}

fn push_dotted(text: &str, found: &mut Vec<Reference>) {
    match text.split_once('.') {
        Some((target, attribute)) => {
            found.push(Reference::Attribute(
                target.to_owned(),
                attribute.to_owned(),
            ));
        }
        None => push_name(text, found),
    }
}

fn push_name(target: &str, found: &mut Vec<Reference>) {
    if !target.starts_with("AWS::") {
        found.push(Reference::Name(target.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn sub_text_is_taken_apart() {
        let name = |text: &str| Part::Name(text.into());
        let text = |text: &str| Part::Text(text.into());
        assert_eq!(
            sub_parts("a${B}c${!D}${E.F}$"),
            [
                text("a"),
                name("B"),
                text("c"),
                text("${D}"),
                name("E.F"),
                text("$")
            ]
        );
        assert_eq!(sub_parts("${open"), [text("${open")]);
        assert_eq!(sub_parts(""), []);
    }

    #[test]
    fn only_the_chosen_branch_counts() {
        let value =
            json!({ "Fn::If": ["C", { "Ref": "A" }, { "Fn::Sub": "${B.Arn}${AWS::Region}" }] });
        let condition = Reference::Condition("C".into());
        let (a, b) = (
            Reference::Name("A".into()),
            Reference::Attribute("B".into(), "Arn".into()),
        );
        assert_eq!(
            references(&value, Branches::All),
            [condition.clone(), a, b.clone()]
        );
        let conditions = BTreeMap::from([("C".to_owned(), false)]);
        assert_eq!(
            references(&value, Branches::Chosen(&conditions)),
            [condition, b]
        );
    }

    #[test]
    fn local_variables_and_policy_conditions_are_no_references() {
        let value = json!({ "Condition": { "StringEquals": "x" }, "S": { "Fn::Sub": ["${V}", { "V": { "Ref": "P" } }] } });
        assert_eq!(
            references(&value, Branches::All),
            [Reference::Name("P".into())]
        );
    }
}
