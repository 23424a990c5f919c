//! Describing and listing stacks.

use super::{Answer, Call, drift, names, page};
use crate::local::clock::iso8601;
use crate::local::services::cloudformation::state::{OnFailure, Stack, StackStatus};
use crate::local::services::cloudformation::template::Template;
use crate::local::wire::ApiError;
use crate::local::wire::query::Xml;

/// Stacks on one page.
const PAGE: usize = 100;

impl Call<'_> {
    pub(super) fn describe_stacks(&self) -> Answer {
        self.service.writable()?;
        let now = self.service.now();
        self.service.state.read(|state| {
            let stacks = if let Some(name) = self.parameters.get("StackName") {
                vec![names::find(state, name)?]
            } else {
                let all = state.stacks.values().map(|stack| &**stack).rev();
                all.filter(|stack| stack.status != StackStatus::DeleteComplete)
                    .collect()
            };
            let page = page::page(stacks, self.parameters.get("NextToken"), PAGE)?;
            let mut xml = Xml::default();
            xml.list("Stacks", page.items, |xml, stack| describe(xml, stack, now));
            xml.optional("NextToken", page.next);
            Ok(xml)
        })
    }

    pub(super) fn list_stacks(&self) -> Answer {
        let wanted = self.parameters.strings("StackStatusFilter");
        let now = self.service.now();
        self.service.state.read(|state| {
            let stacks = state.stacks.values().rev();
            let stacks = stacks
                .filter(|stack| {
                    wanted.is_empty() || wanted.iter().any(|name| name == stack.status.name())
                })
                .collect();
            let page = page::page(stacks, self.parameters.get("NextToken"), PAGE)?;
            let mut xml = Xml::default();
            xml.list("StackSummaries", page.items, |xml, stack| {
                head(xml, stack, now);
                xml.optional("TemplateDescription", description(stack));
            });
            xml.optional("NextToken", page.next);
            Ok(xml)
        })
    }

    pub(super) fn update_termination_protection(&self) -> Answer {
        let enabled = self.parameters.required("EnableTerminationProtection")? == "true";
        let name = self.stack_name()?;
        let id = self.service.state.write(|state| {
            let stack = names::find_mut(state, name)?;
            stack.termination_protection = enabled;
            Ok::<_, ApiError>(stack.id.clone())
        })?;
        let mut xml = Xml::default();
        xml.text("StackId", id);
        Ok(xml)
    }
}

fn head(xml: &mut Xml, stack: &Stack, now: i64) {
    xml.text("StackId", &stack.id)
        .text("StackName", &stack.name)
        .text("CreationTime", iso8601(stack.created))
        .optional("LastUpdatedTime", stack.updated.map(iso8601))
        .optional("DeletionTime", stack.deleted.map(iso8601))
        .text("StackStatus", stack.status)
        .optional("StackStatusReason", stack.status_reason.as_ref());
    drift::of_stack(xml, stack, now);
    xml.list("LastOperations", &stack.operations, |xml, operation| {
        xml.text("OperationType", operation.kind)
            .text("OperationId", &operation.id);
    });
}

fn describe(xml: &mut Xml, stack: &Stack, now: i64) {
    head(xml, stack, now);
    let template = Template::parse(&stack.definition.template).ok();
    let hidden = |key: &str| {
        template.as_ref().is_some_and(|template| {
            template
                .parameters
                .get(key)
                .is_some_and(|spec| spec.no_echo)
        })
    };
    xml.optional("ChangeSetId", stack.change_set_id.as_ref())
        .optional(
            "Description",
            template
                .as_ref()
                .and_then(|template| template.description.as_ref()),
        )
        .list(
            "Parameters",
            &stack.definition.parameters,
            |xml, (key, value)| {
                let value = if hidden(key) { "****" } else { value };
                xml.text("ParameterKey", key).text("ParameterValue", value);
            },
        )
        .list("Tags", &stack.definition.tags, |xml, (key, value)| {
            xml.text("Key", key).text("Value", value);
        })
        .values("Capabilities", &stack.definition.capabilities)
        .list("Outputs", &stack.outputs, |xml, output| {
            xml.text("OutputKey", &output.key)
                .text("OutputValue", &output.value)
                .optional("Description", output.description.as_ref());
        })
        .optional("RoleARN", stack.role.as_ref())
        .text("DisableRollback", stack.on_failure == OnFailure::DoNothing)
        .text("EnableTerminationProtection", stack.termination_protection)
        .element("NotificationARNs", |_| ())
        .element("RollbackConfiguration", |_| ());
}

fn description(stack: &Stack) -> Option<String> {
    Template::parse(&stack.definition.template)
        .ok()?
        .description
}
