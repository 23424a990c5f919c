//! Checks a template against itself and against the types that the engine has.

use std::collections::BTreeSet;

use serde_json::Value;

use super::references::{Branches, Reference, references};
use super::{ResourceSpec, Template, TemplateError};
use crate::local::resource::ResourceProvider;
use crate::local::services::cloudformation::registry::Registry;

/// Checks every reference, type and top-level property of the template.
///
/// # Errors
/// The first thing that is wrong, by name.
pub(crate) fn validate(template: &Template, registry: &Registry) -> Result<(), TemplateError> {
    unresolved(template)?;
    let unknown: BTreeSet<&str> = template
        .resources
        .values()
        .map(|resource| resource.kind.as_str())
        .filter(|kind| registry.get(kind).is_none())
        .collect();
    if !unknown.is_empty() {
        let unknown: Vec<&str> = unknown.into_iter().collect();
        return Err(TemplateError::Format(format!(
            "Unrecognized resource types: [{}]: the local engine does not emulate them",
            unknown.join(", ")
        )));
    }
    for (name, resource) in &template.resources {
        if let Some(provider) = registry.get(&resource.kind) {
            properties(name, resource, provider.as_ref())?;
        }
    }
    Ok(())
}

fn unresolved(template: &Template) -> Result<(), TemplateError> {
    let mut missing = BTreeSet::new();
    for resource in template.resources.values() {
        collect(template, &resource.properties, &mut missing)?;
        condition(template, resource.condition.as_ref())?;
        missing.extend(
            resource
                .depends_on
                .iter()
                .filter(|name| !template.resources.contains_key(*name))
                .cloned(),
        );
    }
    block("Resources", &missing)?;
    missing.clear();
    for output in template.outputs.values() {
        collect(template, &output.value, &mut missing)?;
        condition(template, output.condition.as_ref())?;
    }
    block("Outputs", &missing)
}

fn collect(
    template: &Template,
    value: &Value,
    missing: &mut BTreeSet<String>,
) -> Result<(), TemplateError> {
    for reference in references(value, Branches::All) {
        match reference {
            Reference::Name(name) => {
                if !template.resources.contains_key(&name)
                    && !template.parameters.contains_key(&name)
                {
                    missing.insert(name);
                }
            }
            Reference::Attribute(name, _) => {
                if !template.resources.contains_key(&name) {
                    missing.insert(name);
                }
            }
            Reference::Condition(name) => condition(template, Some(&name))?,
        }
    }
    Ok(())
}

fn condition(template: &Template, name: Option<&String>) -> Result<(), TemplateError> {
    match name {
        Some(name) if !template.conditions.contains_key(name) => Err(TemplateError::Format(
            format!("Unresolved condition dependency {name} in the template"),
        )),
        _ => Ok(()),
    }
}

fn block(section: &str, missing: &BTreeSet<String>) -> Result<(), TemplateError> {
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = missing.iter().map(String::as_str).collect();
    Err(TemplateError::Format(format!(
        "Unresolved resource dependencies [{}] in the {section} block of the template",
        names.join(", ")
    )))
}

fn properties(
    name: &str,
    resource: &ResourceSpec,
    provider: &dyn ResourceProvider,
) -> Result<(), TemplateError> {
    let Value::Object(given) = &resource.properties else {
        return Ok(());
    };
    let definition = provider.definition();
    for property in given.keys() {
        if !definition.properties.contains(&property.as_str()) {
            return Err(TemplateError::Parameters(format!(
                "Properties validation failed for resource {name} with message: #: extraneous key [{property}] is not permitted: \
                 the local engine knows {} with the properties {}",
                resource.kind,
                definition.properties.join(", ")
            )));
        }
    }
    for property in definition.required {
        if !given.contains_key(*property) {
            return Err(TemplateError::Parameters(format!(
                "Properties validation failed for resource {name} with message: #: required key [{property}] not found"
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::services::cloudformation::testing::registry;

    #[tokio::test]
    async fn problems_are_named() {
        for (text, reason) in [
            (
                "Resources:\n  A: {Type: AWS::Totally::Bogus}\n",
                "[AWS::Totally::Bogus]",
            ),
            (
                "Resources:\n  A: {Type: Test::Thing, Properties: {Foo: 1}}\n",
                "resource A with message: #: extraneous key [Foo]",
            ),
            (
                "Resources:\n  A: {Type: Test::Needy}\n",
                "resource A with message: #: required key [Size] not found",
            ),
            (
                "Resources:\n  A: {Type: Test::Thing, Properties: {Size: !Ref Nope}}\n",
                "[Nope] in the Resources block",
            ),
            (
                "Resources:\n  A: {Type: Test::Thing, DependsOn: Nope}\n",
                "[Nope] in the Resources block",
            ),
            (
                "Resources:\n  A: {Type: Test::Thing}\nOutputs:\n  O: {Value: !GetAtt B.Arn}\n",
                "[B] in the Outputs block",
            ),
            (
                "Resources:\n  A: {Type: Test::Thing, Condition: Nope}\n",
                "Nope",
            ),
        ] {
            let template = Template::parse(text).unwrap();
            let error = validate(&template, &registry()).unwrap_err().to_string();
            assert!(error.contains(reason), "{text:?}: {error}");
        }
    }
}
