//! What must exist before what.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;

use super::references::{Branches, references};
use super::{Template, TemplateError};

/// For each resource of the template whose condition holds, the resources it needs, in template order.
pub(crate) type Graph = IndexMap<String, BTreeSet<String>>;

/// Builds the graph from `Ref`, `Fn::GetAtt`, `Fn::Sub` and `DependsOn`.
///
/// # Errors
/// The resources depend on each other in a circle.
pub(crate) fn graph(
    template: &Template,
    conditions: &BTreeMap<String, bool>,
) -> Result<Graph, TemplateError> {
    let wanted = |name: &str| {
        template.resources.get(name).is_some_and(|resource| {
            resource
                .condition
                .as_ref()
                .is_none_or(|condition| conditions.get(condition) == Some(&true))
        })
    };
    let mut graph = Graph::new();
    for (name, resource) in template.resources.iter().filter(|(name, _)| wanted(name)) {
        let mut needs: BTreeSet<String> = resource.depends_on.iter().cloned().collect();
        for reference in references(&resource.properties, Branches::Chosen(conditions)) {
            needs.extend(reference.target().map(str::to_owned));
        }
        needs.retain(|need| wanted(need));
        graph.insert(name.clone(), needs);
    }
    match circle(&graph) {
        circle if circle.is_empty() => Ok(graph),
        circle => Err(TemplateError::Circle(circle)),
    }
}

/// Returns the nodes that can never come first; empty when there is no circle.
fn circle(graph: &Graph) -> Vec<String> {
    let mut left: BTreeSet<&String> = graph.keys().collect();
    // Nodes without open needs go, then those that nothing left needs: what stays is on a circle.
    loop {
        let before = left.len();
        let next: BTreeSet<&String> = left
            .iter()
            .copied()
            .filter(|name| graph[*name].iter().any(|need| left.contains(need)))
            .collect();
        left = next
            .iter()
            .copied()
            .filter(|name| next.iter().any(|other| graph[*other].contains(*name)))
            .collect();
        if left.len() == before {
            return left.into_iter().cloned().collect();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(resources: &str) -> Result<Graph, String> {
        let template = Template::parse(&format!(
            "Parameters:\n  P: {{Type: String}}\nConditions:\n  Never: !Equals [a, b]\nResources:\n{resources}"
        ))
        .map_err(|error| error.to_string())?;
        graph(&template, &BTreeMap::from([("Never".into(), false)]))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn every_kind_of_reference_is_a_dependency() {
        let graph = of("  A: {Type: T}\n  B: {Type: T, Properties: {X: !Ref A, Y: !Ref P}}\n\
             \x20 C: {Type: T, Properties: {X: !GetAtt B.Arn}, DependsOn: A}\n  D: {Type: T, Properties: {X: !Sub '${C.Id}'}}\n\
             \x20 Off: {Type: T, Condition: Never}\n  E: {Type: T, Properties: {X: !If [Never, !Ref Off, !Ref A]}}\n")
        .unwrap();
        let needs = |name: &str| graph[name].iter().map(String::as_str).collect::<Vec<_>>();
        assert_eq!(needs("B"), ["A"]);
        assert_eq!(needs("C"), ["A", "B"]);
        assert_eq!(needs("D"), ["C"]);
        assert_eq!(needs("E"), ["A"]);
        assert!(!graph.contains_key("Off"));
    }

    #[test]
    fn only_the_circle_is_named() {
        let error = of("  A: {Type: T, DependsOn: B}\n  B: {Type: T, DependsOn: C}\n  C: {Type: T, DependsOn: B}\n  D: {Type: T}\n")
            .unwrap_err();
        assert_eq!(error, "Circular dependency between resources: [B, C]");
        let error = of("  A: {Type: T, DependsOn: A}\n").unwrap_err();
        assert_eq!(error, "Circular dependency between resources: [A]");
    }
}
