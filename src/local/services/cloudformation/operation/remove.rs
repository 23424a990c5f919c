//! Deletes resources, what needs others before what is needed.

use std::collections::BTreeSet;

use super::call::guarded;
use super::walk::{OnFailed, Visit, walk};
use super::{DriveError, Driver};
use crate::local::resource::ResourceError;
use crate::local::services::cloudformation::state::{
    ResourceStatus, Stack, StackResource, record_resource,
};
use crate::local::services::cloudformation::template::graph::Graph;

impl Driver {
    /// Deletes the victims, or lets them go where they say so; returns the logical ids of those that
    /// could not be deleted.
    pub(super) async fn remove(
        &self,
        victims: &[StackResource],
    ) -> Result<Vec<String>, DriveError> {
        let failed = walk(
            &order(victims),
            BTreeSet::new(),
            OnFailed::Skip,
            |_| true,
            |key| async move {
                match victims.iter().find(|victim| victim.physical_name == key) {
                    Some(victim) => self.remove_one(victim).await,
                    None => Ok(Visit::Done),
                }
            },
        )
        .await?;
        let logical = |key: &String| {
            victims
                .iter()
                .find(|victim| victim.physical_name == *key)
                .map_or_else(String::new, |victim| victim.logical_id.clone())
        };
        Ok(failed.iter().map(logical).collect())
    }

    async fn remove_one(&self, victim: &StackResource) -> Result<Visit, DriveError> {
        if victim.let_go {
            return self
                .record(|stack, now| {
                    record_resource(stack, victim, ResourceStatus::DeleteSkipped, None, now);
                    forget(stack, victim, ResourceStatus::DeleteComplete, now);
                    Visit::Done
                })
                .await;
        }
        self.record(|stack, now| {
            if victim.status != ResourceStatus::DeleteInProgress {
                record_resource(stack, victim, ResourceStatus::DeleteInProgress, None, now);
            }
            set(stack, victim, ResourceStatus::DeleteInProgress, None, now);
        })
        .await?;
        let deleted = match self.service.registry.get(&victim.kind) {
            Some(provider) => {
                guarded(
                    provider.delete(victim.deletable_id()),
                    provider.definition().time_limit,
                )
                .await
            }
            None => Err(ResourceError::new(format!(
                "the local engine does not emulate {}",
                victim.kind
            ))),
        };
        self.record(|stack, now| match &deleted {
            Ok(()) => {
                record_resource(stack, victim, ResourceStatus::DeleteComplete, None, now);
                forget(stack, victim, ResourceStatus::DeleteComplete, now);
                Visit::Done
            }
            Err(error) => {
                let reason = Some(error.message.clone());
                record_resource(
                    stack,
                    victim,
                    ResourceStatus::DeleteFailed,
                    reason.clone(),
                    now,
                );
                set(stack, victim, ResourceStatus::DeleteFailed, reason, now);
                Visit::Failed
            }
        })
        .await
    }
}

impl Driver {
    /// Leaves resources that cannot be deleted to themselves.
    pub(super) async fn leave(&self, logical_ids: &[String]) -> Result<(), DriveError> {
        self.record(|stack, now| {
            let left: Vec<StackResource> = stack
                .leftovers
                .iter()
                .chain(stack.living())
                .filter(|resource| logical_ids.contains(&resource.logical_id))
                .cloned()
                .collect();
            for resource in &left {
                record_resource(stack, resource, ResourceStatus::DeleteSkipped, None, now);
                forget(stack, resource, ResourceStatus::DeleteComplete, now);
            }
        })
        .await
    }
}

/// Builds the graph of deletions by generated name: each waits for those that need it.
fn order(victims: &[StackResource]) -> Graph {
    // The newest come first, as far as the graph leaves a choice.
    victims
        .iter()
        .rev()
        .map(|victim| {
            let before = victims
                .iter()
                .filter(|other| other.needs.contains(&victim.logical_id))
                .map(|other| other.physical_name.clone())
                .collect();
            (victim.physical_name.clone(), before)
        })
        .collect()
}

fn set(
    stack: &mut Stack,
    victim: &StackResource,
    status: ResourceStatus,
    reason: Option<String>,
    now: i64,
) {
    let present = stack
        .resources
        .values_mut()
        .chain(&mut stack.leftovers)
        .find(|resource| resource.physical_name == victim.physical_name);
    if let Some(present) = present {
        present.status = status;
        present.status_reason = reason;
        present.updated = now;
    }
}

/// Drops a leftover; a resource of the template stays listed as deleted.
fn forget(stack: &mut Stack, victim: &StackResource, status: ResourceStatus, now: i64) {
    set(stack, victim, status, None, now);
    stack
        .leftovers
        .retain(|leftover| leftover.physical_name != victim.physical_name);
}
