//! The control plane's changes of what is there, and new routes. APIs, integrations and stages are made by
//! CloudFormation only.

use axum::http::Method;
use serde_json::{Map, Value, json};

use super::ApiGateway;
use super::authorize::Authorization;
use super::control::{missing, shown_integration, shown_route, shown_stage};
use super::model::{Api, Endpoint, Integration, Route, Stage, Throttle};
use super::resources::{self, Part, Unchanged};
use crate::local::ids::suffix;
use crate::local::resource::{ResourceError, ResourceRequest};
use crate::local::wire::{ApiError, ApiRequest, json};

impl ApiGateway {
    /// Carries out a change; `None` when the request asks for something else.
    pub(super) fn edit(
        &self,
        request: &ApiRequest,
        segments: &[&str],
    ) -> Option<Result<Value, ApiError>> {
        let change: fn(&Self, &ApiRequest, &str, &str) -> Result<Value, ApiError> =
            match (&request.method, segments) {
                (&Method::PATCH, ["v2", "apis", _]) => Self::update_api,
                (&Method::POST, ["v2", "apis", _, "routes"]) => Self::create_route,
                (&Method::PATCH, ["v2", "apis", _, "routes", _]) => Self::update_route,
                (&Method::DELETE, ["v2", "apis", _, "routes", _]) => Self::delete_route,
                (&Method::PATCH, ["v2", "apis", _, "integrations", _]) => Self::update_integration,
                (&Method::PATCH, ["v2", "apis", _, "stages", _]) => Self::update_stage,
                _ => return None,
            };
        let at = |index: usize| segments.get(index).copied().unwrap_or_default();
        Some(change(self, request, at(2), at(4)))
    }

    fn update_api(&self, request: &ApiRequest, id: &str, _: &str) -> Result<Value, ApiError> {
        let given = members(request)?;
        self.on_api(id, |api| {
            let now = json!({
                "Name": api.name,
                "ProtocolType": "HTTP",
                "Description": api.description,
                "CorsConfiguration": api.cors,
                "DisableExecuteApiEndpoint": api.endpoint == Endpoint::Disabled,
            });
            let wanted = resources::api(&overlaid(api, now, given)).map_err(refused)?;
            *api = Api {
                authorizers: std::mem::take(&mut api.authorizers),
                integrations: std::mem::take(&mut api.integrations),
                routes: std::mem::take(&mut api.routes),
                stages: std::mem::take(&mut api.stages),
                created: api.created,
                owner: api.owner.clone(),
                ..wanted
            };
            Ok(self.shown(id, api))
        })
    }

    fn create_route(&self, request: &ApiRequest, id: &str, _: &str) -> Result<Value, ApiError> {
        let given = members(request)?;
        let own = suffix(7).to_lowercase();
        self.on_api(id, |api| {
            let wanted = Route::wanted(&overlaid(api, json!({}), given)).map_err(refused)?;
            resources::put(api, &own, wanted).map_err(|reason| unchanged(&reason))?;
            Ok(shown_route(&own, &api.routes[&own]))
        })
    }

    fn update_route(&self, request: &ApiRequest, id: &str, own: &str) -> Result<Value, ApiError> {
        let given = members(request)?;
        self.on_api(id, |api| {
            let there: &Route = api.routes.get(own).ok_or_else(|| missing("Route", own))?;
            let target = there
                .integration
                .as_ref()
                .map(|id| format!("integrations/{id}"));
            let mut now = json!({
                "RouteKey": there.key.to_string(),
                "Target": target,
                "AuthorizationType": there.authorization.kind(),
            });
            if let Authorization::Jwt { authorizer, scopes } = &there.authorization {
                now["AuthorizerId"] = json!(authorizer);
                now["AuthorizationScopes"] = json!(scopes);
            }
            let owner = there.owner.clone();
            let wanted = Route::wanted(&overlaid(api, now, given)).map_err(refused)?;
            resources::put(api, own, Route { owner, ..wanted })
                .map_err(|reason| unchanged(&reason))?;
            Ok(shown_route(own, &api.routes[own]))
        })
    }

    fn delete_route(&self, _: &ApiRequest, id: &str, own: &str) -> Result<Value, ApiError> {
        self.on_api(id, |api| {
            let removed = api.routes.remove(own);
            removed
                .map(|_| Value::Null)
                .ok_or_else(|| missing("Route", own))
        })
    }

    fn update_integration(
        &self,
        request: &ApiRequest,
        id: &str,
        own: &str,
    ) -> Result<Value, ApiError> {
        let given = members(request)?;
        self.on_api(id, |api| {
            let there: &Integration = api
                .integrations
                .get(own)
                .ok_or_else(|| missing("Integration", own))?;
            let now = json!({
                "IntegrationType": "AWS_PROXY",
                "PayloadFormatVersion": "2.0",
                "IntegrationUri": there.uri,
                "TimeoutInMillis": there.timeout_millis,
                "Description": there.description,
            });
            let owner = there.owner.clone();
            let wanted = Integration::wanted(&overlaid(api, now, given)).map_err(refused)?;
            let wanted = Integration { owner, ..wanted };
            let shown = shown_integration(own, &wanted);
            api.integrations.insert(own.to_owned(), wanted);
            Ok(shown)
        })
    }

    fn update_stage(&self, request: &ApiRequest, id: &str, name: &str) -> Result<Value, ApiError> {
        let given = members(request)?;
        self.on_api(id, |api| {
            let there: &Stage = api.stages.get(name).ok_or_else(|| missing("Stage", name))?;
            let Throttle { rate, burst } = there.throttle;
            let now = json!({
                "AutoDeploy": there.auto_deploy,
                "Description": there.description,
                "DefaultRouteSettings": {
                    "DetailedMetricsEnabled": there.detailed_metrics,
                    "ThrottlingBurstLimit": burst,
                    "ThrottlingRateLimit": rate,
                },
                "RouteSettings": there.route_throttles.iter().map(|(key, own)| {
                    (key.clone(), json!({
                        "ThrottlingBurstLimit": own.burst,
                        "ThrottlingRateLimit": own.rate,
                    }))
                }).collect::<Value>(),
                "AccessLogSettings": there.access_log,
                "StageVariables": there.variables,
            });
            let (tags, created) = (there.tags.clone(), there.created);
            let wanted = resources::stage(&overlaid(api, now, given)).map_err(refused)?;
            let wanted = Stage {
                tags,
                created,
                ..wanted
            };
            resources::check_routes(api, &wanted).map_err(|reason| unchanged(&reason))?;
            let shown = shown_stage(name, &wanted);
            api.stages.insert(name.to_owned(), wanted);
            Ok(shown)
        })
    }

    fn on_api<R>(
        &self,
        id: &str,
        change: impl FnOnce(&mut Api) -> Result<R, ApiError>,
    ) -> Result<R, ApiError> {
        self.state.write(|state| {
            let api = state.apis.get_mut(id).ok_or_else(|| missing("API", id))?;
            change(api)
        })
    }
}

/// Reads the members of a request under the names that templates use.
fn members(request: &ApiRequest) -> Result<Map<String, Value>, ApiError> {
    let given: Map<String, Value> = json::input(&request.body)?;
    Ok(given
        .into_iter()
        .map(|(name, value)| {
            let value = if name == "stageVariables" {
                value
            } else {
                renamed(value)
            };
            (pascal(&name), value)
        })
        .collect())
}

fn renamed(value: Value) -> Value {
    match value {
        Value::Object(members) => members
            .into_iter()
            .map(|(name, value)| (pascal(&name), renamed(value)))
            .collect(),
        other => other,
    }
}

fn pascal(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

/// Writes what is there, with what is given over it, as the properties of a resource.
fn overlaid(api: &Api, mut properties: Value, given: Map<String, Value>) -> ResourceRequest {
    for (name, value) in given {
        properties[name] = value;
    }
    if let Some(members) = properties.as_object_mut() {
        members.retain(|_, value| !value.is_null());
    }
    ResourceRequest {
        stack_name: String::new(),
        stack_id: String::new(),
        logical_id: String::new(),
        physical_name: String::new(),
        region: api.region.clone(),
        account: api.account.clone(),
        properties,
        tags: api.tags.clone(),
    }
}

fn refused(error: ResourceError) -> ApiError {
    ApiError::client("BadRequestException", error.message)
}

fn unchanged(reason: &Unchanged) -> ApiError {
    ApiError::client("BadRequestException", reason.to_string())
}
