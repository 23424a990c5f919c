//! Compares two values of a template, as CloudFormation would take them.

use std::collections::BTreeMap;

use serde_json::Value;

use super::canonical::{key, same};
use super::facts;
use super::references::below;

/// Keys that tell the items of a list apart, the first that fits is taken.
const IDENTITIES: &[&str] = &[
    "Key",
    "VariantName",
    "PolicyName",
    "ChannelName",
    "Sid",
    "Id",
    "Name",
];

/// One difference of two values.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    /// Path for facts: names with `/` between them, `*` for list items.
    pub(super) path: String,
    /// Path for people.
    pub(super) shown: String,
    /// JSON pointer below the compared values.
    pub(super) pointer: String,
    /// The value before.
    pub(super) before: Option<Value>,
    /// The value after.
    pub(super) after: Option<Value>,
    /// What kind it is.
    pub(super) nature: Nature,
}

/// Kinds of differences.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nature {
    /// Another value.
    Value,
    /// Another order of the same items.
    Order,
    /// Two policies, not looked into.
    Policy,
}

/// A place in both values.
#[derive(Clone, Default)]
struct Place {
    path: String,
    shown: String,
    pointer: String,
}

impl Place {
    fn name(&self, name: &str) -> Self {
        let dot = if self.shown.is_empty() { "" } else { "." };
        Self {
            path: below(&self.path, name),
            shown: format!("{}{dot}{name}", self.shown),
            pointer: format!("{}/{}", self.pointer, escaped(name)),
        }
    }

    fn item(&self, label: &str, index: usize) -> Self {
        Self {
            path: below(&self.path, "*"),
            shown: format!("{}[{label}]", self.shown),
            pointer: format!("{}/{index}", self.pointer),
        }
    }
}

/// Escapes a name for a JSON pointer.
pub(super) fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// Lists the differences of two values in their one form. `kind` is the resource type that they
/// are the properties of, or empty.
pub(super) fn differences(kind: &str, before: &Value, after: &Value) -> Vec<Found> {
    // A resource without properties has none of them.
    let nothing = Value::Object(serde_json::Map::new());
    let or_nothing = |value| {
        if matches!(value, &Value::Null) {
            &nothing
        } else {
            value
        }
    };
    let (before, after) = (or_nothing(before), or_nothing(after));
    let mut found = Vec::new();
    walk(
        kind,
        Some(before),
        Some(after),
        &Place::default(),
        &mut found,
    );
    found
}

/// Whether a value is a policy document.
pub(super) fn is_policy(value: &Value) -> bool {
    value.get("Statement").is_some()
}

fn walk(
    kind: &str,
    before: Option<&Value>,
    after: Option<&Value>,
    place: &Place,
    found: &mut Vec<Found>,
) {
    let mut add = |nature| {
        found.push(Found {
            path: place.path.clone(),
            shown: place.shown.clone(),
            pointer: place.pointer.clone(),
            before: before.cloned(),
            after: after.cloned(),
            nature,
        });
    };
    match (before, after) {
        (Some(one), Some(other)) if is_policy(one) && is_policy(other) => {
            if !same(one, other) {
                add(Nature::Policy);
            }
        }
        (Some(Value::Object(one)), Some(Value::Object(other)))
            if !is_function(one) && !is_function(other) =>
        {
            let names = one
                .keys()
                .chain(other.keys().filter(|name| !one.contains_key(*name)));
            for name in names {
                walk(
                    kind,
                    one.get(name),
                    other.get(name),
                    &place.name(name),
                    found,
                );
            }
        }
        (Some(Value::Array(one)), Some(Value::Array(other))) => {
            lists(kind, one, other, place, found);
        }
        (Some(one), Some(other)) => {
            if !same(one, other) {
                add(Nature::Value);
            }
        }
        (None, None) => {}
        _ => add(Nature::Value),
    }
}

fn is_function(map: &serde_json::Map<String, Value>) -> bool {
    map.len() == 1
        && map
            .keys()
            .all(|name| name == "Ref" || name.starts_with("Fn::"))
}

fn lists(kind: &str, one: &[Value], other: &[Value], place: &Place, found: &mut Vec<Found>) {
    let unordered = facts::is_unordered(kind, &place.path);
    if let Some(identity) = identity(one, other) {
        keyed(kind, identity, one, other, place, found);
        if !unordered && order(identity, one, other) != order(identity, other, one) {
            reordered(one, other, place, found);
        }
    } else if unordered {
        bags(one, other, place, found);
    } else if one.len() == other.len() {
        if is_permutation(one, other) {
            if !same(&Value::from(one.to_vec()), &Value::from(other.to_vec())) {
                reordered(one, other, place, found);
            }
            return;
        }
        for (index, (before, after)) in one.iter().zip(other).enumerate() {
            let place = place.item(&index.to_string(), index);
            walk(kind, Some(before), Some(after), &place, found);
        }
    } else {
        found.push(Found {
            path: place.path.clone(),
            shown: place.shown.clone(),
            pointer: place.pointer.clone(),
            before: Some(one.to_vec().into()),
            after: Some(other.to_vec().into()),
            nature: Nature::Value,
        });
    }
}

fn reordered(one: &[Value], other: &[Value], place: &Place, found: &mut Vec<Found>) {
    found.push(Found {
        path: place.path.clone(),
        shown: place.shown.clone(),
        pointer: place.pointer.clone(),
        before: Some(one.to_vec().into()),
        after: Some(other.to_vec().into()),
        nature: Nature::Order,
    });
}

fn is_permutation(one: &[Value], other: &[Value]) -> bool {
    let sorted = |list: &[Value]| {
        let mut keys: Vec<String> = list.iter().map(key).collect();
        keys.sort_unstable();
        keys
    };
    sorted(one) == sorted(other)
}

/// The key that tells all items of both lists apart.
fn identity(one: &[Value], other: &[Value]) -> Option<&'static str> {
    let fits = |list: &[Value], name: &str| {
        let names: Vec<&str> = list
            .iter()
            .filter_map(|item| item.get(name).and_then(Value::as_str))
            .collect();
        let mut unique = names.clone();
        unique.sort_unstable();
        unique.dedup();
        names.len() == list.len() && unique.len() == list.len()
    };
    let any = !one.is_empty() || !other.is_empty();
    IDENTITIES
        .iter()
        .find(|name| any && fits(one, name) && fits(other, name))
        .copied()
}

fn name_of<'a>(item: &'a Value, identity: &str) -> &'a str {
    item.get(identity).and_then(Value::as_str).unwrap_or("")
}

fn keyed(
    kind: &str,
    identity: &str,
    one: &[Value],
    other: &[Value],
    place: &Place,
    found: &mut Vec<Found>,
) {
    let at =
        |list: &[Value], name: &str| list.iter().position(|item| name_of(item, identity) == name);
    for (index, before) in one.iter().enumerate() {
        let name = name_of(before, identity);
        let there = at(other, name);
        let place = place.item(name, there.unwrap_or(index));
        walk(
            kind,
            Some(before),
            there.map(|index| &other[index]),
            &place,
            found,
        );
    }
    for (index, after) in other.iter().enumerate() {
        let name = name_of(after, identity);
        if at(one, name).is_none() {
            walk(kind, None, Some(after), &place.item(name, index), found);
        }
    }
}

/// The names of the items that both lists have, in the order of the first.
fn order<'a>(identity: &str, one: &'a [Value], other: &[Value]) -> Vec<&'a str> {
    let names = |list: &'a [Value]| list.iter().map(|item| name_of(item, identity));
    let others: Vec<&str> = other.iter().map(|item| name_of(item, identity)).collect();
    names(one).filter(|name| others.contains(name)).collect()
}

/// Compares lists without order: items are there or not, as often as they are there.
fn bags(one: &[Value], other: &[Value], place: &Place, found: &mut Vec<Found>) {
    let mut counts: BTreeMap<String, i64> = BTreeMap::new();
    for item in other {
        *counts.entry(key(item)).or_default() += 1;
    }
    for (index, item) in one.iter().enumerate() {
        let count = counts.entry(key(item)).or_default();
        if *count > 0 {
            *count -= 1;
        } else {
            walk(
                "",
                Some(item),
                None,
                &place.item(&index.to_string(), index),
                found,
            );
        }
    }
    for (index, item) in other.iter().enumerate().rev() {
        let count = counts.entry(key(item)).or_default();
        if *count > 0 {
            *count -= 1;
            walk(
                "",
                None,
                Some(item),
                &place.item(&index.to_string(), index),
                found,
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(kind: &str, before: &Value, after: &Value) -> Vec<String> {
        differences(kind, before, after)
            .into_iter()
            .map(|found| {
                let text = |value: Option<Value>| value.map_or("-".to_owned(), |v| v.to_string());
                format!(
                    "{} {} {}",
                    found.shown,
                    text(found.before),
                    text(found.after)
                )
            })
            .collect()
    }

    #[test]
    fn tags_and_other_lists_without_order_are_compared_as_sets() {
        let before = json!({"Tags": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]});
        let after = json!({"Tags": [{"Key": "b", "Value": 2}, {"Key": "a", "Value": "1"}]});
        assert_eq!(shown("AWS::S3::Bucket", &before, &after), [""; 0]);
        let before = json!({"VpcConfig": {"Subnets": ["s-1", "s-2"]}});
        let after = json!({"VpcConfig": {"Subnets": ["s-3", "s-1"]}});
        assert_eq!(
            shown("AWS::SageMaker::Model", &before, &after),
            [
                "VpcConfig.Subnets[1] \"s-2\" -",
                "VpcConfig.Subnets[0] - \"s-3\""
            ]
        );
    }

    #[test]
    fn items_are_met_by_their_name() {
        let variant = |name: &str, count: u32| json!({"VariantName": name, "Count": count});
        let before = json!({"ProductionVariants": [variant("a", 1), variant("b", 1)]});
        let after = json!({"ProductionVariants": [variant("c", 1), variant("b", 2)]});
        let kind = "AWS::SageMaker::EndpointConfig";
        let found = differences(kind, &before, &after);
        let pointers: Vec<&str> = found.iter().map(|found| found.pointer.as_str()).collect();
        assert_eq!(
            pointers,
            [
                "/ProductionVariants/0",
                "/ProductionVariants/1/Count",
                "/ProductionVariants/0"
            ]
        );
        assert_eq!(found[1].shown, "ProductionVariants[b].Count");
        assert_eq!(found[1].path, "ProductionVariants/*/Count");
    }

    #[test]
    fn another_order_is_told_where_it_matters() {
        let before = json!({"Containers": [{"Image": "a"}, {"Image": "b"}]});
        let after = json!({"Containers": [{"Image": "b"}, {"Image": "a"}]});
        let found = differences("AWS::SageMaker::Model", &before, &after);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].nature, Nature::Order);
    }

    #[test]
    fn a_name_with_a_slash_is_escaped_in_the_pointer() {
        let found = differences("", &json!({"a/b~": 1}), &json!({"a/b~": 2}));
        assert_eq!(found[0].pointer, "/a~1b~0");
    }
}
