//! Compares one environment: its documents, what follows from their differences, what it means.

use std::collections::BTreeMap;

use serde_json::Value;

use super::canonical::{Segment, key as canonical_key, normal, normal_with, same};
use super::change::{
    Content, ContentChange, ContentState, DocumentDiff, Effect, EnvironmentDiff, Presence,
    SettingChange,
};
use super::compare::{self, Found, Nature};
use super::consequences;
use super::documents::{Documents, TRAINING};
use super::facts;
use super::impact::{self, Follow, Key, Level, Node, Output, Web};
use super::model::ModelDiff;
use super::policy;
use super::references::references;
use super::template;
use super::training::{self, Training};

/// Both sides of an environment, in their one form, and what was found between them.
pub(super) struct Comparison {
    /// The documents of the base.
    pub(super) before: Documents,
    /// The documents of the working tree.
    pub(super) after: Documents,
    /// Differences of resources that are on both sides.
    pub(super) found: BTreeMap<Key, Vec<Found>>,
    /// What follows from them.
    pub(super) follows: BTreeMap<Key, Vec<Follow>>,
    /// What follows what.
    pub(super) web: Web,
    /// Whether a model is trained; `None` where there is no request on both sides.
    pub(super) training: Option<Training>,
    /// The models, where they are compared.
    pub(super) model: Option<ModelDiff>,
}

/// What is compared beside the documents.
#[derive(Debug, Default)]
pub struct Besides {
    /// Data and code that differ.
    pub content: Vec<ContentChange>,
    /// The models.
    pub model: Option<ModelDiff>,
    /// What the tool does otherwise.
    pub settings: Vec<SettingChange>,
}

impl From<Vec<ContentChange>> for Besides {
    fn from(content: Vec<ContentChange>) -> Self {
        Self {
            content,
            ..Self::default()
        }
    }
}

/// Compares an environment; a side that does not have it gives no documents.
pub fn compare_environment(
    environment: &str,
    before: Option<&Documents>,
    after: Option<&Documents>,
    besides: impl Into<Besides>,
) -> EnvironmentDiff {
    let Besides {
        content,
        model,
        settings,
    } = besides.into();
    let presence = match (before, after) {
        (None, _) => Presence::New,
        (_, None) => Presence::Gone,
        _ => Presence::Both,
    };
    let one_form = |documents: Option<&Documents>| -> Documents {
        let documents = documents.into_iter().flatten();
        documents
            .map(|(name, value)| (name.clone(), normal(value)))
            .collect()
    };
    let (before, after) = (one_form(before), one_form(after));
    let training = match (before.get(TRAINING), after.get(TRAINING)) {
        (Some(one), Some(other)) => Some(training::training(one, other, &content)),
        _ => None,
    };
    let found = resource_differences(&before, &after);
    let web = web(
        &before,
        &after,
        &found,
        seeds(training.as_ref(), &content, model.as_ref()),
    );
    let follows = web.settle();
    let comparison = Comparison {
        before,
        after,
        found,
        follows,
        web,
        training,
        model,
    };
    let documents = documents(&comparison);
    let mut consequences =
        consequences::of(environment, presence, &comparison, &documents, &content);
    consequences.sort();
    consequences.dedup();
    EnvironmentDiff {
        environment: environment.to_owned(),
        presence,
        documents,
        content,
        model: comparison.model,
        settings,
        consequences,
    }
}

/// The resources of a template, in its order.
pub(super) fn resources(template: &Value) -> impl Iterator<Item = (&String, &Value)> {
    template["Resources"].as_object().into_iter().flatten()
}

/// The type of a resource.
pub(super) fn kind(resource: &Value) -> &str {
    resource["Type"].as_str().unwrap_or("")
}

fn documents(comparison: &Comparison) -> Vec<DocumentDiff> {
    let (before, after) = (&comparison.before, &comparison.after);
    let names = before
        .keys()
        .chain(after.keys().filter(|name| !before.contains_key(*name)));
    let mut out = Vec::new();
    for name in names {
        let presence = match (before.get(name), after.get(name)) {
            (None, _) => Presence::New,
            (_, None) => Presence::Gone,
            _ => Presence::Both,
        };
        let changes = template::changes(comparison, name);
        if !changes.is_empty() {
            out.push(DocumentDiff {
                document: name.clone(),
                presence,
                changes,
            });
        }
    }
    out
}

/// Parameters of the service that change with what is not in the documents: model and code.
fn seeds(
    training: Option<&Training>,
    content: &[ContentChange],
    model: Option<&ModelDiff>,
) -> BTreeMap<Key, Level> {
    let mut seeds = BTreeMap::new();
    let mut add = |name: &str| {
        seeds.insert(("service".to_owned(), name.to_owned()), Level::Yes);
    };
    let is_new = |what: Content| {
        let known = |change: &&ContentChange| !matches!(change.state, ContentState::Unknown { .. });
        content
            .iter()
            .filter(known)
            .any(|change| change.what == what)
    };
    let retrains = matches!(training, Some(Training::Retrains { .. }));
    if retrains || is_new(Content::Model) || model.is_some_and(ModelDiff::is_changed) {
        add("ModelDataKey");
        add("TrainingKey");
    }
    if is_new(Content::FunctionCode) {
        add("FunctionCodeKey");
    }
    seeds
}

/// The differences in the properties of all resources that are on both sides.
fn resource_differences(before: &Documents, after: &Documents) -> BTreeMap<Key, Vec<Found>> {
    let mut out = BTreeMap::new();
    for (name, new) in after {
        let Some(old) = before.get(name) else {
            continue;
        };
        let (old_names, new_names) = (known(old), known(new));
        for (id, resource) in resources(new) {
            let Some(base) = old["Resources"].get(id) else {
                continue;
            };
            let kind = kind(resource);
            let mut found =
                compare::differences(kind, &base["Properties"], &resource["Properties"]);
            found.retain(|found| is_real(found, &old_names, &new_names));
            if !found.is_empty() {
                out.insert((name.clone(), id.clone()), found);
            }
        }
    }
    out
}

/// Whether a difference of the texts is one of the values, as far as that can be known.
fn is_real(found: &Found, old: &Names, new: &Names) -> bool {
    let (Some(before), Some(after)) = (&found.before, &found.after) else {
        return true;
    };
    if found.nature == Nature::Policy {
        return !policy::are_equal(before, after);
    }
    let resolved = |value: &Value, names: &Names| {
        let name = |segment: &Segment| match segment {
            Segment::Ref(name) => names.get(&(name.clone(), None)).cloned(),
            Segment::Attribute(name, attribute) => {
                names.get(&(name.clone(), Some(attribute.clone()))).cloned()
            }
            Segment::Text(_) | Segment::Other(_) => None,
        };
        canonical_key(&normal_with(value, &name))
    };
    resolved(before, old) != resolved(after, new)
}

type Names = BTreeMap<(String, Option<String>), Value>;

/// What `Ref` and attributes of named resources are known to be.
fn known(template: &Value) -> Names {
    let mut names = Names::new();
    for (id, resource) in resources(template) {
        let naming = facts::of(kind(resource)).and_then(|facts| facts.naming.as_ref());
        let Some((naming, [by])) = naming.map(|naming| (naming, naming.by.as_slice())) else {
            continue;
        };
        if let Some(value) = resource["Properties"].get(by) {
            if naming.ref_is_name {
                names.insert((id.clone(), None), value.clone());
            }
            names.insert((id.clone(), Some(by.clone())), value.clone());
        }
    }
    names
}

fn web(
    before: &Documents,
    after: &Documents,
    found: &BTreeMap<Key, Vec<Found>>,
    parameters: BTreeMap<Key, Level>,
) -> Web {
    let mut web = Web {
        parameters,
        ..Web::default()
    };
    for (name, new) in after {
        let Some(old) = before.get(name) else {
            continue;
        };
        for (id, resource) in resources(new) {
            if let Some(base) = old["Resources"].get(id) {
                let key = (name.clone(), id.clone());
                let node = node(base, resource, found.get(&key));
                web.nodes.insert(key, node);
            }
        }
        add_sections(&mut web, name, old, new);
    }
    web
}

fn node(base: &Value, resource: &Value, found: Option<&Vec<Found>>) -> Node {
    let kind = kind(resource);
    let mut direct: Vec<(String, Effect)> = found
        .into_iter()
        .flatten()
        .map(|found| {
            (
                found.path.clone(),
                impact::effect(kind, &found.path, Level::Yes),
            )
        })
        .collect();
    if self::kind(base) != kind {
        direct.push(("Type".to_owned(), Effect::Replace));
    }
    Node {
        kind: kind.to_owned(),
        before: base["Properties"].clone(),
        after: resource["Properties"].clone(),
        references: references(&resource["Properties"]),
        direct,
    }
}

/// Adds what else values can follow: outputs, defaults of parameters, conditions, mappings.
fn add_sections(web: &mut Web, document: &str, old: &Value, new: &Value) {
    let key = |name: &str| (document.to_owned(), name.to_owned());
    let entries = |section: &str| new[section].as_object().into_iter().flatten();
    for (name, output) in entries("Outputs") {
        let before = old["Outputs"].get(name);
        let unchanged = |base: &Value| same(&base["Value"], &output["Value"]);
        let output = Output {
            differs: before.is_some_and(|base| !unchanged(base)),
            references: references(&output["Value"]),
        };
        web.outputs.insert(key(name), output);
    }
    for (name, parameter) in entries("Parameters") {
        let before = old["Parameters"]
            .get(name)
            .and_then(|base| base.get("Default"));
        if before.map(canonical_key) != parameter.get("Default").map(canonical_key)
            && before.is_some()
        {
            web.parameters.entry(key(name)).or_insert(Level::Maybe);
        }
    }
    for section in ["Conditions", "Mappings"] {
        for (name, table) in entries(section) {
            let before = old[section].get(name);
            if before.is_some_and(|base| !same(base, table)) {
                web.tables.insert(key(name));
            }
        }
    }
}
