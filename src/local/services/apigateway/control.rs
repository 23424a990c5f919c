//! The control plane, and its reads.

use axum::body::Body;
use axum::http::{Method, Response, StatusCode};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::ApiGateway;
use super::authorize::{Authorization, Authorizer};
use super::cors::Cors;
use super::model::{Api, Endpoint, Integration, Route, Stage};
use crate::local::clock::iso8601;
use crate::local::wire::{ApiError, ApiRequest, json::rest_answer};

impl ApiGateway {
    /// Answers a request of the API Gateway v2 API.
    pub fn handle(&self, request: &ApiRequest) -> Response<Body> {
        let status = match request.method {
            Method::POST => StatusCode::CREATED,
            Method::DELETE => StatusCode::NO_CONTENT,
            _ => StatusCode::OK,
        };
        rest_answer(status, self.control(request))
    }

    fn control(&self, request: &ApiRequest) -> Result<Value, ApiError> {
        let path = percent_decode_str(request.path.trim_matches('/')).decode_utf8_lossy();
        let segments: Vec<&str> = path.split('/').collect();
        if let Some(edited) = self.edit(request, &segments) {
            return edited;
        }
        if request.method != Method::GET {
            let name = operation(&request.method, &segments);
            return Err(ApiError::not_emulated("API Gateway v2", &name));
        }
        match segments.as_slice() {
            ["v2", "apis"] => Ok(self.apis(&request.region)),
            ["v2", "apis", id] => self.api(id, |api| Ok(self.shown(id, api))),
            ["v2", "apis", id, "routes"] => self.api(id, |api| {
                let routes = api.routes.iter();
                Ok(items(routes.map(|(id, route)| shown_route(id, route))))
            }),
            ["v2", "apis", id, "routes", own] => self.api(id, |api| {
                let route = api.routes.get(*own).ok_or_else(|| missing("Route", own))?;
                Ok(shown_route(own, route))
            }),
            ["v2", "apis", id, "authorizers"] => self.api(id, |api| {
                let authorizers = api.authorizers.iter();
                Ok(items(
                    authorizers.map(|(id, entry)| shown_authorizer(id, entry)),
                ))
            }),
            ["v2", "apis", id, "authorizers", own] => self.api(id, |api| {
                let entry = api.authorizers.get(*own);
                let entry = entry.ok_or_else(|| missing("Authorizer", own))?;
                Ok(shown_authorizer(own, entry))
            }),
            ["v2", "apis", id, "integrations"] => self.api(id, |api| {
                let integrations = api.integrations.iter();
                Ok(items(
                    integrations.map(|(id, entry)| shown_integration(id, entry)),
                ))
            }),
            ["v2", "apis", id, "integrations", own] => self.api(id, |api| {
                let entry = api.integrations.get(*own);
                let entry = entry.ok_or_else(|| missing("Integration", own))?;
                Ok(shown_integration(own, entry))
            }),
            ["v2", "apis", id, "stages"] => self.api(id, |api| {
                let stages = api.stages.iter();
                Ok(items(stages.map(|(name, stage)| shown_stage(name, stage))))
            }),
            ["v2", "apis", id, "stages", name] => self.api(id, |api| {
                let stage = api
                    .stages
                    .get(*name)
                    .ok_or_else(|| missing("Stage", name))?;
                Ok(shown_stage(name, stage))
            }),
            ["v2", "tags", rest @ ..] => self.tags(rest),
            other => {
                let name = operation(&request.method, other);
                Err(ApiError::not_emulated("API Gateway v2", &name))
            }
        }
    }

    fn apis(&self, region: &str) -> Value {
        self.state.read(|state| {
            let ours = state.apis.iter().filter(|(_, api)| api.region == region);
            items(ours.map(|(id, api)| self.shown(id, api)))
        })
    }

    fn api<R>(
        &self,
        id: &str,
        look: impl FnOnce(&Api) -> Result<R, ApiError>,
    ) -> Result<R, ApiError> {
        self.state
            .read(|state| look(state.apis.get(id).ok_or_else(|| missing("API", id))?))
    }

    /// Tells the tags of an API or a stage by its ARN, `arn:aws:apigateway:<region>::/apis/<id>...`.
    fn tags(&self, arn: &[&str]) -> Result<Value, ApiError> {
        let tags = match arn {
            [_, "apis", id] => self.api(id, |api| Ok(api.tags.clone()))?,
            [_, "apis", id, "stages", name] => self.api(id, |api| {
                let stage = api
                    .stages
                    .get(*name)
                    .ok_or_else(|| missing("Stage", name))?;
                Ok(stage.tags.clone())
            })?,
            other => {
                return Err(ApiError::client(
                    "BadRequestException",
                    format!("Invalid resource identifier specified: {}", other.join("/")),
                ));
            }
        };
        Ok(json!({ "tags": tags }))
    }

    pub(super) fn shown(&self, id: &str, api: &Api) -> Value {
        let mut shown = json!({
            "apiId": id,
            "apiEndpoint": self.endpoint(id),
            "name": api.name,
            "protocolType": "HTTP",
            "routeSelectionExpression": "$request.method $request.path",
            "apiKeySelectionExpression": "$request.header.x-api-key",
            "disableExecuteApiEndpoint": api.endpoint == Endpoint::Disabled,
            "createdDate": iso8601(api.created),
            "tags": api.tags,
        });
        if let Some(description) = &api.description {
            shown["description"] = json!(description);
        }
        if let Some(cors) = &api.cors {
            shown["corsConfiguration"] = shown_cors(cors);
        }
        shown
    }
}

fn items(shown: impl Iterator<Item = Value>) -> Value {
    json!({ "items": shown.collect::<Vec<_>>() })
}

fn shown_cors(cors: &Cors) -> Value {
    let mut shown = json!({
        "allowCredentials": cors.allow_credentials,
        "allowHeaders": cors.allow_headers,
        "allowMethods": cors.allow_methods,
        "allowOrigins": cors.allow_origins,
        "exposeHeaders": cors.expose_headers,
    });
    if let Some(age) = cors.max_age {
        shown["maxAge"] = json!(age);
    }
    shown
}

pub(super) fn shown_route(id: &str, route: &Route) -> Value {
    let mut shown = json!({
        "routeId": id,
        "routeKey": route.key.to_string(),
        "apiKeyRequired": false,
        "authorizationType": route.authorization.kind(),
    });
    if let Authorization::Jwt { authorizer, scopes } = &route.authorization {
        shown["authorizerId"] = json!(authorizer);
        shown["authorizationScopes"] = json!(scopes);
    }
    if let Some(integration) = &route.integration {
        shown["target"] = json!(format!("integrations/{integration}"));
    }
    shown
}

fn shown_authorizer(id: &str, authorizer: &Authorizer) -> Value {
    json!({
        "authorizerId": id,
        "authorizerType": "JWT",
        "name": authorizer.name,
        "identitySource": [authorizer.source.to_string()],
        "jwtConfiguration": { "issuer": authorizer.issuer, "audience": authorizer.audience },
    })
}

pub(super) fn shown_integration(id: &str, integration: &Integration) -> Value {
    let mut shown = json!({
        "integrationId": id,
        "integrationType": "AWS_PROXY",
        "integrationMethod": "POST",
        "integrationUri": integration.uri,
        "payloadFormatVersion": "2.0",
        "connectionType": "INTERNET",
        "timeoutInMillis": integration.timeout_millis,
    });
    if let Some(description) = &integration.description {
        shown["description"] = json!(description);
    }
    shown
}

pub(super) fn shown_stage(name: &str, stage: &Stage) -> Value {
    let mut shown = json!({
        "stageName": name,
        "autoDeploy": stage.auto_deploy,
        "createdDate": iso8601(stage.created),
        "defaultRouteSettings": {
            "detailedMetricsEnabled": stage.detailed_metrics,
            "throttlingBurstLimit": stage.throttle.burst,
            "throttlingRateLimit": stage.throttle.rate,
        },
        "routeSettings": stage.route_throttles.iter().map(|(key, throttle)| {
            (key.clone(), json!({
                "detailedMetricsEnabled": false,
                "throttlingBurstLimit": throttle.burst,
                "throttlingRateLimit": throttle.rate,
            }))
        }).collect::<Value>(),
        "stageVariables": stage.variables,
        "tags": stage.tags,
    });
    if let Some(description) = &stage.description {
        shown["description"] = json!(description);
    }
    if let Some(log) = &stage.access_log {
        shown["accessLogSettings"] = json!({
            "destinationArn": log["DestinationArn"],
            "format": log["Format"],
        });
    }
    shown
}

pub(super) fn missing(kind: &str, id: &str) -> ApiError {
    ApiError::with_status(
        StatusCode::NOT_FOUND,
        "NotFoundException",
        format!("Invalid {kind} identifier specified {id}"),
    )
}

/// Names the operation of a request that is not emulated, as far as it is known.
fn operation(method: &Method, segments: &[&str]) -> String {
    let noun = match segments {
        ["v2", "apis", ..] => match segments.get(3) {
            None => "Api",
            Some(&"routes") => "Route",
            Some(&"integrations") => "Integration",
            Some(&"stages") => "Stage",
            Some(&"deployments") => "Deployment",
            Some(&"authorizers") => "Authorizer",
            Some(_) => "",
        },
        _ => "",
    };
    let verb = match method.as_str() {
        "POST" => "Create",
        "PATCH" => "Update",
        "DELETE" => "Delete",
        "GET" => "Get",
        _ => "",
    };
    if noun.is_empty() || verb.is_empty() {
        return format!("{method} /{}", segments.join("/"));
    }
    format!("{verb}{noun}")
}
