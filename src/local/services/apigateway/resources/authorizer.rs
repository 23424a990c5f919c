//! `AWS::ApiGatewayV2::Authorizer`.
//!
//! The real service asks the issuer when an authorizer is made. Here it is asked with the first token, so
//! that an environment can be brought up without it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::part::Part;
use super::{Unchanged, owner};
use crate::local::resource::{Live, ResourceError, ResourceRequest};
use crate::local::services::apigateway::authorize::{Authorization, Authorizer, Source};
use crate::local::services::apigateway::model::{Api, Route};

impl Part for Authorizer {
    const NAME: &'static str = "Authorizer";
    const TYPE: &'static str = "AWS::ApiGatewayV2::Authorizer";
    const PROPERTIES: &'static [&'static str] = &[
        "ApiId",
        "AuthorizerType",
        "IdentitySource",
        "JwtConfiguration",
        "Name",
    ];
    const REQUIRED: &'static [&'static str] = &["ApiId", "AuthorizerType", "Name"];
    const ID_LENGTH: usize = 6;

    fn wanted(request: &ResourceRequest) -> Result<Self, ResourceError> {
        authorizer(request)
    }

    fn of(api: &Api) -> &BTreeMap<String, Self> {
        &api.authorizers
    }

    fn of_mut(api: &mut Api) -> &mut BTreeMap<String, Self> {
        &mut api.authorizers
    }

    fn owner(&self) -> &str {
        &self.owner
    }

    fn check(&self, api: &Api, id: &str) -> Result<(), Unchanged> {
        let mut others = api.authorizers.iter().filter(|(other, _)| *other != id);
        if others.any(|(_, entry)| entry.name == self.name) {
            return Err(Unchanged::Refused(format!(
                "Authorizer name must be unique. Authorizer {} already exists in this API.",
                self.name
            )));
        }
        Ok(())
    }

    fn is_used_by(route: &Route, id: &str) -> bool {
        matches!(&route.authorization, Authorization::Jwt { authorizer, .. } if authorizer == id)
    }

    fn live(&self, expected: &Value) -> Live {
        Live::over(
            expected,
            [
                ("Name", json!(self.name)),
                ("IdentitySource", json!([self.source.to_string()])),
                (
                    "JwtConfiguration",
                    json!({ "Issuer": self.issuer, "Audience": self.audience }),
                ),
            ],
        )
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
