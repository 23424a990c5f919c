//! Bucket resources of CloudFormation.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::Bed;
use crate::local::resource::{ResourceProvider, ResourceRequest};
use crate::local::services::s3::model::Versioning;
use crate::local::services::s3::providers;

fn request(properties: Value) -> ResourceRequest {
    ResourceRequest {
        stack_name: "stack".to_owned(),
        stack_id: "arn:aws:cloudformation:us-east-1:000000000000:stack/stack/1".to_owned(),
        logical_id: "Bucket".to_owned(),
        physical_name: "stack-Bucket-ABC".to_owned(),
        region: "us-east-1".to_owned(),
        account: "000000000000".to_owned(),
        properties,
        tags: BTreeMap::from([(
            "aws:cloudformation:stack-name".to_owned(),
            "stack".to_owned(),
        )]),
    }
}

fn bucket_provider(bed: &Bed) -> Arc<dyn ResourceProvider> {
    let mut all = providers(&bed.s3).into_iter();
    all.find(|provider| provider.definition().name == "AWS::S3::Bucket")
        .unwrap()
}

#[tokio::test]
async fn a_bucket_is_made_changed_and_removed_when_it_is_empty() {
    let bed = Bed::new();
    let provider = bucket_provider(&bed);
    let properties = json!({
        "VersioningConfiguration": {"Status": "Enabled"},
        "PublicAccessBlockConfiguration": {"BlockPublicAcls": true},
        "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
        "BucketEncryption": {"ServerSideEncryptionConfiguration": [
            {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
        ]},
        "Tags": [{"Key": "stack", "Value": "news"}]
    });
    let made = provider.create(&request(properties.clone())).await.unwrap();
    assert_eq!(made.physical_id, "stack-bucket-abc");
    assert_eq!(made.attributes["Arn"], "arn:aws:s3:::stack-bucket-abc");
    let again = provider.create(&request(properties.clone())).await.unwrap();
    assert_eq!(again, made);
    let tags = bed
        .s3
        .look_at_bucket("stack-bucket-abc", |bucket| Ok(bucket.tags.clone()));
    assert_eq!(tags.unwrap().len(), 2);

    provider
        .update("stack-bucket-abc", &properties, &request(json!({})))
        .await
        .unwrap();
    let versioning = bed
        .s3
        .look_at_bucket("stack-bucket-abc", |bucket| Ok(bucket.versioning));
    assert_eq!(versioning.unwrap(), Versioning::Suspended);

    let file = bed.folder.path().join("file");
    std::fs::write(&file, "x").unwrap();
    bed.s3
        .put_file("stack-bucket-abc", "a", &file)
        .await
        .unwrap();
    let error = provider.delete("stack-bucket-abc").await.unwrap_err();
    assert!(
        error.message.contains("You must delete all versions"),
        "{error}"
    );
    let input = s3s::dto::DeleteObjectInput {
        bucket: "stack-bucket-abc".to_owned(),
        key: "a".to_owned(),
        version_id: Some("null".to_owned()),
        ..s3s::dto::DeleteObjectInput::default()
    };
    bed.s3.delete_object(input).unwrap();
    provider.delete("stack-bucket-abc").await.unwrap();
    provider.delete("stack-bucket-abc").await.unwrap();
}

#[tokio::test]
async fn a_foreign_bucket_of_the_same_name_is_not_taken_over() {
    let bed = Bed::new();
    let provider = bucket_provider(&bed);
    let error = provider
        .create(&request(json!({"BucketName": "news"})))
        .await
        .unwrap_err();
    assert_eq!(error.message, "news already exists");
}
