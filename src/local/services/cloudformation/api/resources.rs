//! Resources of a stack.

use super::{Answer, Call, drift, page, validation};
use crate::local::clock::iso8601;
use crate::local::services::cloudformation::state::{Stack, StackResource};
use crate::local::wire::query::Xml;

/// Resources on one page.
const PAGE: usize = 100;

impl Call<'_> {
    pub(super) fn describe_stack_resources(&self) -> Answer {
        self.refuse(&["PhysicalResourceId"])?;
        self.with_stack(|stack| {
            let wanted = self.parameters.get("LogicalResourceId");
            let chosen = stack
                .resources
                .values()
                .filter(|resource| wanted.is_none_or(|wanted| resource.logical_id == wanted));
            let mut xml = Xml::default();
            xml.list("StackResources", chosen, |xml, resource| {
                owner(xml, stack);
                describe(xml, resource, "Timestamp");
            });
            Ok(xml)
        })
    }

    pub(super) fn describe_stack_resource(&self) -> Answer {
        let name = self.parameters.required("LogicalResourceId")?;
        self.with_stack(|stack| {
            let resource = stack.resources.get(name).ok_or_else(|| {
                validation(format!(
                    "Resource {name} does not exist for stack {}",
                    stack.name
                ))
            })?;
            let mut xml = Xml::default();
            xml.element("StackResourceDetail", |xml| {
                owner(xml, stack);
                describe(xml, resource, "LastUpdatedTimestamp");
            });
            Ok(xml)
        })
    }

    pub(super) fn list_stack_resources(&self) -> Answer {
        self.with_stack(|stack| {
            let page = page::page(
                stack.resources.values().collect(),
                self.parameters.get("NextToken"),
                PAGE,
            )?;
            let mut xml = Xml::default();
            xml.list("StackResourceSummaries", page.items, |xml, resource| {
                describe(xml, resource, "LastUpdatedTimestamp");
            });
            xml.optional("NextToken", page.next);
            Ok(xml)
        })
    }
}

fn owner(xml: &mut Xml, stack: &Stack) {
    xml.text("StackName", &stack.name)
        .text("StackId", &stack.id);
}

fn describe(xml: &mut Xml, resource: &StackResource, time: &str) {
    xml.text("LogicalResourceId", &resource.logical_id)
        .optional("PhysicalResourceId", resource.physical_id.as_ref())
        .text("ResourceType", &resource.kind)
        .text(time, iso8601(resource.updated))
        .text("ResourceStatus", resource.status)
        .optional("ResourceStatusReason", resource.status_reason.as_ref());
    drift::of_resource(xml, resource);
}
