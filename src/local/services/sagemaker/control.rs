//! The control plane's operations by name.

use std::sync::Arc;

use axum::body::Body;
use axum::http::Response;
use serde_json::Value;

use super::SageMaker;
use super::names::Kind;
use crate::local::wire::{ApiError, ApiRequest, json};

impl SageMaker {
    pub(super) async fn control(self: &Arc<Self>, request: &ApiRequest) -> Response<Body> {
        let Some(operation) = json::operation(&request.headers) else {
            return json::answer(Err(ApiError::client(
                "UnknownOperationException",
                "the request names no operation (X-Amz-Target)",
            )));
        };
        let result = match json::input::<Value>(&request.body) {
            Ok(input) => self.operate(operation, &request.region, &input).await,
            Err(error) => Err(error),
        };
        json::answer(result)
    }

    /// Carries out one operation of the control plane.
    ///
    /// # Errors
    /// As the real service, or `NotEmulated` with the operation's name.
    pub(super) async fn operate(
        self: &Arc<Self>,
        operation: &str,
        region: &str,
        input: &Value,
    ) -> Result<Value, ApiError> {
        match operation {
            "CreateTrainingJob" => self.create_training_job(region, input).await,
            "DescribeTrainingJob" => self.describe_training_job(region, input),
            "ListTrainingJobs" => self.list(Kind::TrainingJob, region, input),
            "StopTrainingJob" => self.stop_training_job(region, input),
            "DeleteTrainingJob" => self.delete_training_job(region, input),
            "CreateTransformJob" => self.create_transform_job(region, input).await,
            "DescribeTransformJob" => self.describe_transform_job(region, input),
            "ListTransformJobs" => self.list(Kind::TransformJob, region, input),
            "StopTransformJob" => self.stop_transform_job(region, input),
            "CreateModel" => self.create_model(region, input).await,
            "DescribeModel" => self.describe_model(region, input),
            "ListModels" => self.list(Kind::Model, region, input),
            "DeleteModel" => self.delete_model(region, input),
            "CreateEndpointConfig" => self.create_endpoint_config(region, input),
            "DescribeEndpointConfig" => self.describe_endpoint_config(region, input),
            "ListEndpointConfigs" => self.list(Kind::EndpointConfig, region, input),
            "DeleteEndpointConfig" => self.delete_endpoint_config(region, input),
            "CreateEndpoint" => self.create_endpoint(region, input),
            "DescribeEndpoint" => self.describe_endpoint(region, input),
            "ListEndpoints" => self.list(Kind::Endpoint, region, input),
            "UpdateEndpoint" => self.update_endpoint(region, input),
            "UpdateEndpointWeightsAndCapacities" => self.update_capacities(region, input),
            "DeleteEndpoint" => self.delete_endpoint(region, input),
            "CreateModelPackageGroup" => self.create_package_group(region, input),
            "DescribeModelPackageGroup" => self.describe_package_group(region, input),
            "ListModelPackageGroups" => self.list(Kind::PackageGroup, region, input),
            "DeleteModelPackageGroup" => self.delete_package_group(region, input),
            "CreateModelPackage" => self.create_package(region, input),
            "DescribeModelPackage" => self.describe_package(input),
            "UpdateModelPackage" => self.update_package(input),
            "ListModelPackages" => self.list_packages(region, input),
            "DeleteModelPackage" => self.delete_package(input),
            "AddTags" => self.add_tags(input),
            "DeleteTags" => self.delete_tags(input),
            "ListTags" => self.list_tags(input),
            other => Err(ApiError::not_emulated("SageMaker", other)),
        }
    }
}
