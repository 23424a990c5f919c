//! An API as its users meet it, down to a function that really runs.

mod control;
mod guarded;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::Request;
use bytes::Bytes;
use futures::StreamExt as _;
use serde_json::{Value, json};

use super::{ApiGateway, ApiGatewayParts, providers};
use crate::local::auth::Keys;
use crate::local::auth::testing::keys;
use crate::local::clock::Clock;
use crate::local::metrics::Metrics;
use crate::local::resource::{Resource, ResourceError, ResourceProvider, ResourceRequest};
use crate::local::runner::{Python, PythonSpec};
use crate::local::services::lambda::{self, Lambda, LambdaParts};
use crate::local::services::s3::S3;

const HANDLER: &str = r#"
import json, time
def handler(event, context):
    do = (event.get("queryStringParameters") or {}).get("do")
    if do == "raise":
        raise ValueError("no")
    if do == "malformed":
        return {"statusCode": "oops"}
    if do == "sleep":
        time.sleep(30)
    return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": json.dumps(event)}
"#;

struct Bed {
    gateway: Arc<ApiGateway>,
    lambda: Arc<Lambda>,
    api: String,
    folder: tempfile::TempDir,
    lines: Arc<Mutex<Vec<String>>>,
}

fn request(logical_id: &str, properties: Value) -> ResourceRequest {
    ResourceRequest {
        stack_name: "stack".to_owned(),
        stack_id: "arn:stack".to_owned(),
        logical_id: logical_id.to_owned(),
        physical_name: format!("stack-{logical_id}-ABC"),
        region: "us-east-1".to_owned(),
        account: "000000000000".to_owned(),
        properties,
        tags: BTreeMap::new(),
    }
}

fn interpreter() -> std::path::PathBuf {
    let output = std::process::Command::new("python3")
        .args(["-c", "import sys; print(sys.executable)"])
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap().trim().into()
}

fn lambda(folder: &std::path::Path, clock: Clock) -> Arc<Lambda> {
    let parts = LambdaParts {
        account: "000000000000".to_owned(),
        state: folder.join("lambda.json").into(),
        work: folder.join("work"),
        clock,
        s3: Arc::new(S3::open(folder.join("s3"), clock).unwrap()),
        write_log: Arc::new(|_, _, _| Ok(())),
        metrics: Arc::new(Metrics::new(clock)),
        role_exists: Arc::new(|_| true),
        python: Arc::new(Python::new(
            Some(PythonSpec::Interpreter(interpreter())),
            folder.join("cache"),
        )),
        environment: Vec::new(),
        stand_in: None,
    };
    Arc::new(Lambda::open(parts).unwrap())
}

impl Bed {
    /// Makes an API with one route to one function; no permission yet.
    async fn new(stage: Value, timeout_millis: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::start();
        let lambda = lambda(folder.path(), clock);
        let lines = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&lines);
        let parts = ApiGatewayParts {
            state: folder.path().join("apis.json").into(),
            clock,
            lambda: Arc::clone(&lambda),
            base_url: "http://127.0.0.1:4599".to_owned(),
            keys: Keys::new(keys(), clock),
            write_log: Arc::new(move |group, stream, written| {
                sink.lock().unwrap().extend(
                    written
                        .iter()
                        .map(|line| format!("{group} {stream} {line}")),
                );
                Ok(())
            }),
            metrics: Arc::new(Metrics::new(clock)),
        };
        let gateway = Arc::new(ApiGateway::open(parts).unwrap());
        let mut bed = Self {
            gateway,
            lambda,
            api: String::new(),
            folder,
            lines,
        };
        let function = json!({
            "Code": {"ZipFile": HANDLER}, "FunctionName": "classify",
            "Handler": "index.handler", "Role": "role", "Runtime": "python3.12", "Timeout": 20,
        });
        bed.make("AWS::Lambda::Function", function).await.unwrap();
        let api = json!({
            "Name": "news", "ProtocolType": "HTTP",
            "CorsConfiguration": {"AllowOrigins": ["https://news.example"], "AllowMethods": ["POST"]},
        });
        let made = bed
            .make("AWS::ApiGatewayV2::Api", api.clone())
            .await
            .unwrap();
        assert_eq!(bed.make("AWS::ApiGatewayV2::Api", api).await.unwrap(), made);
        bed.api = made.physical_id;
        let integration = json!({
            "ApiId": bed.api, "IntegrationType": "AWS_PROXY", "PayloadFormatVersion": "2.0",
            "IntegrationUri": "arn:aws:lambda:us-east-1:000000000000:function:classify",
            "TimeoutInMillis": timeout_millis,
        });
        let made = bed
            .make("AWS::ApiGatewayV2::Integration", integration)
            .await
            .unwrap();
        let route = json!({
            "ApiId": bed.api, "RouteKey": "POST /classify",
            "Target": format!("integrations/{}", made.physical_id),
        });
        bed.make("AWS::ApiGatewayV2::Route", route).await.unwrap();
        let mut all = json!({"ApiId": bed.api, "StageName": "$default", "AutoDeploy": true});
        for (name, value) in stage.as_object().unwrap() {
            all[name] = value.clone();
        }
        bed.make("AWS::ApiGatewayV2::Stage", all).await.unwrap();
        bed
    }

    async fn permitted(stage: Value, timeout_millis: u64) -> Self {
        let bed = Self::new(stage, timeout_millis).await;
        let api = &bed.api;
        let source = format!("arn:aws:execute-api:us-east-1:000000000000:{api}/*/*/classify");
        let permission = json!({
            "Action": "lambda:InvokeFunction", "FunctionName": "classify",
            "Principal": "apigateway.amazonaws.com", "SourceArn": source,
        });
        bed.make("AWS::Lambda::Permission", permission)
            .await
            .unwrap();
        bed
    }

    async fn make(&self, name: &str, properties: Value) -> Result<Resource, ResourceError> {
        let request = request(name.rsplit(':').next().unwrap(), properties);
        self.provider(name).create(&request).await
    }

    fn provider(&self, name: &str) -> Arc<dyn ResourceProvider> {
        let mut all = providers(&self.gateway)
            .into_iter()
            .chain(lambda::providers(&self.lambda));
        all.find(|provider| provider.definition().name == name)
            .unwrap()
    }

    async fn post(&self, path: &str, body: Vec<u8>) -> (u16, String) {
        self.post_with(path, &[], body).await
    }

    async fn post_with(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> (u16, String) {
        let uri = format!("/_aws/execute-api/{}{path}", self.api);
        let mut request = Request::post(uri)
            .header("host", "127.0.0.1:4599")
            .header("content-type", "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::from(body)).unwrap()).await
    }

    async fn send(&self, request: Request<Body>) -> (u16, String) {
        let response = self.gateway.serve(&self.api, request).await;
        let status = response.status().as_u16();
        let bytes = axum::body::to_bytes(response.into_body(), 32 << 20)
            .await
            .unwrap();
        (status, String::from_utf8(bytes.to_vec()).unwrap())
    }
}

#[tokio::test]
async fn every_call_has_a_line_in_the_access_log() {
    let format = r#"{"id":"$context.requestId","route":"$context.routeKey","status":"$context.status",
        "bytes":"$context.responseLength","error":"$context.integrationErrorMessage","refusal":"$context.error.message"}"#;
    let stage = json!({"AccessLogSettings": {
        "DestinationArn": "arn:aws:logs:us-east-1:000000000000:log-group:/aws/apis/news:*",
        "Format": format,
    }});
    let bed = Bed::permitted(stage, 20_000).await;
    for path in ["/classify", "/nothing", "/classify?do=raise"] {
        bed.post(path, b"{}".to_vec()).await;
    }
    let mut lines = Vec::new();
    for _ in 0..500 {
        lines = bed.lines.lock().unwrap().clone();
        if lines.len() == 3 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let read = |line: &String| -> Value {
        let text = line.strip_prefix("/aws/apis/news access ").unwrap();
        serde_json::from_str(text).unwrap()
    };
    let [good, missing, failed] = lines
        .iter()
        .map(read)
        .collect::<Vec<_>>()
        .try_into()
        .unwrap();
    assert_eq!(good["route"], "POST /classify");
    assert_eq!(good["status"], "200");
    assert!(good["bytes"].as_str().unwrap().parse::<u64>().unwrap() > 100);
    assert_eq!(good["error"], "-");
    assert_eq!(missing["route"], "-");
    assert_eq!(missing["status"], "404");
    assert_eq!(missing["refusal"], "Not Found");
    assert_eq!(failed["status"], "500");
    assert!(failed["error"].as_str().unwrap().contains("ValueError"));
}

#[tokio::test]
async fn a_request_becomes_an_event_and_its_result_the_answer() {
    let bed = Bed::permitted(json!({}), 20_000).await;
    let (status, body) = bed.post("/classify?top=1", b"{\"a\": 1}".to_vec()).await;
    assert_eq!(status, 200, "{body}");
    let event: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(event["rawPath"], "/classify");
    assert_eq!(event["body"], "{\"a\": 1}");
    assert_eq!(event["requestContext"]["stage"], "$default");
    assert_eq!(event["queryStringParameters"]["top"], "1");
    for (path, status, text) in [
        ("/nothing", 404, r#"{"message":"Not Found"}"#),
        (
            "/classify?do=raise",
            500,
            r#"{"message":"Internal Server Error"}"#,
        ),
        (
            "/classify?do=malformed",
            500,
            r#"{"message":"Internal Server Error"}"#,
        ),
    ] {
        assert_eq!(
            bed.post(path, Vec::new()).await,
            (status, text.to_owned()),
            "{path}"
        );
    }
    let refused = (413, r#"{"message":"Request Entity Too Large"}"#.to_owned());
    for size in [(10 << 20) + 1, 7 << 20] {
        assert_eq!(bed.post("/classify", vec![b' '; size]).await, refused);
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let bed = Bed::new(json!({}), 20_000).await;
    let begun = futures::stream::once(async { Ok::<_, std::io::Error>(Bytes::from_static(b"{")) });
    let body = Body::from_stream(begun.chain(futures::stream::pending()));
    let request = Request::post(format!("/_aws/execute-api/{}/classify", bed.api));
    let answer = bed.send(request.body(body).unwrap()).await;
    assert_eq!(answer, (408, r#"{"message":"Request Timeout"}"#.to_owned()));
}

#[tokio::test]
async fn without_permission_the_function_is_not_called() {
    let bed = Bed::new(json!({}), 20_000).await;
    let (status, body) = bed.post("/classify", b"{}".to_vec()).await;
    assert_eq!(
        (status, body.as_str()),
        (500, r#"{"message":"Internal Server Error"}"#)
    );
}

#[tokio::test]
async fn a_slow_function_is_not_waited_for() {
    let bed = Bed::permitted(json!({}), 20_000).await;
    bed.post("/classify", b"{}".to_vec()).await;
    let integration = bed.gateway.state.read(|state| {
        state.apis[&bed.api]
            .integrations
            .keys()
            .next()
            .unwrap()
            .clone()
    });
    let shorter = json!({
        "ApiId": bed.api, "IntegrationType": "AWS_PROXY", "PayloadFormatVersion": "2.0",
        "IntegrationUri": "arn:aws:lambda:us-east-1:000000000000:function:classify",
        "TimeoutInMillis": "50",
    });
    let provider = bed.provider("AWS::ApiGatewayV2::Integration");
    provider
        .update(&integration, &json!({}), &request("Integration", shorter))
        .await
        .unwrap();
    let (status, body) = bed.post("/classify?do=sleep", Vec::new()).await;
    assert_eq!(
        (status, body.as_str()),
        (503, r#"{"message":"Service Unavailable"}"#)
    );
    bed.lambda.shut_down();
}

#[tokio::test]
async fn a_stage_s_throttle_is_kept() {
    let settings = json!({"ThrottlingBurstLimit": 1, "ThrottlingRateLimit": 0.001});
    let bed = Bed::permitted(json!({ "DefaultRouteSettings": settings }), 20_000).await;
    assert_eq!(bed.post("/classify", Vec::new()).await.0, 200);
    let refused = (429, r#"{"message":"Too Many Requests"}"#.to_owned());
    assert_eq!(bed.post("/classify", Vec::new()).await, refused);
}

#[tokio::test]
async fn browsers_are_answered_by_the_api() {
    let bed = Bed::new(json!({}), 20_000).await;
    let request = Request::options(format!("/_aws/execute-api/{}/classify", bed.api))
        .header("origin", "https://news.example")
        .header("access-control-request-method", "POST")
        .body(Body::empty())
        .unwrap();
    let response = bed.gateway.serve(&bed.api, request).await;
    assert_eq!(response.status(), 204);
    assert_eq!(
        response.headers()["access-control-allow-origin"],
        "https://news.example"
    );
}
