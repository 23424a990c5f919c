//! `AWS::ApiGatewayV2::Authorizer`.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Value, json};

use super::{Unchanged, api_of, attributes, change, owner, part_of};
use crate::local::ids::suffix;
use crate::local::resource::{Live, Resource, ResourceError, ResourceProvider, ResourceRequest};
use crate::local::services::apigateway::ApiGateway;
use crate::local::services::apigateway::authorize::{Authorization, Authorizer, Source};
use crate::local::services::apigateway::model::Api;

/// Makes authorizers of tokens; the physical id is the authorizer's id, unique in the engine.
///
/// The real service asks the issuer when an authorizer is made. Here it is asked with the first token, so
/// that an environment can be brought up without it.
pub(super) struct AuthorizerProvider(pub(super) Arc<ApiGateway>);

#[async_trait]
impl ResourceProvider for AuthorizerProvider {
    fn type_name(&self) -> &'static str {
        "AWS::ApiGatewayV2::Authorizer"
    }

    fn properties(&self) -> &'static [&'static str] {
        &[
            "ApiId",
            "AuthorizerType",
            "IdentitySource",
            "JwtConfiguration",
            "Name",
        ]
    }

    fn required(&self) -> &'static [&'static str] {
        &["ApiId", "AuthorizerType", "Name"]
    }

    fn create_only(&self) -> &'static [&'static str] {
        &["ApiId"]
    }

    async fn create(&self, request: &ResourceRequest) -> Result<Resource, ResourceError> {
        let wanted = authorizer(request)?;
        let id = change(&self.0, |state| {
            let api = api_of(state, request)?;
            let mut there = api.authorizers.iter();
            let there = there.find(|(_, entry)| entry.owner == wanted.owner);
            let id = there.map_or_else(|| suffix(6).to_lowercase(), |(id, _)| id.clone());
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
        let wanted = authorizer(request)?;
        change(&self.0, |state| {
            let api = api_of(state, request)?;
            if !api.authorizers.contains_key(physical_id) {
                return Err(Unchanged::Refused(format!(
                    "Invalid Authorizer identifier specified {physical_id}"
                )));
            }
            put(api, physical_id, wanted)
        })?;
        Ok(resource(physical_id))
    }

    async fn delete(&self, physical_id: &str) -> Result<(), ResourceError> {
        change(&self.0, |state| {
            for api in state.apis.values_mut() {
                let used = api.routes.values().any(|route| {
                    matches!(&route.authorization,
                        Authorization::Jwt { authorizer, .. } if authorizer == physical_id)
                });
                if used {
                    return Err(Unchanged::Refused(format!(
                        "Cannot delete Authorizer '{physical_id}' as it is used by a route"
                    )));
                }
                api.authorizers.remove(physical_id);
            }
            Ok(())
        })
    }

    fn read(&self, physical_id: &str, expected: &Value) -> Result<Live, ResourceError> {
        let found = part_of(&self.0, expected, |api| {
            api.authorizers.get(physical_id).cloned()
        });
        Ok(found.map_or(Live::Missing, |entry| {
            Live::over(
                expected,
                [
                    ("Name", json!(entry.name)),
                    ("IdentitySource", json!([entry.source.to_string()])),
                    (
                        "JwtConfiguration",
                        json!({ "Issuer": entry.issuer, "Audience": entry.audience }),
                    ),
                ],
            )
        }))
    }
}

fn put(api: &mut Api, id: &str, wanted: Authorizer) -> Result<(), Unchanged> {
    let mut others = api.authorizers.iter().filter(|(other, _)| *other != id);
    if others.any(|(_, entry)| entry.name == wanted.name) {
        return Err(Unchanged::Refused(format!(
            "Authorizer name must be unique. Authorizer {} already exists in this API.",
            wanted.name
        )));
    }
    api.authorizers.insert(id.to_owned(), wanted);
    Ok(())
}

fn resource(id: &str) -> Resource {
    Resource {
        physical_id: id.to_owned(),
        attributes: attributes([("AuthorizerId", id.to_owned())]),
    }
}

fn authorizer(request: &ResourceRequest) -> Result<Authorizer, ResourceError> {
    let kind = request.string("AuthorizerType").unwrap_or_default();
    if kind != "JWT" {
        return Err(ResourceError::new(format!(
            "the local engine does not emulate authorizers of the type {kind}"
        )));
    }
    let given = &request.properties;
    let texts = |value: &Value| -> Vec<String> {
        let list = value.as_array().into_iter().flatten();
        list.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let sources = texts(&given["IdentitySource"]);
    let [source] = &sources[..] else {
        return Err(ResourceError::new(
            "IdentitySource: a JWT authorizer has exactly one",
        ));
    };
    let settings = &given["JwtConfiguration"];
    let issuer = settings["Issuer"].as_str().unwrap_or_default();
    let audience = texts(&settings["Audience"]);
    if issuer.is_empty() || audience.is_empty() {
        return Err(ResourceError::new(
            "JwtConfiguration: Issuer and Audience are needed",
        ));
    }
    Ok(Authorizer {
        name: request.string("Name").unwrap_or_default().to_owned(),
        source: Source::try_from(source.clone())
            .map_err(|error| ResourceError::new(error.to_string()))?,
        issuer: issuer.to_owned(),
        audience,
        owner: owner(request),
    })
}
