//! The API: what it tells of a function, what it changes, and what it refuses.

use std::io;

use axum::http::{HeaderMap, Method};
use bytes::Bytes;
use serde_json::{Value, json};

use super::{Bed, HANDLER};
use crate::local::auth;
use crate::local::resource::Live;
use crate::local::wire::ApiRequest;

#[tokio::test]
async fn the_api_reads_and_invokes_and_refuses_the_rest_by_name() {
    let bed = Bed::with(HANDLER, json!({})).await;
    let call = async |method: Method, path: &str, headers: &[(&'static str, &str)]| {
        let mut all = HeaderMap::new();
        for (name, value) in headers {
            all.insert(*name, value.parse().unwrap());
        }
        let request = ApiRequest {
            method,
            path: path.to_owned(),
            query: String::new(),
            headers: all,
            body: Bytes::from_static(b"{}"),
            region: "us-east-1".to_owned(),
            caller: auth::Caller::root("000000000000"),
        };
        bed.lambda.handle(request).await
    };
    let functions = "/2015-03-31/functions";
    let answer = call(
        Method::POST,
        &format!("{functions}/classify/invocations"),
        &[("x-amz-log-type", "Tail")],
    )
    .await;
    assert_eq!(answer.status(), 200);
    assert!(answer.headers().contains_key("x-amz-log-result"));
    let answer = call(Method::GET, &format!("{functions}/none"), &[]).await;
    assert_eq!(answer.status(), 404);
    let answer = call(Method::POST, &format!("{functions}/"), &[]).await;
    assert_eq!(answer.status(), 501);
    let answer = call(
        Method::GET,
        &format!("{functions}/classify/configuration"),
        &[],
    )
    .await;
    let body = axum::body::to_bytes(answer.into_body(), 1 << 20)
        .await
        .unwrap();
    let configuration: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(configuration["State"], "Active");
}

#[tokio::test]
async fn a_function_is_changed_through_the_api_and_seen_changed() {
    let bed = Bed::with(HANDLER, json!({})).await;
    let put = async |path: &str, body: Value| {
        let request = ApiRequest {
            method: Method::PUT,
            path: format!("/2015-03-31/functions/classify/{path}"),
            query: String::new(),
            headers: HeaderMap::new(),
            body: body.to_string().into(),
            region: "us-east-1".to_owned(),
            caller: auth::Caller::root("000000000000"),
        };
        let answer = bed.lambda.handle(request).await;
        let status = answer.status().as_u16();
        let body = axum::body::to_bytes(answer.into_body(), 1 << 20).await;
        (
            status,
            serde_json::from_slice::<Value>(&body.unwrap()).unwrap(),
        )
    };
    let change = json!({ "MemorySize": 512, "Environment": { "Variables": { "OWN": "new" } } });
    let (status, shown) = put("configuration", change).await;
    assert_eq!(
        (status, &shown["MemorySize"]),
        (200, &json!(512)),
        "{shown}"
    );
    let (_, answer) = bed.invoke(json!({})).await;
    assert_eq!(answer["own"], "new", "the next call runs with it: {answer}");
    let provider = bed.provider("AWS::Lambda::Function");
    let expected = json!({ "MemorySize": 128, "Code": { "ZipFile": "x" } });
    let Live::Properties(live) = provider.read("classify", &expected).unwrap() else {
        panic!("it is there")
    };
    assert_eq!(live["MemorySize"], 512);
    assert_eq!(live["Code"], expected["Code"], "code is write-only");
    assert_eq!(provider.read("none", &expected).unwrap(), Live::Missing);

    let (status, error) = put("configuration", json!({ "Role": "arn:none" })).await;
    assert_eq!(status, 400, "{error}");
    let (status, error) = put("configuration", json!({ "Layers": ["arn"] })).await;
    assert!(
        status == 501 && error["message"].as_str().unwrap().contains("Layers"),
        "{error}"
    );
    let before = shown["CodeSha256"].clone();
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    archive
        .start_file("index.py", zip::write::SimpleFileOptions::default())
        .unwrap();
    io::Write::write_all(&mut archive, b"def handler(event, context): return 7").unwrap();
    let bytes = archive.finish().unwrap().into_inner();
    let encoded = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, bytes);
    let (status, shown) = put("code", json!({ "ZipFile": encoded })).await;
    assert_eq!(status, 200, "{shown}");
    assert_ne!(shown["CodeSha256"], before);
    let (_, answer) = bed.invoke(json!({})).await;
    assert_eq!(answer, 7);
}
