//! Brings one resource to what the stack's definition says.

use std::collections::BTreeSet;

use super::call::{guarded, physical_name, request};
use super::goal::{Goal, blank, wanted};
use super::record::{begin_update, describe, done, settle};
use super::revert::{self, Drifted};
use super::walk::Visit;
use super::{DriveError, Driver};
use crate::local::resource::{Resource, ResourceError, ResourceRequest};
use crate::local::services::cloudformation::changes::changed_properties;
use crate::local::services::cloudformation::state::{
    ResourceStatus, Stack, StackResource, record_resource,
};
use crate::local::services::cloudformation::template::{Policy, TemplateError};

/// What must be done with a resource.
enum Step {
    Nothing,
    Create,
    Update,
    Replace,
}

impl Driver {
    /// Creates, updates or replaces one resource, or leaves it when it is as wanted.
    pub(super) async fn apply(&self, goal: &Goal, name: String) -> Result<Visit, DriveError> {
        let stack = self.look(Stack::clone)?;
        let wanted = match wanted(goal, &stack, &name) {
            Ok(wanted) => wanted,
            Err(error) => return self.unresolvable(goal, name, &error).await,
        };
        match self.step(&stack, &wanted) {
            Step::Nothing => self.keep(wanted).await,
            Step::Create => self.create(wanted).await,
            Step::Update => self.update(wanted).await,
            Step::Replace => self.replace(wanted).await,
        }
    }

    fn step(&self, stack: &Stack, wanted: &StackResource) -> Step {
        let registry = &self.service.registry;
        let skipped = stack
            .operation
            .as_ref()
            .is_some_and(|operation| operation.skip.contains(&wanted.logical_id));
        let Some(present) = stack.resources.get(&wanted.logical_id).filter(|present| {
            present.physical_id.is_some() && present.status != ResourceStatus::DeleteComplete
        }) else {
            return if skipped { Step::Nothing } else { Step::Create };
        };
        let changed: BTreeSet<String> = changed_properties(&present.properties, &wanted.properties)
            .into_iter()
            .collect();
        let create_only = registry
            .get(&wanted.kind)
            .map_or(&[][..], |provider| provider.definition().create_only);
        let drifted = revert::drifted(registry, stack, present, wanted);
        if skipped {
            Step::Nothing
        } else if create_only
            .iter()
            .any(|property| changed.contains(*property))
        {
            Step::Replace
        } else if drifted == Drifted::Gone {
            Step::Create
        } else if !changed.is_empty()
            || drifted == Drifted::Changed
            || present.attempted.is_some()
            || (registry.taggable(&wanted.kind) && present.tags != wanted.tags)
        {
            Step::Update
        } else {
            Step::Nothing
        }
    }

    async fn keep(&self, wanted: StackResource) -> Result<Visit, DriveError> {
        self.record(|stack, _| {
            if let Some(present) = stack.resources.get_mut(&wanted.logical_id) {
                present.tags.clone_from(&wanted.tags);
                present.attempted = None;
                describe(present, &wanted);
            }
            done(stack, &wanted.logical_id);
            Visit::Done
        })
        .await
    }

    async fn create(&self, wanted: StackResource) -> Result<Visit, DriveError> {
        let stack = self
            .record(|stack, now| {
                let begun = stack.resources.get(&wanted.logical_id).filter(|present| {
                    present.physical_id.is_none()
                        && present.status != ResourceStatus::DeleteComplete
                });
                let mut resource = wanted.clone();
                // A repeated creation keeps its name, so that the provider knows its own work again.
                resource.physical_name = match begun {
                    Some(present) => present.physical_name.clone(),
                    None => physical_name(&stack.name, &wanted.logical_id),
                };
                resource.updated = now;
                let again =
                    begun.is_some_and(|present| present.status == ResourceStatus::CreateInProgress);
                if !again {
                    record_resource(
                        stack,
                        &resource,
                        ResourceStatus::CreateInProgress,
                        None,
                        now,
                    );
                }
                stack.resources.insert(wanted.logical_id.clone(), resource);
                stack.clone()
            })
            .await?;
        let name = stack
            .resources
            .get(&wanted.logical_id)
            .map_or("", |resource| &resource.physical_name);
        let request = request(
            &stack,
            &self.service.account,
            &wanted.logical_id,
            name,
            wanted.properties.clone(),
        );
        let made = self.call_create(&wanted.kind, &request).await;
        self.finish(
            &wanted,
            ResourceStatus::CreateComplete,
            ResourceStatus::CreateFailed,
            made,
        )
        .await
    }

    async fn update(&self, wanted: StackResource) -> Result<Visit, DriveError> {
        let stack = self
            .record(|stack, now| {
                begin_update(stack, &wanted, None, now);
                stack.clone()
            })
            .await?;
        let Some(present) = stack.resources.get(&wanted.logical_id) else {
            return Err(DriveError::Gone);
        };
        let request = request(
            &stack,
            &self.service.account,
            &wanted.logical_id,
            &present.physical_name,
            revert::aim(&stack, &wanted),
        );
        let made = match self.service.registry.get(&wanted.kind) {
            Some(provider) => {
                let id = present.physical_id.as_deref().unwrap_or_default();
                let update = provider.update(id, &present.properties, &request);
                guarded(update, provider.definition().time_limit).await
            }
            None => Err(unknown(&wanted.kind)),
        };
        self.finish(
            &wanted,
            ResourceStatus::UpdateComplete,
            ResourceStatus::UpdateFailed,
            made,
        )
        .await
    }

    async fn replace(&self, wanted: StackResource) -> Result<Visit, DriveError> {
        const REASON: &str = "Requested update requires the creation of a new physical resource; hence creating one.";
        let stack = self
            .record(|stack, now| {
                begin_update(stack, &wanted, Some(REASON), now);
                let name = physical_name(&stack.name, &wanted.logical_id);
                if let Some(present) = stack.resources.get_mut(&wanted.logical_id) {
                    present.replacement.get_or_insert(name);
                }
                stack.clone()
            })
            .await?;
        let name = stack
            .resources
            .get(&wanted.logical_id)
            .and_then(|present| present.replacement.as_deref())
            .unwrap_or_default();
        let request = request(
            &stack,
            &self.service.account,
            &wanted.logical_id,
            name,
            wanted.properties.clone(),
        );
        match self.call_create(&wanted.kind, &request).await {
            Ok(made) => {
                self.record(|stack, _| {
                    if let Some(present) = stack.resources.get_mut(&wanted.logical_id) {
                        let mut old = present.clone();
                        old.let_go = old.update_replace_policy == Policy::Retain;
                        old.replacement = None;
                        old.attempted = None;
                        present.replacement = None;
                        present.physical_name.clone_from(&request.physical_name);
                        present.physical_id = Some(made.physical_id.clone());
                        stack.leftovers.push(old);
                    }
                    settle(
                        stack,
                        &wanted,
                        ResourceStatus::UpdateComplete,
                        Ok(&made),
                        self.service.now(),
                    )
                })
                .await
            }
            failed => {
                self.finish(
                    &wanted,
                    ResourceStatus::UpdateComplete,
                    ResourceStatus::UpdateFailed,
                    failed,
                )
                .await
            }
        }
    }

    async fn call_create(
        &self,
        kind: &str,
        request: &ResourceRequest,
    ) -> Result<Resource, ResourceError> {
        match self.service.registry.get(kind) {
            Some(provider) => {
                guarded(provider.create(request), provider.definition().time_limit).await
            }
            None => Err(unknown(kind)),
        }
    }

    async fn finish(
        &self,
        wanted: &StackResource,
        good: ResourceStatus,
        bad: ResourceStatus,
        made: Result<Resource, ResourceError>,
    ) -> Result<Visit, DriveError> {
        let status = if made.is_ok() { good } else { bad };
        self.record(|stack, now| settle(stack, wanted, status, made.as_ref(), now))
            .await
    }

    /// Records that a resource's properties cannot be evaluated.
    async fn unresolvable(
        &self,
        goal: &Goal,
        name: String,
        error: &TemplateError,
    ) -> Result<Visit, DriveError> {
        self.record(|stack, now| {
            let (resource, status) = match stack.resources.get(&name) {
                Some(present) => (present.clone(), ResourceStatus::UpdateFailed),
                None => (blank(goal, stack, &name), ResourceStatus::CreateFailed),
            };
            record_resource(stack, &resource, status, Some(error.to_string()), now);
            let present = stack.resources.entry(name.clone()).or_insert(resource);
            present.status = status;
            present.status_reason = Some(error.to_string());
            Visit::Failed
        })
        .await
    }
}

fn unknown(kind: &str) -> ResourceError {
    ResourceError::new(format!("the local engine does not emulate {kind}"))
}
