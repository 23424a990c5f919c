//! The control plane: what it tells, what it changes, and what is refused there and in templates.

use axum::http::{HeaderMap, Method};
use serde_json::{Value, json};

use super::Bed;
use crate::local::auth;
use crate::local::resource::Live;
use crate::local::wire::ApiRequest;

/// Sends a request for a path below that of all APIs; returns status and body.
async fn call(bed: &Bed, method: Method, path: &str, body: Value) -> (u16, Value) {
    let request = ApiRequest {
        method,
        path: format!("/v2/apis{path}"),
        query: String::new(),
        headers: HeaderMap::new(),
        body: body.to_string().into(),
        region: "us-east-1".to_owned(),
        caller: auth::Caller::root("000000000000"),
    };
    let response = bed.gateway.handle(&request);
    let status = response.status().as_u16();
    let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await;
    let body = serde_json::from_slice::<Value>(&bytes.unwrap()).unwrap_or_default();
    (status, body)
}

#[tokio::test]
async fn the_control_plane_reads_and_refuses_the_rest_by_name() {
    let bed = Bed::new(json!({}), 20_000).await;
    let (_, apis) = call(&bed, Method::GET, "", json!({})).await;
    let endpoint = format!("http://127.0.0.1:4599/_aws/execute-api/{}", bed.api);
    assert_eq!(apis["items"][0]["apiEndpoint"], endpoint);
    let (_, routes) = call(
        &bed,
        Method::GET,
        &format!("/{}/routes", bed.api),
        json!({}),
    )
    .await;
    assert_eq!(routes["items"][0]["routeKey"], "POST /classify");
    let (_, stage) = call(
        &bed,
        Method::GET,
        &format!("/{}/stages/%24default", bed.api),
        json!({}),
    )
    .await;
    assert_eq!(stage["stageName"], "$default");
    let (status, _) = call(&bed, Method::GET, "/none", json!({})).await;
    assert_eq!(status, 404);
    let (status, error) = call(&bed, Method::DELETE, &format!("/{}", bed.api), json!({})).await;
    assert_eq!(status, 501);
    assert!(
        error["message"].as_str().unwrap().contains("DeleteApi"),
        "{error}"
    );
}

#[tokio::test]
async fn what_is_not_emulated_is_refused_by_name() {
    let bed = Bed::new(json!({}), 20_000).await;
    for (name, properties, expected) in [
        (
            "AWS::ApiGatewayV2::Api",
            json!({"Name": "x", "ProtocolType": "WEBSOCKET"}),
            "WEBSOCKET",
        ),
        (
            "AWS::ApiGatewayV2::Integration",
            json!({"ApiId": bed.api, "IntegrationType": "HTTP_PROXY"}),
            "HTTP_PROXY",
        ),
        (
            "AWS::ApiGatewayV2::Route",
            json!({"ApiId": bed.api, "RouteKey": "GET /x", "AuthorizationType": "JWT"}),
            "JWT",
        ),
        (
            "AWS::ApiGatewayV2::Route",
            json!({"ApiId": "none", "RouteKey": "GET /x"}),
            "Invalid API identifier",
        ),
        (
            "AWS::ApiGatewayV2::Stage",
            json!({"ApiId": bed.api, "StageName": "$default"}),
            "AutoDeploy",
        ),
    ] {
        let error = bed.make(name, properties).await.unwrap_err();
        assert!(error.message.contains(expected), "{error}");
    }
    let path = bed.folder.path().join("apis.json");
    assert!(path.exists());
}

#[tokio::test]
async fn parts_of_an_api_are_changed_through_the_control_plane_and_seen_changed() {
    let bed = Bed::new(json!({}), 20_000).await;
    let call = async |method: Method, path: &str, body: Value| {
        call(&bed, method, &format!("/{}{path}", bed.api), body).await
    };
    let (_, routes) = call(Method::GET, "/routes", json!({})).await;
    let route = routes["items"][0].clone();
    let id = route["routeId"].as_str().unwrap().to_owned();

    let new = json!({ "routeKey": "GET /more", "target": route["target"] });
    let (status, made) = call(Method::POST, "/routes", new.clone()).await;
    assert_eq!(status, 201, "{made}");
    let (status, error) = call(Method::POST, "/routes", new).await;
    assert_eq!(status, 400, "the key is taken: {error}");
    let path = format!("/routes/{}", made["routeId"].as_str().unwrap());
    let (status, _) = call(Method::DELETE, &path, json!({})).await;
    assert_eq!(status, 204);
    let (status, _) = call(Method::DELETE, &path, json!({})).await;
    assert_eq!(status, 404);

    let (_, shown) = call(
        Method::PATCH,
        &format!("/routes/{id}"),
        json!({ "routeKey": "PUT /classify" }),
    )
    .await;
    assert_eq!(shown["target"], route["target"], "what is not named stays");
    let expected = json!({ "ApiId": bed.api, "RouteKey": "POST /classify" });
    let provider = bed.provider("AWS::ApiGatewayV2::Route");
    let Live::Properties(live) = provider.read(&id, &expected).unwrap() else {
        panic!("it is there")
    };
    assert_eq!(live["RouteKey"], "PUT /classify");

    let throttle = json!({ "defaultRouteSettings":
        { "throttlingRateLimit": 5.0, "throttlingBurstLimit": 7 } });
    let (_, stage) = call(Method::PATCH, "/stages/%24default", throttle).await;
    assert_eq!(stage["defaultRouteSettings"]["throttlingBurstLimit"], 7);
    let (_, api) = call(Method::PATCH, "", json!({ "description": "new" })).await;
    assert_eq!(api["description"], "new");
    let (_, integrations) = call(Method::GET, "/integrations", json!({})).await;
    let id = integrations["items"][0]["integrationId"].as_str().unwrap();
    let (_, shown) = call(
        Method::PATCH,
        &format!("/integrations/{id}"),
        json!({ "timeoutInMillis": 1000 }),
    )
    .await;
    assert_eq!(shown["timeoutInMillis"], 1000);
    let provider = bed.provider("AWS::ApiGatewayV2::Stage");
    let stage = provider.read("x", &json!({})).unwrap();
    assert_eq!(stage, Live::Unsupported, "as in its registry schema");
}
