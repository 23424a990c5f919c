//! Templates by themselves: reading them back, checking and summing them up.

use std::collections::BTreeSet;

use super::{Answer, Call, names, validation};
use crate::local::services::cloudformation::template::{Template, validate};
use crate::local::wire::query::Xml;

impl Call<'_> {
    pub(super) fn get_template(&self) -> Answer {
        let text = match self.parameters.get("ChangeSetName") {
            Some(name) => self.service.state.read(|state| {
                let (_, set) = names::change_set(state, self.parameters.get("StackName"), name)?;
                Ok(set.definition.template.clone())
            }),
            None => self.with_stack(|stack| {
                if stack.definition.template.is_empty() {
                    return Err(validation(format!(
                        "Stack with id {} has no template yet",
                        stack.name
                    )));
                }
                Ok(stack.definition.template.clone())
            }),
        }?;
        let mut xml = Xml::default();
        xml.text("TemplateBody", text)
            .values("StagesAvailable", ["Original", "Processed"]);
        Ok(xml)
    }

    pub(super) fn validate_template(&self) -> Answer {
        let template = Template::parse(&self.template_text(None)?)?;
        validate::validate(&template, &self.service.registry)?;
        let mut xml = Xml::default();
        declared(&mut xml, &template);
        Ok(xml)
    }

    pub(super) fn get_template_summary(&self) -> Answer {
        let text = match self.parameters.get("StackName") {
            Some(_) => self.with_stack(|stack| Ok(stack.definition.template.clone()))?,
            None => self.template_text(None)?,
        };
        let template = Template::parse(&text)?;
        let kinds: BTreeSet<&str> = template
            .resources
            .values()
            .map(|resource| resource.kind.as_str())
            .collect();
        let mut xml = Xml::default();
        declared(&mut xml, &template);
        xml.values("ResourceTypes", kinds)
            .text("Version", "2010-09-09");
        Ok(xml)
    }
}

fn declared(xml: &mut Xml, template: &Template) {
    xml.optional("Description", template.description.as_ref());
    xml.list("Parameters", &template.parameters, |xml, (name, spec)| {
        xml.text("ParameterKey", name)
            .optional("DefaultValue", spec.default.as_ref())
            .text("ParameterType", spec.kind.name())
            .text("NoEcho", spec.no_echo)
            .optional("Description", spec.description.as_ref());
    });
    let roles = template
        .resources
        .values()
        .any(|resource| resource.kind.starts_with("AWS::IAM::"));
    if roles {
        xml.values("Capabilities", ["CAPABILITY_IAM"]).text(
            "CapabilitiesReason",
            "The following resource(s) require capabilities: [AWS::IAM::Role]",
        );
    }
}
