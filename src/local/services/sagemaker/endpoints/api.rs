//! The operations on endpoints.

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::SageMaker;
use super::super::configs::serving;
use super::super::names::{Kind, invalid, only_known, required};
use super::super::state::{Endpoint, EndpointStatus, Serving};
use super::rollout::Rollout;
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
        let config = required(input, "EndpointConfigName")?;
        let record = self.record(Kind::Endpoint, region, name, input)?;
        let arn = record.arn.clone();
        let next = self.change(|state| {
            if state.endpoints.contains_key(&arn) {
                return Err(Kind::Endpoint.exists(&arn));
            }
            let next = serving(state, &self.parts.account, region, config)?;
            Rollout::read(input.get("DeploymentConfig"), next.instances)?;
            let endpoint = Endpoint {
                record,
                status: EndpointStatus::Creating,
                failure_reason: None,
                current: None,
                next: Some(next.clone()),
                deployment: None,
            };
            state.endpoints.insert(arn.clone(), endpoint);
            Ok(next)
        })?;
        self.deploy(&arn, next, Rollout::default());
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
        let flag = |member: &str| input[member].as_bool().unwrap_or_default();
        let arn = self.arn(Kind::Endpoint, region, Kind::Endpoint.name(input)?);
        let config = required(input, "EndpointConfigName")?;
        let now = self.parts.clock.epoch_seconds();
        let (next, rollout) = self.change(|state| {
            let next = serving(state, &self.parts.account, region, config);
            let endpoint = state.endpoints.get_mut(&arn);
            let endpoint = endpoint.ok_or_else(|| Kind::Endpoint.missing(&arn))?;
            match endpoint.status {
                EndpointStatus::InService => {}
                EndpointStatus::Failed => {
                    return Err(invalid(format!("Cannot update failed endpoint \"{arn}\".")));
                }
                _ => {
                    return Err(invalid(format!(
                        "Cannot update in-progress endpoint \"{arn}\"."
                    )));
                }
            }
            let mut next = next?;
            if let Some(current) = &endpoint.current {
                check_change(&arn, current, &next)?;
                if flag("RetainAllVariantProperties") {
                    next.instances = current.instances;
                }
            }
            let deployment = match input.get("DeploymentConfig") {
                None if flag("RetainDeploymentConfig") => endpoint.deployment.clone(),
                given => given.cloned(),
            };
            let rollout = Rollout::read(deployment.as_ref(), next.instances)?;
            endpoint.deployment = deployment;
            endpoint.status = EndpointStatus::Updating;
            endpoint.failure_reason = None;
            endpoint.record.modified = now;
            endpoint.next = Some(next.clone());
            Ok((next, rollout))
        })?;
        self.deploy(&arn, next, rollout);
        Ok(json!({ "EndpointArn": arn }))
    }

    /// Sets the number of instances. The one variant gets all requests, whatever its weight.
    pub(in super::super) fn update_capacities(
        self: &Arc<Self>,
        region: &str,
        input: &Value,
    ) -> Result<Value, ApiError> {
        let known = ["EndpointName", "DesiredWeightsAndCapacities"];
        only_known("UpdateEndpointWeightsAndCapacities", input, &known)?;
        let name = Kind::Endpoint.name(input)?;
        let wanted = input["DesiredWeightsAndCapacities"].as_array();
        let mut counts = Vec::new();
        for one in wanted.into_iter().flatten() {
            let variant = required(one, "VariantName")?;
            match one.get("DesiredInstanceCount").map(Value::as_u64) {
                None => {}
                Some(Some(count @ 1..)) => counts.push((variant.to_owned(), count)),
                Some(_) => return Err(invalid("DesiredInstanceCount must be at least 1.")),
            }
        }
        self.set_instances(region, name, &counts)?;
        Ok(json!({ "EndpointArn": self.arn(Kind::Endpoint, region, name) }))
    }

    /// Returns the number of instances of a variant; `None` when there is no such variant.
    pub fn instances(&self, region: &str, endpoint: &str, variant: &str) -> Option<u64> {
        let arn = self.arn(Kind::Endpoint, region, endpoint);
        self.read(|state| {
            let current = state.endpoints.get(&arn)?.current.as_ref()?;
            (current.variant == variant && current.concurrency.is_none())
                .then_some(current.instances)
        })
    }

    /// Sets the number of instances of variants.
    ///
    /// # Errors
    /// There is no such endpoint or variant, or the endpoint is being changed.
    pub fn set_instances(
        self: &Arc<Self>,
        region: &str,
        endpoint: &str,
        counts: &[(String, u64)],
    ) -> Result<(), ApiError> {
        let arn = self.arn(Kind::Endpoint, region, endpoint);
        let now = self.parts.clock.epoch_seconds();
        let instances = self.change(|state| {
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
            for (variant, count) in counts {
                if *variant != current.variant {
                    return Err(invalid(format!("The variant name is none of \"{arn}\".")));
                }
                current.instances = *count;
            }
            endpoint.record.modified = now;
            Ok(current.instances)
        })?;
        self.resize(&arn, instances);
        Ok(())
    }

    pub(in super::super) fn delete_endpoint(
        self: &Arc<Self>,
        region: &str,
        input: &Value,
    ) -> Result<Value, ApiError> {
        let arn = self.arn(Kind::Endpoint, region, Kind::Endpoint.name(input)?);
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
}

/// Refuses an update that leads nowhere else, or that `SageMaker` cannot make.
fn check_change(arn: &str, current: &Serving, next: &Serving) -> Result<(), ApiError> {
    if current.config == next.config {
        return Err(invalid(format!(
            "The endpoint configuration \"{}\" is already in use by endpoint \"{arn}\".",
            next.config
        )));
    }
    // "Serverless inference", SageMaker developer guide: the other way is possible.
    if current.concurrency.is_none() && next.concurrency.is_some() {
        return Err(invalid(format!(
            "Endpoint \"{arn}\" is on instances and cannot be converted to a serverless one."
        )));
    }
    Ok(())
}
