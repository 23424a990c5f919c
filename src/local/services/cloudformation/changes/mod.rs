//! Computes what a change set would do, before any of it is done. Pure.

mod drifted;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

pub(crate) use self::drifted::Looked;
use super::registry::Registry;
use super::state::{
    Change, ChangeAction, ChangeDrift, ChangeSource, ChangeTarget, Definition, Detail, DriftStatus,
    Recreation, Replacement, ResourceStatus, Stack, StackResource,
};
use super::template::conditions;
use super::template::graph::{Graph, graph};
use super::template::intrinsics::{Pseudo, Resources, Scope, UNKNOWN};
use super::template::references::{Branches, Reference, references};
use super::template::{Policy, ResourceSpec, Template, TemplateError};
use crate::local::resource::Live;

/// What is there and what is wanted.
pub(crate) struct Comparison<'a> {
    pub(crate) stack: &'a Stack,
    pub(crate) target: &'a Definition,
    pub(crate) template: &'a Template,
    pub(crate) pseudo: &'a Pseudo,
    pub(crate) registry: &'a Registry,
    /// Set for a drift-aware comparison.
    pub(crate) actual: Option<Looked<'a>>,
}

/// Lists the changes: additions and modifications in dependency order, then removals.
///
/// # Errors
/// A function cannot be evaluated, or the resources depend on each other in a circle.
pub(crate) fn changes(comparison: &Comparison<'_>) -> Result<Vec<Change>, TemplateError> {
    let Comparison {
        stack,
        target,
        template,
        pseudo,
        ..
    } = *comparison;
    let conditions = conditions::evaluate(template, &target.parameters, pseudo)?;
    let graph = graph(template, &conditions)?;
    let previous = previous_template(stack);
    let mut changed: BTreeMap<String, Change> = BTreeMap::new();
    for name in ordered(&graph) {
        let spec = &template.resources[&name];
        let predicted = Predicted {
            stack,
            changed: &changed,
        };
        let scope = Scope {
            template,
            parameters: &target.parameters,
            conditions: &conditions,
            pseudo,
            resources: &predicted,
        };
        let properties = scope
            .resolve(&spec.properties)?
            .unwrap_or_else(|| Value::Object(Map::new()));
        let change = match existing(stack, &name) {
            None => Some(addition(&name, spec)),
            // Deleted by somebody else: it is made again.
            Some(_) if comparison.live(&name) == Some(&Live::Missing) => Some(Change {
                drift: Some(ChangeDrift::Looked(DriftStatus::Deleted)),
                ..addition(&name, spec)
            }),
            Some(resource) if resource.kind != spec.kind => {
                return Err(TemplateError::Parameters(format!(
                    "Update of resource type is not permitted. The new template modifies resource type of the following resources: [{name}]"
                )));
            }
            Some(resource) => {
                let view = Modification {
                    comparison,
                    resource,
                    spec,
                    before: previous
                        .as_ref()
                        .and_then(|template| template.resources.get(&name)),
                    properties: &properties,
                    changed: &changed,
                };
                view.change()
            }
        };
        changed.extend(change.map(|change| (name, change)));
    }
    let mut listed: Vec<Change> = ordered(&graph)
        .iter()
        .filter_map(|name| changed.get(name).cloned())
        .collect();
    listed.extend(
        stack
            .living()
            .filter(|resource| !graph.contains_key(&resource.logical_id))
            .map(removal),
    );
    Ok(listed)
}

/// Tells whether anything at all changes: resources, outputs, parameter values or tags.
///
/// # Errors
/// As [`changes`].
pub(crate) fn anything_changes(
    comparison: &Comparison<'_>,
    changes: &[Change],
) -> Result<bool, TemplateError> {
    let Comparison {
        stack,
        target,
        template,
        ..
    } = *comparison;
    if !changes.is_empty()
        || stack.definition.parameters != target.parameters
        || stack.definition.tags != target.tags
    {
        return Ok(true);
    }
    let conditions = conditions::evaluate(template, &target.parameters, comparison.pseudo)?;
    let present = Predicted {
        stack,
        changed: &BTreeMap::new(),
    };
    let scope = Scope {
        template,
        parameters: &target.parameters,
        conditions: &conditions,
        pseudo: comparison.pseudo,
        resources: &present,
    };
    let outputs = super::outputs::evaluate(&scope)?;
    Ok(outputs != stack.outputs)
}

/// Orders the nodes so that each follows what it needs, otherwise as in the template.
fn ordered(graph: &Graph) -> Vec<String> {
    let mut order: Vec<String> = Vec::with_capacity(graph.len());
    let mut placed = BTreeSet::new();
    while order.len() < graph.len() {
        let before = order.len();
        for (name, needs) in graph {
            if !placed.contains(name) && needs.is_subset(&placed) {
                placed.insert(name.clone());
                order.push(name.clone());
            }
        }
        // A graph without circles always offers a next node; should it not, the rest follows as it is.
        if order.len() == before {
            order.extend(graph.keys().filter(|name| !placed.contains(*name)).cloned());
        }
    }
    order
}

fn previous_template(stack: &Stack) -> Option<Template> {
    Template::parse(&stack.definition.template).ok()
}

/// Returns the resource if it exists in the stack, so that it can be modified.
fn existing<'a>(stack: &'a Stack, name: &str) -> Option<&'a StackResource> {
    stack.resources.get(name).filter(|resource| {
        resource.physical_id.is_some() && resource.status != ResourceStatus::DeleteComplete
    })
}

/// The stack's resources as they will be, as far as that is known now.
struct Predicted<'a> {
    stack: &'a Stack,
    changed: &'a BTreeMap<String, Change>,
}

impl Predicted<'_> {
    fn unknown(what: &str) -> Value {
        Value::String(format!("{UNKNOWN}{what}{UNKNOWN}"))
    }

    fn stays(&self, name: &str) -> Option<&StackResource> {
        let replaced = self
            .changed
            .get(name)
            .is_some_and(|change| change.replacement != Some(Replacement::False));
        existing(self.stack, name).filter(|_| !replaced)
    }
}

impl Resources for Predicted<'_> {
    fn reference(&self, logical_id: &str) -> Option<Value> {
        match self.stays(logical_id) {
            Some(resource) => resource.physical_id.clone().map(Value::String),
            None => Some(Self::unknown(logical_id)),
        }
    }

    fn attribute(&self, logical_id: &str, name: &str) -> Option<Value> {
        match self.stays(logical_id) {
            Some(resource) => resource.attributes.get(name).cloned(),
            None => Some(Self::unknown(&format!("{logical_id}.{name}"))),
        }
    }
}

/// An existing resource beside what the template wants of it.
struct Modification<'a> {
    comparison: &'a Comparison<'a>,
    resource: &'a StackResource,
    spec: &'a ResourceSpec,
    /// The resource in the previous template.
    before: Option<&'a ResourceSpec>,
    /// Resolved; what is not known yet is marked.
    properties: &'a Value,
    changed: &'a BTreeMap<String, Change>,
}

impl Modification<'_> {
    fn change(&self) -> Option<Change> {
        let mut details = Vec::new();
        for name in changed_properties(&self.resource.properties, self.properties) {
            self.explain(&name, &mut details);
        }
        self.add_drift(&mut details);
        let direct = |target| Detail {
            target,
            name: None,
            recreation: Recreation::Never,
            known: true,
            source: ChangeSource::DirectModification,
            causing_entity: None,
            drift: None,
        };
        if self.comparison.registry.taggable(&self.spec.kind)
            && self.resource.tags != self.comparison.target.tags
        {
            details.push(direct(ChangeTarget::Tags));
        }
        if self.resource.metadata != self.spec.metadata {
            details.push(direct(ChangeTarget::Metadata));
        }
        if self.resource.deletion_policy != self.spec.deletion_policy {
            details.push(direct(ChangeTarget::DeletionPolicy));
        }
        if self.resource.update_replace_policy != self.spec.update_replace_policy {
            details.push(direct(ChangeTarget::UpdateReplacePolicy));
        }
        if details.is_empty() && self.resource.attempted.is_none() {
            return None;
        }
        let always = |known: bool| {
            details
                .iter()
                .any(|detail| detail.recreation == Recreation::Always && detail.known == known)
        };
        let replacement = if always(true) {
            Replacement::True
        } else if always(false) {
            Replacement::Conditional
        } else {
            Replacement::False
        };
        Some(Change {
            action: ChangeAction::Modify,
            logical_id: self.resource.logical_id.clone(),
            physical_id: self.resource.physical_id.clone(),
            kind: self.spec.kind.clone(),
            policy_action: (replacement != Replacement::False).then(|| {
                match self.spec.update_replace_policy {
                    Policy::Delete => "ReplaceAndDelete".into(),
                    Policy::Retain | Policy::RetainExceptOnCreate => "ReplaceAndRetain".into(),
                }
            }),
            replacement: Some(replacement),
            drift: self.drift_status(),
            details,
        })
    }

    /// Adds a detail for each cause of the property's change.
    fn explain(&self, name: &str, details: &mut Vec<Detail>) {
        let create_only = self
            .comparison
            .registry
            .get(&self.spec.kind)
            .is_some_and(|provider| provider.definition().create_only.contains(&name));
        let recreation = if create_only {
            Recreation::Always
        } else {
            Recreation::Never
        };
        let known = !self.properties.get(name).is_some_and(is_unknown);
        let detail = |source, causing_entity| Detail {
            target: ChangeTarget::Properties,
            name: Some(name.to_owned()),
            recreation,
            known,
            source,
            causing_entity,
            drift: None,
        };
        let (raw, raw_before) = (
            self.spec.properties.get(name),
            self.before.and_then(|before| before.properties.get(name)),
        );
        let before = details.len();
        for reference in raw
            .map(|raw| references(raw, Branches::All))
            .unwrap_or_default()
        {
            match self.cause(reference) {
                Some((source, entity))
                    if !details[before..]
                        .iter()
                        .any(|detail| detail.causing_entity.as_ref() == Some(&entity)) =>
                {
                    details.push(detail(source, Some(entity)));
                }
                _ => {}
            }
        }
        if details.len() == before || raw != raw_before {
            details.push(detail(ChangeSource::DirectModification, None));
        }
    }

    fn cause(&self, reference: Reference) -> Option<(ChangeSource, String)> {
        let stack = self.comparison.stack;
        match reference {
            Reference::Name(name) => match self.comparison.target.parameters.get(&name) {
                Some(value) => (stack.definition.parameters.get(&name) != Some(value))
                    .then_some((ChangeSource::ParameterReference, name)),
                None => self
                    .changed
                    .contains_key(&name)
                    .then_some((ChangeSource::ResourceReference, name)),
            },
            Reference::Attribute(name, attribute) => self.changed.contains_key(&name).then(|| {
                (
                    ChangeSource::ResourceAttribute,
                    format!("{name}.{attribute}"),
                )
            }),
            Reference::Condition(_) => None,
        }
    }
}

/// Returns the names of the top-level properties that differ, in order.
pub(crate) fn changed_properties(before: &Value, after: &Value) -> Vec<String> {
    let empty = Map::new();
    let (before, after) = (
        before.as_object().unwrap_or(&empty),
        after.as_object().unwrap_or(&empty),
    );
    let mut names: BTreeSet<&String> = before.keys().collect();
    names.extend(after.keys());
    names
        .into_iter()
        .filter(|name| before.get(*name) != after.get(*name))
        .cloned()
        .collect()
}

pub(crate) fn is_unknown(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains(UNKNOWN),
        Value::Array(items) => items.iter().any(is_unknown),
        Value::Object(map) => map.values().any(is_unknown),
        _ => false,
    }
}

fn addition(name: &str, spec: &ResourceSpec) -> Change {
    Change {
        action: ChangeAction::Add,
        logical_id: name.to_owned(),
        physical_id: None,
        kind: spec.kind.clone(),
        replacement: None,
        drift: None,
        details: Vec::new(),
        policy_action: None,
    }
}

fn removal(resource: &StackResource) -> Change {
    Change {
        action: ChangeAction::Remove,
        logical_id: resource.logical_id.clone(),
        physical_id: resource.physical_id.clone(),
        kind: resource.kind.clone(),
        replacement: None,
        drift: None,
        details: Vec::new(),
        policy_action: Some(
            match resource.deletion_policy {
                Policy::Delete | Policy::RetainExceptOnCreate => "Delete",
                Policy::Retain => "Retain",
            }
            .into(),
        ),
    }
}
