//! Alarms and numbers, by the API and by templates.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::body::to_bytes;
use axum::http::{HeaderMap, Method};
use bytes::Bytes;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{AlarmState, CloudWatch, providers};
use crate::local::auth::Caller;
use crate::local::clock::Clock;
use crate::local::metrics::Metrics;
use crate::local::resource::{Live, ResourceRequest};
use crate::local::wire::ApiRequest;

const REGION: &str = "eu-west-1";

struct Bed {
    service: Arc<CloudWatch>,
    metrics: Arc<Metrics>,
    clock: Clock,
    _folder: TempDir,
}

impl Bed {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::start();
        let metrics = Arc::new(Metrics::new(clock));
        let path = folder.path().join("cloudwatch.json");
        let service =
            CloudWatch::open(path, "000000000000".to_owned(), clock, Arc::clone(&metrics)).unwrap();
        service.start();
        Self {
            service,
            metrics,
            clock,
            _folder: folder,
        }
    }

    /// Sends a request as boto3 does.
    async fn call(&self, operation: &str, input: Value) -> Value {
        let mut headers = HeaderMap::new();
        let target = format!("GraniteServiceVersion20100801.{operation}");
        headers.insert("x-amz-target", target.parse().unwrap());
        self.send(headers, input.to_string()).await
    }

    async fn send(&self, headers: HeaderMap, body: String) -> Value {
        let answer = self.service.handle(&ApiRequest {
            method: Method::POST,
            path: "/".into(),
            query: String::new(),
            headers,
            body: Bytes::from(body),
            region: REGION.into(),
            caller: Caller::root("000000000000"),
        });
        let body = to_bytes(answer.into_body(), 1_000_000).await.unwrap();
        serde_json::from_slice(&body).unwrap()
    }

    fn errors(&self, count: u32) {
        let dimensions = [("EndpointName", "e")];
        for _ in 0..count {
            self.metrics.record("N", "Errors", &dimensions, 1.0);
        }
    }

    /// Lets the watch look at the minute that it is now.
    async fn minute_passes(&self) {
        self.clock.next_minute().await;
        tokio::time::sleep(Duration::from_millis(1)).await;
    }

    fn state(&self) -> AlarmState {
        self.service.alarm_state(REGION, "a").unwrap()
    }
}

fn alarm(more: Value) -> Value {
    let mut alarm = json!({
        "AlarmName": "a",
        "Namespace": "N",
        "MetricName": "Errors",
        "Dimensions": [{ "Name": "EndpointName", "Value": "e" }],
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 3.0,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "TreatMissingData": "notBreaching",
    });
    if let Value::Object(members) = more {
        for (member, value) in members {
            alarm[member] = value;
        }
    }
    alarm
}

#[tokio::test(start_paused = true)]
async fn an_alarm_rings_with_the_numbers_and_is_silent_without_them() {
    let bed = Bed::new();
    bed.call("PutMetricAlarm", alarm(json!({}))).await;
    assert_eq!(bed.state(), AlarmState::InsufficientData);
    bed.minute_passes().await;
    assert_eq!(bed.state(), AlarmState::Ok);
    bed.errors(2);
    bed.minute_passes().await;
    assert_eq!(bed.state(), AlarmState::Ok);
    let mut changes = bed.service.changes();
    changes.mark_unchanged();
    bed.errors(3);
    bed.minute_passes().await;
    assert!(changes.has_changed().unwrap());
    let described = bed
        .call("DescribeAlarms", json!({ "StateValue": "ALARM" }))
        .await;
    let described = &described["MetricAlarms"][0];
    assert_eq!(described["AlarmName"], "a");
    let reason = described["StateReason"].as_str().unwrap();
    assert!(
        reason.starts_with("Threshold Crossed: 1 out of the last 1 datapoints [3]"),
        "{reason}"
    );
    bed.minute_passes().await;
    assert_eq!(bed.state(), AlarmState::Ok);
}

#[tokio::test(start_paused = true)]
async fn a_window_slides_and_holds_as_many_bad_periods_as_asked_for() {
    let bed = Bed::new();
    let wide = alarm(json!({ "Period": 300 }));
    bed.call("PutMetricAlarm", wide).await;
    // Three errors in three minutes ring an alarm over five.
    for _ in 0..3 {
        bed.errors(1);
        bed.minute_passes().await;
    }
    assert_eq!(bed.state(), AlarmState::Alarm);
    let often = json!({ "EvaluationPeriods": 3, "DatapointsToAlarm": 2, "Threshold": 1 });
    bed.call("PutMetricAlarm", alarm(often)).await;
    for (errors, expected) in [
        (0, AlarmState::Alarm),
        (0, AlarmState::Ok),
        (1, AlarmState::Ok),
        (0, AlarmState::Ok),
        (1, AlarmState::Alarm),
    ] {
        bed.errors(errors);
        bed.minute_passes().await;
        assert_eq!(bed.state(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_missing_counts_as_the_alarm_says() {
    for (word, expected) in [
        ("missing", AlarmState::InsufficientData),
        ("breaching", AlarmState::Alarm),
        ("notBreaching", AlarmState::Ok),
        ("ignore", AlarmState::Alarm),
    ] {
        let bed = Bed::new();
        let alarm = alarm(json!({ "TreatMissingData": word }));
        bed.call("PutMetricAlarm", alarm).await;
        bed.errors(3);
        bed.minute_passes().await;
        assert_eq!(bed.state(), AlarmState::Alarm, "{word}");
        bed.minute_passes().await;
        assert_eq!(bed.state(), expected, "{word}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_state_that_was_set_holds_until_the_next_look() {
    let bed = Bed::new();
    bed.call("PutMetricAlarm", alarm(json!({}))).await;
    let set = json!({ "AlarmName": "a", "StateValue": "ALARM", "StateReason": "a drill" });
    bed.call("SetAlarmState", set).await;
    assert_eq!(bed.state(), AlarmState::Alarm);
    bed.minute_passes().await;
    assert_eq!(bed.state(), AlarmState::Ok);
    bed.call("DeleteAlarms", json!({ "AlarmNames": ["a"] }))
        .await;
    assert_eq!(bed.service.alarm_state(REGION, "a"), None);
    let gone = bed
        .call("DeleteAlarms", json!({ "AlarmNames": ["a"] }))
        .await;
    assert_eq!(gone["__type"], "ResourceNotFound");
}

#[tokio::test(start_paused = true)]
async fn numbers_come_back_as_they_were_put() {
    let bed = Bed::new();
    let named = json!({ "Namespace": "N", "MetricName": "M",
        "Dimensions": [{ "Name": "D", "Value": "1" }] });
    let put = json!({ "Namespace": "N", "MetricData": [
        { "MetricName": "M", "Dimensions": named["Dimensions"], "Value": 4.0 },
        { "MetricName": "M", "Dimensions": named["Dimensions"], "Values": [1.0, 7.0] },
    ] });
    assert_eq!(bed.call("PutMetricData", put).await, json!({}));
    let now = bed.clock.epoch_seconds();
    let times = json!({ "StartTime": now - 600.0, "EndTime": now + 60.0 });
    let mut asked = named.clone();
    for (member, value) in times.as_object().unwrap() {
        asked[member] = value.clone();
    }
    asked["Period"] = json!(60);
    asked["Statistics"] = json!(["Sum", "SampleCount", "Maximum"]);
    asked["ExtendedStatistics"] = json!(["p50"]);
    let answer = bed.call("GetMetricStatistics", asked).await;
    let points = answer["Datapoints"].as_array().unwrap();
    assert_eq!(points.len(), 1, "{answer}");
    assert_eq!(points[0]["Sum"], 12.0);
    assert_eq!(points[0]["SampleCount"], 3.0);
    assert_eq!(points[0]["Maximum"], 7.0);
    let median = points[0]["ExtendedStatistics"]["p50"].as_f64().unwrap();
    assert!((median - 4.0).abs() < 0.05, "{median}");
    let query = json!({ "StartTime": times["StartTime"], "EndTime": times["EndTime"],
        "MetricDataQueries": [{ "Id": "q",
            "MetricStat": { "Metric": named, "Period": 300, "Stat": "Average" } }] });
    let answer = bed.call("GetMetricData", query).await;
    assert_eq!(answer["MetricDataResults"][0]["Values"], json!([4.0]));
    let listed = bed.call("ListMetrics", json!({ "Namespace": "N" })).await;
    assert_eq!(listed["Metrics"][0]["MetricName"], "M");
}

#[tokio::test(start_paused = true)]
async fn what_is_not_emulated_is_refused_by_name() {
    let bed = Bed::new();
    let refused = bed.call("PutDashboard", json!({})).await;
    assert_eq!(refused["__type"], "NotEmulated");
    let notify = alarm(json!({ "AlarmActions": ["arn:aws:sns:eu-west-1:000000000000:t"] }));
    let refused = bed.call("PutMetricAlarm", notify).await;
    assert!(refused.to_string().contains("AlarmActions"), "{refused}");
    let fast = bed
        .call("PutMetricAlarm", alarm(json!({ "Period": 10 })))
        .await;
    assert!(fast.to_string().contains("whole minutes"), "{fast}");
    let query = bed
        .send(HeaderMap::new(), "Action=DescribeAlarms".into())
        .await;
    assert!(query.to_string().contains("Query"), "{query}");
}

fn wanted(stack: &str, properties: Value) -> ResourceRequest {
    ResourceRequest {
        stack_name: "s".into(),
        stack_id: stack.into(),
        logical_id: "Alarm".into(),
        physical_name: "s-Alarm-1".into(),
        region: REGION.into(),
        account: "000000000000".into(),
        properties,
        tags: BTreeMap::from([("project".into(), "news".into())]),
    }
}

#[tokio::test(start_paused = true)]
async fn a_stack_makes_changes_and_removes_an_alarm() {
    let bed = Bed::new();
    let provider = providers(&bed.service).remove(0);
    // A template may write numbers as strings.
    let properties = alarm(json!({ "Threshold": "3", "Period": "60" }));
    let request = wanted("arn:s", properties.clone());
    let made = provider.create(&request).await.unwrap();
    assert_eq!(made.physical_id, "a");
    assert_eq!(provider.create(&request).await.unwrap(), made);
    let taken = provider.create(&wanted("arn:t", properties.clone())).await;
    assert!(taken.unwrap_err().message.contains("already exists"));
    assert_eq!(
        provider.read("a", &properties).unwrap(),
        Live::Properties(properties.clone())
    );
    bed.errors(3);
    bed.minute_passes().await;
    assert_eq!(bed.state(), AlarmState::Alarm);
    let higher = wanted("arn:s", alarm(json!({ "Threshold": 9 })));
    provider.update("a", &properties, &higher).await.unwrap();
    // Somebody changes it by hand.
    let by_hand = alarm(json!({ "Threshold": 1 }));
    bed.call("PutMetricAlarm", by_hand).await;
    let Live::Properties(live) = provider.read("a", &higher.properties).unwrap() else {
        panic!("it is there")
    };
    assert_eq!(live["Threshold"], 1);
    let arn = made.attributes["Arn"].clone();
    let tags = bed
        .call("ListTagsForResource", json!({ "ResourceARN": arn }))
        .await;
    assert_eq!(tags["Tags"][0]["Value"], "news");
    provider.delete("a").await.unwrap();
    provider.delete("a").await.unwrap();
    assert_eq!(provider.read("a", &properties).unwrap(), Live::Missing);
}
