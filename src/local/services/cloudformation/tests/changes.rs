//! Stacks that are made and changed, and the change sets that tell how.

use std::time::Duration;

use super::{THREE, parameter, scene};
use crate::local::services::cloudformation::testing::first;

#[tokio::test(start_paused = true)]
async fn a_stack_is_created_in_order_and_described() {
    let scene = scene();
    let bed = &scene.bed;
    let set = [
        ("StackName", "app"),
        ("ChangeSetName", "one"),
        ("ChangeSetType", "CREATE"),
        ("TemplateBody", THREE),
        ("Tags.member.1.Key", "team"),
        ("Tags.member.1.Value", "news"),
    ];
    bed.call("CreateChangeSet", &set).await.unwrap();
    assert_eq!(bed.status(), "REVIEW_IN_PROGRESS");
    let described = bed
        .call(
            "DescribeChangeSet",
            &[("StackName", "app"), ("ChangeSetName", "one")],
        )
        .await
        .unwrap();
    assert_eq!(described.matches("<Action>Add</Action>").count(), 4);
    assert_eq!(first(&described, "ExecutionStatus"), "AVAILABLE");
    let execute = [
        ("StackName", "app"),
        ("ChangeSetName", "one"),
        ("ClientRequestToken", "t1"),
    ];
    bed.call("ExecuteChangeSet", &execute).await.unwrap();
    // Sent again with the same token, because the answer was lost.
    bed.call("ExecuteChangeSet", &execute).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(bed.status(), "CREATE_IN_PROGRESS");
    assert_eq!(bed.settled().await, "CREATE_COMPLETE");
    assert_eq!(
        bed.calls(),
        [
            "create Model",
            "create Bucket",
            "create Config",
            "create Endpoint"
        ]
    );
    let app = [("StackName", "app")];
    let described = bed.call("DescribeStacks", &app).await.unwrap();
    assert!(
        described.contains(
            "<OutputKey>End</OutputKey><OutputValue>arn:app-end</OutputValue><Description>where<"
        ),
        "{described}"
    );
    assert!(described.contains("<Key>team</Key><Value>news</Value>"));
    let events = bed.call("DescribeStackEvents", &app).await.unwrap();
    assert_eq!(first(&events, "ResourceStatus"), "CREATE_COMPLETE");
    assert_eq!(first(&events, "ClientRequestToken"), "t1");
    let resources = bed.call("DescribeStackResources", &app).await.unwrap();
    assert!(resources.contains("<PhysicalResourceId>app-end<"));
    let again = bed
        .call(
            "ExecuteChangeSet",
            &[("StackName", "app"), ("ChangeSetName", "one")],
        )
        .await
        .unwrap_err();
    assert!(again.starts_with("InvalidChangeSetStatus"), "{again}");
}

#[tokio::test(start_paused = true)]
async fn the_name_of_an_executed_change_set_is_free_again() {
    let scene = scene();
    let set = |kind| {
        [
            ("StackName", "app"),
            ("ChangeSetName", "same"),
            ("ChangeSetType", kind),
            ("TemplateBody", THREE),
        ]
    };
    let name = [("StackName", "app"), ("ChangeSetName", "same")];
    scene
        .bed
        .call("CreateChangeSet", &set("CREATE"))
        .await
        .unwrap();
    let error = scene
        .bed
        .call("CreateChangeSet", &set("CREATE"))
        .await
        .unwrap_err();
    assert!(error.starts_with("AlreadyExistsException"), "{error}");
    scene.bed.call("ExecuteChangeSet", &name).await.unwrap();
    scene.bed.settled().await;
    let listed = scene.bed.call("ListChangeSets", &name[..1]).await.unwrap();
    assert!(!listed.contains("<member>"), "{listed}");
    scene
        .bed
        .call("CreateChangeSet", &set("UPDATE"))
        .await
        .unwrap();
    let described = scene.bed.call("DescribeChangeSet", &name).await.unwrap();
    assert_eq!(first(&described, "Status"), "FAILED");
}

#[tokio::test(start_paused = true)]
async fn nothing_to_change_is_a_failed_change_set() {
    let scene = scene();
    scene.bed.deploy("CREATE", THREE, &[]).await;
    let set = [
        ("StackName", "app"),
        ("ChangeSetName", "same"),
        ("TemplateBody", THREE),
    ];
    scene.bed.call("CreateChangeSet", &set).await.unwrap();
    let name = [("StackName", "app"), ("ChangeSetName", "same")];
    let described = scene.bed.call("DescribeChangeSet", &name).await.unwrap();
    assert_eq!(first(&described, "Status"), "FAILED");
    assert_eq!(first(&described, "ExecutionStatus"), "UNAVAILABLE");
    assert!(
        first(&described, "StatusReason")
            .starts_with("The submitted information didn't contain changes.")
    );
    let error = scene.bed.call("ExecuteChangeSet", &name).await.unwrap_err();
    assert!(error.contains("current status of [FAILED]"), "{error}");
    let error = scene
        .bed
        .call(
            "UpdateStack",
            &[("StackName", "app"), ("TemplateBody", THREE)],
        )
        .await
        .unwrap_err();
    assert_eq!(error, "ValidationError: No updates are to be performed.");
}

#[tokio::test(start_paused = true)]
async fn a_replacement_spreads_and_the_old_ones_go_last() {
    let scene = scene();
    let bed = &scene.bed;
    bed.deploy("CREATE", THREE, &[]).await;
    bed.calls();
    let mut set = vec![
        ("StackName", "app"),
        ("ChangeSetName", "two"),
        ("UsePreviousTemplate", "true"),
    ];
    set.extend(parameter("Kind", "b"));
    bed.call("CreateChangeSet", &set).await.unwrap();
    let name = [("StackName", "app"), ("ChangeSetName", "two")];
    let described = bed.call("DescribeChangeSet", &name).await.unwrap();
    let changes: Vec<(String, String)> = described
        .split("<ResourceChange>")
        .skip(1)
        .map(|change| {
            (
                first(change, "LogicalResourceId"),
                first(change, "Replacement"),
            )
        })
        .collect();
    let expected = [
        ("Model", "True"),
        ("Config", "Conditional"),
        ("Endpoint", "False"),
    ];
    assert_eq!(
        changes,
        expected.map(|(name, replaced)| (name.to_owned(), replaced.to_owned()))
    );
    assert!(
        described.contains("<ChangeSource>ParameterReference</ChangeSource><CausingEntity>Kind<"),
        "{described}"
    );
    assert!(
        described.contains("<ChangeSource>ResourceReference</ChangeSource><CausingEntity>Model<"),
        "{described}"
    );
    bed.call("ExecuteChangeSet", &name).await.unwrap();
    assert_eq!(bed.settled().await, "UPDATE_COMPLETE");
    assert_eq!(
        bed.calls(),
        [
            "create Model",
            "create Config",
            "update Endpoint",
            "delete Config",
            "delete Model"
        ]
    );
    assert_eq!(scene.existing(), ["Bucket", "Config", "Model", "end"]);
    let events = bed.events();
    let cleanup = events
        .iter()
        .position(|event| event == "app UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
        .unwrap();
    assert!(events[cleanup..].contains(&"Model DELETE_COMPLETE".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_fixed_name_cannot_be_replaced() {
    let scene = scene();
    let template = |fixed: &str| {
        format!(
            "Resources:\n  End: {{Type: Test::Thing, Properties: {{Name: app-end, Fixed: {fixed}}}}}\n"
        )
    };
    scene.bed.deploy("CREATE", &template("a"), &[]).await;
    assert_eq!(
        scene.bed.deploy("UPDATE", &template("b"), &[]).await,
        "UPDATE_ROLLBACK_COMPLETE"
    );
    let events = scene
        .bed
        .call("DescribeStackEvents", &[("StackName", "app")])
        .await
        .unwrap();
    assert!(events.contains("app-end already exists"), "{events}");
    assert_eq!(scene.existing(), ["end"]);
}

#[tokio::test(start_paused = true)]
async fn tags_and_policies_change_in_place() {
    let scene = scene();
    let template = "Resources:\n  A: {Type: Test::Thing}\n  P: {Type: Test::Plain}\n";
    scene.bed.deploy("CREATE", template, &[]).await;
    scene.bed.calls();
    let tags = [
        ("Tags.member.1.Key", "team"),
        ("Tags.member.1.Value", "news"),
    ];
    assert_eq!(
        scene.bed.deploy("UPDATE", template, &tags).await,
        "UPDATE_COMPLETE"
    );
    assert_eq!(scene.bed.calls(), ["update A"]);
    let retained = "Resources:\n  A: {Type: Test::Thing, DeletionPolicy: Retain}\n";
    assert_eq!(
        scene.bed.deploy("UPDATE", retained, &[]).await,
        "UPDATE_COMPLETE"
    );
    assert_eq!(scene.bed.calls(), ["delete P"]);
    scene
        .bed
        .call("DeleteStack", &[("StackName", "app")])
        .await
        .unwrap();
    scene.bed.settled().await;
    assert_eq!(scene.existing(), ["A"]);
}
