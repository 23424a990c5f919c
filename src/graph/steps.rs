//! The steps of a plan, and which needs which.

use super::{Edge, Graph, Group, Mark, Node, id};
use crate::plan::{Action, Plan, Step, StepKind};

/// The group of the steps.
const STEPS: &str = "steps";
/// The groups of what is removed, and of what stays although it might be expected to go.
const REMOVED: &str = "removed";
const KEPT: &str = "kept";

/// Draws a plan: a node for each step with its reason, an arrow from each step to those that need what it
/// makes; and what is removed.
pub fn steps(title: &str, plan: &Plan) -> Graph {
    let mut groups = vec![Group {
        name: STEPS.to_owned(),
        nodes: plan.steps.iter().map(step).collect(),
    }];
    for (name, items, mark) in [
        (REMOVED, &plan.removes, Mark::Deleted),
        (KEPT, &plan.keeps, Mark::Kept),
    ] {
        let nodes: Vec<Node> = items
            .iter()
            .enumerate()
            .map(|(index, item)| Node {
                id: id(name, &index.to_string()),
                label: item.name.clone(),
                detail: item.kind.to_owned(),
                mark,
            })
            .collect();
        if !nodes.is_empty() {
            groups.push(Group {
                name: name.to_owned(),
                nodes,
            });
        }
    }
    Graph {
        title: title.to_owned(),
        groups,
        edges: edges(&plan.steps),
    }
}

fn step(step: &Step) -> Node {
    Node {
        id: of(step.kind),
        label: step.kind.to_string(),
        detail: step.reason.to_string(),
        mark: mark(step.action),
    }
}

fn of(kind: StepKind) -> String {
    id(STEPS, &format!("{kind:?}"))
}

const fn mark(action: Action) -> Mark {
    match action {
        Action::Create => Mark::Created,
        Action::Update | Action::RollBack | Action::Attach => Mark::Changed,
        Action::Replace => Mark::Replaced,
        Action::Delete => Mark::Deleted,
        Action::Reuse | Action::Check => Mark::Kept,
    }
}

/// The arrows: each step to the ones that need it, and where a step needs nothing that is done here, the
/// one before it, as they are carried out one after the other.
fn edges(steps: &[Step]) -> Vec<Edge> {
    let has = |kind: &StepKind| steps.iter().any(|step| step.kind == *kind);
    let mut edges = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        let mut before: Vec<StepKind> = needs(step.kind).iter().copied().filter(has).collect();
        if before.is_empty() {
            before.extend(index.checked_sub(1).map(|before| steps[before].kind));
        }
        edges.extend(before.into_iter().map(|from| Edge {
            from: of(from),
            to: of(step.kind),
        }));
    }
    edges.sort();
    edges.dedup();
    edges
}

/// What a step uses of what earlier ones made.
const fn needs(kind: StepKind) -> &'static [StepKind] {
    match kind {
        StepKind::Data | StepKind::Code | StepKind::Function | StepKind::Artifact => {
            &[StepKind::Foundation]
        }
        StepKind::Training => &[StepKind::Data, StepKind::Code],
        StepKind::Service => &[StepKind::Function, StepKind::Training, StepKind::Artifact],
        StepKind::BatchJob => &[StepKind::BatchRequests],
        StepKind::BatchResults => &[StepKind::BatchJob],
        _ => &[],
    }
}
