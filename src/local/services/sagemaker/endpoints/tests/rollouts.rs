//! Updates that go step by step, and what takes them back: played, under paused time.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::super::super::lock;
use super::super::super::runtime::InvokeError;
use super::super::super::testing::Bed;
use super::{configure, inference, invoke, serve, vary};
use crate::local::metrics::{Series, Statistic};
use crate::local::script::{Deployment, DeploymentEnd, Rule, Script};

/// An endpoint of four instances, whose update takes some time to get healthy.
async fn four_instances(ends: DeploymentEnd, takes: Duration) -> Bed {
    let bed = Bed::scripted(Script {
        deployments: vec![Rule::new(&["update "], Deployment { takes, ends })],
        ..Script::default()
    });
    configure(&bed, "model", &inference("model")).await;
    for name in ["one", "two"] {
        vary(&bed, name, "model", json!({ "InitialInstanceCount": 4 })).await;
    }
    serve(&bed, "one").await;
    bed
}

async fn healthy_in_a_minute() -> Bed {
    four_instances(DeploymentEnd::InService, Duration::from_mins(1)).await
}

fn canary() -> Value {
    json!({
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {
                "Type": "CANARY",
                "CanarySize": { "Type": "CAPACITY_PERCENT", "Value": 25 },
                "WaitIntervalInSeconds": 300,
            },
            "TerminationWaitInSeconds": 120,
            "MaximumExecutionTimeoutInSeconds": 1800,
        },
        "AutoRollbackConfiguration": { "Alarms": [{ "AlarmName": "errors" }, { "AlarmName": "slow" }] },
    })
}

async fn begin(bed: &Bed, deployment: Value) {
    let input = json!({
        "EndpointName": "e",
        "EndpointConfigName": "two",
        "DeploymentConfig": deployment,
    });
    bed.call("UpdateEndpoint", input).await.unwrap();
}

async fn described(bed: &Bed) -> Value {
    let name = json!({ "EndpointName": "e" });
    bed.call("DescribeEndpoint", name).await.unwrap()
}

/// Waits until nothing is done with the endpoint any more.
async fn ended(bed: &Bed) -> Value {
    let mut changed = bed.service.changed.subscribe();
    loop {
        let endpoint = described(bed).await;
        if ["InService", "Failed"].contains(&endpoint["EndpointStatus"].as_str().unwrap()) {
            return endpoint;
        }
        changed.changed().await.unwrap();
    }
}

/// Invokes so many times, and returns how many of these the configuration answered.
async fn answered_by(bed: &Bed, config: &str, times: u32) -> f64 {
    let before = counted(bed, config, "Invocations");
    for _ in 0..times {
        invoke(bed, "x").await.unwrap();
    }
    counted(bed, config, "Invocations") - before
}

fn counted(bed: &Bed, config: &str, name: &str) -> f64 {
    let dimensions = [
        ("EndpointName", "e"),
        ("VariantName", "AllTraffic"),
        ("EndpointConfigName", config),
    ];
    let metrics = &bed.service.parts.metrics;
    let series = Series::new("AWS/SageMaker", name, &dimensions);
    let day = 24 * 60;
    let summary = metrics.over(&series, metrics.minute() - day + 1, day);
    summary.map_or(0.0, |summary| summary.of(Statistic::Sum))
}

fn is(value: f64, expected: f64) -> bool {
    (value - expected).abs() < 1e-6
}

#[tokio::test(start_paused = true)]
async fn a_canary_gets_its_part_then_all_and_only_then_the_old_instances_end() {
    let bed = healthy_in_a_minute().await;
    let began = Instant::now();
    begin(&bed, canary()).await;
    sleep(Duration::from_secs(30)).await;
    let waiting = described(&bed).await;
    let pending = &waiting["PendingDeploymentSummary"]["ProductionVariants"][0];
    assert_eq!(pending["VariantStatus"][0]["Status"], "Creating");
    assert!(is(answered_by(&bed, "two", 40).await, 0.0));
    sleep(Duration::from_mins(1)).await;
    let baking = described(&bed).await;
    assert_eq!(baking["EndpointStatus"], "Updating");
    assert_eq!(baking["EndpointConfigName"], "one");
    let pending = &baking["PendingDeploymentSummary"];
    assert_eq!(pending["EndpointConfigName"], "two");
    let variant = &pending["ProductionVariants"][0];
    assert_eq!(variant["VariantStatus"][0]["Status"], "Baking");
    assert!(is(answered_by(&bed, "two", 40).await, 10.0));
    sleep(Duration::from_mins(5)).await;
    assert!(is(answered_by(&bed, "two", 40).await, 40.0));
    assert_eq!(described(&bed).await["EndpointStatus"], "Updating");
    let done = ended(&bed).await;
    assert_eq!(done["EndpointConfigName"], "two");
    assert_eq!(done["LastDeploymentConfig"], canary());
    assert_eq!(done.get("PendingDeploymentSummary"), None);
    // A minute to get healthy, five of canary, two until the old instances end.
    assert_eq!(began.elapsed().as_secs(), 480);
}

#[tokio::test(start_paused = true)]
async fn an_alarm_during_the_canary_takes_the_update_back_and_is_named() {
    let bed = healthy_in_a_minute().await;
    begin(&bed, canary()).await;
    sleep(Duration::from_mins(2)).await;
    bed.bells.ring("unrelated");
    sleep(Duration::from_mins(1)).await;
    assert_eq!(described(&bed).await["EndpointStatus"], "Updating");
    bed.bells.ring("slow");
    sleep(Duration::from_millis(100)).await;
    let endpoint = described(&bed).await;
    assert_eq!(endpoint["EndpointStatus"], "InService");
    assert_eq!(endpoint["EndpointConfigName"], "one");
    let reason = endpoint["FailureReason"].as_str().unwrap();
    assert!(reason.ends_with("are in ALARM: slow."), "{reason}");
    assert!(is(answered_by(&bed, "one", 40).await, 40.0));
}

#[tokio::test(start_paused = true)]
async fn a_model_that_fails_is_counted_for_its_configuration_alone() {
    let bed = four_instances(DeploymentEnd::Failing(400), Duration::ZERO).await;
    begin(&bed, canary()).await;
    sleep(Duration::from_secs(1)).await;
    let mut failed = 0;
    for _ in 0..20 {
        match invoke(&bed, "x").await {
            Ok(_) => {}
            Err(InvokeError::Model { status: 400, .. }) => failed += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(failed, 5);
    // The Hugging Face server calls every failure of its code a 400.
    assert!(is(counted(&bed, "two", "InvocationModelErrors"), 5.0));
    assert!(is(counted(&bed, "two", "Invocation4XXErrors"), 5.0));
    assert!(is(counted(&bed, "two", "Invocation5XXErrors"), 0.0));
    assert!(is(counted(&bed, "one", "InvocationModelErrors"), 0.0));
    assert!(is(
        counted(&bed, "one", "InvocationsPerInstance"),
        15.0 / 4.0
    ));
}

#[tokio::test(start_paused = true)]
async fn an_update_that_takes_too_long_is_taken_back() {
    let bed = four_instances(DeploymentEnd::InService, Duration::from_hours(1)).await;
    let began = Instant::now();
    begin(&bed, canary()).await;
    let endpoint = ended(&bed).await;
    assert_eq!(endpoint["EndpointConfigName"], "one");
    let reason = endpoint["FailureReason"].as_str().unwrap();
    assert!(
        reason.contains("MaximumExecutionTimeoutInSeconds (1800)"),
        "{reason}"
    );
    assert_eq!(began.elapsed().as_secs(), 1800);
}

#[tokio::test(start_paused = true)]
async fn an_update_that_is_cut_short_by_a_restart_is_begun_anew_as_it_was_asked_for() {
    let bed = healthy_in_a_minute().await;
    begin(&bed, canary()).await;
    sleep(Duration::from_mins(2)).await;
    bed.service.shutdown().await;
    bed.service.save().unwrap();
    let next = Bed::scripted_over(&bed.folder, Script::default());
    let began = Instant::now();
    let endpoint = ended(&next).await;
    assert_eq!(endpoint["EndpointConfigName"], "two");
    assert_eq!(began.elapsed().as_secs(), 420);
}

#[tokio::test(start_paused = true)]
async fn a_scaled_number_of_instances_survives_an_update_that_retains_it() {
    let bed = healthy_in_a_minute().await;
    let seven = [("AllTraffic".to_owned(), 7)];
    let region = super::REGION;
    bed.service.set_instances(region, "e", &seven).unwrap();
    let update = |config: &str, retain: bool| {
        json!({
            "EndpointName": "e",
            "EndpointConfigName": config,
            "RetainAllVariantProperties": retain,
        })
    };
    bed.call("UpdateEndpoint", update("two", true))
        .await
        .unwrap();
    let refused = bed.service.set_instances(region, "e", &seven).unwrap_err();
    assert!(refused.message.contains("in-progress"), "{refused}");
    ended(&bed).await;
    assert_eq!(bed.service.instances(region, "e", "AllTraffic"), Some(7));
    bed.call("UpdateEndpoint", update("one", false))
        .await
        .unwrap();
    ended(&bed).await;
    assert_eq!(bed.service.instances(region, "e", "AllTraffic"), Some(4));
}

#[tokio::test(start_paused = true)]
async fn a_serverless_variant_has_its_own_limits_and_no_way_back_from_instances() {
    let bed = healthy_in_a_minute().await;
    let serverless = json!({ "ServerlessConfig": { "MemorySizeInMB": 2048, "MaxConcurrency": 1 } });
    vary(&bed, "small", "model", serverless).await;
    let update = json!({ "EndpointName": "e", "EndpointConfigName": "small" });
    let refused = bed.call("UpdateEndpoint", update).await.unwrap_err();
    assert!(refused.message.contains("cannot be converted"), "{refused}");
    let name = json!({ "EndpointName": "e" });
    bed.call("DeleteEndpoint", name.clone()).await.unwrap();
    sleep(Duration::from_secs(1)).await;
    serve(&bed, "small").await;
    invoke(&bed, "x").await.unwrap();
    let large = "x".repeat(4 * 1024 * 1024);
    let refused = invoke(&bed, &large).await;
    assert!(matches!(refused, Err(InvokeError::Api(error)) if error.status == 413));
    let arn = described(&bed).await["EndpointArn"]
        .as_str()
        .unwrap()
        .to_owned();
    let choice = lock(&bed.service.live).get_mut(&arn).unwrap().choose();
    let other = choice.unwrap().admit().unwrap();
    let refused = invoke(&bed, "x").await;
    assert!(matches!(refused, Err(InvokeError::Api(error)) if error.code == "ThrottlingException"));
    drop(other);
    invoke(&bed, "x").await.unwrap();
    // From there to instances is the way that SageMaker goes.
    let update = json!({ "EndpointName": "e", "EndpointConfigName": "one" });
    bed.call("UpdateEndpoint", update).await.unwrap();
    assert_eq!(ended(&bed).await["EndpointConfigName"], "one");
}
