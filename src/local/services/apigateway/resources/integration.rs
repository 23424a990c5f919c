//! `AWS::ApiGatewayV2::Integration`, with functions.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::part::Part;
use super::{Unchanged, owner, whole};
use crate::local::resource::{Live, ResourceError, ResourceRequest};
use crate::local::services::apigateway::model::{Api, Integration, Route};

impl Part for Integration {
    const NAME: &'static str = "Integration";
    const TYPE: &'static str = "AWS::ApiGatewayV2::Integration";
    const PROPERTIES: &'static [&'static str] = &[
        "ApiId",
        "ConnectionType",
        "Description",
        "IntegrationMethod",
        "IntegrationType",
        "IntegrationUri",
        "PayloadFormatVersion",
        "TimeoutInMillis",
    ];
    const REQUIRED: &'static [&'static str] = &["ApiId", "IntegrationType"];
    const ID_LENGTH: usize = 7;

    fn wanted(request: &ResourceRequest) -> Result<Self, ResourceError> {
        integration(request)
    }

    fn of(api: &Api) -> &BTreeMap<String, Self> {
        &api.integrations
    }

    fn of_mut(api: &mut Api) -> &mut BTreeMap<String, Self> {
        &mut api.integrations
    }

    fn owner(&self) -> &str {
        &self.owner
    }

    fn check(&self, _: &Api, _: &str) -> Result<(), Unchanged> {
        Ok(())
    }

    fn is_used_by(route: &Route, id: &str) -> bool {
        route.integration.as_deref() == Some(id)
    }

    fn live(&self, expected: &Value) -> Live {
        Live::over(
            expected,
            [
                ("Description", json!(self.description)),
                ("IntegrationUri", json!(self.uri)),
                ("TimeoutInMillis", json!(self.timeout_millis)),
            ],
        )
    }
}

fn integration(request: &ResourceRequest) -> Result<Integration, ResourceError> {
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
