//! `AWS::ApiGatewayV2::Integration`.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Value, json};

use super::{Unchanged, api_of, attributes, change, owner, part_of, whole};
use crate::local::ids::suffix;
use crate::local::resource::{Live, Resource, ResourceError, ResourceProvider, ResourceRequest};
use crate::local::services::apigateway::ApiGateway;
use crate::local::services::apigateway::model::Integration;

/// Makes integrations with functions; the physical id is the integration's id, unique in the engine.
pub(super) struct IntegrationProvider(pub(super) Arc<ApiGateway>);

#[async_trait]
impl ResourceProvider for IntegrationProvider {
    fn type_name(&self) -> &'static str {
        "AWS::ApiGatewayV2::Integration"
    }

    fn properties(&self) -> &'static [&'static str] {
        &[
            "ApiId",
            "ConnectionType",
            "Description",
            "IntegrationMethod",
            "IntegrationType",
            "IntegrationUri",
            "PayloadFormatVersion",
            "TimeoutInMillis",
        ]
    }

    fn required(&self) -> &'static [&'static str] {
        &["ApiId", "IntegrationType"]
    }

    fn create_only(&self) -> &'static [&'static str] {
        &["ApiId"]
    }

    async fn create(&self, request: &ResourceRequest) -> Result<Resource, ResourceError> {
        let wanted = integration(request)?;
        let id = change(&self.0, |state| {
            let api = api_of(state, request)?;
            let mut there = api.integrations.iter();
            let there = there.find(|(_, entry)| entry.owner == wanted.owner);
            let id = there.map_or_else(|| suffix(7).to_lowercase(), |(id, _)| id.clone());
            api.integrations.insert(id.clone(), wanted);
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
        let wanted = integration(request)?;
        change(&self.0, |state| {
            let entry = api_of(state, request)?.integrations.get_mut(physical_id);
            *entry.ok_or_else(|| {
                Unchanged::Refused(format!(
                    "Invalid Integration identifier specified {physical_id}"
                ))
            })? = wanted;
            Ok(())
        })?;
        Ok(resource(physical_id))
    }

    async fn delete(&self, physical_id: &str) -> Result<(), ResourceError> {
        change(&self.0, |state| {
            for api in state.apis.values_mut() {
                let target = Some(physical_id);
                let used = api.routes.values();
                if used
                    .into_iter()
                    .any(|route| route.integration.as_deref() == target)
                {
                    return Err(Unchanged::Refused(format!(
                        "Cannot delete Integration '{physical_id}' as it is used by a route"
                    )));
                }
                api.integrations.remove(physical_id);
            }
            Ok(())
        })
    }

    fn read(&self, physical_id: &str, expected: &Value) -> Result<Live, ResourceError> {
        let found = part_of(&self.0, expected, |api| {
            api.integrations.get(physical_id).cloned()
        });
        Ok(found.map_or(Live::Missing, |entry| {
            Live::over(
                expected,
                [
                    ("Description", json!(entry.description)),
                    ("IntegrationUri", json!(entry.uri)),
                    ("TimeoutInMillis", json!(entry.timeout_millis)),
                ],
            )
        }))
    }
}

fn resource(id: &str) -> Resource {
    Resource {
        physical_id: id.to_owned(),
        attributes: attributes([("IntegrationId", id.to_owned())]),
    }
}

pub(in super::super) fn integration(
    request: &ResourceRequest,
) -> Result<Integration, ResourceError> {
    let not_emulated = |name: &str, value: &str| {
        ResourceError::new(format!(
            "the local engine does not emulate integrations with {name} {value:?}"
        ))
    };
    for (name, default, only) in [
        ("IntegrationType", "", "AWS_PROXY"),
        // The real service falls back to 1.0, so it has to be asked for 2.0.
        ("PayloadFormatVersion", "1.0", "2.0"),
        ("IntegrationMethod", "POST", "POST"),
        ("ConnectionType", "INTERNET", "INTERNET"),
    ] {
        let value = request.string(name).unwrap_or(default);
        if value != only {
            return Err(not_emulated(name, value));
        }
    }
    let uri = request.string("IntegrationUri").unwrap_or_default();
    let function = function_name(uri).ok_or_else(|| not_emulated("IntegrationUri", uri))?;
    let timeout_millis = match &request.properties["TimeoutInMillis"] {
        Value::Null => Some(30_000),
        value => whole(value).filter(|millis| (50..=30_000).contains(millis)),
    };
    let timeout_millis = timeout_millis
        .ok_or_else(|| ResourceError::new("Timeout should be between 50 ms and 30000 ms"))?;
    Ok(Integration {
        uri: uri.to_owned(),
        function: function.to_owned(),
        timeout_millis,
        description: request.string("Description").map(str::to_owned),
        owner: owner(request),
    })
}

/// Finds the function's name in its ARN, or in the invocation ARN that has it inside.
fn function_name(uri: &str) -> Option<&str> {
    let (before, rest) = uri.rsplit_once(":function:")?;
    if !before.contains(":lambda:") {
        return None;
    }
    let name = rest.split([':', '/']).next()?;
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_found_in_both_forms_of_arn() {
        let arn = "arn:aws:lambda:us-east-1:000000000000:function:classify";
        assert_eq!(function_name(arn), Some("classify"));
        let long = format!(
            "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations"
        );
        assert_eq!(function_name(&long), Some("classify"));
        assert_eq!(function_name("https://example.com"), None);
    }
}
