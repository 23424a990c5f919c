//! `AWS::SageMaker::Endpoint`: made when it is in service, updated when the new configuration serves.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::super::SageMaker;
use super::super::names::Kind;
use super::super::state::{Endpoint as State, EndpointStatus};
use super::plain::retag;
use super::{Wanted, fault, parse};
use crate::local::resource::{
    Resource, ResourceError, ResourceProvider, ResourceRequest, ResourceType,
};

/// The registry's limits for creating and updating an endpoint (handlers' `timeoutInMinutes`).
const CREATION: Duration = Duration::from_mins(160);
const UPDATE: Duration = Duration::from_mins(970);

pub(super) struct Endpoint(pub(super) Arc<SageMaker>);

const ENDPOINT: ResourceType = ResourceType {
    name: "AWS::SageMaker::Endpoint",
    properties: &[
        "DeploymentConfig",
        "EndpointConfigName",
        "EndpointName",
        "RetainAllVariantProperties",
        "RetainDeploymentConfig",
        "Tags",
    ],
    required: &["EndpointConfigName"],
    create_only: &["EndpointName"],
    time_limit: UPDATE,
};

#[async_trait]
impl ResourceProvider for Endpoint {
    fn definition(&self) -> ResourceType {
        ENDPOINT
    }

    async fn create(&self, request: &ResourceRequest) -> Result<Resource, ResourceError> {
        let mut wanted = Wanted::of(Kind::Endpoint, request)?;
        if let Some(members) = wanted.input.as_object_mut() {
            // These two say something about updates only.
            members.shift_remove("RetainAllVariantProperties");
            members.shift_remove("RetainDeploymentConfig");
        }
        let known = self
            .0
            .read(|state| state.endpoints.get(&wanted.arn).cloned());
        if !known.is_some_and(|endpoint| wanted.made(&endpoint.record)) {
            let made = self.0.create_endpoint(&request.region, &wanted.input);
            made.map_err(fault)?;
        }
        let endpoint = self.settled(&wanted.arn, CREATION).await?;
        match endpoint.map(|endpoint| (endpoint.status, endpoint.failure_reason)) {
            Some((EndpointStatus::InService, _)) => Ok(wanted.resource(Kind::Endpoint)),
            Some((_, Some(reason))) => {
                // What is left of a failed create is not known to CloudFormation by its ARN.
                self.delete(&wanted.arn).await?;
                Err(ResourceError::new(reason))
            }
            _ => Err(ResourceError::new(
                "The endpoint was deleted while it was being created.",
            )),
        }
    }

    async fn update(
        &self,
        physical_id: &str,
        _: &Value,
        request: &ResourceRequest,
    ) -> Result<Resource, ResourceError> {
        let (region, name) = parse(physical_id)?;
        let config = request.string("EndpointConfigName").unwrap_or_default();
        let serves = |endpoint: &Option<State>| {
            let current = endpoint
                .as_ref()
                .and_then(|endpoint| endpoint.current.as_ref());
            current.is_some_and(|current| current.config == config)
        };
        // An update that was under way before a crash is carried on by the service itself.
        if !serves(&self.settled(physical_id, UPDATE).await?) {
            let mut input = json!({ "EndpointName": name, "EndpointConfigName": config });
            if let Some(deployment) = request.properties.get("DeploymentConfig") {
                input["DeploymentConfig"] = deployment.clone();
            }
            for member in ["RetainAllVariantProperties", "RetainDeploymentConfig"] {
                let value = &request.properties[member];
                input[member] = (*value == true || value == "true").into();
            }
            self.0.update_endpoint(region, &input).map_err(fault)?;
            let endpoint = self.settled(physical_id, UPDATE).await?;
            // An endpoint that is in service and says nothing else counts as updated, also when it
            // has silently gone back to what it served before.
            let reason = match endpoint {
                Some(endpoint) => endpoint.failure_reason,
                None => Some("the endpoint was deleted".to_owned()),
            };
            if let Some(reason) = reason {
                return Err(ResourceError::new(format!(
                    "The update to {config} failed and the endpoint serves what it served before: {reason}"
                )));
            }
        }
        retag(&self.0, Kind::Endpoint, physical_id, request)
    }

    async fn delete(&self, physical_id: &str) -> Result<(), ResourceError> {
        let exists = |state: &super::super::state::State| state.endpoints.contains_key(physical_id);
        if !self.0.read(exists) {
            return Ok(());
        }
        let (region, name) = parse(physical_id)?;
        let deleted = self
            .0
            .delete_endpoint(region, &json!({ "EndpointName": name }));
        deleted.map_err(fault)?;
        match self.settled(physical_id, CREATION).await? {
            None => Ok(()),
            Some(_) => Err(ResourceError::new(
                "The endpoint was created again while it was deleted.",
            )),
        }
    }
}

impl Endpoint {
    /// Waits until the endpoint is neither being created, updated nor deleted; `None` when it is gone.
    async fn settled(&self, arn: &str, limit: Duration) -> Result<Option<State>, ResourceError> {
        let mut changed = self.0.changed.subscribe();
        let wait = async {
            loop {
                let endpoint = self.0.read(|state| state.endpoints.get(arn).cloned());
                let status = endpoint.as_ref().map(|endpoint| endpoint.status);
                match status {
                    None | Some(EndpointStatus::InService | EndpointStatus::Failed) => {
                        return endpoint;
                    }
                    Some(_) => {}
                }
                if changed.changed().await.is_err() {
                    return endpoint; // The service is gone, and this with it.
                }
            }
        };
        timeout(limit, wait).await.map_err(|_| {
            ResourceError::new(format!(
                "The endpoint did not settle within {} minutes.",
                limit.as_secs() / 60
            ))
        })
    }
}
