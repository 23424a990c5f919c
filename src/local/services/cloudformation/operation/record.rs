//! Records in a stack how the work on one of its resources begins and ends.

use super::walk::Visit;
use crate::local::resource::{Resource, ResourceError};
use crate::local::services::cloudformation::state::{
    ResourceStatus, Stack, StackResource, record_resource,
};

/// Records that an update begins.
pub(super) fn begin_update(
    stack: &mut Stack,
    wanted: &StackResource,
    reason: Option<&str>,
    now: i64,
) {
    let Some(mut present) = stack.resources.get(&wanted.logical_id).cloned() else {
        return;
    };
    // After a crash the same update is begun again; its event is there already.
    let again = present.status == ResourceStatus::UpdateInProgress;
    present.attempted = Some(wanted.properties.clone());
    present.status = ResourceStatus::UpdateInProgress;
    present.status_reason = None;
    present.updated = now;
    if !again {
        let reason = reason.map(str::to_owned);
        record_resource(
            stack,
            &present,
            ResourceStatus::UpdateInProgress,
            reason,
            now,
        );
    }
    stack.resources.insert(wanted.logical_id.clone(), present);
}

/// Records how the work on a resource ended.
pub(super) fn settle(
    stack: &mut Stack,
    wanted: &StackResource,
    status: ResourceStatus,
    made: Result<&Resource, &ResourceError>,
    now: i64,
) -> Visit {
    let Some(present) = stack.resources.get_mut(&wanted.logical_id) else {
        return Visit::Failed;
    };
    present.status = status;
    present.status_reason = made.err().map(|error| error.message.clone());
    present.updated = now;
    if let Ok(made) = made {
        present.physical_id = Some(made.physical_id.clone());
        present.attributes.clone_from(&made.attributes);
        present.properties.clone_from(&wanted.properties);
        present.attempted = None;
        present.drift = None;
        present.tags.clone_from(&wanted.tags);
        describe(present, wanted);
    }
    let present = present.clone();
    record_resource(stack, &present, status, present.status_reason.clone(), now);
    if made.is_err() {
        return Visit::Failed;
    }
    done(stack, &wanted.logical_id);
    Visit::Done
}

/// Takes over what the definition says of a resource beside its properties.
pub(super) fn describe(present: &mut StackResource, wanted: &StackResource) {
    present.needs.clone_from(&wanted.needs);
    present.deletion_policy = wanted.deletion_policy;
    present.update_replace_policy = wanted.update_replace_policy;
    present.metadata.clone_from(&wanted.metadata);
}

/// Records that the operation needs to do nothing more for a resource.
pub(super) fn done(stack: &mut Stack, logical_id: &str) {
    if let Some(operation) = &mut stack.operation {
        operation.done.insert(logical_id.to_owned());
    }
}
