//! The operations on alarms, by name.

use axum::body::Body;
use axum::http::{Response, StatusCode};
use serde_json::{Value, json};

use super::CloudWatch;
use super::alarm::{Alarm, AlarmState, invalid};
use super::watch::turn;
use crate::local::wire::json::{answer, input, operation};
use crate::local::wire::{ApiError, ApiRequest};

/// Answers a request in awsJson, the first that clients choose of the three protocols that the service
/// speaks.
pub(super) fn handle(service: &CloudWatch, request: &ApiRequest) -> Response<Body> {
    let Some(operation) = operation(&request.headers) else {
        let protocol = "in the protocols Query and CBOR (awsJson is spoken)";
        return answer(Err(ApiError::not_emulated("CloudWatch", protocol)));
    };
    let region = &request.region;
    let result = input::<Value>(&request.body).and_then(|input| match operation {
        "PutMetricAlarm" => service.put_alarm(region, &input),
        "DescribeAlarms" => Ok(service.describe_alarms(region, &input)),
        "DeleteAlarms" => service.delete_alarms(region, &input),
        "SetAlarmState" => service.set_alarm_state(region, &input),
        "ListTagsForResource" => service.list_tags(&input),
        "PutMetricData" => service.put_data(&input),
        "GetMetricData" => service.get_data(&input),
        "GetMetricStatistics" => service.get_statistics(&input),
        "ListMetrics" => Ok(service.list_metrics(&input)),
        other => Err(ApiError::not_emulated("CloudWatch", other)),
    });
    answer(result)
}

impl CloudWatch {
    fn put_alarm(&self, region: &str, input: &Value) -> Result<Value, ApiError> {
        let name = input["AlarmName"].as_str();
        let name = name.ok_or_else(|| invalid("The parameter AlarmName is required."))?;
        let mut alarm = Alarm::new(
            self.arn(region, name),
            name,
            input,
            self.clock.epoch_seconds(),
        )?;
        self.change(|state| {
            if let Some(known) = state.alarms.get(&alarm.arn) {
                // Tags are given to new alarms only.
                alarm.tags.clone_from(&known.tags);
                alarm.owner.clone_from(&known.owner);
                alarm.go_on_from(known);
            }
            state.alarms.insert(alarm.arn.clone(), alarm);
            Ok(json!({}))
        })
    }

    fn describe_alarms(&self, region: &str, input: &Value) -> Value {
        let named: Vec<&str> = strings(&input["AlarmNames"]);
        let prefix = input["AlarmNamePrefix"].as_str().unwrap_or_default();
        let wanted = input["StateValue"].as_str();
        let here = self.arn(region, "");
        let fits = |alarm: &&Alarm| {
            alarm.arn.starts_with(&here)
                && (named.is_empty() || named.contains(&alarm.name.as_str()))
                && alarm.name.starts_with(prefix)
                && wanted.is_none_or(|wanted| wanted == alarm.state.word())
        };
        let found: Vec<Value> = self.state.read(|state| {
            let alarms = state.alarms.values().filter(fits);
            alarms.map(Alarm::describe).collect()
        });
        json!({ "MetricAlarms": found, "CompositeAlarms": [] })
    }

    fn delete_alarms(&self, region: &str, input: &Value) -> Result<Value, ApiError> {
        self.change(|state| {
            for name in strings(&input["AlarmNames"]) {
                let gone = state.alarms.remove(&self.arn(region, name));
                gone.ok_or_else(|| missing(name))?;
            }
            Ok(json!({}))
        })
    }

    fn set_alarm_state(&self, region: &str, input: &Value) -> Result<Value, ApiError> {
        let text = |member: &str| input[member].as_str().unwrap_or_default();
        let to = AlarmState::parse(text("StateValue"));
        let to = to.ok_or_else(|| invalid("The value for parameter StateValue is invalid."))?;
        let name = text("AlarmName");
        let now = self.clock.epoch_seconds();
        self.change(|state| {
            let alarm = state.alarms.get_mut(&self.arn(region, name));
            let alarm = alarm.ok_or_else(|| missing(name))?;
            turn(alarm, to, text("StateReason").to_owned(), now);
            Ok(json!({}))
        })
    }

    fn list_tags(&self, input: &Value) -> Result<Value, ApiError> {
        let arn = input["ResourceARN"].as_str().unwrap_or_default();
        let tags = self.state.read(|state| {
            let alarm = state.alarms.get(arn)?;
            let tags = alarm.tags.iter();
            Some(
                tags.map(|(key, value)| json!({ "Key": key, "Value": value }))
                    .collect::<Vec<_>>(),
            )
        });
        let tags = tags.ok_or_else(|| missing(arn))?;
        Ok(json!({ "Tags": tags }))
    }
}

fn strings(value: &Value) -> Vec<&str> {
    let values = value.as_array().into_iter().flatten();
    values.filter_map(Value::as_str).collect()
}

fn missing(name: &str) -> ApiError {
    ApiError::with_status(
        StatusCode::NOT_FOUND,
        "ResourceNotFound",
        format!("There is no alarm {name}."),
    )
}
