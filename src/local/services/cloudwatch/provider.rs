//! `AWS::CloudWatch::Alarm`.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;

use super::CloudWatch;
use super::alarm::{self, Alarm};
use crate::local::resource::{
    Live, Resource, ResourceError, ResourceProvider, ResourceRequest, ResourceType, TIME_LIMIT,
};
use crate::local::wire::ApiError;

/// Provider of alarms.
pub(super) struct Alarms(pub(super) Arc<CloudWatch>);

const ALARM: ResourceType = ResourceType {
    name: "AWS::CloudWatch::Alarm",
    properties: &alarm::MEMBERS,
    required: &["ComparisonOperator", "EvaluationPeriods"],
    create_only: &["AlarmName"],
    time_limit: TIME_LIMIT,
};

#[async_trait]
impl ResourceProvider for Alarms {
    fn definition(&self) -> ResourceType {
        ALARM
    }

    async fn create(&self, request: &ResourceRequest) -> Result<Resource, ResourceError> {
        let name = request.string("AlarmName");
        let name = name.unwrap_or(&request.physical_name);
        self.put(name, request, |known, owner| {
            if known.owner == owner {
                return Ok(());
            }
            Err(ApiError::client(
                "AlreadyExists",
                format!(
                    "Resource of type 'AWS::CloudWatch::Alarm' with identifier '{name}' already exists."
                ),
            ))
        })
    }

    async fn update(
        &self,
        physical_id: &str,
        _previous: &Value,
        request: &ResourceRequest,
    ) -> Result<Resource, ResourceError> {
        self.put(physical_id, request, |_, _| Ok(()))
    }

    async fn delete(&self, physical_id: &str) -> Result<(), ResourceError> {
        let removed = self.0.change(|state| {
            state.alarms.retain(|_, alarm| alarm.name != physical_id);
            Ok(())
        });
        removed.map_err(fault)
    }

    fn read(&self, physical_id: &str, expected: &Value) -> Result<Live, ResourceError> {
        let found = self.0.state.read(|state| {
            let mut alarms = state.alarms.values();
            let alarm = alarms.find(|alarm| alarm.name == physical_id)?;
            Some(alarm.request.clone())
        });
        let Some(mut properties) = found else {
            return Ok(Live::Missing);
        };
        for (member, value) in expected.as_object().into_iter().flatten() {
            if member == "Tags" {
                properties[member] = value.clone();
            }
        }
        if let (Some(members), None) = (properties.as_object_mut(), expected.get("AlarmName")) {
            members.shift_remove("AlarmName");
        }
        Ok(Live::Properties(properties))
    }
}

impl Alarms {
    /// Makes an alarm or makes it anew, if what is there already `may` be touched.
    fn put(
        &self,
        name: &str,
        request: &ResourceRequest,
        may: impl FnOnce(&Alarm, &str) -> Result<(), ApiError>,
    ) -> Result<Resource, ResourceError> {
        let now = self.0.clock.epoch_seconds();
        let alarm = Alarm::new(
            self.0.arn(&request.region, name),
            name,
            &request.properties,
            now,
        );
        let mut alarm = alarm.map_err(fault)?;
        let mut tags = request.tags.clone();
        tags.extend(alarm::tags(&request.properties));
        alarm.tags = tags;
        alarm.owner = format!("{}/{}", request.stack_id, request.logical_id);
        let arn = alarm.arn.clone();
        let put = self.0.change(|state| {
            if let Some(known) = state.alarms.get(&alarm.arn) {
                may(known, &alarm.owner)?;
                alarm.go_on_from(known);
            }
            state.alarms.insert(alarm.arn.clone(), alarm);
            Ok(())
        });
        put.map_err(fault)?;
        Ok(Resource {
            physical_id: name.to_owned(),
            attributes: BTreeMap::from([("Arn".to_owned(), Value::String(arn))]),
        })
    }
}

fn fault(error: ApiError) -> ResourceError {
    ResourceError::new(error.message)
}
