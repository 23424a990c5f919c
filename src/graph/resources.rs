//! The resources of an environment, and what each needs.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{Edge, Graph, Group, Mark, Node, id};
use crate::diff::{Documents, Target, targets};

/// The service's parameter that no stack hands on: training makes what it names.
const MODEL_DATA: (&str, &str) = ("ModelDataKey", "training-job");
/// The start of a placeholder in a request, and its end.
const PLACEHOLDER: (&str, char) = ("${deploy:", '}');

/// Draws the documents of one environment: a node for each resource and each request, an arrow from
/// what is needed to what needs it. Parameters are followed through to the resource that they come from.
pub fn resources(title: &str, documents: &Documents) -> Graph {
    let outputs = outputs(documents);
    let mut groups = Vec::new();
    let mut edges = Vec::new();
    for (name, body) in ordered(documents) {
        let nodes = match body.get("Resources").and_then(Value::as_object) {
            Some(resources) => template(name, resources, &outputs, &mut edges),
            None => vec![request(name, body, &outputs, &mut edges)],
        };
        groups.push(Group {
            name: name.to_owned(),
            nodes,
        });
    }
    edges.retain(|edge| edge.from != edge.to);
    edges.sort();
    edges.dedup();
    Graph {
        title: title.to_owned(),
        groups,
        edges,
    }
}

/// The documents in the order in which they are carried out.
fn ordered(documents: &Documents) -> Vec<(&str, &Value)> {
    const ORDER: [&str; 4] = ["foundation", "training-job", "service", "transform-job"];
    let place = |name: &str| ORDER.iter().position(|known| *known == name);
    let mut all: Vec<_> = documents
        .iter()
        .map(|(name, body)| (name.as_str(), body))
        .collect();
    all.sort_by_key(|(name, _)| (place(name).unwrap_or(ORDER.len()), *name));
    all
}

/// The nodes that values come from, by the names of the outputs: parameters and placeholders have the same.
fn outputs(documents: &Documents) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let (parameter, request) = MODEL_DATA;
    if documents.contains_key(request) {
        found.insert(parameter.to_owned(), id(request, ""));
    }
    for (document, body) in ordered(documents) {
        let listed = body.get("Outputs").and_then(Value::as_object);
        for (output, shown) in listed.into_iter().flatten() {
            for used in targets(&shown["Value"]) {
                if let Target::Name(name) | Target::Attribute(name, _) = used
                    && body["Resources"].get(&name).is_some()
                {
                    found
                        .entry(output.clone())
                        .or_insert_with(|| id(document, &name));
                }
            }
        }
    }
    found
}

/// The nodes of a CloudFormation template.
fn template(
    document: &str,
    resources: &Map<String, Value>,
    outputs: &BTreeMap<String, String>,
    edges: &mut Vec<Edge>,
) -> Vec<Node> {
    let mut nodes = Vec::new();
    for (name, body) in resources {
        let to = id(document, name);
        let mut needs = targets(body.get("Properties").unwrap_or(&Value::Null))
            .into_iter()
            .filter_map(|used| match used {
                Target::Name(name) | Target::Attribute(name, _) => Some(name),
                Target::Condition(_) | Target::Mapping(_) => None,
            })
            .collect::<Vec<_>>();
        needs.extend(depends_on(body));
        for used in needs {
            let from = if resources.contains_key(&used) {
                Some(id(document, &used))
            } else {
                outputs.get(&used).cloned()
            };
            edges.extend(from.map(|from| Edge {
                from,
                to: to.clone(),
            }));
        }
        nodes.push(Node {
            id: to,
            label: name.clone(),
            detail: body["Type"].as_str().unwrap_or_default().to_owned(),
            mark: Mark::Kept,
        });
    }
    nodes
}

fn depends_on(body: &Value) -> Vec<String> {
    match body.get("DependsOn") {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(list)) => list
            .iter()
            .filter_map(|item| item.as_str().map(str::to_owned))
            .collect(),
        _ => Vec::new(),
    }
}

/// The node of a request document.
fn request(
    document: &str,
    body: &Value,
    outputs: &BTreeMap<String, String>,
    edges: &mut Vec<Edge>,
) -> Node {
    let to = id(document, "");
    let mut used = Vec::new();
    placeholders(body, &mut used);
    for name in used {
        edges.extend(outputs.get(name).map(|from| Edge {
            from: from.clone(),
            to: to.clone(),
        }));
    }
    Node {
        id: to,
        label: document.to_owned(),
        detail: "SageMaker request".to_owned(),
        mark: Mark::Kept,
    }
}

/// The names in the `${deploy:…}` placeholders of a request.
fn placeholders<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => {
            for rest in text.split(PLACEHOLDER.0).skip(1) {
                found.extend(rest.split(PLACEHOLDER.1).next());
            }
        }
        Value::Array(list) => list.iter().for_each(|item| placeholders(item, found)),
        Value::Object(map) => map.values().for_each(|item| placeholders(item, found)),
        _ => {}
    }
}
