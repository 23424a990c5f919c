//! Drift: beginning a detection, and what it found.

use serde_json::Value;

use super::{Answer, Call, names, page, validation};
use crate::local::clock::iso8601;
use crate::local::ids;
use crate::local::services::cloudformation::drift;
use crate::local::services::cloudformation::state::{
    DriftDetection, DriftStatus, ResourceDrift, Stack, StackResource, StackStatus,
};
use crate::local::wire::ApiError;
use crate::local::wire::query::Xml;

/// How long a detection takes.
const DURATION_MILLIS: i64 = 2_000;

/// Most resources on one page, as in the API reference.
const PAGE: usize = 100;

/// Detections that a stack remembers.
const KEPT: usize = 5;

impl Call<'_> {
    pub(super) fn detect_stack_drift(&self) -> Answer {
        let name = self.stack_name()?;
        let wanted = self.parameters.strings("LogicalResourceIds");
        let now = self.service.now();
        let id = self.service.state.write(|state| {
            let stack = names::find_mut(state, name)?;
            detectable(stack)?;
            if stack
                .detections
                .first()
                .is_some_and(|last| last.ready > now)
            {
                return Err(validation(format!(
                    "Drift detection is already in progress for stack [{}]",
                    stack.id
                )));
            }
            if let Some(unknown) = wanted.iter().find(|id| !stack.resources.contains_key(*id)) {
                return Err(validation(format!(
                    "Resource {unknown} does not exist for stack {}",
                    stack.name
                )));
            }
            let detection = self.detect(stack, &wanted, now);
            let id = detection.id.clone();
            stack.detections.insert(0, detection);
            stack.detections.truncate(KEPT);
            Ok(id)
        })?;
        let mut xml = Xml::default();
        xml.text("StackDriftDetectionId", id);
        Ok(xml)
    }

    /// Looks at the resources, and keeps what is found of each.
    fn detect(&self, stack: &mut Stack, wanted: &[String], now: i64) -> DriftDetection {
        let mut detection = DriftDetection {
            id: ids::uuid(),
            started: now,
            ready: now + DURATION_MILLIS,
            drifted: 0,
            trouble: None,
        };
        for resource in stack.resources.values_mut().filter(|resource| {
            resource.physical_id.is_some()
                && (wanted.is_empty() || wanted.contains(&resource.logical_id))
        }) {
            match drift::look(&self.service.registry, resource, now) {
                Ok(found) => resource.drift = found,
                Err(error) => {
                    detection.trouble = Some(format!(
                        "Failed to detect drift on resource [{}]: {error}",
                        resource.logical_id
                    ));
                }
            }
        }
        detection.drifted = stack
            .resources
            .values()
            .filter(|one| is_drifted(one))
            .count();
        detection
    }

    pub(super) fn describe_stack_drift_detection_status(&self) -> Answer {
        let id = self.parameters.required("StackDriftDetectionId")?;
        let now = self.service.now();
        self.service.state.read(|state| {
            let (stack, detection) = state
                .stacks
                .values()
                .find_map(|stack| {
                    let found = stack.detections.iter().find(|one| one.id == id)?;
                    Some((stack, found))
                })
                .ok_or_else(|| {
                    validation(format!("Drift detection with id {id} does not exist"))
                })?;
            let mut xml = Xml::default();
            xml.text("StackId", &stack.id)
                .text("StackDriftDetectionId", id)
                .text("Timestamp", iso8601(detection.started));
            if detection.ready > now {
                xml.text("DetectionStatus", "DETECTION_IN_PROGRESS");
                return Ok(xml);
            }
            xml.text(
                "DetectionStatus",
                match detection.trouble {
                    None => "DETECTION_COMPLETE",
                    Some(_) => "DETECTION_FAILED",
                },
            )
            .optional("DetectionStatusReason", detection.trouble.as_ref())
            .text("StackDriftStatus", detection.stack_status())
            .text("DriftedStackResourceCount", detection.drifted);
            Ok(xml)
        })
    }

    pub(super) fn detect_stack_resource_drift(&self) -> Answer {
        let name = self.stack_name()?;
        let logical_id = self.parameters.required("LogicalResourceId")?;
        let now = self.service.now();
        self.service.state.write(|state| {
            let stack = names::find_mut(state, name)?;
            detectable(stack)?;
            let id = stack.id.clone();
            let resource = stack.resources.get_mut(logical_id).ok_or_else(|| {
                validation(format!(
                    "Resource {logical_id} does not exist for stack {name}"
                ))
            })?;
            let found = drift::look(&self.service.registry, resource, now)
                .map_err(|error| validation(error.to_string()))?
                .ok_or_else(|| {
                    validation(format!(
                        "Drift detection is not supported for resource type {}",
                        resource.kind
                    ))
                })?;
            resource.drift = Some(found.clone());
            let mut xml = Xml::default();
            xml.element("StackResourceDrift", |xml| {
                describe(xml, &id, resource, &found);
            });
            Ok(xml)
        })
    }

    /// Lists what was found of every resource that was looked at. Types that cannot be looked at are not
    /// among them (CloudFormation API reference, `DescribeStackResourceDrifts`).
    pub(super) fn describe_stack_resource_drifts(&self) -> Answer {
        let wanted = self.parameters.strings("StackResourceDriftStatusFilters");
        let size = match self.parameters.get("MaxResults").map(str::parse) {
            None => PAGE,
            Some(Ok(size @ 1..=PAGE)) => size,
            Some(_) => return Err(validation("MaxResults must be from 1 to 100")),
        };
        self.with_stack(|stack| {
            let found = stack
                .resources
                .values()
                .filter_map(|resource| Some((resource, resource.drift.as_ref()?)))
                .filter(|(_, drift)| {
                    wanted.is_empty() || wanted.iter().any(|name| name == drift.status.name())
                })
                .collect();
            let page = page::page(found, self.parameters.get("NextToken"), size)?;
            let mut xml = Xml::default();
            xml.list(
                "StackResourceDrifts",
                page.items,
                |xml, (resource, drift)| {
                    describe(xml, &stack.id, resource, drift);
                },
            );
            xml.optional("NextToken", page.next);
            Ok(xml)
        })
    }
}

/// Adds the drift of a stack as its descriptions have it.
pub(super) fn of_stack(xml: &mut Xml, stack: &Stack, now: i64) {
    xml.element("DriftInformation", |xml| {
        match stack.detections.iter().find(|one| one.ready <= now) {
            None => xml.text("StackDriftStatus", "NOT_CHECKED"),
            Some(detection) => xml
                .text("StackDriftStatus", detection.stack_status())
                .text("LastCheckTimestamp", iso8601(detection.started)),
        };
    });
}

/// Adds the drift of a resource as its descriptions have it.
pub(super) fn of_resource(xml: &mut Xml, resource: &StackResource) {
    xml.element("DriftInformation", |xml| {
        match &resource.drift {
            None => xml.text("StackResourceDriftStatus", "NOT_CHECKED"),
            Some(drift) => xml
                .text("StackResourceDriftStatus", drift.status)
                .text("LastCheckTimestamp", iso8601(drift.checked)),
        };
    });
}

fn is_drifted(resource: &StackResource) -> bool {
    let drift = resource.drift.as_ref();
    drift.is_some_and(|drift| drift.status != DriftStatus::InSync)
}

/// Drift detection needs a stack that is at rest (user guide, "Considerations when detecting drift").
fn detectable(stack: &Stack) -> Result<(), ApiError> {
    match stack.status {
        StackStatus::CreateComplete
        | StackStatus::UpdateComplete
        | StackStatus::UpdateRollbackComplete
        | StackStatus::UpdateRollbackFailed => Ok(()),
        other => Err(validation(format!(
            "Drift detection cannot be performed on stack [{}] while it is in status {other}",
            stack.name
        ))),
    }
}

fn describe(xml: &mut Xml, stack_id: &str, resource: &StackResource, drift: &ResourceDrift) {
    xml.text("StackId", stack_id)
        .text("LogicalResourceId", &resource.logical_id)
        .optional("PhysicalResourceId", resource.physical_id.as_ref())
        .text("ResourceType", &resource.kind);
    if let Some(actual) = &drift.actual {
        xml.text("ExpectedProperties", &resource.properties)
            .text("ActualProperties", actual);
    }
    xml.list("PropertyDifferences", &drift.differences, |xml, one| {
        xml.text("PropertyPath", &one.path)
            .text("ExpectedValue", shown(one.expected.as_ref()))
            .text("ActualValue", shown(one.actual.as_ref()))
            .text("DifferenceType", one.kind);
    });
    xml.text("StackResourceDriftStatus", drift.status)
        .text("Timestamp", iso8601(drift.checked));
}

/// Writes a value as the service does: a string without quotes, and `null` for what is not there.
pub(super) fn shown(value: Option<&Value>) -> String {
    match value {
        None => "null".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}
