//! Which values a property is made from.

use serde_json::Value;

use super::canonical::{Segment, normal, parts};

/// One use of another resource, a parameter, a condition or a mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reference {
    /// Where it is used: names below `Properties` with `/` between them, `*` for list items.
    pub(super) path: String,
    /// What is used.
    pub(super) target: Target,
    /// Whether the value is used for certain, or only in one branch of an `Fn::If`.
    pub(super) certain: bool,
}

/// What is used.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// `Ref` to a resource or a parameter.
    Name(String),
    /// An attribute of a resource.
    Attribute(String, String),
    /// A condition.
    Condition(String),
    /// A mapping.
    Mapping(String),
}

/// Lists the references in a value that is in its one form.
pub(super) fn references(value: &Value) -> Vec<Reference> {
    let mut found = Vec::new();
    collect(value, "", true, &mut found);
    found
}

/// Lists what a value of a template is made from, whatever form its functions have.
pub fn targets(value: &Value) -> Vec<Target> {
    let found = references(&normal(value)).into_iter();
    found.map(|reference| reference.target).collect()
}

/// Goes one step down a path.
pub(super) fn below(path: &str, step: &str) -> String {
    if path.is_empty() {
        step.to_owned()
    } else {
        format!("{path}/{step}")
    }
}

fn collect(value: &Value, path: &str, certain: bool, found: &mut Vec<Reference>) {
    let mut add = |target| {
        found.push(Reference {
            path: path.to_owned(),
            target,
            certain,
        });
    };
    let single = value.as_object().filter(|map| map.len() == 1);
    match single.and_then(|map| map.iter().next()) {
        Some((name, argument)) if name.starts_with("Fn::") || name == "Ref" => {
            match (name.as_str(), argument) {
                ("Fn::If", Value::Array(list)) => {
                    if let Some(Value::String(condition)) = list.first() {
                        add(Target::Condition(condition.clone()));
                    }
                    for branch in list.iter().skip(1) {
                        collect(branch, path, false, found);
                    }
                }
                ("Fn::FindInMap", Value::Array(list)) => {
                    if let Some(Value::String(mapping)) = list.first() {
                        add(Target::Mapping(mapping.clone()));
                    }
                    for item in list.iter().skip(1) {
                        collect(item, path, certain, found);
                    }
                }
                ("Ref" | "Fn::Sub" | "Fn::GetAtt", _) => {
                    for part in parts(value) {
                        match part {
                            Segment::Ref(name) => add(Target::Name(name)),
                            Segment::Attribute(resource, attribute) => {
                                add(Target::Attribute(resource, attribute));
                            }
                            Segment::Other(_) | Segment::Text(_) => {}
                        }
                    }
                    // The variables of `Fn::Sub` are the functions that have no other form.
                    if let Some(variables) = argument.get(1).filter(|_| name == "Fn::Sub") {
                        collect_all(variables, path, certain, found);
                    }
                }
                _ => collect_all(argument, path, certain, found),
            }
        }
        _ => match value {
            Value::Array(list) => {
                for item in list {
                    collect(item, &below(path, "*"), certain, found);
                }
            }
            Value::Object(map) => {
                for (key, item) in map {
                    collect(item, &below(path, key), certain, found);
                }
            }
            _ => {}
        },
    }
}

/// Collects from the arguments of a function: they are all used at the function's place.
fn collect_all(argument: &Value, path: &str, certain: bool, found: &mut Vec<Reference>) {
    match argument {
        Value::Array(list) => {
            for item in list {
                collect_all(item, path, certain, found);
            }
        }
        Value::Object(map) if map.len() != 1 || map.keys().all(|key| key.starts_with("Part")) => {
            for item in map.values() {
                collect_all(item, path, certain, found);
            }
        }
        other => collect(other, path, certain, found),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_function_that_uses_something_is_seen() {
        let value = normal(&json!({
            "A": [{"Ref": "X"}, {"Fn::Sub": "${X.Arn}/${Y}"}],
            "B": {"Fn::If": ["IsProd", {"Ref": "Z"}, "none"]},
            "C": {"Fn::FindInMap": ["Sizes", {"Ref": "P"}, "count"]},
            "D": {"Fn::Join": ["", ["a", {"Fn::Select": [0, {"Fn::Split": [",", {"Ref": "Q"}]}]}]]},
        }));
        let found: Vec<(String, Target, bool)> = references(&value)
            .into_iter()
            .map(|reference| (reference.path, reference.target, reference.certain))
            .collect();
        let name = |name: &str| Target::Name(name.to_owned());
        assert_eq!(
            found,
            [
                ("A/*".to_owned(), name("X"), true),
                (
                    "A/*".to_owned(),
                    Target::Attribute("X".into(), "Arn".into()),
                    true
                ),
                ("A/*".to_owned(), name("Y"), true),
                ("B".to_owned(), Target::Condition("IsProd".into()), true),
                ("B".to_owned(), name("Z"), false),
                ("C".to_owned(), Target::Mapping("Sizes".into()), true),
                ("C".to_owned(), name("P"), true),
                ("D".to_owned(), name("Q"), true),
            ]
        );
    }
}
