//! Endpoints from request to answer, with real servers.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::http::HeaderMap;
use bytes::Bytes;
use serde_json::{Value, json};

mod rollouts;
mod workers;

use super::super::lock;
use super::super::providers;
use super::super::runtime::{Invocation, InvokeError};
use super::super::testing::{Bed, REGION, ROLE};
use crate::local::resource::ResourceRequest;

/// A model that answers with its name and what it was asked, and does as it is told.
fn inference(name: &str) -> String {
    format!(
        "import json, os, signal\n\
         def model_fn(model_dir):\n    print('loading {name}')\n    return '{name}'\n\
         def input_fn(body, content_type):\n    return json.loads(body)\n\
         def predict_fn(data, model):\n\
         \x20   if data == 'die': os.kill(os.getpid(), signal.SIGKILL)\n\
         \x20   if data == 'raise': raise ValueError('not this one')\n\
         \x20   return {{'model': model, 'data': data, 'mood': os.environ.get('MOOD')}}\n\
         def output_fn(prediction, accept):\n    return json.dumps(prediction)\n"
    )
}

/// Makes model and configuration `name`.
async fn configure(bed: &Bed, name: &str, inference: &str) {
    let key = format!("models/{name}.tar.gz");
    bed.model(&key, inference);
    let model = json!({
        "ModelName": name,
        "ExecutionRoleArn": ROLE,
        "PrimaryContainer": {
            "Image": "local/inference:1",
            "ModelDataUrl": format!("s3://bucket/{key}"),
            "Environment": { "MOOD": "good" },
        },
    });
    bed.call("CreateModel", model).await.unwrap();
    let config = json!({ "EndpointConfigName": name, "ProductionVariants": [variant(name)] });
    bed.call("CreateEndpointConfig", config).await.unwrap();
}

/// Makes another configuration of a model, with a variant that differs in some members.
async fn vary(bed: &Bed, name: &str, model: &str, members: Value) {
    let mut variant = variant(model);
    for (member, value) in members.as_object().unwrap() {
        variant[member] = value.clone();
    }
    if members.get("ServerlessConfig").is_some() {
        let instances = ["InitialInstanceCount", "InstanceType"];
        variant
            .as_object_mut()
            .unwrap()
            .retain(|member, _| !instances.contains(&member.as_str()));
    }
    let config = json!({ "EndpointConfigName": name, "ProductionVariants": [variant] });
    bed.call("CreateEndpointConfig", config).await.unwrap();
}

fn variant(model: &str) -> Value {
    json!({
        "VariantName": "AllTraffic",
        "ModelName": model,
        "InitialInstanceCount": 1,
        "InstanceType": "ml.m5.large",
        "ContainerStartupHealthCheckTimeoutInSeconds": 60,
    })
}

async fn settled(bed: &Bed) -> Value {
    let name = json!({ "EndpointName": "e" });
    bed.until(
        "DescribeEndpoint",
        name,
        "EndpointStatus",
        &["InService", "Failed"],
    )
    .await
}

async fn serve(bed: &Bed, config: &str) -> Value {
    let input = json!({ "EndpointName": "e", "EndpointConfigName": config });
    bed.call("CreateEndpoint", input).await.unwrap();
    settled(bed).await
}

async fn update(bed: &Bed, config: &str) -> Value {
    let input = json!({ "EndpointName": "e", "EndpointConfigName": config });
    bed.call("UpdateEndpoint", input).await.unwrap();
    settled(bed).await
}

async fn invoke(bed: &Bed, data: &str) -> Result<Invocation, InvokeError> {
    let body = Bytes::from(json!(data).to_string());
    let mut headers = HeaderMap::new();
    headers.insert("content-type", "application/json".parse().unwrap());
    bed.service
        .invoke_endpoint(REGION, "e", &headers, body)
        .await
}

async fn answer(bed: &Bed, data: &str) -> Value {
    serde_json::from_slice(&invoke(bed, data).await.unwrap().body).unwrap()
}

fn process(bed: &Bed) -> u32 {
    processes(bed)[0]
}

fn processes(bed: &Bed) -> Vec<u32> {
    let live = lock(&bed.service.live);
    let fleet = live.values().next().unwrap().fleet.as_ref().unwrap();
    fleet.processes()
}

#[tokio::test]
async fn an_endpoint_answers_with_its_model() {
    let bed = Bed::new();
    configure(&bed, "one", &inference("one")).await;
    let endpoint = serve(&bed, "one").await;
    assert_eq!(endpoint["EndpointStatus"], "InService", "{endpoint}");
    assert_eq!(endpoint["ProductionVariants"][0]["CurrentInstanceCount"], 1);
    let invocation = invoke(&bed, "x").await.unwrap();
    assert_eq!(invocation.variant, "AllTraffic");
    assert_eq!(invocation.content_type, "application/json");
    let expected = json!({ "model": "one", "data": "x", "mood": "good" });
    assert_eq!(answer(&bed, "x").await, expected);
    let InvokeError::Model {
        status,
        original,
        log_stream,
        message,
    } = invoke(&bed, "raise").await.unwrap_err()
    else {
        panic!("not an error of the model")
    };
    assert_eq!(status, 400);
    assert!(
        original.contains("\"message\": \"not this one\""),
        "{original}"
    );
    assert!(
        message.starts_with("Received client error (400) from primary"),
        "{message}"
    );
    assert!(log_stream.contains("/aws/sagemaker/Endpoints/e:log-stream:AllTraffic/i-"));
    let big = Bytes::from(vec![b'x'; 6_291_457]);
    let refused = bed
        .service
        .invoke_endpoint(REGION, "e", &HeaderMap::new(), big)
        .await;
    assert!(matches!(refused, Err(InvokeError::Api(error)) if error.status == 413));
}

#[tokio::test]
async fn a_server_that_dies_is_started_again() {
    let bed = Bed::new();
    configure(&bed, "one", &inference("one")).await;
    serve(&bed, "one").await;
    let before = process(&bed);
    let error = invoke(&bed, "die").await.unwrap_err();
    assert!(
        matches!(error, InvokeError::Model { status: 0, .. }),
        "{error:?}"
    );
    assert_eq!(answer(&bed, "again").await["data"], "again");
    assert_ne!(process(&bed), before);
}

#[tokio::test]
async fn a_server_that_ends_at_once_fails_the_endpoint() {
    let bed = Bed::new();
    configure(&bed, "broken", "raise RuntimeError('no weights')").await;
    let endpoint = serve(&bed, "broken").await;
    assert_eq!(endpoint["EndpointStatus"], "Failed");
    let reason = endpoint["FailureReason"].as_str().unwrap();
    assert!(
        reason.contains("AllTraffic did not pass the ping health check"),
        "{reason}"
    );
    assert!(
        bed.logs
            .under("/aws/sagemaker/Endpoints/e AllTraffic/")
            .contains("no weights")
    );
    let error = invoke(&bed, "x").await.unwrap_err().to_string();
    assert!(error.contains("its status is Failed"), "{error}");
}

#[tokio::test]
async fn a_damaged_archive_fails_the_endpoint() {
    let bed = Bed::new();
    configure(&bed, "one", &inference("one")).await;
    std::fs::write(bed.object("models/one.tar.gz"), "no archive").unwrap();
    let endpoint = serve(&bed, "one").await;
    let reason = endpoint["FailureReason"].as_str().unwrap();
    assert!(
        reason.starts_with("Failed to extract model data archive"),
        "{reason}"
    );
}

#[tokio::test]
async fn an_update_switches_and_a_failed_one_keeps_the_old() {
    let bed = Bed::new();
    configure(&bed, "one", &inference("one")).await;
    configure(&bed, "two", &inference("two")).await;
    configure(&bed, "broken", "raise RuntimeError('no weights')").await;
    serve(&bed, "one").await;
    let endpoint = update(&bed, "two").await;
    assert_eq!(endpoint["EndpointConfigName"], "two", "{endpoint}");
    assert_eq!(answer(&bed, "x").await["model"], "two");
    let endpoint = update(&bed, "broken").await;
    assert_eq!(endpoint["EndpointStatus"], "InService");
    assert_eq!(endpoint["EndpointConfigName"], "two");
    assert!(
        endpoint["FailureReason"]
            .as_str()
            .unwrap()
            .contains("ping health check")
    );
    assert_eq!(answer(&bed, "x").await["model"], "two");
}

#[tokio::test]
async fn requests_during_an_update_are_all_answered() {
    let bed = Bed::new();
    configure(&bed, "one", &inference("one")).await;
    configure(&bed, "two", &inference("two")).await;
    serve(&bed, "one").await;
    let input = json!({ "EndpointName": "e", "EndpointConfigName": "two" });
    bed.call("UpdateEndpoint", input).await.unwrap();
    let mut models = Vec::new();
    for _ in 0..5000 {
        models.push(
            answer(&bed, "x").await["model"]
                .as_str()
                .unwrap()
                .to_owned(),
        );
        if models.iter().filter(|model| *model == "two").count() == 200 {
            return;
        }
    }
    panic!("the update never came through: {}", models.len());
}

#[tokio::test]
async fn an_endpoint_comes_back_with_the_engine_though_its_model_is_deleted() {
    let bed = Bed::new();
    configure(&bed, "one", &inference("one")).await;
    serve(&bed, "one").await;
    bed.call("DeleteModel", json!({ "ModelName": "one" }))
        .await
        .unwrap();
    bed.call(
        "DeleteEndpointConfig",
        json!({ "EndpointConfigName": "one" }),
    )
    .await
    .unwrap();
    std::fs::remove_file(bed.object("models/one.tar.gz")).unwrap();
    bed.service.shutdown().await;
    let next = Bed::over(&bed.folder);
    assert_eq!(answer(&next, "x").await["model"], "one");
}

#[tokio::test]
async fn deleting_leaves_neither_process_nor_folder() {
    let bed = Bed::new();
    configure(&bed, "one", &inference("one")).await;
    serve(&bed, "one").await;
    let id = process(&bed);
    let name = json!({ "EndpointName": "e" });
    bed.call("DeleteEndpoint", name.clone()).await.unwrap();
    for _ in 0..1000 {
        match bed.call("DescribeEndpoint", name.clone()).await {
            Ok(endpoint) => assert_eq!(endpoint["EndpointStatus"], "Deleting"),
            Err(error) => {
                assert!(
                    error.message.starts_with("Could not find endpoint"),
                    "{error}"
                );
                assert!(!std::path::Path::new(&format!("/proc/{id}")).exists());
                assert!(!bed.folder.join("work/endpoints/us-east-1/e").exists());
                return;
            }
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the endpoint was never deleted");
}

fn wanted(logical: &str, properties: Value) -> ResourceRequest {
    ResourceRequest {
        stack_name: "s".into(),
        stack_id: "arn:stack/s/1".into(),
        logical_id: logical.into(),
        physical_name: format!("s-{logical}-1"),
        region: REGION.into(),
        account: "000000000000".into(),
        properties,
        tags: BTreeMap::from([("project".into(), "news".into())]),
    }
}

#[tokio::test]
async fn a_stack_makes_updates_and_removes_an_endpoint() {
    let bed = Bed::new();
    configure(&bed, "one", &inference("one")).await;
    configure(&bed, "broken", "raise RuntimeError('no weights')").await;
    let all = providers::providers(&bed.service);
    let of = |name: &str| {
        all.iter()
            .find(|one| one.definition().name == name)
            .unwrap()
    };
    let config = wanted("Config", json!({ "ProductionVariants": [variant("one")] }));
    let config = of("AWS::SageMaker::EndpointConfig")
        .create(&config)
        .await
        .unwrap();
    assert_eq!(config.attributes["EndpointConfigName"], "s-Config-1");
    let endpoint = of("AWS::SageMaker::Endpoint");
    let properties = |config: &str| json!({ "EndpointName": "e", "EndpointConfigName": config });
    let request = wanted("Endpoint", properties("s-Config-1"));
    let made = endpoint.create(&request).await.unwrap();
    assert_eq!(answer(&bed, "x").await["model"], "one");
    // The same create after a crash finds what it made; another stack's does not take it.
    assert_eq!(endpoint.create(&request).await.unwrap(), made);
    let other = ResourceRequest {
        stack_id: "arn:stack/t/1".into(),
        ..request.clone()
    };
    let refused = endpoint.create(&other).await.unwrap_err();
    assert!(
        refused.message.contains("already existing endpoint"),
        "{refused}"
    );
    let bad = wanted("Endpoint", properties("broken"));
    let failed = endpoint
        .update(&made.physical_id, &request.properties, &bad)
        .await
        .unwrap_err();
    assert!(
        failed.message.contains("serves what it served before"),
        "{failed}"
    );
    let good = wanted("Endpoint", properties("one"));
    endpoint
        .update(&made.physical_id, &bad.properties, &good)
        .await
        .unwrap();
    let tags = bed
        .call("ListTags", json!({ "ResourceArn": made.physical_id }))
        .await
        .unwrap();
    assert!(tags.to_string().contains("news"), "{tags}");
    endpoint.delete(&made.physical_id).await.unwrap();
    endpoint.delete(&made.physical_id).await.unwrap();
    assert!(
        invoke(&bed, "x")
            .await
            .unwrap_err()
            .to_string()
            .contains("not found")
    );
}
