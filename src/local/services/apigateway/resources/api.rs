//! `AWS::ApiGatewayV2::Api`.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use async_trait::async_trait;
use serde_json::{Value, json};

use super::{Unchanged, attributes, change, flag, owner, tags};
use crate::local::ids::suffix;
use crate::local::resource::{
    Live, Resource, ResourceError, ResourceProvider, ResourceRequest, ResourceType, TIME_LIMIT,
};
use crate::local::services::apigateway::ApiGateway;
use crate::local::services::apigateway::cors::Cors;
use crate::local::services::apigateway::model::{Api, Endpoint};

/// Makes HTTP APIs; the physical id is the API's id.
pub(super) struct ApiProvider(pub(super) Arc<ApiGateway>);

const API: ResourceType = ResourceType {
    name: "AWS::ApiGatewayV2::Api",
    properties: &[
        "CorsConfiguration",
        "Description",
        "DisableExecuteApiEndpoint",
        "Name",
        "ProtocolType",
        "Tags",
    ],
    required: &["Name", "ProtocolType"],
    create_only: &["ProtocolType"],
    time_limit: TIME_LIMIT,
};

#[async_trait]
impl ResourceProvider for ApiProvider {
    fn definition(&self) -> ResourceType {
        API
    }

    async fn create(&self, request: &ResourceRequest) -> Result<Resource, ResourceError> {
        let wanted = api(request)?;
        let id = change(&self.0, |state| {
            let mut there = state.apis.iter();
            let there = there.find(|(_, api)| api.owner == wanted.owner);
            if let Some((id, _)) = there {
                return Ok(id.clone());
            }
            let id = suffix(10).to_lowercase();
            let api = Api {
                created: self.0.clock.epoch_millis(),
                ..wanted
            };
            state.apis.insert(id.clone(), api);
            Ok(id)
        })?;
        Ok(self.resource(&id, request))
    }

    async fn update(
        &self,
        physical_id: &str,
        _previous: &Value,
        request: &ResourceRequest,
    ) -> Result<Resource, ResourceError> {
        let wanted = api(request)?;
        change(&self.0, |state| {
            let api = state.apis.get_mut(physical_id).ok_or_else(|| {
                Unchanged::Refused(format!("Invalid API identifier specified {physical_id}"))
            })?;
            api.name = wanted.name;
            api.description = wanted.description;
            api.cors = wanted.cors;
            api.endpoint = wanted.endpoint;
            api.tags = wanted.tags;
            Ok(())
        })?;
        Ok(self.resource(physical_id, request))
    }

    async fn delete(&self, physical_id: &str) -> Result<(), ResourceError> {
        let mut buckets = self
            .0
            .buckets
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        buckets.forget(physical_id);
        drop(buckets);
        change(&self.0, |state| {
            state.apis.remove(physical_id);
            Ok(())
        })
    }

    fn read(&self, physical_id: &str, expected: &Value) -> Result<Live, ResourceError> {
        Ok(self
            .0
            .state
            .read(|state| match state.apis.get(physical_id) {
                None => Live::Missing,
                Some(api) => Live::over(
                    expected,
                    [
                        ("CorsConfiguration", json!(api.cors)),
                        ("Description", json!(api.description)),
                        (
                            "DisableExecuteApiEndpoint",
                            json!(api.endpoint == Endpoint::Disabled),
                        ),
                        ("Name", json!(api.name)),
                    ],
                ),
            }))
    }
}

impl ApiProvider {
    fn resource(&self, id: &str, request: &ResourceRequest) -> Resource {
        Resource {
            physical_id: id.to_owned(),
            attributes: attributes([
                ("ApiId", id.to_owned()),
                ("ApiEndpoint", self.0.endpoint(id)),
                (
                    "ExecuteApiArn",
                    format!(
                        "arn:aws:execute-api:{}:{}:{id}",
                        request.region, request.account
                    ),
                ),
            ]),
        }
    }
}

pub(in super::super) fn api(request: &ResourceRequest) -> Result<Api, ResourceError> {
    let protocol = request.string("ProtocolType").unwrap_or_default();
    if protocol != "HTTP" {
        return Err(ResourceError::new(format!(
            "the local engine does not emulate APIs of the protocol type {protocol}"
        )));
    }
    let name = request.string("Name").unwrap_or_default();
    Ok(Api {
        account: request.account.clone(),
        region: request.region.clone(),
        name: name.to_owned(),
        description: request.string("Description").map(str::to_owned),
        cors: cors(&request.properties["CorsConfiguration"])?,
        endpoint: if flag(&request.properties["DisableExecuteApiEndpoint"]) {
            Endpoint::Disabled
        } else {
            Endpoint::Enabled
        },
        tags: tags(request),
        created: 0,
        authorizers: BTreeMap::new(),
        integrations: BTreeMap::new(),
        routes: BTreeMap::new(),
        stages: BTreeMap::new(),
        owner: owner(request),
    })
}

fn cors(given: &Value) -> Result<Option<Cors>, ResourceError> {
    if given.is_null() {
        return Ok(None);
    }
    let cors: Cors = serde_json::from_value(given.clone())
        .map_err(|error| ResourceError::new(format!("CorsConfiguration: {error}")))?;
    if cors.allow_credentials && cors.allow_origins.iter().any(|origin| origin == "*") {
        return Err(ResourceError::new(
            "CorsConfiguration: AllowCredentials cannot be combined with the origin *",
        ));
    }
    Ok(Some(cors))
}
