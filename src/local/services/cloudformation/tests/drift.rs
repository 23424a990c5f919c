//! Drift: what others changed is found, told, and taken back.

use super::{Scene, THREE, parameter, scene};
use crate::local::services::cloudformation::testing::first;
use serde_json::json;
use std::time::Duration;

const APP: [(&str, &str); 1] = [("StackName", "app")];
const REVERT: [(&str, &str); 4] = [
    ("StackName", "app"),
    ("ChangeSetName", "revert"),
    ("UsePreviousTemplate", "true"),
    ("DeploymentMode", "REVERT_DRIFT"),
];

const TWO: &str = "\
Resources:
  Thing: {Type: Test::Thing, Properties: {Fixed: a, Size: 1}}
  Plain: {Type: Test::Plain, Properties: {Size: 1}}
";

impl Scene {
    /// Does what somebody else would do to the resource whose id begins so.
    fn edit(&self, id: &str, property: &str, value: i64) {
        let mut world = self.world.lock().unwrap();
        let key = world
            .exists
            .keys()
            .find(|key| key.starts_with(id))
            .unwrap()
            .clone();
        world.exists.get_mut(&key).unwrap()[property] = json!(value);
    }

    fn size(&self, id: &str) -> serde_json::Value {
        let world = self.world.lock().unwrap();
        let found = world.exists.iter().find(|(key, _)| key.starts_with(id));
        found.unwrap().1["Size"].clone()
    }

    async fn detected(&self) -> String {
        let begun = self.bed.call("DetectStackDrift", &APP).await.unwrap();
        let id = first(&begun, "StackDriftDetectionId");
        let status = [("StackDriftDetectionId", id.as_str())];
        loop {
            let told = self
                .bed
                .call("DescribeStackDriftDetectionStatus", &status)
                .await
                .unwrap();
            if first(&told, "DetectionStatus") != "DETECTION_IN_PROGRESS" {
                return told;
            }
            let error = self.bed.call("DetectStackDrift", &APP).await.unwrap_err();
            assert!(error.contains("already in progress"), "{error}");
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    /// Executes the drift-aware change set and waits.
    async fn revert(&self) -> String {
        self.bed.call("CreateChangeSet", &REVERT).await.unwrap();
        self.bed
            .call("ExecuteChangeSet", &REVERT[..2])
            .await
            .unwrap();
        self.bed.settled().await
    }
}

#[tokio::test(start_paused = true)]
async fn drift_is_found_where_it_can_be_looked_for() {
    let scene = scene();
    let bed = &scene.bed;
    bed.deploy("CREATE", TWO, &[]).await;
    let told = scene.detected().await;
    assert_eq!(first(&told, "StackDriftStatus"), "IN_SYNC");
    scene.edit("app-Thing", "Size", 7);
    scene.edit("app-Plain", "Size", 7);
    let told = scene.detected().await;
    assert_eq!(first(&told, "DetectionStatus"), "DETECTION_COMPLETE");
    assert_eq!(first(&told, "StackDriftStatus"), "DRIFTED");
    assert_eq!(first(&told, "DriftedStackResourceCount"), "1");
    let drifts = bed.call("DescribeStackResourceDrifts", &APP).await.unwrap();
    assert_eq!(drifts.matches("<member>").count(), 2, "{drifts}");
    assert!(
        drifts.contains(
            "<PropertyPath>/Size</PropertyPath><ExpectedValue>1</ExpectedValue><ActualValue>7<"
        ),
        "{drifts}"
    );
    let resources = bed.call("DescribeStackResources", &APP).await.unwrap();
    assert!(resources.contains("<StackResourceDriftStatus>NOT_CHECKED<"));
    assert!(resources.contains("<StackResourceDriftStatus>MODIFIED<"));
    let described = bed.call("DescribeStacks", &APP).await.unwrap();
    assert_eq!(first(&described, "StackDriftStatus"), "DRIFTED");
    // A change of the stack makes what was found old.
    bed.deploy("UPDATE", &TWO.replace("Size: 1", "Size: 2"), &[])
        .await;
    let described = bed.call("DescribeStacks", &APP).await.unwrap();
    assert_eq!(first(&described, "StackDriftStatus"), "NOT_CHECKED");
}

#[tokio::test(start_paused = true)]
async fn resources_that_are_gone_are_found_and_looked_at_one_by_one_and_page_by_page() {
    let scene = scene();
    let bed = &scene.bed;
    bed.deploy("CREATE", THREE, &[]).await;
    scene
        .world
        .lock()
        .unwrap()
        .exists
        .retain(|id, _| !id.starts_with("app-Bucket"));
    let one = [APP[0], ("LogicalResourceId", "Bucket")];
    let told = bed.call("DetectStackResourceDrift", &one).await.unwrap();
    assert_eq!(first(&told, "StackResourceDriftStatus"), "DELETED");
    scene.detected().await;
    let mut names = Vec::new();
    let mut token = String::new();
    loop {
        let mut page = vec![APP[0], ("MaxResults", "3")];
        if !token.is_empty() {
            page.push(("NextToken", &token));
        }
        let told = bed
            .call("DescribeStackResourceDrifts", &page)
            .await
            .unwrap();
        let found = told.split("<LogicalResourceId>").skip(1);
        names.extend(found.map(|rest| rest.split_once('<').unwrap().0.to_owned()));
        token = first(&told, "NextToken");
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(names, ["Model", "Bucket", "Config", "Endpoint"]);
    let filter = [
        APP[0],
        ("StackResourceDriftStatusFilters.member.1", "DELETED"),
    ];
    let told = bed
        .call("DescribeStackResourceDrifts", &filter)
        .await
        .unwrap();
    assert_eq!(told.matches("<LogicalResourceId>").count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_drift_aware_change_set_tells_three_values_and_takes_drift_back() {
    let scene = scene();
    let bed = &scene.bed;
    bed.deploy("CREATE", TWO, &[]).await;
    scene.edit("app-Thing", "Size", 7);
    scene.edit("app-Plain", "Size", 7);
    bed.call("CreateChangeSet", &REVERT).await.unwrap();
    let described = bed.call("DescribeChangeSet", &REVERT[..2]).await.unwrap();
    assert_eq!(first(&described, "StackDriftStatus"), "DRIFTED");
    assert_eq!(first(&described, "ResourceDriftStatus"), "MODIFIED");
    assert_eq!(first(&described, "BeforeValueFrom"), "ACTUAL_STATE");
    assert_eq!(first(&described, "PreviousValue"), "1");
    assert_eq!(first(&described, "ActualValue"), "7");
    assert_eq!(first(&described, "ChangeSource"), "NoModification");
    assert_eq!(
        described.matches("<LogicalResourceId>").count(),
        1,
        "what cannot be looked at is compared by definition only: {described}"
    );
    bed.call("DeleteChangeSet", &REVERT[..2]).await.unwrap();
    assert_eq!(scene.revert().await, "UPDATE_COMPLETE");
    assert_eq!(
        (scene.size("app-Thing"), scene.size("app-Plain")),
        (json!(1), json!(7))
    );
    // Now there is nothing left to take back.
    bed.call("CreateChangeSet", &REVERT).await.unwrap();
    let described = bed.call("DescribeChangeSet", &REVERT[..2]).await.unwrap();
    assert_eq!(first(&described, "Status"), "FAILED");
}

#[tokio::test(start_paused = true)]
async fn an_immutable_property_is_not_reconciled() {
    let scene = scene();
    scene.bed.deploy("CREATE", TWO, &[]).await;
    scene.edit("app-Thing", "Fixed", 7);
    scene.bed.call("CreateChangeSet", &REVERT).await.unwrap();
    let described = scene
        .bed
        .call("DescribeChangeSet", &REVERT[..2])
        .await
        .unwrap();
    assert_eq!(first(&described, "Status"), "FAILED", "nothing can be done");
    assert_eq!(first(&described, "StackDriftStatus"), "DRIFTED");
}

#[tokio::test(start_paused = true)]
async fn what_somebody_deleted_is_made_again() {
    let scene = scene();
    scene.bed.deploy("CREATE", THREE, &[]).await;
    scene
        .world
        .lock()
        .unwrap()
        .exists
        .retain(|id, _| !id.starts_with("app-Model"));
    assert_eq!(scene.revert().await, "UPDATE_COMPLETE");
    assert_eq!(scene.existing(), ["Bucket", "Config", "Model", "end"]);
}

#[tokio::test(start_paused = true)]
async fn a_rollback_of_a_drift_aware_change_leads_to_what_was_there() {
    let scene = scene();
    scene
        .bed
        .deploy(
            "CREATE",
            &THREE.replace("Properties: {Fixed: !Ref Kind}", "Properties: {Size: 1}"),
            &[],
        )
        .await;
    scene.edit("app-Model", "Size", 7);
    scene.edit("app-end", "Size", 9);
    scene.fails("update Endpoint");
    let world = std::sync::Arc::clone(&scene.world);
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(25)).await;
        world.lock().unwrap().fails.clear();
    });
    assert_eq!(scene.revert().await, "UPDATE_ROLLBACK_COMPLETE");
    assert_eq!(
        scene.size("app-Model"),
        json!(7),
        "not what the template says, but what was there"
    );
    let told = scene.detected().await;
    assert_eq!(first(&told, "StackDriftStatus"), "DRIFTED");
}

#[tokio::test(start_paused = true)]
async fn drift_is_only_looked_for_in_a_stack_at_rest() {
    let scene = scene();
    scene.fails("create Config");
    let more = parameter("Kind", "b");
    scene.bed.deploy("CREATE", THREE, &more).await;
    let error = scene.bed.call("DetectStackDrift", &APP).await.unwrap_err();
    assert!(error.contains("status ROLLBACK_COMPLETE"), "{error}");
}
