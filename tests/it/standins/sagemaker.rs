//! Training jobs and endpoints on moto, whose jobs are complete at once and whose endpoints are in
//! service at once.

use std::collections::BTreeMap;

use deploy::cloud::endpoints::EndpointState;
use deploy::cloud::training::{TrainingPhase, TrainingRequest};
use deploy::render::{self, Library};
use deploy::stack::StackFile;
use serde_json::{Value, json};

use super::server::{REGION, moto};
use crate::support::repository;

/// moto's only account.
pub(super) const ACCOUNT: &str = "123456789012";

/// The shipped stack's training request as it is sent.
fn rendered() -> Value {
    let file = repository().join("stacks/news-classifier/stack.yaml");
    let stack = StackFile::read(&file)
        .unwrap()
        .environment("staging")
        .unwrap();
    let document = render::render(&stack, &Library::builtin())
        .unwrap()
        .training_job
        .unwrap();
    let values = BTreeMap::from([
        (
            "TrainingJobName",
            "news-classifier-staging-0123456789abcdef".to_owned(),
        ),
        (
            "TrainingRoleArn",
            format!("arn:aws:iam::{ACCOUNT}:role/training"),
        ),
        ("BucketName", "news-classifier-staging".to_owned()),
        ("DataPrefix", "data/aaaa/".to_owned()),
        ("CodePrefix", "code/bbbb/".to_owned()),
        ("TrainingKey", "0123456789abcdef".repeat(4)),
    ]);
    render::substitute(document.value(), &values).unwrap()
}

/// A request that uses what the shipped stack does not.
fn with_every_option() -> Value {
    let mut request = rendered();
    let more = json!({
        "TrainingJobName": "every-option",
        "Environment": { "HF_HUB_OFFLINE": "1" },
        "EnableNetworkIsolation": true,
        "EnableInterContainerTrafficEncryption": true,
        "EnableManagedSpotTraining": true,
        "VpcConfig": { "Subnets": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-1"] },
        "CheckpointConfig": { "S3Uri": "s3://news-classifier-staging/checkpoints/every-option" },
        "OutputDataConfig": { "S3OutputPath": "s3://news-classifier-staging/training", "KmsKeyId": "key" },
        "ResourceConfig": {
            "InstancePreferences": [
                { "InstanceType": "ml.g5.xlarge" }, { "InstanceType": "ml.g4dn.xlarge" },
            ],
            "InstanceCount": 2,
            "VolumeSizeInGB": 50,
            "VolumeKmsKeyId": "volume-key",
            "KeepAlivePeriodInSeconds": 600,
        },
        "StoppingCondition": {
            "MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 120, "MaxPendingTimeInSeconds": 7200,
        },
    });
    request
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    request
}

/// The calls that make an endpoint, with its config and model.
pub(super) fn served(
    endpoint: &str,
    config: &str,
    model: &str,
) -> Vec<(&'static str, &'static str, Value)> {
    let model_request = json!({
        "ModelName": model,
        "ExecutionRoleArn": format!("arn:aws:iam::{ACCOUNT}:role/hosting"),
        "PrimaryContainer": { "Image": "image", "ModelDataUrl": "s3://b/model.tar.gz" },
    });
    let variant = json!({
        "VariantName": "AllTraffic",
        "ModelName": model,
        "InitialInstanceCount": 1,
        "InstanceType": "ml.m5.large",
    });
    let config_request = json!({ "EndpointConfigName": config, "ProductionVariants": [variant] });
    let endpoint_request = json!({ "EndpointName": endpoint, "EndpointConfigName": config });
    vec![
        ("sagemaker", "create_model", model_request),
        ("sagemaker", "create_endpoint_config", config_request),
        ("sagemaker", "create_endpoint", endpoint_request),
    ]
}

/// Starts a job and requires that the second client reads back every field that was rendered.
async fn is_accepted_and_read_back(rendered: &Value) {
    let request: TrainingRequest = serde_json::from_value(rendered.clone()).unwrap();
    let name = &request.training_job_name;
    moto()
        .cloud(ACCOUNT)
        .await
        .training
        .start(&request)
        .await
        .unwrap();
    let arn = format!("arn:aws:sagemaker:{REGION}:{ACCOUNT}:training-job/{name}");
    let mut seen = moto().second_client(
        ACCOUNT,
        &[
            (
                "sagemaker",
                "describe_training_job",
                json!({ "TrainingJobName": name }),
            ),
            ("sagemaker", "list_tags", json!({ "ResourceArn": arn })),
        ],
    );
    let mut expected = rendered.clone();
    // moto tells metrics of its own making in place of those it was given.
    for document in [&mut expected, &mut seen[0]] {
        let algorithm = document["AlgorithmSpecification"].as_object_mut().unwrap();
        assert!(algorithm.remove("MetricDefinitions").is_some());
    }
    // It does not keep these.
    for field in ["Environment", "ProfilerConfig"] {
        expected.as_object_mut().unwrap().remove(field);
    }
    for (field, value) in expected.as_object().unwrap() {
        match field.as_str() {
            "Tags" => assert_eq!(&seen[1]["Tags"], value),
            _ => assert_eq!(&seen[0][field], value, "{field} of {}", seen[0]),
        }
    }
}

#[tokio::test]
async fn the_shipped_training_request_is_accepted_and_read_back() {
    is_accepted_and_read_back(&rendered()).await;
}

#[tokio::test]
async fn every_option_of_a_training_request_is_accepted_and_read_back() {
    is_accepted_and_read_back(&with_every_option()).await;
}

#[tokio::test]
async fn a_job_is_described_and_listed() {
    let training = moto().cloud(ACCOUNT).await.training;
    assert_eq!(training.describe("life-of-a-job").await.unwrap(), None);
    let mut rendered = rendered();
    rendered["TrainingJobName"] = "life-of-a-job".into();
    let request: TrainingRequest = serde_json::from_value(rendered).unwrap();
    training.start(&request).await.unwrap();
    let state = training.describe("life-of-a-job").await.unwrap().unwrap();
    assert_eq!(
        (state.phase, state.is_settled()),
        (TrainingPhase::Completed, true)
    );
    assert_eq!(state.failure_reason, None);
    let model = state.model.unwrap();
    assert!(
        model.starts_with("s3://news-classifier-staging/training/life-of-a-job"),
        "{model}"
    );

    // More than a page of 100, of which only those with the text are listed.
    let mut other = request.clone();
    for index in 0..103 {
        other.training_job_name = format!("one-of-many-{index}");
        training.start(&other).await.unwrap();
    }
    assert_eq!(training.list("of-many").await.unwrap().len(), 103);
    assert_eq!(training.list("life-of").await.unwrap(), ["life-of-a-job"]);
    // Neither StopTrainingJob nor DeleteTrainingJob is there on moto: both are the local engine's tests.
}

#[tokio::test]
async fn an_endpoint_tells_its_state_and_answers() {
    let cloud = moto().cloud(ACCOUNT).await;
    assert_eq!(cloud.endpoints.describe("headlines").await.unwrap(), None);
    let calls = served("headlines", "headlines-config", "headlines-model");
    let made = moto().second_client(ACCOUNT, &calls);
    assert!(
        made.iter().all(|answer| answer.get("Error").is_none()),
        "{made:?}"
    );
    let state = cloud.endpoints.describe("headlines").await.unwrap();
    let expected = EndpointState {
        status: "InService".to_owned(),
        config: "headlines-config".to_owned(),
        changed: state.as_ref().and_then(|state| state.changed),
        failure_reason: None,
    };
    assert!(expected.changed.is_some());
    assert_eq!(state, Some(expected));
    // moto answers every invocation with this.
    let body = r#"{"inputs":["a headline"]}"#;
    assert_eq!(
        cloud.endpoints.invoke("headlines", body).await.unwrap(),
        "body"
    );
}
