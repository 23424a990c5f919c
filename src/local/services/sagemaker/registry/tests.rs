//! The registry as its callers meet it.

use serde_json::{Value, json};

use super::super::testing::{Bed, REGION};
use crate::local::script::Script;

const GROUP: &str = "arn:aws:sagemaker:us-east-1:000000000000:model-package-group/news";
const FIRST: &str = "arn:aws:sagemaker:us-east-1:000000000000:model-package/news/1";

async fn call(bed: &Bed, operation: &str, input: Value) -> Result<Value, String> {
    let answer = bed.service.operate(operation, REGION, &input).await;
    answer.map_err(|error| format!("{} {}", error.code, error.message))
}

fn package(more: &Value) -> Value {
    let mut input = json!({
        "ModelPackageGroupName": "news",
        "InferenceSpecification": {
            "Containers": [{ "Image": "image", "ModelDataUrl": "s3://bucket/model.tar.gz" }],
            "SupportedContentTypes": ["application/json"],
            "SupportedResponseMIMETypes": ["application/json"],
        },
        "CustomerMetadataProperties": { "release": "1" },
        "ModelMetrics": { "ModelQuality": { "Statistics": {
            "ContentType": "application/json", "S3Uri": "s3://bucket/metrics.json",
        } } },
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        input[name] = value.clone();
    }
    input
}

async fn bed() -> Bed {
    let bed = Bed::scripted(Script::default());
    let group = json!({ "ModelPackageGroupName": "news" });
    let made = call(&bed, "CreateModelPackageGroup", group).await.unwrap();
    assert_eq!(made["ModelPackageGroupArn"], GROUP);
    bed
}

#[tokio::test]
async fn versions_are_counted_approved_and_listed() {
    let bed = bed().await;
    let token = json!({ "ClientToken": "one" });
    for more in [token.clone(), token, json!({})] {
        call(&bed, "CreateModelPackage", package(&more))
            .await
            .unwrap();
    }
    let described = json!({ "ModelPackageName": FIRST });
    let first = call(&bed, "DescribeModelPackage", described.clone()).await;
    let first = first.unwrap();
    assert_eq!(first["ModelPackageVersion"], 1);
    assert_eq!(first["ModelApprovalStatus"], "PendingManualApproval");
    assert_eq!(first["CustomerMetadataProperties"]["release"], "1");
    assert_eq!(
        first["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"],
        "s3://bucket/metrics.json"
    );

    let update = json!({
        "ModelPackageArn": FIRST,
        "ModelApprovalStatus": "Approved",
        "ApprovalDescription": "by ada",
        "CustomerMetadataProperties": { "promoted": "prod" },
        "CustomerMetadataPropertiesToRemove": ["release"],
    });
    call(&bed, "UpdateModelPackage", update).await.unwrap();
    let first = call(&bed, "DescribeModelPackage", described.clone()).await;
    let first = first.unwrap();
    assert_eq!(first["ApprovalDescription"], "by ada");
    assert_eq!(
        first["CustomerMetadataProperties"],
        json!({ "promoted": "prod" })
    );

    let versions = async |more: Value| -> Vec<u64> {
        let mut input = json!({ "ModelPackageGroupName": GROUP, "SortOrder": "Descending" });
        for (name, value) in more.as_object().into_iter().flatten() {
            input[name] = value.clone();
        }
        let listed = call(&bed, "ListModelPackages", input).await.unwrap();
        let listed = listed["ModelPackageSummaryList"].as_array().unwrap();
        let versions = listed.iter().map(|one| one["ModelPackageVersion"].as_u64());
        versions.map(Option::unwrap).collect()
    };
    // The repeated request made no version of its own.
    assert_eq!(versions(json!({})).await, [2, 1]);
    let approved = json!({ "ModelApprovalStatus": "Approved" });
    assert_eq!(versions(approved).await, [1]);

    let group = json!({ "ModelPackageGroupName": "news" });
    let refused = call(&bed, "DeleteModelPackageGroup", group.clone()).await;
    assert!(refused.unwrap_err().starts_with("ConflictException"));
    for version in [1, 2] {
        let name = FIRST.replace("/1", &format!("/{version}"));
        let one = json!({ "ModelPackageName": name });
        call(&bed, "DeleteModelPackage", one).await.unwrap();
    }
    assert!(call(&bed, "DescribeModelPackage", described).await.is_err());
    // Numbers are not given twice.
    call(&bed, "CreateModelPackage", package(&json!({})))
        .await
        .unwrap();
    assert_eq!(versions(json!({})).await, [3]);
    let last = json!({ "ModelPackageName": FIRST.replace("/1", "/3") });
    call(&bed, "DeleteModelPackage", last).await.unwrap();
    call(&bed, "DeleteModelPackageGroup", group.clone())
        .await
        .unwrap();
    let missing = call(&bed, "DescribeModelPackageGroup", group).await;
    assert!(missing.unwrap_err().contains("does not exist"));
}

#[tokio::test]
async fn what_is_wrong_is_refused_by_name() {
    let bed = bed().await;
    let long = "x".repeat(257);
    for (more, reason) in [
        (
            json!({ "ModelApprovalStatus": "Maybe" }),
            "modelApprovalStatus",
        ),
        (json!({ "Tags": [{ "Key": "a", "Value": "b" }] }), "Tags"),
        (json!({ "ModelPackageName": "x" }), "Both ModelPackageName"),
        (
            json!({ "ModelPackageGroupName": "other" }),
            "does not exist",
        ),
        (
            json!({ "InferenceSpecification": { "Containers": [] } }),
            "ontainers",
        ),
        (
            json!({ "CustomerMetadataProperties": { "a": long } }),
            "1 to 256",
        ),
        (
            json!({ "ModelCard": { "a": 1 } }),
            "ModelCard of CreateModelPackage",
        ),
    ] {
        let refused = call(&bed, "CreateModelPackage", package(&more)).await;
        let refused = refused.unwrap_err();
        assert!(refused.contains(reason), "{reason}: {refused}");
    }
    let again = json!({ "ModelPackageGroupName": "news" });
    let refused = call(&bed, "CreateModelPackageGroup", again).await;
    assert!(refused.unwrap_err().contains("already exists"));
    let foreign = GROUP.replace("000000000000", "111122223333");
    let foreign = json!({ "ModelPackageGroupName": foreign });
    assert!(
        call(&bed, "DescribeModelPackageGroup", foreign)
            .await
            .is_err()
    );
}
