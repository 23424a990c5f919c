//! The adapters against stand-ins for AWS that other people wrote: their reading of AWS's
//! documentation against ours. What a stand-in is known to get wrong is said where a test steps around
//! it, and what was done is read back through a second client.
//!
//! A caller's access key is an account id: `MiniStack` gives each account a world of its own, so the
//! tests that share it do not see each other. moto has one account.

mod artifacts;
mod environment;
mod identity;
mod inventory;
mod logs;
mod permissions;
mod reconcile;
mod sagemaker;
mod second_client;
mod server;
mod stacks;

use std::collections::BTreeMap;
use std::time::Duration;

use deploy::cloud::Cloud;
use deploy::cloud::condition::StackStatus;
use deploy::cloud::stacks::{
    ChangeKind, ChangeRequest, ChangeStatus, DriftMode, Operation, ResourceChange, StackState,
};
use serde_json::{Value, json};

/// Looks at something that changes within moments, before it is given up.
const LOOKS: usize = 3000;

/// A change set with a template of these resources, named by its kind and what is asked of it.
fn request(stack: &str, kind: ChangeKind, name: &str, template: &Value) -> ChangeRequest {
    ChangeRequest {
        stack: stack.to_owned(),
        kind,
        name: format!("deploy-{name}"),
        template: template.to_string(),
        parameters: BTreeMap::new(),
        tags: BTreeMap::from([("deploy:stack".to_owned(), stack.to_owned())]),
        drift: DriftMode::Leave,
    }
}

/// A template of resources and outputs.
fn template(resources: &Value, outputs: &Value) -> Value {
    json!({ "AWSTemplateFormatVersion": "2010-09-09", "Resources": resources, "Outputs": outputs })
}

/// Waits until a submitted change set is made; `None` when there is nothing to change.
async fn ready(cloud: &Cloud, request: &ChangeRequest) -> Option<Vec<ResourceChange>> {
    for _ in 0..LOOKS {
        match cloud
            .changes
            .look(&request.stack, &request.name)
            .await
            .unwrap()
        {
            ChangeStatus::Pending => moment().await,
            ChangeStatus::Ready(changes) => return Some(changes),
            ChangeStatus::Empty => return None,
            ChangeStatus::Failed(reason) => panic!("{}: {reason}", request.name),
        }
    }
    panic!("{} is not made", request.name)
}

/// Waits until the operation on a stack has ended, and checks how it ended.
async fn ended(cloud: &Cloud, stack: &str, expected: StackStatus) -> StackState {
    for _ in 0..LOOKS {
        let state = cloud.stacks.describe(stack).await.unwrap().unwrap();
        if state.status.is_busy() || state.status == StackStatus::ReviewInProgress {
            moment().await;
            continue;
        }
        assert_eq!(state.status, expected, "{:?}", state.status_reason);
        return state;
    }
    panic!("{stack} does not end")
}

/// Carries a change through as a run does: submitted, looked at, executed, waited for.
async fn carried_out(cloud: &Cloud, request: &ChangeRequest, expected: StackStatus) -> StackState {
    cloud.changes.submit(request).await.unwrap();
    assert!(
        ready(cloud, request).await.is_some(),
        "{} is empty",
        request.name
    );
    cloud
        .changes
        .execute(&request.stack, &request.name)
        .await
        .unwrap();
    ended(cloud, &request.stack, expected).await
}

/// Deletes a stack and waits until it is gone; by its ARN, under which it is still known.
async fn deleted(cloud: &Cloud, state: &StackState) {
    let operation = deletion();
    cloud
        .withdrawals
        .delete(&state.id, &operation)
        .await
        .unwrap();
    ended(cloud, &state.id, StackStatus::DeleteComplete).await;
    assert_eq!(cloud.stacks.describe(&state.name).await.unwrap(), None);
}

/// A deletion that leaves nothing.
fn deletion() -> Operation {
    Operation {
        token: "deploy-delete".to_owned(),
        leave: Vec::new(),
    }
}

/// Removes everything in a bucket, page after page, and returns how many versions went with each.
async fn emptied(cloud: &Cloud, bucket: &str) -> Vec<usize> {
    let mut removed = Vec::new();
    loop {
        let page = cloud.artifacts.versions(bucket, None).await.unwrap();
        if page.versions.is_empty() {
            return removed;
        }
        let refused = cloud.artifacts.remove(bucket, &page.versions).await;
        assert_eq!(refused.unwrap(), []);
        removed.push(page.versions.len());
    }
}

/// Lets a moment pass: a stand-in works in a process of its own.
async fn moment() {
    tokio::time::sleep(Duration::from_millis(10)).await;
}
