//! Turns what was found in one document into the list of its changes.

use serde_json::{Map, Value};

use super::change::{Action, Cause, Change, Difference, Effect, PropertyChange, Section};
use super::compare::{self, Found, Nature, escaped};
use super::environment::{Comparison, kind, resources};
use super::facts::{self, Rule};
use super::impact::{self, Follow, Key, Level};
use super::policy;
use super::references::Target;

/// Attributes beside `Properties` that a resource may have.
const ATTRIBUTES: &[&str] = &[
    "Condition",
    "CreationPolicy",
    "DeletionPolicy",
    "DependsOn",
    "Metadata",
    "UpdatePolicy",
    "UpdateReplacePolicy",
];

/// Lists what differs in a document, in the order of the new template.
pub(super) fn changes(comparison: &Comparison, document: &str) -> Vec<Change> {
    let nothing = Value::Object(Map::new());
    let before = comparison.before.get(document).unwrap_or(&nothing);
    let after = comparison.after.get(document).unwrap_or(&nothing);
    if before.get("Resources").is_none() && after.get("Resources").is_none() {
        return request(comparison, document).into_iter().collect();
    }
    let mut out = Vec::new();
    for (id, resource) in resources(after) {
        let change = match before["Resources"].get(id) {
            None => Some(whole(id, resource, Action::Add)),
            Some(base) => modified(
                comparison,
                &(document.to_owned(), id.clone()),
                base,
                resource,
            ),
        };
        out.extend(change);
    }
    for (id, base) in resources(before) {
        if after["Resources"].get(id).is_none() {
            out.push(whole(id, base, Action::Remove));
        }
    }
    sections(before, after, &mut out);
    out
}

/// A resource that is on one side only.
fn whole(id: &str, resource: &Value, action: Action) -> Change {
    let kind = kind(resource);
    let properties = &resource["Properties"];
    let (before, after) = match action {
        Action::Remove => (Some(properties), None),
        _ => (None, Some(properties)),
    };
    let property = |(name, value): (&String, &Value)| PropertyChange {
        path: name.clone(),
        pointer: format!("/Resources/{}/Properties/{}", escaped(id), escaped(name)),
        difference: Difference::Value,
        before: before.map(|_| value.clone()),
        after: after.map(|_| value.clone()),
        effect: Effect::None,
        rule: None,
        because: None,
        origin: None,
    };
    Change {
        section: Section::Resource,
        id: id.to_owned(),
        kind: Some(kind.to_owned()),
        action,
        pointer: format!("/Resources/{}", escaped(id)),
        properties: properties
            .as_object()
            .into_iter()
            .flatten()
            .map(property)
            .collect(),
        permissions: policy::permissions(kind, id, before, after),
        origin: None,
    }
}

/// A resource that is on both sides; `None` when nothing of it differs.
fn modified(comparison: &Comparison, key: &Key, base: &Value, resource: &Value) -> Option<Change> {
    let kind = kind(resource);
    let pointer = format!("/Resources/{}", escaped(&key.1));
    let mut properties = Vec::new();
    if self::kind(base) != kind {
        properties.push(PropertyChange {
            path: "Type".to_owned(),
            pointer: format!("{pointer}/Type"),
            difference: Difference::Value,
            before: base.get("Type").cloned(),
            after: resource.get("Type").cloned(),
            effect: Effect::Replace,
            rule: Some("another type is another resource".to_owned()),
            because: None,
            origin: None,
        });
    }
    let below = format!("{pointer}/Properties");
    for found in comparison.found.get(key).into_iter().flatten() {
        let effect = impact::effect(kind, &found.path, Level::Yes);
        properties.push(property(found, &below, effect, rule(kind, &found.path)));
    }
    for follow in comparison.follows.get(key).into_iter().flatten() {
        properties.push(followed(comparison, key, follow, kind, &below));
    }
    for name in ATTRIBUTES {
        let (before, after) = (attribute(base, name), attribute(resource, name));
        let (effect, rule) = match *name {
            "Condition" => (
                Effect::MayReplace,
                Some("it decides whether the resource exists"),
            ),
            _ => (Effect::None, None),
        };
        for found in compare::differences("", &before, &after) {
            properties.push(property(&found, &pointer, effect, rule.map(str::to_owned)));
        }
    }
    if properties.is_empty() {
        return None;
    }
    let (before, after) = (base.get("Properties"), resource.get("Properties"));
    Some(Change {
        section: Section::Resource,
        id: key.1.clone(),
        kind: Some(kind.to_owned()),
        action: Change::action_of(&properties),
        pointer,
        permissions: policy::permissions(kind, &key.1, before, after),
        properties,
        origin: None,
    })
}

/// An attribute alone, so that its name is part of the paths; one dependency is a list of one.
fn attribute(resource: &Value, name: &str) -> Value {
    let value = match resource.get(name) {
        Some(Value::String(one)) if name == "DependsOn" => Some(vec![one.as_str()].into()),
        other => other.cloned(),
    };
    Value::Object(
        value
            .map(|value| (name.to_owned(), value))
            .into_iter()
            .collect(),
    )
}

fn property(found: &Found, below: &str, effect: Effect, rule: Option<String>) -> PropertyChange {
    PropertyChange {
        path: found.shown.clone(),
        pointer: format!("{below}{}", found.pointer),
        difference: match found.nature {
            Nature::Value => Difference::Value,
            Nature::Order => Difference::Order,
            Nature::Policy => Difference::Policy,
        },
        before: found.before.clone(),
        after: found.after.clone(),
        effect,
        rule,
        because: None,
        origin: None,
    }
}

/// A property whose text is the same, but whose value follows another change.
fn followed(
    comparison: &Comparison,
    key: &Key,
    follow: &Follow,
    kind: &str,
    below: &str,
) -> PropertyChange {
    let reference = match &follow.target {
        Target::Name(name) | Target::Condition(name) | Target::Mapping(name) => name.clone(),
        Target::Attribute(name, attribute) => format!("{name}.{attribute}"),
    };
    let is_parameter = |name: &String| {
        let parameter = (key.0.clone(), name.clone());
        comparison.web.parameters.get(&parameter) == Some(&Level::Yes)
    };
    let document = match &follow.target {
        Target::Name(name) => match comparison.web.feeder(&key.0, name) {
            Some(feeder) => Some(feeder.to_owned()),
            None if is_parameter(name) => None,
            None => Some(key.0.clone()),
        },
        _ => Some(key.0.clone()),
    };
    let shown = follow.path.replace("/*", "[*]").replace('/', ".");
    // List items have no single place: the pointer ends at the list.
    let stem = follow.path.split("/*").next().unwrap_or(&follow.path);
    let mut pointer = below.to_owned();
    for step in stem.split('/') {
        pointer = format!("{pointer}/{}", escaped(step));
    }
    PropertyChange {
        path: shown,
        pointer,
        difference: Difference::Reference,
        before: None,
        after: None,
        effect: follow.effect,
        rule: rule(kind, &follow.path).filter(|_| follow.effect >= Effect::MayReplace),
        because: Some(Cause {
            document,
            reference,
            certain: follow.level == Level::Yes,
        }),
        origin: None,
    }
}

/// Says why a property replaces.
fn rule(kind: &str, path: &str) -> Option<String> {
    let top = path.split('/').next().unwrap_or(path);
    match facts::rule(kind, path) {
        Rule::InPlace => None,
        Rule::CreateOnly => Some(format!("{top} can be set at creation only")),
        Rule::Conditional => Some(format!(
            "{top} can be changed in place for some values only"
        )),
        Rule::Unknown => Some(format!("nothing is known of the type {kind}")),
    }
}

/// A request as a whole; `None` when it is the same on both sides.
fn request(comparison: &Comparison, document: &str) -> Option<Change> {
    let nothing = Value::Object(Map::new());
    let (before, after) = (
        comparison.before.get(document),
        comparison.after.get(document),
    );
    let action = match (before, after) {
        (None, _) => Action::Add,
        (_, None) => Action::Remove,
        _ => Action::Update,
    };
    let found = compare::differences("", before.unwrap_or(&nothing), after.unwrap_or(&nothing));
    let properties: Vec<PropertyChange> = found
        .iter()
        .map(|found| property(found, "", Effect::InPlace, None))
        .collect();
    (!properties.is_empty()).then(|| Change {
        section: Section::Request,
        id: document.to_owned(),
        kind: None,
        action,
        pointer: String::new(),
        properties,
        permissions: Vec::new(),
        origin: None,
    })
}

/// Compares what a template has beside its resources.
fn sections(before: &Value, after: &Value, out: &mut Vec<Change>) {
    for (name, section) in [
        ("Parameters", Section::Parameter),
        ("Conditions", Section::Condition),
        ("Mappings", Section::Mapping),
        ("Outputs", Section::Output),
    ] {
        let (one, other) = (before[name].as_object(), after[name].as_object());
        let has = |map: Option<&Map<String, Value>>, id: &str| {
            map.is_some_and(|map| map.contains_key(id))
        };
        let ids = other.into_iter().flatten().map(|(id, _)| id);
        let gone = one
            .into_iter()
            .flatten()
            .map(|(id, _)| id)
            .filter(|id| !has(other, id));
        for id in ids.chain(gone) {
            let (old, new) = (
                one.and_then(|map| map.get(id)),
                other.and_then(|map| map.get(id)),
            );
            out.extend(entry(section, name, id, old, new));
        }
    }
    let known = [
        "Resources",
        "Parameters",
        "Conditions",
        "Mappings",
        "Outputs",
    ];
    let rest = |template: &Value| -> Value {
        let mut rest = template.as_object().cloned().unwrap_or_default();
        rest.retain(|name, _| !known.contains(&name.as_str()));
        rest.into()
    };
    for found in compare::differences("", &rest(before), &rest(after)) {
        let name = found.path.split('/').next().unwrap_or_default().to_owned();
        let effect = match name.as_str() {
            "Transform" | "Rules" => Effect::InPlace,
            _ => Effect::None,
        };
        let properties = vec![property(&found, "", effect, None)];
        out.push(Change {
            section: Section::Template,
            pointer: found.pointer.clone(),
            id: name,
            kind: None,
            action: Change::action_of(&properties),
            properties,
            permissions: Vec::new(),
            origin: None,
        });
    }
}

fn entry(
    section: Section,
    folder: &str,
    id: &str,
    before: Option<&Value>,
    after: Option<&Value>,
) -> Option<Change> {
    let nothing = Value::Object(Map::new());
    let pointer = format!("/{folder}/{}", escaped(id));
    let found = compare::differences("", before.unwrap_or(&nothing), after.unwrap_or(&nothing));
    let properties: Vec<PropertyChange> = found
        .iter()
        .map(|found| {
            // Only these reach the account; descriptions and patterns are CloudFormation's own.
            let reaches = match section {
                Section::Output => {
                    found.path.starts_with("Value") || found.path.starts_with("Export")
                }
                Section::Parameter => found.path == "Default",
                _ => true,
            };
            let effect = if reaches {
                Effect::InPlace
            } else {
                Effect::None
            };
            property(found, &pointer, effect, None)
        })
        .collect();
    let action = match (before, after) {
        (None, Some(_)) => Action::Add,
        (Some(_), None) => Action::Remove,
        _ if properties.is_empty() => return None,
        _ => Change::action_of(&properties),
    };
    Some(Change {
        section,
        id: id.to_owned(),
        kind: None,
        action,
        pointer,
        properties,
        permissions: Vec::new(),
        origin: None,
    })
}
