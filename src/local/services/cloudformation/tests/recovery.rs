//! The ways out of the states that a failure leaves a stack in.

use super::{THREE, parameter, scene};
use crate::local::services::cloudformation::testing::first;

const APP: [(&str, &str); 1] = [("StackName", "app")];
const NO_ROLLBACK: (&str, &str) = ("OnStackFailure", "DO_NOTHING");

#[tokio::test(start_paused = true)]
async fn a_failed_update_that_was_left_is_rolled_back_to_the_last_stable_state() {
    let scene = scene();
    let bed = &scene.bed;
    bed.deploy("CREATE", THREE, &[]).await;
    let before = scene.world.lock().unwrap().exists.clone();
    scene.fails("update Endpoint");
    let kind_b = parameter("Kind", "b");
    let more = [kind_b[0], kind_b[1], NO_ROLLBACK];
    assert_eq!(bed.deploy("UPDATE", THREE, &more).await, "UPDATE_FAILED");
    // A second try that fails as well does not move what a rollback leads back to.
    let kind_c = parameter("Kind", "c");
    let more = [kind_c[0], kind_c[1], NO_ROLLBACK];
    assert_eq!(bed.deploy("UPDATE", THREE, &more).await, "UPDATE_FAILED");
    scene.mend();
    let request = [APP[0], ("ClientRequestToken", "back")];
    let answer = bed.call("RollbackStack", &request).await.unwrap();
    let again = bed.call("RollbackStack", &request).await.unwrap();
    assert_eq!(first(&answer, "OperationId"), first(&again, "OperationId"));
    assert_eq!(bed.settled().await, "UPDATE_ROLLBACK_COMPLETE");
    assert_eq!(scene.world.lock().unwrap().exists, before);
    let described = bed.call("DescribeStacks", &APP).await.unwrap();
    assert!(
        described.contains("<ParameterKey>Kind</ParameterKey><ParameterValue>a<"),
        "{described}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_failed_creation_that_was_left_is_rolled_back_to_nothing() {
    for (flag, left) in [("false", &["Bucket"][..]), ("true", &[])] {
        let scene = scene();
        scene.fails("create Config");
        assert_eq!(
            scene.bed.deploy("CREATE", THREE, &[NO_ROLLBACK]).await,
            "CREATE_FAILED"
        );
        let request = [APP[0], ("RetainExceptOnCreate", flag)];
        scene.bed.call("RollbackStack", &request).await.unwrap();
        assert_eq!(scene.bed.settled().await, "ROLLBACK_COMPLETE");
        assert_eq!(scene.existing(), left, "RetainExceptOnCreate {flag}");
        let error = scene.bed.call("RollbackStack", &APP).await.unwrap_err();
        assert!(error.contains("is in ROLLBACK_COMPLETE state"), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stack_that_stopped_half_way_is_updated_only_without_rollback() {
    let scene = scene();
    scene.fails("create Config");
    scene.bed.deploy("CREATE", THREE, &[NO_ROLLBACK]).await;
    scene.mend();
    let set = [
        APP[0],
        ("ChangeSetName", "next"),
        ("UsePreviousTemplate", "true"),
    ];
    scene.bed.call("CreateChangeSet", &set).await.unwrap();
    let error = scene
        .bed
        .call("ExecuteChangeSet", &set[..2])
        .await
        .unwrap_err();
    assert!(
        error.contains("non-terminal [CREATE_FAILED] state"),
        "{error}"
    );
    let execute = [set[0], set[1], ("DisableRollback", "true")];
    scene.bed.call("ExecuteChangeSet", &execute).await.unwrap();
    assert_eq!(scene.bed.settled().await, "UPDATE_COMPLETE");
}

#[tokio::test(start_paused = true)]
async fn a_rollback_of_an_update_keeps_or_deletes_what_it_created() {
    let more = THREE.replace(
        "Outputs:",
        "  Kept: {Type: Test::Thing, DeletionPolicy: Retain}\n  Late: {Type: Test::Thing, DependsOn: Kept}\nOutputs:",
    );
    for (flag, kept) in [("false", true), ("true", false)] {
        let scene = scene();
        scene.bed.deploy("CREATE", THREE, &[]).await;
        scene.fails("create Late");
        let set = [
            APP[0],
            ("ChangeSetName", "more"),
            ("TemplateBody", more.as_str()),
        ];
        scene.bed.call("CreateChangeSet", &set).await.unwrap();
        let execute = [set[0], set[1], ("RetainExceptOnCreate", flag)];
        scene.bed.call("ExecuteChangeSet", &execute).await.unwrap();
        assert_eq!(scene.bed.settled().await, "UPDATE_ROLLBACK_COMPLETE");
        assert_eq!(scene.existing().contains(&"Kept".to_owned()), kept);
    }
}

#[tokio::test(start_paused = true)]
async fn a_deletion_by_force_leaves_what_cannot_be_deleted() {
    let scene = scene();
    let bed = &scene.bed;
    bed.deploy("CREATE", THREE, &[]).await;
    scene.fails("delete Config");
    let force = [APP[0], ("DeletionMode", "FORCE_DELETE_STACK")];
    let error = bed.call("DeleteStack", &force).await.unwrap_err();
    assert!(
        error.contains("can only be used when the stack is in the DELETE_FAILED state"),
        "{error}"
    );
    bed.call("DeleteStack", &APP).await.unwrap();
    assert_eq!(bed.settled().await, "DELETE_FAILED");
    bed.call("DeleteStack", &force).await.unwrap();
    assert_eq!(bed.settled().await, "DELETE_COMPLETE");
    assert!(bed.events().contains(&"Config DELETE_SKIPPED".to_owned()));
    assert_eq!(scene.existing(), ["Bucket", "Config", "Model"]);
}

#[tokio::test(start_paused = true)]
async fn events_are_told_apart_by_operation_and_by_failure() {
    let scene = scene();
    let bed = &scene.bed;
    bed.deploy("CREATE", THREE, &[]).await;
    let kind_b = parameter("Kind", "b");
    scene.fails("create Config");
    bed.deploy("UPDATE", THREE, &kind_b).await;
    let described = bed.call("DescribeStacks", &APP).await.unwrap();
    let operations: Vec<(String, String)> = described
        .split("<OperationType>")
        .skip(1)
        .map(|rest| {
            let kind = rest.split_once("</").unwrap().0.to_owned();
            (kind, first(rest, "OperationId"))
        })
        .collect();
    let kinds: Vec<&str> = operations.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, ["ROLLBACK", "UPDATE_STACK", "CREATE_STACK"]);
    let update = [
        ("OperationId", operations[1].1.as_str()),
        ("Filters.FailedEvents", "true"),
    ];
    let failed = bed.call("DescribeEvents", &update).await.unwrap();
    assert_eq!(failed.matches("<EventId>").count(), 1, "{failed}");
    assert_eq!(first(&failed, "LogicalResourceId"), "Config");
    assert_eq!(first(&failed, "EventType"), "PROVISIONING_ERROR");
    let rollback = [("OperationId", operations[0].1.as_str())];
    let events = bed.call("DescribeEvents", &rollback).await.unwrap();
    assert_eq!(
        first(&events, "ResourceStatus"),
        "UPDATE_ROLLBACK_COMPLETE",
        "newest first"
    );
    assert_eq!(first(&events, "OperationStatus"), "SUCCEEDED");
    assert!(!events.contains(&operations[1].1), "{events}");
    let all = bed.call("DescribeEvents", &APP).await.unwrap();
    for (kind, id) in &operations {
        assert!(all.contains(id), "{kind}");
    }
    let unknown = bed
        .call("DescribeEvents", &[("OperationId", "nope")])
        .await
        .unwrap_err();
    assert!(unknown.contains("nope does not exist"), "{unknown}");
}
