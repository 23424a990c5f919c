//! `AWS::SageMaker::Model` and `AWS::SageMaker::EndpointConfig`: records of which only tags can change.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;

use super::super::SageMaker;
use super::super::names::Kind;
use super::super::tags;
use super::{Wanted, fault, parse};
use crate::local::resource::{Resource, ResourceError, ResourceProvider, ResourceRequest};

pub(super) struct Model(pub(super) Arc<SageMaker>);
pub(super) struct EndpointConfig(pub(super) Arc<SageMaker>);

#[async_trait]
impl ResourceProvider for Model {
    fn type_name(&self) -> &'static str {
        "AWS::SageMaker::Model"
    }

    fn properties(&self) -> &'static [&'static str] {
        &[
            "Containers",
            "EnableNetworkIsolation",
            "ExecutionRoleArn",
            "ModelName",
            "PrimaryContainer",
            "Tags",
        ]
    }

    fn required(&self) -> &'static [&'static str] {
        &[]
    }

    fn create_only(&self) -> &'static [&'static str] {
        &[
            "Containers",
            "EnableNetworkIsolation",
            "ExecutionRoleArn",
            "ModelName",
            "PrimaryContainer",
        ]
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

#[async_trait]
impl ResourceProvider for EndpointConfig {
    fn type_name(&self) -> &'static str {
        "AWS::SageMaker::EndpointConfig"
    }

    fn properties(&self) -> &'static [&'static str] {
        &[
            "EnableNetworkIsolation",
            "EndpointConfigName",
            "ExecutionRoleArn",
            "ProductionVariants",
            "Tags",
        ]
    }

    fn required(&self) -> &'static [&'static str] {
        &["ProductionVariants"]
    }

    fn create_only(&self) -> &'static [&'static str] {
        &[
            "EnableNetworkIsolation",
            "EndpointConfigName",
            "ExecutionRoleArn",
            "ProductionVariants",
        ]
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
