//! Evaluates the `Conditions` section.

use std::collections::BTreeMap;

use super::intrinsics::{NoResources, Pseudo, Scope};
use super::references::{Branches, Reference, references};
use super::{Template, TemplateError};

/// Evaluates every condition of the template.
///
/// # Errors
/// A condition is malformed, unknown, or depends on itself.
pub(crate) fn evaluate(
    template: &Template,
    parameters: &BTreeMap<String, String>,
    pseudo: &Pseudo,
) -> Result<BTreeMap<String, bool>, TemplateError> {
    let mut known = BTreeMap::new();
    let mut open: Vec<&String> = template.conditions.keys().collect();
    while !open.is_empty() {
        let before = open.len();
        let mut waiting = Vec::new();
        for name in open {
            let expression = &template.conditions[name];
            if !needs(expression)
                .iter()
                .all(|needed| known.contains_key(needed))
            {
                waiting.push(name);
                continue;
            }
            let scope = Scope {
                template,
                parameters,
                conditions: &known,
                pseudo,
                resources: &NoResources,
            };
            let held = scope.holds(expression)?;
            known.insert(name.clone(), held);
        }
        if waiting.len() == before {
            return Err(stuck(template, &waiting));
        }
        open = waiting;
    }
    Ok(known)
}

fn needs(expression: &serde_json::Value) -> Vec<String> {
    references(expression, Branches::All)
        .into_iter()
        .filter_map(|reference| match reference {
            Reference::Condition(name) => Some(name),
            _ => None,
        })
        .collect()
}

fn stuck(template: &Template, waiting: &[&String]) -> TemplateError {
    for name in waiting {
        for needed in needs(&template.conditions[*name]) {
            if !template.conditions.contains_key(&needed) {
                return TemplateError::Format(format!(
                    "Unresolved condition dependency {needed} in the Conditions block of the template"
                ));
            }
        }
    }
    let names: Vec<&str> = waiting.iter().map(|name| name.as_str()).collect();
    TemplateError::Format(format!(
        "Circular dependencies between conditions: [{}]",
        names.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evaluated(conditions: &str) -> Result<BTreeMap<String, bool>, String> {
        let text = format!(
            "Parameters:\n  Env: {{Type: String}}\n  Size: {{Type: Number}}\nConditions:\n{conditions}\nResources:\n  A: {{Type: T}}\n"
        );
        let template = Template::parse(&text).map_err(|error| error.to_string())?;
        let parameters =
            [("Env", "prod"), ("Size", "1")].map(|(name, value)| (name.into(), value.into()));
        let pseudo = Pseudo {
            account: "0".into(),
            region: "r".into(),
            stack_name: "s".into(),
            stack_id: "i".into(),
        };
        evaluate(&template, &parameters.into(), &pseudo).map_err(|error| error.to_string())
    }

    #[test]
    fn conditions_may_use_each_other_in_any_order() {
        let held = evaluated(
            "  Late: !And [!Condition Prod, !Not [!Condition Small]]\n  Prod: !Equals [!Ref Env, prod]\n\
             \x20 Small: !Equals [!Ref Size, '1']\n  Any: !Or [!Condition Prod, !Condition Small]\n",
        )
        .unwrap();
        assert_eq!(
            held.into_iter()
                .filter(|(_, held)| *held)
                .map(|(name, _)| name)
                .collect::<Vec<_>>(),
            ["Any", "Prod", "Small"]
        );
    }

    #[test]
    fn circles_and_unknown_names_are_errors() {
        let circle = evaluated("  A: !Not [!Condition B]\n  B: !Not [!Condition A]\n").unwrap_err();
        assert!(circle.contains("[A, B]"), "{circle}");
        let unknown = evaluated("  A: !Not [!Condition Nope]\n").unwrap_err();
        assert!(unknown.contains("Nope"), "{unknown}");
        let resource = evaluated("  X: !Equals [!Ref A, 1]\n").unwrap_err();
        assert!(resource.contains("[A]"), "{resource}");
    }
}
