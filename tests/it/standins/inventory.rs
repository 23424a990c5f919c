//! What exists under an environment's names, on moto: `MiniStack` has no `SageMaker` to ask.

use std::collections::BTreeMap;

use deploy::cloud::inventory::{Item, Scope};
use serde_json::{Value, json};

use super::sagemaker::{ACCOUNT, served};
use super::server::{REGION, moto};

fn scope() -> Scope {
    Scope {
        stem: "seen-prod".into(),
        endpoints: vec!["seen-prod-serverless".into(), "seen-prod".into()],
        stacks: vec!["seen-prod-foundation".into(), "seen-prod-service".into()],
        bucket: "seen-prod-bucket".into(),
        log_groups: vec!["/aws/lambda/seen-prod-classify".into()],
        function: "seen-prod-classify".into(),
        stack: "seen".into(),
        environment: "prod".into(),
    }
}

fn job(name: &str) -> (&'static str, &'static str, Value) {
    let arguments = json!({
        "TrainingJobName": name,
        "RoleArn": format!("arn:aws:iam::{ACCOUNT}:role/training"),
        "AlgorithmSpecification": { "TrainingImage": "image", "TrainingInputMode": "File" },
        "OutputDataConfig": { "S3OutputPath": "s3://seen/training" },
        "ResourceConfig": { "InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1 },
        "StoppingCondition": { "MaxRuntimeInSeconds": 60 },
    });
    ("sagemaker", "create_training_job", arguments)
}

/// Everything that an environment of this stem is made of.
fn environment(stem: &str, environment: &str) -> Vec<(&'static str, &'static str, Value)> {
    let role_name = format!("{stem}-foundation-FunctionRole-1A2B");
    let function = format!("{stem}-classify");
    let tags = BTreeMap::from([
        ("deploy:stack", "seen"),
        ("deploy:environment", environment),
    ]);
    let bucket = json!({
        "Bucket": format!("{stem}-bucket"),
        "CreateBucketConfiguration": { "LocationConstraint": REGION },
    });
    let role = json!({
        "RoleName": role_name,
        "AssumeRolePolicyDocument": r#"{"Version":"2012-10-17","Statement":[]}"#,
    });
    let code = json!({
        "FunctionName": function,
        "Role": format!("arn:aws:iam::{ACCOUNT}:role/{role_name}"),
        "Runtime": "python3.12",
        "Handler": "main.handler",
        "Code": { "ZipFile": { "$bytes": "no archive" } },
    });
    let group = json!({ "logGroupName": format!("/aws/lambda/{function}") });
    let api = json!({ "Name": stem, "ProtocolType": "HTTP", "Tags": tags });
    let mut calls = vec![
        ("s3", "create_bucket", bucket),
        ("iam", "create_role", role),
        ("lambda", "create_function", code),
        ("logs", "create_log_group", group),
        ("apigatewayv2", "create_api", api),
        job(&format!("{stem}-0123456789abcdef")),
        job(&format!("{stem}-0123456789abcdef-r2")),
    ];
    calls.extend(served(
        stem,
        &format!("{stem}-service-EndpointConfig-1A2B"),
        &format!("{stem}-service-Model-1A2B"),
    ));
    calls
}

#[tokio::test]
async fn all_of_an_environment_is_found_and_nothing_of_its_neighbour() {
    let inventory = moto().cloud(ACCOUNT).await.inventory;
    let neighbour = environment("seen-prod-eu", "prod-eu");
    let made = moto().second_client(ACCOUNT, &neighbour);
    assert!(
        made.iter().all(|answer| answer.get("Error").is_none()),
        "{made:#?}"
    );
    assert_eq!(inventory.items(&scope()).await.unwrap(), []);

    let made = moto().second_client(ACCOUNT, &environment("seen-prod", "prod"));
    assert!(
        made.iter().all(|answer| answer.get("Error").is_none()),
        "{made:#?}"
    );
    let api = made[4]["ApiId"].as_str().unwrap();
    let item = |kind, name: &str| Item {
        kind,
        name: name.to_owned(),
    };
    assert_eq!(
        inventory.items(&scope()).await.unwrap(),
        [
            item("HTTP API", api),
            item("IAM role", "seen-prod-foundation-FunctionRole-1A2B"),
            item("Lambda function", "seen-prod-classify"),
            item("S3 bucket", "seen-prod-bucket"),
            item("SageMaker endpoint", "seen-prod"),
            item(
                "SageMaker endpoint config",
                "seen-prod-service-EndpointConfig-1A2B"
            ),
            item("SageMaker model", "seen-prod-service-Model-1A2B"),
            item("log group", "/aws/lambda/seen-prod-classify"),
            item("training job", "seen-prod-0123456789abcdef"),
            item("training job", "seen-prod-0123456789abcdef-r2"),
        ]
    );
}
