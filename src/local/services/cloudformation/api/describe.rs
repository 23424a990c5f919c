//! Describing a change set.

use super::drift::shown;
use super::{Answer, Call, names, page};
use crate::local::clock::iso8601;
use crate::local::services::cloudformation::state::{
    Change, ChangeAction, ChangeDrift, ChangeSet, ChangeSetStatus, ChangeSource, ChangeTarget,
    Detail, DriftStatus, ExecutionStatus, OnFailure, Recreation, Replacement, Stack,
};
use crate::local::wire::query::Xml;

/// Changes on one page.
const PAGE: usize = 100;

impl Call<'_> {
    pub(super) fn describe_change_set(&self) -> Answer {
        let name = self.parameters.required("ChangeSetName")?;
        self.service.state.read(|state| {
            let (stack, set) = names::change_set(state, self.parameters.get("StackName"), name)?;
            let page = page::page(
                set.changes.iter().collect(),
                self.parameters.get("NextToken"),
                PAGE,
            )?;
            let mut xml = Xml::default();
            head(&mut xml, stack, set);
            xml.list(
                "Parameters",
                &set.definition.parameters,
                |xml, (key, value)| {
                    xml.text("ParameterKey", key).text("ParameterValue", value);
                },
            );
            xml.list("Tags", &set.definition.tags, |xml, (key, value)| {
                xml.text("Key", key).text("Value", value);
            });
            xml.values("Capabilities", &set.definition.capabilities);
            xml.element("NotificationARNs", |_| ())
                .element("RollbackConfiguration", |_| ());
            xml.text(
                "OnStackFailure",
                match set.on_failure {
                    OnFailure::Rollback => "ROLLBACK",
                    OnFailure::Delete => "DELETE",
                    OnFailure::DoNothing => "DO_NOTHING",
                },
            );
            if let Some(status) = set.stack_drift {
                xml.text("DeploymentMode", "REVERT_DRIFT").text(
                    "StackDriftStatus",
                    match status {
                        DriftStatus::InSync => "IN_SYNC",
                        DriftStatus::Modified | DriftStatus::Deleted => "DRIFTED",
                    },
                );
            }
            xml.list("Changes", page.items, change);
            xml.optional("NextToken", page.next);
            Ok(xml)
        })
    }
}

/// Adds what descriptions and lists of change sets have in common.
pub(super) fn head(xml: &mut Xml, stack: &Stack, set: &ChangeSet) {
    xml.text("ChangeSetId", &set.id)
        .text("ChangeSetName", &set.name)
        .text("StackId", &stack.id)
        .text("StackName", &stack.name)
        .optional("Description", set.description.as_ref())
        .text("CreationTime", iso8601(set.created))
        .text(
            "ExecutionStatus",
            match set.execution {
                ExecutionStatus::Unavailable => "UNAVAILABLE",
                ExecutionStatus::Available => "AVAILABLE",
                ExecutionStatus::InProgress => "EXECUTE_IN_PROGRESS",
                ExecutionStatus::Complete => "EXECUTE_COMPLETE",
                ExecutionStatus::Failed => "EXECUTE_FAILED",
            },
        )
        .text(
            "Status",
            match set.status {
                ChangeSetStatus::CreateComplete => "CREATE_COMPLETE",
                ChangeSetStatus::Failed => "FAILED",
            },
        )
        .optional("StatusReason", set.status_reason.as_ref())
        .text("IncludeNestedStacks", false);
}

fn change(xml: &mut Xml, change: &Change) {
    xml.text("Type", "Resource")
        .element("ResourceChange", |xml| {
            xml.optional("PolicyAction", change.policy_action.as_ref())
                .text(
                    "Action",
                    match change.action {
                        ChangeAction::Add => "Add",
                        ChangeAction::Modify => "Modify",
                        ChangeAction::Remove => "Remove",
                    },
                )
                .text("LogicalResourceId", &change.logical_id)
                .optional("PhysicalResourceId", change.physical_id.as_ref())
                .text("ResourceType", &change.kind)
                .optional(
                    "Replacement",
                    change.replacement.map(|replacement| match replacement {
                        Replacement::True => "True",
                        Replacement::False => "False",
                        Replacement::Conditional => "Conditional",
                    }),
                );
            let mut scope: Vec<ChangeTarget> =
                change.details.iter().map(|detail| detail.target).collect();
            scope.sort_unstable();
            scope.dedup();
            xml.values("Scope", scope.into_iter().map(target));
            xml.optional(
                "ResourceDriftStatus",
                change.drift.map(|drift| match drift {
                    ChangeDrift::Looked(status) => status.name(),
                    ChangeDrift::Unsupported => "UNSUPPORTED",
                }),
            );
            xml.list("Details", &change.details, detail);
        });
}

fn detail(xml: &mut Xml, detail: &Detail) {
    xml.element("Target", |xml| {
        xml.text("Attribute", target(detail.target))
            .optional("Name", detail.name.as_ref());
        xml.text(
            "RequiresRecreation",
            match detail.recreation {
                Recreation::Never => "Never",
                Recreation::Always => "Always",
            },
        );
        if let Some(drift) = &detail.drift {
            let name = detail.name.as_deref().unwrap_or_default();
            xml.text("Path", format!("/Properties/{name}"))
                .text("BeforeValue", shown(drift.actual.as_ref()))
                .text("AfterValue", shown(drift.desired.as_ref()))
                .text("BeforeValueFrom", "ACTUAL_STATE")
                .text("AfterValueFrom", "TEMPLATE")
                .element("Drift", |xml| {
                    xml.text("PreviousValue", shown(drift.previous.as_ref()))
                        .text("ActualValue", shown(drift.actual.as_ref()))
                        .text("DriftDetectionTimestamp", iso8601(drift.checked));
                });
        }
    });
    xml.text(
        "Evaluation",
        if detail.known { "Static" } else { "Dynamic" },
    );
    xml.text(
        "ChangeSource",
        match detail.source {
            ChangeSource::ResourceReference => "ResourceReference",
            ChangeSource::ParameterReference => "ParameterReference",
            ChangeSource::ResourceAttribute => "ResourceAttribute",
            ChangeSource::DirectModification => "DirectModification",
            ChangeSource::NoModification => "NoModification",
        },
    );
    xml.optional("CausingEntity", detail.causing_entity.as_ref());
}

fn target(target: ChangeTarget) -> &'static str {
    match target {
        ChangeTarget::Properties => "Properties",
        ChangeTarget::Metadata => "Metadata",
        ChangeTarget::DeletionPolicy => "DeletionPolicy",
        ChangeTarget::UpdateReplacePolicy => "UpdateReplacePolicy",
        ChangeTarget::Tags => "Tags",
    }
}
