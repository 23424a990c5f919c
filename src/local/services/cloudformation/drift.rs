//! Compares resources as they are with what their stack gave them.
//!
//! As CloudFormation does it (user guide, "Detect unmanaged configuration changes to stacks and resources
//! with drift detection"): only properties that the template sets are compared, and types without a read
//! handler are not looked at.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::changes::is_unknown;
use super::registry::Registry;
use super::state::{
    Difference, DifferenceKind, DriftStatus, ResourceDrift, ResourceStatus, Stack, StackResource,
};
use crate::local::resource::{Live, ResourceError};

/// What is live of each resource of a stack, as far as that can be read.
pub(crate) type Actual = BTreeMap<String, Live>;

/// Reads a resource that exists.
///
/// # Errors
/// It cannot be read.
pub(crate) fn live(registry: &Registry, resource: &StackResource) -> Result<Live, ResourceError> {
    match (registry.get(&resource.kind), &resource.physical_id) {
        (Some(provider), Some(id)) => provider.read(id, &resource.properties),
        _ => Ok(Live::Unsupported),
    }
}

/// Reads all resources of a stack.
///
/// # Errors
/// One of them cannot be read.
pub(crate) fn actual(registry: &Registry, stack: &Stack) -> Result<Actual, ResourceError> {
    let there = stack.resources.values().filter(|resource| {
        resource.physical_id.is_some() && resource.status != ResourceStatus::DeleteComplete
    });
    there
        .map(|resource| Ok((resource.logical_id.clone(), live(registry, resource)?)))
        .collect()
}

/// Tells whether anything of the stack has drifted.
pub(crate) fn of_all(stack: &Stack, actual: &Actual) -> DriftStatus {
    let as_made = |(name, live): (&String, &Live)| match live {
        Live::Unsupported => true,
        Live::Missing => false,
        Live::Properties(properties) => stack
            .resources
            .get(name)
            .is_some_and(|resource| differences(&resource.properties, properties).is_empty()),
    };
    if actual.iter().all(as_made) {
        DriftStatus::InSync
    } else {
        DriftStatus::Modified
    }
}

/// Looks whether a resource has drifted; `None` when its type cannot be looked at.
///
/// # Errors
/// It cannot be read.
pub(crate) fn look(
    registry: &Registry,
    resource: &StackResource,
    now: i64,
) -> Result<Option<ResourceDrift>, ResourceError> {
    let (status, actual, differences) = match live(registry, resource)? {
        Live::Unsupported => return Ok(None),
        Live::Missing => (DriftStatus::Deleted, None, Vec::new()),
        Live::Properties(actual) => {
            let differences = differences(&resource.properties, &actual);
            let status = if differences.is_empty() {
                DriftStatus::InSync
            } else {
                DriftStatus::Modified
            };
            (status, Some(actual), differences)
        }
    };
    Ok(Some(ResourceDrift {
        status,
        checked: now,
        actual,
        differences,
    }))
}

/// Lists the differences that an update in place can take back. Immutable properties are not reconciled,
/// and what is not known yet cannot be compared.
pub(crate) fn reconcilable(
    registry: &Registry,
    kind: &str,
    desired: &Value,
    actual: &Value,
) -> Vec<Difference> {
    let fixed = registry
        .get(kind)
        .map_or(&[][..], |provider| provider.definition().create_only);
    let mut found = differences(desired, actual);
    found.retain(|one| {
        !fixed.contains(&one.property()) && !one.expected.as_ref().is_some_and(is_unknown)
    });
    found
}

/// Lists the properties that are not as expected.
pub(crate) fn differences(expected: &Value, actual: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    compare(String::new(), expected, Some(actual), &mut found);
    found
}

fn compare(path: String, expected: &Value, actual: Option<&Value>, found: &mut Vec<Difference>) {
    match (expected, actual) {
        (Value::Object(expected), Some(Value::Object(actual))) => {
            objects(&path, expected, actual, found);
        }
        (Value::Array(expected), Some(Value::Array(actual))) => {
            lists(&path, expected, actual, found);
        }
        (_, Some(actual)) if same(expected, actual) => {}
        (_, actual) => found.push(unequal(path, expected, actual)),
    }
}

fn objects(
    path: &str,
    expected: &Map<String, Value>,
    actual: &Map<String, Value>,
    found: &mut Vec<Difference>,
) {
    for (name, value) in expected {
        let path = format!("{path}/{name}");
        if name.ends_with("PolicyDocument") {
            // A document is compared as one: any change of it changes what it means.
            if actual.get(name) != Some(value) {
                found.push(unequal(path, value, actual.get(name)));
            }
        } else {
            compare(path, value, actual.get(name), found);
        }
    }
    // Of most objects only what is set counts; variables are one value.
    let whole = path.ends_with("/Variables");
    let added = actual
        .iter()
        .filter(|(name, _)| whole && !expected.contains_key(*name));
    found.extend(added.map(|(name, value)| Difference {
        path: format!("{path}/{name}"),
        kind: DifferenceKind::Add,
        expected: None,
        actual: Some(value.clone()),
    }));
}

fn unequal(path: String, expected: &Value, actual: Option<&Value>) -> Difference {
    Difference {
        path,
        kind: match actual {
            None => DifferenceKind::Remove,
            Some(_) => DifferenceKind::NotEqual,
        },
        expected: Some(expected.clone()),
        actual: actual.cloned(),
    }
}

/// Pairs what is equal, whatever its place, and compares the rest in order.
fn lists(path: &str, expected: &[Value], actual: &[Value], found: &mut Vec<Difference>) {
    let mut spare: Vec<&Value> = actual.iter().collect();
    let mut unpaired = Vec::new();
    for (index, value) in expected.iter().enumerate() {
        let mut none = Vec::new();
        let twin = spare.iter().position(|other| {
            none.clear();
            compare(String::new(), value, Some(other), &mut none);
            none.is_empty()
        });
        match twin {
            Some(twin) => drop(spare.remove(twin)),
            None => unpaired.push((index, value)),
        }
    }
    let mut spare = spare.into_iter();
    for (index, value) in unpaired {
        compare(format!("{path}/{index}"), value, spare.next(), found);
    }
    for (offset, value) in spare.enumerate() {
        found.push(Difference {
            path: format!("{path}/{}", expected.len() + offset),
            kind: DifferenceKind::Add,
            expected: None,
            actual: Some(value.clone()),
        });
    }
}

/// Templates may write numbers and booleans as strings.
fn same(expected: &Value, actual: &Value) -> bool {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    };
    expected == actual || text(expected).is_some_and(|expected| text(actual) == Some(expected))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn found(expected: &Value, actual: &Value) -> Vec<String> {
        differences(expected, actual)
            .into_iter()
            .map(|difference| format!("{} {}", difference.path, difference.kind))
            .collect()
    }

    #[test]
    fn only_what_the_template_sets_is_compared() {
        let expected = json!({ "Size": "2", "On": true, "Deep": { "A": 1 } });
        let actual = json!({ "Size": 2, "On": "true", "Deep": { "A": 1, "B": 2 }, "More": 1 });
        assert_eq!(found(&expected, &actual), [""; 0]);
        let actual = json!({ "Size": 3, "Deep": { "B": 2 } });
        assert_eq!(
            found(&expected, &actual),
            ["/Size NOT_EQUAL", "/On REMOVE", "/Deep/A REMOVE"]
        );
    }

    #[test]
    fn lists_have_no_order_but_every_item_counts() {
        let expected = json!({ "L": [{ "K": "a" }, { "K": "b" }] });
        assert_eq!(
            found(&expected, &json!({ "L": [{ "K": "b" }, { "K": "a" }] })),
            [""; 0]
        );
        assert_eq!(
            found(&expected, &json!({ "L": [{ "K": "b" }, { "K": "c" }] })),
            ["/L/0/K NOT_EQUAL"]
        );
        assert_eq!(
            found(&expected, &json!({ "L": [{ "K": "b" }] })),
            ["/L/0 REMOVE"]
        );
        let more = json!({ "L": [{ "K": "a" }, { "K": "b" }, { "K": "c" }] });
        assert_eq!(found(&expected, &more), ["/L/2 ADD"]);
    }

    #[test]
    fn what_is_added_to_a_document_or_to_variables_counts() {
        let expected = json!({
            "Environment": { "Variables": { "A": "1" } },
            "PolicyDocument": { "Statement": [] },
        });
        let actual = json!({
            "Environment": { "Variables": { "A": "1", "B": "2" } },
            "PolicyDocument": { "Statement": [], "Id": "x" },
        });
        assert_eq!(
            found(&expected, &actual),
            ["/Environment/Variables/B ADD", "/PolicyDocument NOT_EQUAL"]
        );
    }
}
