//! Routes that ask who calls, and routes with a throttle of their own.

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

use super::{Bed, request};
use crate::local::auth::testing::{keys, signed};
use crate::local::resource::Live;
use crate::local::services::apigateway::authorize::testing::Issuer;

const UNAUTHORIZED: &str = r#"{"message":"Unauthorized"}"#;
const FORBIDDEN: &str = r#"{"message":"Forbidden"}"#;

/// Gives the one route of a bed another authorization.
async fn guard(bed: &Bed, authorization: Value) -> Result<String, String> {
    let (route, target) = bed.gateway.state.read(|state| {
        let (id, route) = state.apis[&bed.api].routes.iter().next().unwrap();
        (id.clone(), route.integration.clone().unwrap())
    });
    let mut properties = json!({
        "ApiId": bed.api, "RouteKey": "POST /classify", "Target": format!("integrations/{target}"),
    });
    for (name, value) in authorization.as_object().unwrap() {
        properties[name] = value.clone();
    }
    let provider = bed.provider("AWS::ApiGatewayV2::Route");
    let updated = provider
        .update(&route, &json!({}), &request("Route", properties))
        .await;
    updated.map(|_| route).map_err(|error| error.message)
}

async fn authorizer(bed: &Bed, issuer: &str) -> String {
    let properties = json!({
        "ApiId": bed.api, "AuthorizerType": "JWT", "Name": "tokens",
        "IdentitySource": ["$request.header.Authorization"],
        "JwtConfiguration": { "Issuer": issuer, "Audience": ["news"] },
    });
    let made = bed.make("AWS::ApiGatewayV2::Authorizer", properties.clone());
    let made = made.await.unwrap();
    let again = bed.make("AWS::ApiGatewayV2::Authorizer", properties).await;
    assert_eq!(
        again.unwrap(),
        made,
        "a repeated create makes no second one"
    );
    made.physical_id
}

#[tokio::test]
async fn a_route_takes_the_tokens_of_its_issuer() {
    let issuer = Issuer::start().await;
    let bed = Bed::permitted(json!({}), 20_000).await;
    let id = authorizer(&bed, &issuer.url).await;
    let jwt = json!({ "AuthorizationType": "JWT", "AuthorizerId": id });
    let route = guard(&bed, jwt.clone()).await.unwrap();
    let post = async |header: Option<&str>| {
        let headers: Vec<(&str, &str)> = header.map(|h| ("authorization", h)).into_iter().collect();
        bed.post_with("/classify", &headers, b"{}".to_vec()).await
    };
    let token = issuer.token(&json!({ "scope": "read", "groups": ["a", "b"], "level": 3 }));
    for header in [
        format!("Bearer {token}"),
        format!("bearer {token}"),
        token.clone(),
    ] {
        let (status, body) = post(Some(&header)).await;
        assert_eq!(status, 200, "{body}");
        let event: Value = serde_json::from_str(&body).unwrap();
        let jwt = &event["requestContext"]["authorizer"]["jwt"];
        assert_eq!(jwt["claims"]["sub"], "me");
        assert_eq!(jwt["claims"]["groups"], "[a b]");
        assert_eq!(jwt["claims"]["level"], "3");
        assert_eq!(jwt["scopes"], Value::Null);
    }
    let expired = issuer.token(&json!({ "exp": 1_700_000_000 }));
    for header in [
        None,
        Some("Bearer x"),
        Some(expired.as_str()),
        Some("Bearer "),
    ] {
        assert_eq!(
            post(header).await,
            (401, UNAUTHORIZED.to_owned()),
            "{header:?}"
        );
    }
    // A scope that the token lacks is no matter of who calls, but of what they may.
    let mut scoped = jwt;
    scoped["AuthorizationScopes"] = json!(["write", "admin"]);
    guard(&bed, scoped.clone()).await.unwrap();
    assert_eq!(post(Some(&token)).await, (403, FORBIDDEN.to_owned()));
    let writer = issuer.token(&json!({ "scope": "read write" }));
    assert_eq!(post(Some(&writer)).await.0, 200);
    let provider = bed.provider("AWS::ApiGatewayV2::Route");
    scoped["ApiId"] = json!(bed.api);
    let Live::Properties(live) = provider.read(&route, &scoped).unwrap() else {
        panic!("it is there")
    };
    for name in ["AuthorizationType", "AuthorizerId", "AuthorizationScopes"] {
        assert_eq!(live[name], scoped[name], "{name}");
    }
    let error = bed.provider("AWS::ApiGatewayV2::Authorizer");
    let error = error.delete(&id).await.unwrap_err();
    assert!(
        error.message.contains("used by a route"),
        "{}",
        error.message
    );
}

#[tokio::test]
async fn a_refusal_says_what_is_wrong_with_the_token() {
    let issuer = Issuer::start().await;
    let bed = Bed::permitted(json!({}), 20_000).await;
    let id = authorizer(&bed, &issuer.url).await;
    let jwt = json!({ "AuthorizationType": "JWT", "AuthorizerId": id });
    guard(&bed, jwt).await.unwrap();
    let challenge = async |header: Option<String>| {
        let mut request = Request::post(format!("/_aws/execute-api/{}/classify", bed.api));
        if let Some(header) = header {
            request = request.header("authorization", header);
        }
        let request = request.body(Body::empty()).unwrap();
        let response = bed.gateway.serve(&bed.api, request).await;
        response.headers()["www-authenticate"]
            .to_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(challenge(None).await, "Bearer");
    let expired = issuer.token(&json!({ "exp": 1_700_000_000 }));
    assert_eq!(
        challenge(Some(expired)).await,
        "Bearer scope=\"\" error=\"invalid_token\" error_description=\"the token has expired\""
    );
}

#[tokio::test]
async fn a_route_takes_signed_requests_only() {
    let bed = Bed::permitted(json!({}), 20_000).await;
    guard(&bed, json!({ "AuthorizationType": "AWS_IAM" }))
        .await
        .unwrap();
    let address = format!("/_aws/execute-api/{}/classify", bed.api);
    let good = |service: &str| signed(&keys(), service, &address, &[], "{}");
    let (status, body) = bed.send(good("execute-api")).await;
    assert_eq!(status, 200, "{body}");
    let event: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        event["requestContext"]["authorizer"]["iam"]["accountId"],
        "000000000000"
    );
    let mut other = keys();
    other.secret_key = "other".to_owned();
    let foreign = signed(&other, "execute-api", &address, &[], "{}");
    let (parts, _) = good("execute-api").into_parts();
    let changed = Request::from_parts(parts, Body::from("{ }"));
    let unsigned = Request::post(&address).body(Body::from("{}")).unwrap();
    for request in [unsigned, foreign, changed, good("lambda")] {
        assert_eq!(bed.send(request).await, (403, FORBIDDEN.to_owned()));
    }
}

#[tokio::test]
async fn authorizations_that_make_no_sense_are_refused() {
    let bed = Bed::new(json!({}), 20_000).await;
    for (authorization, expected) in [
        (
            json!({ "AuthorizationType": "CUSTOM" }),
            "authorization type CUSTOM",
        ),
        (
            json!({ "AuthorizationType": "JWT" }),
            "needs an AuthorizerId",
        ),
        (
            json!({ "AuthorizationType": "AWS_IAM", "AuthorizerId": "x" }),
            "belong to",
        ),
        (
            json!({ "AuthorizationType": "JWT", "AuthorizerId": "none" }),
            "Invalid Authorizer",
        ),
    ] {
        let message = guard(&bed, authorization).await.unwrap_err();
        assert!(message.contains(expected), "{message}");
    }
    for (change, expected) in [
        (
            json!({ "AuthorizerType": "REQUEST" }),
            "of the type REQUEST",
        ),
        (
            json!({ "IdentitySource": ["Authorization"] }),
            "neither $request.header",
        ),
        (json!({ "IdentitySource": [] }), "exactly one"),
        (
            json!({ "JwtConfiguration": { "Issuer": "x" } }),
            "Audience are needed",
        ),
    ] {
        let mut properties = json!({
            "ApiId": bed.api, "AuthorizerType": "JWT", "Name": "tokens",
            "IdentitySource": ["$request.header.Authorization"],
            "JwtConfiguration": { "Issuer": "https://x.example", "Audience": ["news"] },
        });
        for (name, value) in change.as_object().unwrap() {
            properties[name] = value.clone();
        }
        let made = bed.make("AWS::ApiGatewayV2::Authorizer", properties).await;
        let message = made.unwrap_err().message;
        assert!(message.contains(expected), "{message}");
    }
}

#[tokio::test]
async fn a_route_s_own_throttle_goes_before_its_stage_s() {
    let tight = json!({ "ThrottlingBurstLimit": 1, "ThrottlingRateLimit": 0.001 });
    let stage = json!({ "RouteSettings": { "POST /classify": tight } });
    let bed = Bed::permitted(stage, 20_000).await;
    assert_eq!(bed.post("/classify", Vec::new()).await.0, 200);
    let refused = (429, r#"{"message":"Too Many Requests"}"#.to_owned());
    assert_eq!(bed.post("/classify", Vec::new()).await, refused);
    let unknown = json!({
        "ApiId": bed.api, "StageName": "$default", "AutoDeploy": true,
        "RouteSettings": { "GET /none": { "ThrottlingBurstLimit": 1 } },
    });
    let error = bed
        .make("AWS::ApiGatewayV2::Stage", unknown)
        .await
        .unwrap_err();
    assert!(
        error.message.contains("Route by key GET /none"),
        "{}",
        error.message
    );
}
