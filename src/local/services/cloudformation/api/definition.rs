//! Reads from a request what a stack is to be made from, and checks it.

use std::collections::BTreeMap;

use super::{Call, validation};
use crate::local::services::cloudformation::state::{Definition, OnFailure, Stack};
use crate::local::services::cloudformation::template::{
    Template, conditions, graph, parameters, validate,
};
use crate::local::wire::ApiError;

/// Most tags of a stack.
const MOST_TAGS: usize = 50;

impl Call<'_> {
    /// Reads template, parameters, tags and capabilities of a request that creates or updates `stack`.
    ///
    /// # Errors
    /// `ValidationError` for whatever does not fit, `InsufficientCapabilitiesException`.
    pub(super) fn definition(&self, stack: &Stack) -> Result<(Definition, Template), ApiError> {
        let text = self.template_text(Some(stack))?;
        let template = Template::parse(&text)?;
        validate::validate(&template, &self.service.registry)?;
        let given = self.given_parameters(stack)?;
        let bound = parameters::bind(&template.parameters, &given)?;
        let pseudo = self.service.pseudo(stack);
        let held = conditions::evaluate(&template, &bound, &pseudo)?;
        graph::graph(&template, &held)?;
        let capabilities = self.parameters.strings("Capabilities");
        check_capabilities(&template, &capabilities)?;
        let tags = match self.tags()? {
            // An update that says nothing about tags keeps them.
            None => stack.definition.tags.clone(),
            Some(tags) => tags,
        };
        Ok((
            Definition {
                template: text,
                parameters: bound,
                tags,
                capabilities,
            },
            template,
        ))
    }

    /// Returns the template's text: given in the request, or the stack's own with `UsePreviousTemplate`.
    pub(super) fn template_text(&self, stack: Option<&Stack>) -> Result<String, ApiError> {
        self.refuse(&["TemplateURL"])?;
        let previous = self.parameters.flag("UsePreviousTemplate")?;
        match (self.parameters.get("TemplateBody"), stack) {
            (Some(text), _) if !previous => Ok(text.to_owned()),
            (None, Some(stack)) if previous && !stack.definition.template.is_empty() => {
                Ok(stack.definition.template.clone())
            }
            _ => Err(validation(
                "Either Template URL or Template Body must be specified.",
            )),
        }
    }

    fn given_parameters(&self, stack: &Stack) -> Result<BTreeMap<String, String>, ApiError> {
        let mut given = BTreeMap::new();
        for parameter in self.parameters.structures("Parameters") {
            let key = parameter.required("ParameterKey")?.to_owned();
            let value = if parameter.flag("UsePreviousValue")? {
                stack.definition.parameters.get(&key).cloned().ok_or_else(|| {
                    validation(format!("Invalid input for parameter key {key}. Cannot specify usePreviousValue as true for a parameter key not in the previous template"))
                })?
            } else {
                parameter
                    .get("ParameterValue")
                    .unwrap_or_default()
                    .to_owned()
            };
            if given.insert(key.clone(), value).is_some() {
                return Err(validation(format!("Parameter {key} is given twice")));
            }
        }
        Ok(given)
    }

    fn tags(&self) -> Result<Option<BTreeMap<String, String>>, ApiError> {
        if self.parameters.carried(&["Tags"]).is_empty() {
            return Ok(None);
        }
        let mut tags = BTreeMap::new();
        for tag in self.parameters.structures("Tags") {
            let key = tag.required("Key")?.to_owned();
            if key.to_ascii_lowercase().starts_with("aws:") {
                return Err(validation(format!(
                    "aws: prefixed tag key names are not allowed for external use: {key}"
                )));
            }
            tags.insert(key, tag.get("Value").unwrap_or_default().to_owned());
        }
        if tags.len() > MOST_TAGS {
            return Err(validation(format!(
                "a stack may have at most {MOST_TAGS} tags, not {}",
                tags.len()
            )));
        }
        Ok(Some(tags))
    }

    /// Returns what is to follow a failure: `OnStackFailure`, `OnFailure` or `DisableRollback`.
    pub(super) fn on_failure(&self, creates: bool) -> Result<OnFailure, ApiError> {
        let named = self
            .parameters
            .get("OnStackFailure")
            .or_else(|| self.parameters.get("OnFailure"));
        match (named, self.parameters.flag("DisableRollback")?) {
            (None, false) | (Some("ROLLBACK"), false) => Ok(OnFailure::Rollback),
            (None, true) | (Some("DO_NOTHING"), _) => Ok(OnFailure::DoNothing),
            (Some("DELETE"), false) if creates => Ok(OnFailure::Delete),
            (Some("DELETE"), false) => Err(validation(
                "OnStackFailure DELETE is only possible when the stack is created",
            )),
            (Some(other), _) => Err(validation(format!(
                "{other} does not fit the other parameters"
            ))),
        }
    }
}

fn check_capabilities(template: &Template, given: &[String]) -> Result<(), ApiError> {
    for capability in given {
        if !matches!(
            capability.as_str(),
            "CAPABILITY_IAM" | "CAPABILITY_NAMED_IAM" | "CAPABILITY_AUTO_EXPAND"
        ) {
            return Err(validation(format!("{capability} is no capability")));
        }
    }
    let has = |name: &str| given.iter().any(|capability| capability == name);
    let mut needed = None;
    for resource in template
        .resources
        .values()
        .filter(|resource| resource.kind.starts_with("AWS::IAM::"))
    {
        let named = resource.properties.as_object().is_some_and(|properties| {
            ["RoleName", "ManagedPolicyName", "UserName", "GroupName"]
                .iter()
                .any(|name| properties.contains_key(*name))
        });
        if named {
            needed = Some("CAPABILITY_NAMED_IAM");
        } else {
            needed = needed.or(Some("CAPABILITY_IAM"));
        }
    }
    match needed {
        Some(needed) if !has(needed) && !has("CAPABILITY_NAMED_IAM") => Err(ApiError::client(
            "InsufficientCapabilitiesException",
            format!("Requires capabilities : [{needed}]"),
        )),
        _ => Ok(()),
    }
}
