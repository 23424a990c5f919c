//! The field `promotes_from`, which only makes sense between the environments of a file.

use indexmap::IndexMap;

use crate::stack::codes;
use crate::stack::names::EnvironmentName;
use crate::stack::problem::Problem;
use crate::stack::suggest;
use crate::stack::yaml::{Content, Entry, Node};

/// Says which environments promote from one that is not there, or from themselves by any way.
pub(super) fn problems(environments: &IndexMap<EnvironmentName, Entry>) -> Vec<Problem> {
    let known: Vec<&str> = environments.keys().map(EnvironmentName::as_str).collect();
    let mut problems = Vec::new();
    for (name, entry) in environments {
        let Some((from, node)) = source(entry) else {
            continue;
        };
        if !known.contains(&from) {
            let summary = format!("`{name}` promotes from `{from}`, which is no environment");
            let problem = Problem::new(&codes::UNKNOWN_ENVIRONMENT, summary).at(node.place.clone());
            problems.push(problem.help(suggest::remedy(from, &known)));
        } else if let Some(way) = way_back(environments, name.as_str()) {
            let problem = Problem::new(
                &codes::PROMOTION_RING,
                format!("`{name}` promotes from itself"),
            )
            .because(format!("{}, and none of them trains", way.join(" from ")))
            .at(node.place.clone())
            .help("let one of them train: remove its `promotes_from`");
            problems.push(problem);
        }
    }
    problems
}

/// The environment that one promotes from.
fn source(entry: &Entry) -> Option<(&str, &Node)> {
    let node = entry.value.at(["promotes_from"])?;
    match &node.content {
        Content::Text(text) => Some((text, node)),
        _ => None,
    }
}

/// The way from an environment back to itself, if there is one.
fn way_back<'a>(
    environments: &'a IndexMap<EnvironmentName, Entry>,
    start: &'a str,
) -> Option<Vec<&'a str>> {
    let mut way = vec![start];
    let mut here = start;
    // No way is longer than there are environments, even into a ring that it is not part of.
    for _ in environments {
        let entry = environments.iter().find(|(name, _)| name.as_str() == here);
        here = source(entry?.1)?.0;
        way.push(here);
        if here == start {
            return Some(way);
        }
    }
    None
}
