//! Targets and policies, and what they make of the load.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::to_bytes;
use axum::http::{HeaderMap, Method};
use bytes::Bytes;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{AutoScaling, AutoScalingParts, Variants, providers};
use crate::local::auth::Caller;
use crate::local::clock::Clock;
use crate::local::metrics::Metrics;
use crate::local::resource::{Live, ResourceRequest};
use crate::local::wire::{ApiError, ApiRequest};

const REGION: &str = "eu-west-1";
const ID: &str = "endpoint/e/variant/AllTraffic";

/// One variant, whose endpoint may be busy.
#[derive(Default)]
struct One {
    count: Mutex<u64>,
    busy: Mutex<bool>,
}

impl Variants for One {
    fn count(&self, _region: &str, endpoint: &str, _variant: &str) -> Option<u64> {
        (endpoint == "e").then(|| *self.count.lock().unwrap())
    }

    fn set_count(&self, _: &str, _: &str, _: &str, count: u64) -> Result<(), ApiError> {
        if *self.busy.lock().unwrap() {
            return Err(ApiError::client("ValidationException", "in progress"));
        }
        *self.count.lock().unwrap() = count;
        Ok(())
    }
}

struct Bed {
    service: Arc<AutoScaling>,
    metrics: Arc<Metrics>,
    clock: Clock,
    variant: Arc<One>,
    _folder: TempDir,
}

impl Bed {
    fn new(count: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::start();
        let metrics = Arc::new(Metrics::new(clock));
        let variant = Arc::new(One::default());
        *variant.count.lock().unwrap() = count;
        let service = AutoScaling::open(AutoScalingParts {
            account: "000000000000".to_owned(),
            state: folder.path().join("autoscaling.json").into(),
            clock,
            metrics: Arc::clone(&metrics),
            variants: Arc::clone(&variant) as _,
        });
        let service = service.unwrap();
        service.start();
        Self {
            service,
            metrics,
            clock,
            variant,
            _folder: folder,
        }
    }

    async fn call(&self, operation: &str, input: Value) -> Value {
        let mut headers = HeaderMap::new();
        let target = format!("AnyScaleFrontendService.{operation}");
        headers.insert("x-amz-target", target.parse().unwrap());
        let answer = self.service.handle(&ApiRequest {
            method: Method::POST,
            path: "/".into(),
            query: String::new(),
            headers,
            body: Bytes::from(input.to_string()),
            region: REGION.into(),
            caller: Caller::root("000000000000"),
        });
        let body = to_bytes(answer.into_body(), 1_000_000).await.unwrap();
        serde_json::from_slice(&body).unwrap()
    }

    async fn scaled_between(&self, min: u64, max: u64) {
        let bounds = json!({ "MinCapacity": min, "MaxCapacity": max });
        let registered = self.call("RegisterScalableTarget", of(bounds)).await;
        assert!(registered["ScalableTargetARN"].is_string(), "{registered}");
        let put = self.call("PutScalingPolicy", of(policy())).await;
        assert!(put["PolicyARN"].is_string(), "{put}");
    }

    /// Lets minutes pass in which all instances together answer so many requests.
    async fn minutes(&self, minutes: u32, requests: f64) {
        let dimensions = [("EndpointName", "e"), ("VariantName", "AllTraffic")];
        for _ in 0..minutes {
            let instances = u32::try_from(self.count()).unwrap();
            if requests > 0.0 {
                let load = requests / f64::from(instances);
                let name = "InvocationsPerInstance";
                self.metrics
                    .record("AWS/SageMaker", name, &dimensions, load);
            }
            self.clock.next_minute().await;
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    fn count(&self) -> u64 {
        *self.variant.count.lock().unwrap()
    }
}

/// A request about the variant.
fn of(more: Value) -> Value {
    let mut input = json!({
        "ServiceNamespace": "sagemaker",
        "ResourceId": ID,
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    });
    if let Value::Object(members) = more {
        for (member, value) in members {
            input[member] = value;
        }
    }
    input
}

/// One hundred requests a minute for each instance.
fn policy() -> Value {
    json!({
        "PolicyName": "p",
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": {
            "PredefinedMetricSpecification": {
                "PredefinedMetricType": "SageMakerVariantInvocationsPerInstance",
            },
            "TargetValue": 100,
            "ScaleOutCooldown": 300,
            "ScaleInCooldown": 600,
        },
    })
}

#[tokio::test(start_paused = true)]
async fn three_busy_minutes_add_what_brings_the_load_down() {
    let bed = Bed::new(2);
    bed.scaled_between(1, 10).await;
    bed.minutes(2, 500.0).await;
    assert_eq!(bed.count(), 2);
    bed.minutes(1, 500.0).await;
    assert_eq!(bed.count(), 5);
    // The next step waits for the cool-down of five minutes, and ends at the most.
    bed.minutes(4, 2_000.0).await;
    assert_eq!(bed.count(), 5);
    bed.minutes(1, 2_000.0).await;
    assert_eq!(bed.count(), 10);
}

#[tokio::test(start_paused = true)]
async fn fifteen_calm_minutes_remove_what_is_not_needed_but_silence_does_not() {
    let bed = Bed::new(8);
    bed.scaled_between(2, 10).await;
    // Without a request there is no number, and so nothing to decide by.
    bed.minutes(30, 0.0).await;
    assert_eq!(bed.count(), 8);
    bed.minutes(14, 350.0).await;
    assert_eq!(bed.count(), 8);
    bed.minutes(1, 350.0).await;
    assert_eq!(bed.count(), 4);
    // Ten minutes of cool-down, and then to the least.
    bed.minutes(9, 40.0).await;
    assert_eq!(bed.count(), 4);
    bed.minutes(6, 40.0).await;
    assert_eq!(bed.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn bounds_hold_at_once_and_a_busy_endpoint_is_tried_again() {
    let bed = Bed::new(1);
    *bed.variant.busy.lock().unwrap() = true;
    bed.scaled_between(3, 5).await;
    bed.minutes(1, 0.0).await;
    assert_eq!(bed.count(), 1);
    *bed.variant.busy.lock().unwrap() = false;
    bed.minutes(1, 0.0).await;
    assert_eq!(bed.count(), 3);
    let lower = of(json!({ "MinCapacity": 1, "MaxCapacity": 2 }));
    bed.call("RegisterScalableTarget", lower).await;
    bed.minutes(1, 0.0).await;
    assert_eq!(bed.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn targets_and_policies_are_described_and_removed() {
    let bed = Bed::new(1);
    bed.scaled_between(1, 4).await;
    let sagemaker = json!({ "ServiceNamespace": "sagemaker" });
    let targets = bed.call("DescribeScalableTargets", sagemaker.clone()).await;
    assert_eq!(targets["ScalableTargets"][0]["MaxCapacity"], 4);
    let policies = bed.call("DescribeScalingPolicies", sagemaker.clone()).await;
    let described = &policies["ScalingPolicies"][0];
    assert_eq!(described["ResourceId"], ID);
    let config = &described["TargetTrackingScalingPolicyConfiguration"];
    assert_eq!(config["ScaleInCooldown"], 600);
    let named = of(json!({ "PolicyName": "p" }));
    assert_eq!(
        bed.call("DeleteScalingPolicy", named.clone()).await,
        json!({})
    );
    let gone = bed.call("DeleteScalingPolicy", named).await;
    assert_eq!(gone["__type"], "ObjectNotFoundException");
    bed.call("DeregisterScalableTarget", of(json!({}))).await;
    let gone = bed.call("PutScalingPolicy", of(policy())).await;
    assert_eq!(gone["__type"], "ObjectNotFoundException");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_scaled_is_refused() {
    let bed = Bed::new(1);
    let bounds = json!({ "MinCapacity": 1, "MaxCapacity": 4 });
    let mut other = of(bounds.clone());
    other["ResourceId"] = "endpoint/none/variant/AllTraffic".into();
    let refused = bed.call("RegisterScalableTarget", other).await;
    assert!(
        refused.to_string().contains("No variant found"),
        "{refused}"
    );
    let mut service = of(bounds);
    service["ServiceNamespace"] = "ecs".into();
    let refused = bed.call("RegisterScalableTarget", service).await;
    assert!(refused.to_string().contains("does not emulate scaling ecs"));
    let upside_down = of(json!({ "MinCapacity": 3, "MaxCapacity": 2 }));
    let refused = bed.call("RegisterScalableTarget", upside_down).await;
    assert!(refused.to_string().contains("cannot be less"), "{refused}");
    let refused = bed.call("PutScheduledAction", json!({})).await;
    assert_eq!(refused["__type"], "NotEmulated");
}

#[tokio::test(start_paused = true)]
async fn a_stack_makes_changes_and_removes_both() {
    let bed = Bed::new(1);
    let all = providers(&bed.service);
    let (targets, policies) = (&all[0], &all[1]);
    let wanted = |properties: &Value| ResourceRequest {
        stack_name: "s".into(),
        stack_id: "arn:s".into(),
        logical_id: "Scaling".into(),
        physical_name: "s-Scaling-1".into(),
        region: REGION.into(),
        account: "000000000000".into(),
        properties: properties.clone(),
        tags: BTreeMap::new(),
    };
    let target = of(json!({ "MinCapacity": 1, "MaxCapacity": "4" }));
    let made = targets.create(&wanted(&target)).await.unwrap();
    assert_eq!(
        made.physical_id,
        "endpoint/e/variant/AllTraffic|sagemaker:variant:DesiredInstanceCount|sagemaker"
    );
    let mut properties = policy();
    properties["ScalingTargetId"] = made.physical_id.as_str().into();
    let policy = policies.create(&wanted(&properties)).await.unwrap();
    assert!(policy.physical_id.ends_with(":policyName/p"));
    assert_eq!(
        policies.read(&policy.physical_id, &properties).unwrap(),
        Live::Properties(properties.clone())
    );
    // Somebody changes the bounds by hand; the next update of the stack brings them back.
    let by_hand = of(json!({ "MaxCapacity": 9 }));
    bed.call("RegisterScalableTarget", by_hand).await;
    let Live::Properties(live) = targets.read(&made.physical_id, &target).unwrap() else {
        panic!("it is there")
    };
    assert_eq!(
        (&live["MinCapacity"], &live["MaxCapacity"]),
        (&json!(1), &json!(9))
    );
    targets
        .update(&made.physical_id, &target, &wanted(&target))
        .await
        .unwrap();
    policies.delete(&policy.physical_id).await.unwrap();
    targets.delete(&made.physical_id).await.unwrap();
    targets.delete(&made.physical_id).await.unwrap();
    assert_eq!(
        targets.read(&made.physical_id, &target).unwrap(),
        Live::Missing
    );
    assert_eq!(
        policies.read(&policy.physical_id, &properties).unwrap(),
        Live::Missing
    );
}
