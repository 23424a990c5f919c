//! The HTTP API: who may call it, how often, from which pages.

use serde_json::Value;

use crate::code::Example;
use crate::policy::finding::{Policy, Severity, Sighting};
use crate::policy::subject::{Subject, is_function, is_given, is_or_may_be};

pub(super) const POLICIES: &[Policy] = &[
    Policy {
        id: "API-PUBLIC",
        severity: Severity::Warning,
        title: "Routes of a protected environment ask who is calling",
        reason: "anybody who knows the URL can use the model, at your cost",
        remedy: "set `api.auth` to `iam` or `jwt`, or waive it where the API is public on purpose",
        example: Example {
            before: "\
Route:
  Type: AWS::ApiGatewayV2::Route
  Properties:
    RouteKey: POST /classify",
            after: "\
Route:
  Type: AWS::ApiGatewayV2::Route
  Properties:
    RouteKey: POST /classify
    AuthorizationType: AWS_IAM",
        },
        check: public_route,
    },
    Policy {
        id: "API-THROTTLE",
        severity: Severity::Warning,
        title: "Stages limit the rate of calls",
        reason: "without a limit of its own an API may take all the calls that the account is allowed",
        remedy: "set `api.throttle` with a rate and a burst",
        example: Example {
            before: "\
Stage:
  Type: AWS::ApiGatewayV2::Stage",
            after: "\
Stage:
  Type: AWS::ApiGatewayV2::Stage
  Properties:
    DefaultRouteSettings: { ThrottlingRateLimit: 50, ThrottlingBurstLimit: 100 }",
        },
        check: throttle,
    },
    Policy {
        id: "API-CORS-ANY",
        severity: Severity::Warning,
        title: "Only named pages may call the API from a browser",
        reason: "with the origin `*` any page can have its visitors call the API",
        remedy: "name the origins in `api.cors.origins`",
        example: Example {
            before: "\
Api:
  Type: AWS::ApiGatewayV2::Api
  Properties:
    CorsConfiguration: { AllowOrigins: ['*'] }",
            after: "\
Api:
  Type: AWS::ApiGatewayV2::Api
  Properties:
    CorsConfiguration: { AllowOrigins: ['https://news.example.com'] }",
        },
        check: cors_any,
    },
];

fn public_route(subject: &Subject<'_>) -> Vec<Sighting> {
    if !subject.is_protected() {
        return Vec::new();
    }
    subject
        .of_type("AWS::ApiGatewayV2::Route")
        .filter(|route| {
            let kind = route.property("/AuthorizationType");
            !is_given(kind) || kind.and_then(Value::as_str) == Some("NONE")
        })
        .map(|route| {
            let key = route.property("/RouteKey").and_then(Value::as_str);
            let key = key.map_or_else(|| "the route".to_owned(), |key| format!("`{key}`"));
            route.sighting("/AuthorizationType", format!("{key} answers anybody"))
        })
        .collect()
}

fn throttle(subject: &Subject<'_>) -> Vec<Sighting> {
    subject
        .of_type("AWS::ApiGatewayV2::Stage")
        .filter_map(|stage| {
            let settings = stage.property("/DefaultRouteSettings");
            if settings.is_some_and(is_function) {
                return None;
            }
            let missing: Vec<&str> = ["ThrottlingRateLimit", "ThrottlingBurstLimit"]
                .into_iter()
                .filter(|key| !is_given(settings.and_then(|settings| settings.get(key))))
                .collect();
            (!missing.is_empty()).then(|| {
                let message = format!("the stage has no {}", missing.join(" and no "));
                stage.sighting("/DefaultRouteSettings", message)
            })
        })
        .collect()
}

fn cors_any(subject: &Subject<'_>) -> Vec<Sighting> {
    subject
        .of_type("AWS::ApiGatewayV2::Api")
        .flat_map(|api| {
            api.items("/CorsConfiguration/AllowOrigins")
                .filter(|(_, origin)| is_or_may_be(Some(origin), "*") && origin.is_string())
                .map(move |(pointer, _)| {
                    api.sighting(&pointer, "pages of every origin may call the API")
                })
                .collect::<Vec<_>>()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{on_resource, on_template, on_unprotected};

    #[test]
    fn a_protected_environment_knows_its_callers() {
        let route = |auth: &str| {
            json!({"R": {"Type": "AWS::ApiGatewayV2::Route",
                "Properties": {"RouteKey": "GET /", "AuthorizationType": auth}}})
        };
        assert_eq!(
            on_template("API-PUBLIC", route("NONE"))[0].message,
            "`GET /` answers anybody"
        );
        assert!(on_template("API-PUBLIC", route("JWT")).is_empty());
        assert!(on_unprotected("API-PUBLIC", route("NONE")).is_empty());
        assert_eq!(
            on_resource("API-PUBLIC", "AWS::ApiGatewayV2::Route", json!({})).len(),
            1
        );
    }

    #[test]
    fn a_stage_needs_rate_and_burst() {
        let find = |settings| {
            let stage = json!({"DefaultRouteSettings": settings});
            on_resource("API-THROTTLE", "AWS::ApiGatewayV2::Stage", stage)
        };
        assert!(find(json!({"ThrottlingRateLimit": 50.0, "ThrottlingBurstLimit": 100})).is_empty());
        let found = find(json!({"ThrottlingRateLimit": 50.0}));
        assert_eq!(found[0].message, "the stage has no ThrottlingBurstLimit");
        assert_eq!(
            found[0].pointer,
            "/Resources/R/Properties/DefaultRouteSettings"
        );
    }

    #[test]
    fn every_origin_is_too_many() {
        let find = |origin: &str| {
            let api = json!({"CorsConfiguration": {"AllowOrigins": [origin]}});
            on_resource("API-CORS-ANY", "AWS::ApiGatewayV2::Api", api)
        };
        assert_eq!(find("*").len(), 1);
        assert!(find("https://example.com").is_empty());
    }
}
