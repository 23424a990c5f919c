//! Stacks that are deleted, and those that are not.

use std::time::Duration;

use super::{THREE, scene};

#[tokio::test(start_paused = true)]
async fn protected_stacks_stay() {
    let scene = scene();
    let bed = &scene.bed;
    bed.deploy("CREATE", THREE, &[]).await;
    let protect = |enabled| {
        [
            ("StackName", "app"),
            ("EnableTerminationProtection", enabled),
        ]
    };
    bed.call("UpdateTerminationProtection", &protect("true"))
        .await
        .unwrap();
    let error = bed
        .call("DeleteStack", &[("StackName", "app")])
        .await
        .unwrap_err();
    assert!(
        error.contains("TerminationProtection is enabled"),
        "{error}"
    );
    bed.call("UpdateTerminationProtection", &protect("false"))
        .await
        .unwrap();
    bed.call("DeleteStack", &[("StackName", "app")])
        .await
        .unwrap();
    assert_eq!(bed.settled().await, "DELETE_COMPLETE");
}

#[tokio::test(start_paused = true)]
async fn a_stack_can_be_deleted_while_it_is_created() {
    let scene = scene();
    let set = [
        ("StackName", "app"),
        ("ChangeSetName", "one"),
        ("ChangeSetType", "CREATE"),
        ("TemplateBody", THREE),
    ];
    scene.bed.call("CreateChangeSet", &set).await.unwrap();
    scene
        .bed
        .call(
            "ExecuteChangeSet",
            &[("StackName", "app"), ("ChangeSetName", "one")],
        )
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    scene
        .bed
        .call("DeleteStack", &[("StackName", "app")])
        .await
        .unwrap();
    assert_eq!(scene.bed.settled().await, "DELETE_COMPLETE");
    assert_eq!(
        scene.bed.calls(),
        ["create Model", "create Bucket", "delete Model"]
    );
    assert_eq!(scene.existing(), ["Bucket"]);
}
