//! Calls a provider with a time limit, and turns a panic of it into a failure of the resource.

use std::collections::BTreeMap;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt;
use serde_json::Value;

use crate::local::resource::{ResourceError, ResourceRequest};
use crate::local::services::cloudformation::state::Stack;

/// Longest generated name; the shortest limit of the services' names.
const LONGEST_NAME: usize = 63;

/// Waits for a provider, at most so long.
///
/// # Errors
/// The provider's reason, or that it took too long or panicked.
pub(super) async fn guarded<R>(
    call: impl Future<Output = Result<R, ResourceError>>,
    limit: Duration,
) -> Result<R, ResourceError> {
    match tokio::time::timeout(limit, AssertUnwindSafe(call).catch_unwind()).await {
        Ok(Ok(result)) => result,
        Ok(Err(_)) => Err(ResourceError::new(
            "Internal Failure (the local engine failed at this resource)",
        )),
        Err(_) => Err(ResourceError::new(format!(
            "Exceeded attempts to wait: not stable after {} seconds",
            limit.as_secs()
        ))),
    }
}

/// Builds the request for a resource of the stack.
pub(super) fn request(
    stack: &Stack,
    account: &str,
    logical_id: &str,
    physical_name: &str,
    properties: Value,
) -> ResourceRequest {
    let mut tags: BTreeMap<String, String> = stack.definition.tags.clone();
    for (name, value) in [("stack-name", &stack.name), ("stack-id", &stack.id)] {
        tags.insert(format!("aws:cloudformation:{name}"), value.clone());
    }
    tags.insert(
        "aws:cloudformation:logical-id".into(),
        logical_id.to_owned(),
    );
    ResourceRequest {
        stack_name: stack.name.clone(),
        stack_id: stack.id.clone(),
        logical_id: logical_id.to_owned(),
        physical_name: physical_name.to_owned(),
        region: stack.region.clone(),
        account: account.to_owned(),
        properties,
        tags,
    }
}

/// Makes a new name `<stack>-<logical id>-<suffix>`, shortened to fit.
pub(super) fn physical_name(stack: &str, logical_id: &str) -> String {
    let suffix = crate::local::ids::suffix(12);
    let room = LONGEST_NAME - suffix.len() - 2;
    // Both names are ASCII, so that any cut is between characters.
    let logical_id = &logical_id[..logical_id
        .len()
        .min(room.saturating_sub(stack.len()).max(room / 2))];
    let stack = &stack[..stack.len().min(room - logical_id.len())];
    format!("{stack}-{logical_id}-{suffix}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_and_differ() {
        let name = physical_name("news", "Bucket");
        assert!(
            name.starts_with("news-Bucket-") && name.len() == 24,
            "{name}"
        );
        assert_ne!(name, physical_name("news", "Bucket"));
        let long = "x".repeat(100);
        for (stack, logical) in [
            (long.as_str(), "Bucket"),
            ("news", long.as_str()),
            (&long, &long),
        ] {
            let name = physical_name(stack, logical);
            assert_eq!(name.len(), 63, "{name}");
            assert_eq!(name.split('-').count(), 3);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_provider_that_panics_or_hangs_fails_its_resource() {
        const LIMIT: Duration = Duration::from_hours(2);
        let panics = guarded::<()>(async { panic!("test") }, LIMIT)
            .await
            .unwrap_err();
        assert!(panics.message.contains("Internal Failure"));
        let hangs = guarded::<()>(std::future::pending(), LIMIT)
            .await
            .unwrap_err();
        assert!(hangs.message.contains("7200 seconds"));
    }
}
