//! CloudFormation stacks on `MiniStack`: each operation of the port, in each way it can end.

use deploy::cloud::FaultKind;
use deploy::cloud::condition::StackStatus as Status;
use deploy::cloud::stacks::ChangeKind::{Create, Update};
use serde_json::{Value, json};

use super::server::{REGION, ministack};
use super::{carried_out, deleted, deletion, ended, ready, request, template};

/// A log group and a role, whose name is an output.
fn small(days: u32) -> Value {
    let trust = json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": { "Service": "lambda.amazonaws.com" },
            "Action": "sts:AssumeRole",
        }],
    });
    let resources = json!({
        "Role": { "Type": "AWS::IAM::Role", "Properties": { "AssumeRolePolicyDocument": trust } },
        "Group": {
            "Type": "AWS::Logs::LogGroup",
            "DependsOn": "Role",
            "Properties": { "LogGroupName": "/small", "RetentionInDays": days },
        },
    });
    template(
        &resources,
        &json!({ "RoleArn": { "Value": { "Fn::GetAtt": ["Role", "Arn"] } } }),
    )
}

fn retention(account: &str) -> Value {
    let calls = [(
        "logs",
        "describe_log_groups",
        json!({ "logGroupNamePrefix": "/small" }),
    )];
    ministack().second_client(account, &calls)[0]["logGroups"][0]["retentionInDays"].clone()
}

#[tokio::test]
async fn a_stack_is_created_by_a_change_set_and_tells_what_happened() {
    let account = "100000000010";
    let cloud = ministack().cloud(account).await;
    let stacks = &cloud.stacks;
    assert_eq!(stacks.describe("small").await.unwrap(), None);
    assert!(stacks.list().await.unwrap().is_empty());

    let create = request("small", Create, "create", &small(7));
    cloud.changes.submit(&create).await.unwrap();
    // Submitted again, by a run that does not know that it was: it is the same change set.
    cloud.changes.submit(&create).await.unwrap();
    let changes = ready(&cloud, &create).await.unwrap();
    let mut seen: Vec<_> = changes
        .iter()
        .map(|change| (change.logical_id.as_str(), change.action.as_str()))
        .collect();
    seen.sort_unstable();
    assert_eq!(seen, [("Group", "Add"), ("Role", "Add")]);
    let review = stacks.describe("small").await.unwrap().unwrap();
    assert_eq!(review.status, Status::ReviewInProgress);
    // MiniStack lists a stack's change sets under its name only, not under the ARN that is asked for.
    let calls = [(
        "cloudformation",
        "list_change_sets",
        json!({ "StackName": "small" }),
    )];
    let listed = &ministack().second_client(account, &calls)[0]["Summaries"];
    assert_eq!(listed.as_array().unwrap().len(), 1);
    assert_eq!(listed[0]["ChangeSetName"], "deploy-create");

    let executed = cloud.changes.execute("small", &create.name).await;
    executed.unwrap();
    let state = ended(&cloud, "small", Status::CreateComplete).await;
    assert_eq!(state.id, review.id);
    assert_eq!(state.tags, create.tags);
    assert!(state.pending_changes.is_empty());
    let role = &state.outputs["RoleArn"];
    assert!(
        role.starts_with(&format!("arn:aws:iam::{account}:role/small-Role-")),
        "{role}"
    );
    assert_eq!(retention(account), 7);
    assert_eq!(stacks.list().await.unwrap(), ["small"]);

    let events = stacks.events(&state.id, &create.name, None).await;
    let events = events.unwrap();
    let at = |id: &str, status: &str| {
        let found = events
            .iter()
            .position(|event| event.logical_id == id && event.status == status);
        found.unwrap_or_else(|| panic!("{id} {status} is not among {events:#?}"))
    };
    // Oldest first, and the group after the role that it depends on.
    assert!(at("small", "CREATE_IN_PROGRESS") < at("Role", "CREATE_COMPLETE"));
    assert!(at("Role", "CREATE_COMPLETE") < at("Group", "CREATE_IN_PROGRESS"));
    assert_eq!(at("small", "CREATE_COMPLETE"), events.len() - 1);
    assert!(!events.iter().any(|event| event.is_cause(&state.id)));
    let newest = stacks.newest_event(&state.id).await.unwrap();
    assert_eq!(newest.as_ref(), events.last());
    let role = at("Role", "CREATE_COMPLETE");
    let later = stacks
        .events(&state.id, &create.name, Some(&events[role].id))
        .await
        .unwrap();
    assert_eq!(later, events[role + 1..]);
    assert!(
        stacks
            .events(
                &state.id,
                &create.name,
                newest.as_ref().map(|event| &*event.id)
            )
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn a_stack_is_changed_where_it_differs_and_only_there() {
    let account = "100000000011";
    let cloud = ministack().cloud(account).await;
    let create = request("small", Create, "create", &small(7));
    let before = carried_out(&cloud, &create, Status::CreateComplete).await;

    let same = request("small", Update, "same", &small(7));
    cloud.changes.submit(&same).await.unwrap();
    assert_eq!(ready(&cloud, &same).await, None);
    cloud.changes.discard("small", &same.name).await.unwrap();
    // Discarded already, by a run that was broken off after it.
    cloud.changes.discard("small", &same.name).await.unwrap();

    let longer = request("small", Update, "longer", &small(14));
    cloud.changes.submit(&longer).await.unwrap();
    let changes = ready(&cloud, &longer).await.unwrap();
    assert_eq!(changes.len(), 1, "{changes:?}");
    assert_eq!(
        (&*changes[0].logical_id, &*changes[0].action),
        ("Group", "Modify")
    );
    // MiniStack says `Conditional` where AWS's schema says that a retention never replaces.
    assert_ne!(changes[0].replacement, "True");
    cloud.changes.execute("small", &longer.name).await.unwrap();
    let after = ended(&cloud, "small", Status::UpdateComplete).await;
    assert_eq!((&after.id, &after.outputs), (&before.id, &before.outputs));
    assert_eq!(retention(account), 14);
    // The events with the operation's token are those of this operation.
    let events = cloud.stacks.events("small", &longer.name, None).await;
    let events = events.unwrap();
    assert!(
        events
            .iter()
            .all(|event| event.status.starts_with("UPDATE_")),
        "{events:#?}"
    );
    assert_eq!(events.last().unwrap().status, "UPDATE_COMPLETE");
    // Executed once, a change set cannot be executed again.
    let again = cloud
        .changes
        .execute("small", &longer.name)
        .await
        .unwrap_err();
    assert!(!again.is_transient(), "{again}");
}

#[tokio::test]
async fn a_parameter_alone_changes_a_stack() {
    let account = "100000000012";
    let cloud = ministack().cloud(account).await;
    let mut body = small(7);
    body["Parameters"] = json!({ "Days": { "Type": "Number", "AllowedValues": [7, 14] } });
    body["Resources"]["Group"]["Properties"]["RetentionInDays"] = json!({ "Ref": "Days" });
    body["Outputs"]["Days"] = json!({ "Value": { "Ref": "Days" } });
    let with = |kind, name: &str, value: &str| {
        let mut request = request("small", kind, name, &body);
        request
            .parameters
            .insert("Days".to_owned(), value.to_owned());
        request
    };
    let create = with(Create, "create", "7");
    let state = carried_out(&cloud, &create, Status::CreateComplete).await;
    assert_eq!(state.parameters, create.parameters);

    let update = with(Update, "update", "14");
    let state = carried_out(&cloud, &update, Status::UpdateComplete).await;
    assert_eq!(
        (&*state.parameters["Days"], &*state.outputs["Days"]),
        ("14", "14")
    );
    assert_eq!(retention(account), 14);

    let wrong = with(Update, "wrong", "15");
    let refused = cloud.changes.submit(&wrong).await.unwrap_err();
    assert_eq!(refused.kind, FaultKind::Rejected);
    assert!(refused.message.contains("Days"), "{refused}");
}

#[tokio::test]
async fn a_failing_resource_is_rolled_back_and_named() {
    let account = "100000000013";
    let cloud = ministack().cloud(account).await;
    // Two event buses of one name.
    let mut broken = small(14);
    let bus = |after: &str| {
        json!({
            "Type": "AWS::Events::EventBus", "DependsOn": after, "Properties": { "Name": "twin" },
        })
    };
    broken["Resources"]["First"] = bus("Group");
    broken["Resources"]["Second"] = bus("First");
    let create = request("small", Create, "create", &broken);
    let state = carried_out(&cloud, &create, Status::RollbackComplete).await;
    let events = cloud.stacks.events(&state.id, &create.name, None).await;
    let events = events.unwrap();
    let cause = events
        .iter()
        .find(|event| event.is_cause(&state.id))
        .unwrap();
    assert_eq!(
        (&*cause.logical_id, &*cause.status),
        ("Second", "CREATE_FAILED")
    );
    assert!(
        cause.reason.as_deref().unwrap().contains("already exists"),
        "{cause:?}"
    );
    deleted(&cloud, &state).await;

    // The same in a stack that works: it goes back to what it was.
    let good = request("small", Create, "good", &small(7));
    let before = carried_out(&cloud, &good, Status::CreateComplete).await;
    let update = request("small", Update, "update", &broken);
    let after = carried_out(&cloud, &update, Status::UpdateRollbackComplete).await;
    assert_eq!(after.outputs, before.outputs);
    assert_eq!(retention(account), 7);
}

#[tokio::test]
async fn a_deleted_stack_is_known_by_its_arn_only() {
    let account = "100000000014";
    let cloud = ministack().cloud(account).await;
    let create = request("small", Create, "create", &small(7));
    let first = carried_out(&cloud, &create, Status::CreateComplete).await;
    deleted(&cloud, &first).await;
    assert_eq!(retention(account), Value::Null);
    let token = deletion().token;
    let events = cloud.stacks.events(&first.id, &token, None).await.unwrap();
    assert_eq!(events.last().unwrap().status, "DELETE_COMPLETE");
    assert!(cloud.stacks.list().await.unwrap().is_empty());
    // What is not there is deleted already.
    let again = cloud.withdrawals.delete("small", &deletion()).await;
    again.unwrap();

    // A namesake is another stack. (MiniStack then forgets the first, which AWS keeps for 90 days.)
    let second = carried_out(&cloud, &create, Status::CreateComplete).await;
    assert_ne!(second.id, first.id);
}

#[tokio::test]
async fn what_cannot_be_is_refused_with_a_reason() {
    let account = "100000000015";
    let cloud = ministack().cloud(account).await;
    let unknown = template(
        &json!({ "X": { "Type": "AWS::Totally::Bogus" } }),
        &json!({}),
    );
    let bogus = request("bogus", Create, "bogus", &unknown);
    // MiniStack refuses the request; AWS makes a change set that fails.
    let refused = cloud.changes.submit(&bogus).await.unwrap_err();
    assert_eq!(refused.kind, FaultKind::Rejected);
    assert!(refused.message.contains("AWS::Totally::Bogus"), "{refused}");
    let missing = cloud
        .changes
        .look("nothing", "deploy-nothing")
        .await
        .unwrap_err();
    assert_eq!(missing.kind, FaultKind::NotFound, "{missing:?}");

    let create = request("kept", Create, "create", &small(7));
    carried_out(&cloud, &create, Status::CreateComplete).await;
    let protect = json!({ "StackName": "kept", "EnableTerminationProtection": true });
    let calls = [("cloudformation", "update_termination_protection", protect)];
    ministack().second_client(account, &calls);
    let kept = cloud.withdrawals.delete("kept", &deletion()).await;
    let kept = kept.unwrap_err();
    assert_eq!(kept.kind, FaultKind::Rejected);
    assert!(kept.message.contains("TerminationProtection"), "{kept}");
}

#[tokio::test]
async fn a_name_that_is_taken_fails_before_anything_is_made() {
    let (owner, account) = ("100000000016", "100000000017");
    let bucket = "taken-by-100000000016";
    let here = json!({ "LocationConstraint": REGION });
    let taken = json!({ "Bucket": bucket, "CreateBucketConfiguration": here });
    ministack().second_client(owner, &[("s3", "create_bucket", taken)]);
    let cloud = ministack().cloud(account).await;
    let mut body = small(7);
    body["Resources"]["Role"]["DependsOn"] = "Bucket".into();
    body["Resources"]["Bucket"] =
        json!({ "Type": "AWS::S3::Bucket", "Properties": { "BucketName": bucket } });
    let create = request("taken", Create, "create", &body);
    let state = carried_out(&cloud, &create, Status::RollbackComplete).await;
    // AWS's early validation: no resource has an event, and the stack's own only says where to look.
    let events = cloud.stacks.events(&state.id, &create.name, None).await;
    let events = events.unwrap();
    assert!(
        events.iter().all(|event| event.logical_id == "taken"),
        "{events:#?}"
    );
    let failed = events
        .iter()
        .find(|event| event.status == "CREATE_FAILED")
        .unwrap();
    assert!(
        failed
            .reason
            .as_deref()
            .unwrap()
            .contains("Validation failed"),
        "{failed:?}"
    );
    assert_eq!(retention(account), Value::Null);
}
