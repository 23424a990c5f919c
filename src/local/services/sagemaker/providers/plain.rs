//! `AWS::SageMaker::Model` and `AWS::SageMaker::EndpointConfig`: records of which only tags can change.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;

use super::super::SageMaker;
use super::super::names::Kind;
use super::super::tags;
use super::{Wanted, fault, parse};
use crate::local::resource::{
    Resource, ResourceError, ResourceProvider, ResourceRequest, ResourceType, TIME_LIMIT,
};

pub(super) struct Model(pub(super) Arc<SageMaker>);
pub(super) struct EndpointConfig(pub(super) Arc<SageMaker>);

const MODEL: ResourceType = ResourceType {
    name: "AWS::SageMaker::Model",
    properties: &[
        "Containers",
        "EnableNetworkIsolation",
        "ExecutionRoleArn",
        "ModelName",
        "PrimaryContainer",
        "Tags",
    ],
    required: &[],
    create_only: &[
        "Containers",
        "EnableNetworkIsolation",
        "ExecutionRoleArn",
        "ModelName",
        "PrimaryContainer",
    ],
    time_limit: TIME_LIMIT,
};

#[async_trait]
impl ResourceProvider for Model {
    fn definition(&self) -> ResourceType {
        MODEL
    }

    async fn create(&self, request: &ResourceRequest) -> Result<Resource, ResourceError> {
        let wanted = Wanted::of(Kind::Model, request)?;
        let record = self.0.read(|state| state.models.get(&wanted.arn).cloned());
        if !record.is_some_and(|record| wanted.made(&record)) {
            let made = self.0.create_model(&request.region, &wanted.input).await;
            made.map_err(fault)?;
        }
        Ok(wanted.resource(Kind::Model))
    }

    async fn update(
        &self,
        physical_id: &str,
        _: &Value,
        request: &ResourceRequest,
    ) -> Result<Resource, ResourceError> {
        retag(&self.0, Kind::Model, physical_id, request)
    }

    async fn delete(&self, physical_id: &str) -> Result<(), ResourceError> {
        let removed = self.0.change(|state| {
            state.models.remove(physical_id);
            Ok(())
        });
        removed.map_err(fault)
    }
}

const ENDPOINT_CONFIG: ResourceType = ResourceType {
    name: "AWS::SageMaker::EndpointConfig",
    properties: &[
        "EnableNetworkIsolation",
        "EndpointConfigName",
        "ExecutionRoleArn",
        "ProductionVariants",
        "Tags",
    ],
    required: &["ProductionVariants"],
    create_only: &[
        "EnableNetworkIsolation",
        "EndpointConfigName",
        "ExecutionRoleArn",
        "ProductionVariants",
    ],
    time_limit: TIME_LIMIT,
};

#[async_trait]
impl ResourceProvider for EndpointConfig {
    fn definition(&self) -> ResourceType {
        ENDPOINT_CONFIG
    }

    async fn create(&self, request: &ResourceRequest) -> Result<Resource, ResourceError> {
        let wanted = Wanted::of(Kind::EndpointConfig, request)?;
        let record = self.0.read(|state| state.configs.get(&wanted.arn).cloned());
        if !record.is_some_and(|record| wanted.made(&record)) {
            let made = self
                .0
                .create_endpoint_config(&request.region, &wanted.input);
            made.map_err(fault)?;
        }
        Ok(wanted.resource(Kind::EndpointConfig))
    }

    async fn update(
        &self,
        physical_id: &str,
        _: &Value,
        request: &ResourceRequest,
    ) -> Result<Resource, ResourceError> {
        retag(&self.0, Kind::EndpointConfig, physical_id, request)
    }

    async fn delete(&self, physical_id: &str) -> Result<(), ResourceError> {
        let removed = self.0.change(|state| {
            state.configs.remove(physical_id);
            Ok(())
        });
        removed.map_err(fault)
    }
}

/// Gives a thing that exists the tags of `request`, and describes it anew.
pub(super) fn retag(
    service: &SageMaker,
    kind: Kind,
    arn: &str,
    request: &ResourceRequest,
) -> Result<Resource, ResourceError> {
    let (_, name) = parse(arn)?;
    let mut wanted = Wanted::of(kind, request)?;
    let tags = tags::read(&wanted.input).map_err(fault)?;
    service.set_tags(arn, tags).map_err(fault)?;
    name.clone_into(&mut wanted.name);
    arn.clone_into(&mut wanted.arn);
    Ok(wanted.resource(kind))
}
