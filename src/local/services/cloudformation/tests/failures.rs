//! Creations, updates and deletions that fail, and what becomes of them.

use std::sync::Arc;
use std::time::Duration;

use super::{THREE, parameter, scene};
use crate::local::services::cloudformation::testing::first;

#[tokio::test(start_paused = true)]
async fn a_failed_creation_is_rolled_back_and_says_why() {
    let scene = scene();
    scene.fails("create Config");
    assert_eq!(
        scene.bed.deploy("CREATE", THREE, &[]).await,
        "ROLLBACK_COMPLETE"
    );
    assert_eq!(scene.existing(), ["Bucket"], "Bucket is retained");
    let events = scene
        .bed
        .call("DescribeStackEvents", &[("StackName", "app")])
        .await
        .unwrap();
    assert!(
        events.contains(
            "The following resource(s) failed to create: [Config]. Rollback requested by user."
        ),
        "{events}"
    );
    assert!(events.contains("scripted: create Config"));
    assert!(!scene.bed.calls().contains(&"create Endpoint".to_owned()));
    let error = scene
        .bed
        .call(
            "CreateChangeSet",
            &[
                ("StackName", "app"),
                ("ChangeSetName", "x"),
                ("TemplateBody", THREE),
            ],
        )
        .await
        .unwrap_err();
    assert!(
        error.contains("is in ROLLBACK_COMPLETE state and can not be updated."),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn other_ends_of_a_failed_creation() {
    for (choice, status) in [
        ("DELETE", "DELETE_COMPLETE"),
        ("DO_NOTHING", "CREATE_FAILED"),
    ] {
        let scene = scene();
        scene.fails("create Config");
        assert_eq!(
            scene
                .bed
                .deploy("CREATE", THREE, &[("OnStackFailure", choice)])
                .await,
            status
        );
        if choice == "DO_NOTHING" {
            assert_eq!(scene.existing(), ["Bucket", "Model"]);
            scene.mend();
            let more = [("DisableRollback", "true")];
            assert_eq!(
                scene.bed.deploy("UPDATE", THREE, &more).await,
                "UPDATE_COMPLETE"
            );
            assert_eq!(scene.existing(), ["Bucket", "Config", "Model", "end"]);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_failed_update_goes_back_to_what_was() {
    let scene = scene();
    scene.bed.deploy("CREATE", THREE, &[]).await;
    scene.bed.calls();
    let before = scene.world.lock().unwrap().exists.clone();
    scene.fails("update Endpoint");
    // The rollback updates the endpoint as well: let it succeed then.
    let world = Arc::clone(&scene.world);
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(25)).await;
        world.lock().unwrap().fails.clear();
    });
    assert_eq!(
        scene
            .bed
            .deploy("UPDATE", THREE, &parameter("Kind", "b"))
            .await,
        "UPDATE_ROLLBACK_COMPLETE"
    );
    assert_eq!(
        scene.bed.calls(),
        [
            "create Model",
            "create Config",
            "update Endpoint",
            "update Endpoint",
            "delete Config",
            "delete Model"
        ]
    );
    assert_eq!(scene.world.lock().unwrap().exists, before);
    let described = scene
        .bed
        .call("DescribeStacks", &[("StackName", "app")])
        .await
        .unwrap();
    assert!(
        described.contains("<ParameterKey>Kind</ParameterKey><ParameterValue>a<"),
        "{described}"
    );
    scene.mend();
    assert_eq!(
        scene
            .bed
            .deploy("UPDATE", THREE, &parameter("Kind", "b"))
            .await,
        "UPDATE_COMPLETE"
    );
}

#[tokio::test(start_paused = true)]
async fn a_failed_rollback_can_be_continued() {
    let scene = scene();
    scene.bed.deploy("CREATE", THREE, &[]).await;
    scene.fails("update Endpoint");
    assert_eq!(
        scene
            .bed
            .deploy("UPDATE", THREE, &parameter("Kind", "b"))
            .await,
        "UPDATE_ROLLBACK_FAILED"
    );
    let error = scene
        .bed
        .call(
            "ContinueUpdateRollback",
            &[("StackName", "app"), ("ResourcesToSkip.member.1", "Nope")],
        )
        .await
        .unwrap_err();
    assert!(error.contains("Nope"));
    scene
        .bed
        .call("ContinueUpdateRollback", &[("StackName", "app")])
        .await
        .unwrap();
    assert_eq!(scene.bed.settled().await, "UPDATE_ROLLBACK_FAILED");
    scene
        .bed
        .call(
            "ContinueUpdateRollback",
            &[
                ("StackName", "app"),
                ("ResourcesToSkip.member.1", "Endpoint"),
            ],
        )
        .await
        .unwrap();
    assert_eq!(scene.bed.settled().await, "UPDATE_ROLLBACK_COMPLETE");
    assert_eq!(scene.existing(), ["Bucket", "Config", "Model", "end"]);
}

#[tokio::test(start_paused = true)]
async fn deletion_goes_backwards_retains_and_names_what_fails() {
    let scene = scene();
    let bed = &scene.bed;
    bed.deploy("CREATE", THREE, &[]).await;
    bed.calls();
    scene.fails("delete Config");
    bed.call("DeleteStack", &[("StackName", "app")])
        .await
        .unwrap();
    assert_eq!(bed.settled().await, "DELETE_FAILED");
    assert_eq!(bed.calls(), ["delete end", "delete Config"]);
    let described = bed
        .call("DescribeStacks", &[("StackName", "app")])
        .await
        .unwrap();
    assert_eq!(
        first(&described, "StackStatusReason"),
        "The following resource(s) failed to delete: [Config]."
    );
    let id = first(&described, "StackId");
    bed.call(
        "DeleteStack",
        &[("StackName", "app"), ("RetainResources.member.1", "Config")],
    )
    .await
    .unwrap();
    assert_eq!(bed.settled().await, "DELETE_COMPLETE");
    assert_eq!(bed.calls(), ["delete Model"]);
    assert_eq!(scene.existing(), ["Bucket", "Config"]);
    let missing = bed
        .call("DescribeStacks", &[("StackName", "app")])
        .await
        .unwrap_err();
    assert_eq!(missing, "ValidationError: Stack with id app does not exist");
    let by_id = bed
        .call("DescribeStacks", &[("StackName", &id)])
        .await
        .unwrap();
    assert_eq!(first(&by_id, "StackStatus"), "DELETE_COMPLETE");
    bed.call("DeleteStack", &[("StackName", "app")])
        .await
        .unwrap();
}
