//! `AWS::ApiGatewayV2::Route`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::part::{Part, invalid};
use super::{Unchanged, owner};
use crate::local::resource::{Live, ResourceError, ResourceRequest};
use crate::local::services::apigateway::authorize::{Authorization, Authorizer};
use crate::local::services::apigateway::model::{Api, Integration, Route};
use crate::local::services::apigateway::routing::RouteKey;

impl Part for Route {
    const NAME: &'static str = "Route";
    const TYPE: &'static str = "AWS::ApiGatewayV2::Route";
    const PROPERTIES: &'static [&'static str] = &[
        "ApiId",
        "AuthorizationScopes",
        "AuthorizationType",
        "AuthorizerId",
        "RouteKey",
        "Target",
    ];
    const REQUIRED: &'static [&'static str] = &["ApiId", "RouteKey"];
    const ID_LENGTH: usize = 7;

    fn wanted(request: &ResourceRequest) -> Result<Self, ResourceError> {
        route(request)
    }

    fn of(api: &Api) -> &BTreeMap<String, Self> {
        &api.routes
    }

    fn of_mut(api: &mut Api) -> &mut BTreeMap<String, Self> {
        &mut api.routes
    }

    fn owner(&self) -> &str {
        &self.owner
    }

    fn check(&self, api: &Api, id: &str) -> Result<(), Unchanged> {
        let mut others = api.routes.iter().filter(|(other, _)| *other != id);
        if others.any(|(_, route)| route.key == self.key) {
            return Err(Unchanged::Refused(format!(
                "Route with key {} already exists for this API",
                self.key
            )));
        }
        if let Some(target) = &self.integration
            && !api.integrations.contains_key(target)
        {
            return Err(invalid::<Integration>(target));
        }
        if let Authorization::Jwt { authorizer, .. } = &self.authorization
            && !api.authorizers.contains_key(authorizer)
        {
            return Err(invalid::<Authorizer>(authorizer));
        }
        Ok(())
    }

    fn is_used_by(_: &Route, _: &str) -> bool {
        false
    }

    fn live(&self, expected: &Value) -> Live {
        let target = self
            .integration
            .as_ref()
            .map(|id| format!("integrations/{id}"));
        let (authorizer, scopes) = match &self.authorization {
            Authorization::Jwt { authorizer, scopes } if !scopes.is_empty() => {
                (Some(authorizer), Some(scopes))
            }
            Authorization::Jwt { authorizer, .. } => (Some(authorizer), None),
            _ => (None, None),
        };
        Live::over(
            expected,
            [
                ("AuthorizationType", json!(self.authorization.kind())),
                ("AuthorizationScopes", json!(scopes)),
                ("AuthorizerId", json!(authorizer)),
                ("RouteKey", json!(self.key.to_string())),
                ("Target", json!(target)),
            ],
        )
    }
}

fn route(request: &ResourceRequest) -> Result<Route, ResourceError> {
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
