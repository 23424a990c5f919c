//! An engine that ends in the middle of an operation, and goes on with it when it starts again.

use std::time::Duration;

use super::{THREE, parameter, scene};

#[tokio::test(start_paused = true)]
async fn a_crash_in_a_creation_is_carried_on() {
    let mut scene = scene();
    scene
        .world
        .lock()
        .unwrap()
        .hangs
        .insert("create Config".into());
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
    tokio::time::sleep(Duration::from_secs(100)).await;
    scene.world.lock().unwrap().hangs.clear();
    scene.bed.calls();
    scene.crash().await;
    assert_eq!(scene.bed.settled().await, "CREATE_COMPLETE");
    assert_eq!(scene.bed.calls(), ["create Config", "create Endpoint"]);
    let begun = scene
        .bed
        .events()
        .iter()
        .filter(|event| *event == "Config CREATE_IN_PROGRESS")
        .count();
    assert_eq!(begun, 1, "the event is not repeated");
}

#[tokio::test(start_paused = true)]
async fn a_crash_in_an_update_at_any_time_ends_the_same() {
    for seconds in [1, 11, 21, 31, 41] {
        let mut scene = scene();
        scene.bed.deploy("CREATE", THREE, &[]).await;
        let mut set = vec![
            ("StackName", "app"),
            ("ChangeSetName", "two"),
            ("UsePreviousTemplate", "true"),
        ];
        set.extend(parameter("Kind", "b"));
        scene.bed.call("CreateChangeSet", &set).await.unwrap();
        scene
            .bed
            .call(
                "ExecuteChangeSet",
                &[("StackName", "app"), ("ChangeSetName", "two")],
            )
            .await
            .unwrap();
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        scene.crash().await;
        assert_eq!(
            scene.bed.settled().await,
            "UPDATE_COMPLETE",
            "after {seconds} s"
        );
        assert_eq!(
            scene.existing(),
            ["Bucket", "Config", "Model", "end"],
            "after {seconds} s"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_disk_that_refuses_is_told_and_the_operation_goes_on_once_it_does_not() {
    let scene = scene();
    let bed = &scene.bed;
    let set = [
        ("StackName", "app"),
        ("ChangeSetName", "one"),
        ("ChangeSetType", "CREATE"),
        ("TemplateBody", THREE),
    ];
    bed.call("CreateChangeSet", &set).await.unwrap();
    bed.call("ExecuteChangeSet", &set[..2]).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    // A folder in the file's place: it cannot be replaced.
    let file = scene.folder.path().join("cloudformation.json");
    let away = scene.folder.path().join("away");
    std::fs::rename(&file, &away).unwrap();
    std::fs::create_dir(&file).unwrap();
    // Longer than anybody waits, but it is not given up.
    tokio::time::sleep(Duration::from_hours(2)).await;
    let told = bed.call("DescribeStacks", &set[..1]).await.unwrap_err();
    assert!(told.contains("cannot write its state"), "{told}");
    assert_eq!(bed.status(), "CREATE_IN_PROGRESS");
    std::fs::remove_dir(&file).unwrap();
    std::fs::rename(&away, &file).unwrap();
    assert_eq!(bed.settled().await, "CREATE_COMPLETE");
    bed.call("DescribeStacks", &set[..1]).await.unwrap();
}
