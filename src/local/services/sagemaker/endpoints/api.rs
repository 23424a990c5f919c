//! The operations on endpoints.

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::SageMaker;
use super::super::configs::serving;
use super::super::listing::{Item, page};
use super::super::names::{Kind, invalid, only_known, required, unsupported};
use super::super::state::{Endpoint, EndpointStatus, Serving};
use crate::local::wire::ApiError;

impl SageMaker {
    pub(in super::super) fn create_endpoint(
        self: &Arc<Self>,
        region: &str,
        input: &Value,
    ) -> Result<Value, ApiError> {
        let name = Kind::Endpoint.name(input)?;
        let known = [
            "EndpointName",
            "EndpointConfigName",
            "DeploymentConfig",
            "Tags",
        ];
        only_known("CreateEndpoint", input, &known)?;
        check_deployment(input)?;
        let config = required(input, "EndpointConfigName")?;
        let record = self.record(Kind::Endpoint, region, name, input)?;
        let arn = record.arn.clone();
        let next = self.change(|state| {
            if state.endpoints.contains_key(&arn) {
                return Err(Kind::Endpoint.exists(&arn));
            }
            let next = serving(state, region, config)?;
            let endpoint = Endpoint {
                record,
                status: EndpointStatus::Creating,
                failure_reason: None,
                current: None,
                next: Some(next.clone()),
            };
            state.endpoints.insert(arn.clone(), endpoint);
            Ok(next)
        })?;
        self.deploy(&arn, next);
        Ok(json!({ "EndpointArn": arn }))
    }

    pub(in super::super) fn update_endpoint(
        self: &Arc<Self>,
        region: &str,
        input: &Value,
    ) -> Result<Value, ApiError> {
        let known = [
            "EndpointName",
            "EndpointConfigName",
            "DeploymentConfig",
            "RetainAllVariantProperties",
            "RetainDeploymentConfig",
        ];
        only_known("UpdateEndpoint", input, &known)?;
        check_deployment(input)?;
        let arn = Kind::Endpoint.arn(region, Kind::Endpoint.name(input)?);
        let config = required(input, "EndpointConfigName")?;
        let now = self.parts.clock.epoch_seconds();
        let next = self.change(|state| {
            let next = serving(state, region, config);
            let endpoint = state.endpoints.get_mut(&arn);
            let endpoint = endpoint.ok_or_else(|| Kind::Endpoint.missing(&arn))?;
            match endpoint.status {
                EndpointStatus::InService => {}
                EndpointStatus::Failed => {
                    return Err(invalid(format!("Cannot update failed endpoint \"{arn}\".")));
                }
                _ => return Err(invalid(format!("Cannot update in-progress endpoint \"{arn}\"."))),
            }
            let next = next?;
            if endpoint.current.as_ref().is_some_and(|current| current.config == config) {
                return Err(invalid(format!(
                    "The endpoint configuration \"{config}\" is already in use by endpoint \"{arn}\"."
                )));
            }
            endpoint.status = EndpointStatus::Updating;
            endpoint.failure_reason = None;
            endpoint.record.modified = now;
            endpoint.next = Some(next.clone());
            Ok(next)
        })?;
        self.deploy(&arn, next);
        Ok(json!({ "EndpointArn": arn }))
    }

    /// Sets the number of instances. The one variant gets all requests, whatever its weight.
    pub(in super::super) fn update_capacities(
        &self,
        region: &str,
        input: &Value,
    ) -> Result<Value, ApiError> {
        let known = ["EndpointName", "DesiredWeightsAndCapacities"];
        only_known("UpdateEndpointWeightsAndCapacities", input, &known)?;
        let arn = Kind::Endpoint.arn(region, Kind::Endpoint.name(input)?);
        let wanted = input["DesiredWeightsAndCapacities"].as_array();
        let now = self.parts.clock.epoch_seconds();
        self.change(|state| {
            let endpoint = state.endpoints.get_mut(&arn);
            let endpoint = endpoint.ok_or_else(|| Kind::Endpoint.missing(&arn))?;
            if endpoint.status != EndpointStatus::InService {
                return Err(invalid(format!(
                    "Cannot update in-progress endpoint \"{arn}\"."
                )));
            }
            let Some(current) = &mut endpoint.current else {
                return Err(invalid(format!("Nothing serves endpoint \"{arn}\" yet.")));
            };
            for one in wanted.into_iter().flatten() {
                if required(one, "VariantName")? != current.variant {
                    return Err(invalid(format!("The variant name is none of \"{arn}\".")));
                }
                match one.get("DesiredInstanceCount").map(Value::as_u64) {
                    None => {}
                    Some(Some(count @ 1..)) => current.instances = count,
                    Some(_) => {
                        return Err(invalid(
                            "DesiredInstanceCount must be at least 1.".to_owned(),
                        ));
                    }
                }
            }
            endpoint.record.modified = now;
            Ok(())
        })?;
        Ok(json!({ "EndpointArn": arn }))
    }

    pub(in super::super) fn delete_endpoint(
        self: &Arc<Self>,
        region: &str,
        input: &Value,
    ) -> Result<Value, ApiError> {
        let arn = Kind::Endpoint.arn(region, Kind::Endpoint.name(input)?);
        let now = self.parts.clock.epoch_seconds();
        let begin = self.change(|state| {
            let endpoint = state.endpoints.get_mut(&arn);
            let endpoint = endpoint.ok_or_else(|| Kind::Endpoint.missing(&arn))?;
            let begin = endpoint.status != EndpointStatus::Deleting;
            endpoint.status = EndpointStatus::Deleting;
            endpoint.record.modified = now;
            Ok(begin)
        })?;
        if begin {
            tokio::spawn(Arc::clone(self).removed(arn));
        }
        Ok(json!({}))
    }

    pub(in super::super) fn describe_endpoint(
        &self,
        region: &str,
        input: &Value,
    ) -> Result<Value, ApiError> {
        let arn = Kind::Endpoint.arn(region, Kind::Endpoint.name(input)?);
        let endpoint = self.read(|state| state.endpoints.get(&arn).cloned());
        let endpoint = endpoint.ok_or_else(|| Kind::Endpoint.missing(&arn))?;
        let mut answer = json!({
            "EndpointName": endpoint.record.name,
            "EndpointArn": arn,
            "EndpointConfigName": endpoint.shown().map(|shown| &shown.config),
            "EndpointStatus": endpoint.status.word(),
            "CreationTime": endpoint.record.created,
            "LastModifiedTime": endpoint.record.modified,
        });
        if let Some(current) = &endpoint.current {
            answer["ProductionVariants"] = json!([variant(current, endpoint.record.modified)]);
        }
        if let Some(reason) = &endpoint.failure_reason {
            answer["FailureReason"] = reason.as_str().into();
        }
        Ok(answer)
    }

    pub(in super::super) fn list_endpoints(
        &self,
        region: &str,
        input: &Value,
    ) -> Result<Value, ApiError> {
        let items = self.read(|state| {
            let here = state
                .endpoints
                .values()
                .filter(|one| one.record.region == region);
            here.map(item).collect()
        });
        page("Endpoints", input, items)
    }
}

fn variant(serving: &Serving, at: f64) -> Value {
    json!({
        "VariantName": serving.variant,
        "DeployedImages": [{
            "SpecifiedImage": serving.image,
            "ResolvedImage": serving.image,
            "ResolutionTime": at,
        }],
        "CurrentWeight": 1.0,
        "DesiredWeight": 1.0,
        "CurrentInstanceCount": serving.instances,
        "DesiredInstanceCount": serving.instances,
    })
}

fn item(endpoint: &Endpoint) -> Item {
    let record = &endpoint.record;
    Item {
        name: record.name.clone(),
        created: record.created,
        status: Some(endpoint.status.word().to_owned()),
        summary: json!({
            "EndpointName": record.name,
            "EndpointArn": record.arn,
            "CreationTime": record.created,
            "LastModifiedTime": record.modified,
            "EndpointStatus": endpoint.status.word(),
        }),
    }
}

/// Accepts the one way in which traffic is moved here: all at once, after the new server is healthy.
pub(in super::super) fn check_deployment(input: &Value) -> Result<(), ApiError> {
    let Some(config) = input.get("DeploymentConfig") else {
        return Ok(());
    };
    only_known("DeploymentConfig", config, &["BlueGreenUpdatePolicy"])?;
    let kind = config.pointer("/BlueGreenUpdatePolicy/TrafficRoutingConfiguration/Type");
    match kind.and_then(Value::as_str) {
        None | Some("ALL_AT_ONCE") => Ok(()),
        Some(other) => Err(unsupported(format!("the traffic routing {other}"))),
    }
}
