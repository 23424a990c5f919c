//! What a stack is to become: its definition, and what that wants of each resource.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::local::services::cloudformation::state::{ResourceStatus, Stack, StackResource};
use crate::local::services::cloudformation::template::graph::Graph;
use crate::local::services::cloudformation::template::intrinsics::{Pseudo, Resources, Scope};
use crate::local::services::cloudformation::template::{Template, TemplateError};

/// A definition that is being applied.
pub(super) struct Goal {
    pub(super) template: Template,
    pub(super) parameters: BTreeMap<String, String>,
    pub(super) conditions: BTreeMap<String, bool>,
    pub(super) graph: Graph,
    pub(super) pseudo: Pseudo,
}

impl Goal {
    /// Returns where values are evaluated, given the stack as it is.
    pub(super) fn scope<'a>(&'a self, resources: &'a dyn Resources) -> Scope<'a> {
        Scope {
            template: &self.template,
            parameters: &self.parameters,
            conditions: &self.conditions,
            pseudo: &self.pseudo,
            resources,
        }
    }
}

impl Resources for Stack {
    fn reference(&self, logical_id: &str) -> Option<Value> {
        self.resources
            .get(logical_id)?
            .physical_id
            .clone()
            .map(Value::String)
    }

    fn attribute(&self, logical_id: &str, name: &str) -> Option<Value> {
        self.resources
            .get(logical_id)?
            .attributes
            .get(name)
            .cloned()
    }
}

/// Evaluates what the definition wants of a resource.
pub(super) fn wanted(
    goal: &Goal,
    stack: &Stack,
    name: &str,
) -> Result<StackResource, TemplateError> {
    let mut wanted = blank(goal, stack, name);
    if let Some(spec) = goal.template.resources.get(name) {
        wanted.properties = goal
            .scope(stack)
            .resolve(&spec.properties)?
            .unwrap_or_else(|| Value::Object(Map::new()));
    }
    Ok(wanted)
}

/// A resource of the definition of which nothing is evaluated or made yet.
pub(super) fn blank(goal: &Goal, stack: &Stack, name: &str) -> StackResource {
    let spec = goal.template.resources.get(name);
    StackResource {
        logical_id: name.to_owned(),
        kind: spec.map(|spec| spec.kind.clone()).unwrap_or_default(),
        physical_id: None,
        physical_name: String::new(),
        status: ResourceStatus::CreateInProgress,
        status_reason: None,
        updated: 0,
        properties: Value::Object(Map::new()),
        attempted: None,
        attributes: BTreeMap::new(),
        tags: stack.definition.tags.clone(),
        needs: goal.graph.get(name).cloned().unwrap_or_default(),
        deletion_policy: spec.map(|spec| spec.deletion_policy).unwrap_or_default(),
        update_replace_policy: spec
            .map(|spec| spec.update_replace_policy)
            .unwrap_or_default(),
        metadata: spec.map(|spec| spec.metadata.clone()).unwrap_or_default(),
        replacement: None,
        drift: None,
        let_go: false,
    }
}
