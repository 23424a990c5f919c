//! `AWS::ApiGatewayV2::Route`.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Value, json};

use super::{Unchanged, api_of, attributes, change, owner, part_of};
use crate::local::ids::suffix;
use crate::local::resource::{Live, Resource, ResourceError, ResourceProvider, ResourceRequest};
use crate::local::services::apigateway::ApiGateway;
use crate::local::services::apigateway::authorize::Authorization;
use crate::local::services::apigateway::model::{Api, Route};
use crate::local::services::apigateway::routing::RouteKey;

/// Makes routes; the physical id is the route's id, unique in the engine.
pub(super) struct RouteProvider(pub(super) Arc<ApiGateway>);

#[async_trait]
impl ResourceProvider for RouteProvider {
    fn type_name(&self) -> &'static str {
        "AWS::ApiGatewayV2::Route"
    }

    fn properties(&self) -> &'static [&'static str] {
        &[
            "ApiId",
            "AuthorizationScopes",
            "AuthorizationType",
            "AuthorizerId",
            "RouteKey",
            "Target",
        ]
    }

    fn required(&self) -> &'static [&'static str] {
        &["ApiId", "RouteKey"]
    }

    fn create_only(&self) -> &'static [&'static str] {
        &["ApiId"]
    }

    async fn create(&self, request: &ResourceRequest) -> Result<Resource, ResourceError> {
        let wanted = route(request)?;
        let id = change(&self.0, |state| {
            let api = api_of(state, request)?;
            let mut there = api.routes.iter();
            let there = there.find(|(_, route)| route.owner == wanted.owner);
            let id = there.map_or_else(|| suffix(7).to_lowercase(), |(id, _)| id.clone());
            put(api, &id, wanted)?;
            Ok(id)
        })?;
        Ok(resource(&id))
    }

    async fn update(
        &self,
        physical_id: &str,
        _previous: &Value,
        request: &ResourceRequest,
    ) -> Result<Resource, ResourceError> {
        let wanted = route(request)?;
        change(&self.0, |state| {
            let api = api_of(state, request)?;
            if !api.routes.contains_key(physical_id) {
                return Err(Unchanged::Refused(format!(
                    "Invalid Route identifier specified {physical_id}"
                )));
            }
            put(api, physical_id, wanted)
        })?;
        Ok(resource(physical_id))
    }

    async fn delete(&self, physical_id: &str) -> Result<(), ResourceError> {
        change(&self.0, |state| {
            for api in state.apis.values_mut() {
                api.routes.remove(physical_id);
            }
            Ok(())
        })
    }

    fn read(&self, physical_id: &str, expected: &Value) -> Result<Live, ResourceError> {
        let found = part_of(&self.0, expected, |api| {
            api.routes.get(physical_id).cloned()
        });
        Ok(found.map_or(Live::Missing, |route| {
            let target = route.integration.map(|id| format!("integrations/{id}"));
            let (authorizer, scopes) = match &route.authorization {
                Authorization::Jwt { authorizer, scopes } if !scopes.is_empty() => {
                    (Some(authorizer), Some(scopes))
                }
                Authorization::Jwt { authorizer, .. } => (Some(authorizer), None),
                _ => (None, None),
            };
            Live::over(
                expected,
                [
                    ("AuthorizationType", json!(route.authorization.kind())),
                    ("AuthorizationScopes", json!(scopes)),
                    ("AuthorizerId", json!(authorizer)),
                    ("RouteKey", json!(route.key.to_string())),
                    ("Target", json!(target)),
                ],
            )
        }))
    }
}

fn resource(id: &str) -> Resource {
    Resource {
        physical_id: id.to_owned(),
        attributes: attributes([("RouteId", id.to_owned())]),
    }
}

pub(in super::super) fn put(api: &mut Api, id: &str, wanted: Route) -> Result<(), Unchanged> {
    let mut others = api.routes.iter().filter(|(other, _)| *other != id);
    if others.any(|(_, route)| route.key == wanted.key) {
        return Err(Unchanged::Refused(format!(
            "Route with key {} already exists for this API",
            wanted.key
        )));
    }
    if let Some(target) = &wanted.integration
        && !api.integrations.contains_key(target)
    {
        return Err(Unchanged::Refused(format!(
            "Invalid Integration identifier specified {target}"
        )));
    }
    if let Authorization::Jwt { authorizer, .. } = &wanted.authorization
        && !api.authorizers.contains_key(authorizer)
    {
        return Err(Unchanged::Refused(format!(
            "Invalid Authorizer identifier specified {authorizer}"
        )));
    }
    api.routes.insert(id.to_owned(), wanted);
    Ok(())
}

pub(in super::super) fn route(request: &ResourceRequest) -> Result<Route, ResourceError> {
    let key = request.string("RouteKey").unwrap_or_default().to_owned();
    let integration = match request.string("Target") {
        None => None,
        Some(target) => Some(target.strip_prefix("integrations/").ok_or_else(|| {
            ResourceError::new(format!(
                "Invalid target {target:?}: integrations/<id> is expected"
            ))
        })?),
    };
    Ok(Route {
        key: RouteKey::try_from(key).map_err(|error| ResourceError::new(error.to_string()))?,
        integration: integration.map(str::to_owned),
        authorization: authorization(request)?,
        owner: owner(request),
    })
}

fn authorization(request: &ResourceRequest) -> Result<Authorization, ResourceError> {
    let scopes = request.properties["AuthorizationScopes"].as_array();
    let scopes = scopes.into_iter().flatten().filter_map(Value::as_str);
    let scopes: Vec<String> = scopes.map(str::to_owned).collect();
    let authorizer = request.string("AuthorizerId");
    match (request.string("AuthorizationType"), authorizer) {
        (None | Some("NONE"), None) if scopes.is_empty() => Ok(Authorization::None),
        (Some("AWS_IAM"), None) if scopes.is_empty() => Ok(Authorization::Iam),
        (Some("JWT"), Some(authorizer)) => Ok(Authorization::Jwt {
            authorizer: authorizer.to_owned(),
            scopes,
        }),
        (None | Some("NONE" | "AWS_IAM" | "JWT"), _) => Err(ResourceError::new(
            "AuthorizerId and AuthorizationScopes belong to the AuthorizationType JWT, which needs an AuthorizerId",
        )),
        (Some(other), _) => Err(ResourceError::new(format!(
            "the local engine does not emulate routes with the authorization type {other}"
        ))),
    }
}
