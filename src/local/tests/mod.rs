//! The engine as a whole, over its router.

mod accounts;

use axum::body::{Body, to_bytes};
use axum::http::{Request, Response, StatusCode};
use tower::ServiceExt;

use super::auth::testing::{keys, signed};
use super::{Credentials, Engine, Options};

const FORM: (&str, &str) = (
    "content-type",
    "application/x-www-form-urlencoded; charset=utf-8",
);

fn engine(folder: &tempfile::TempDir) -> Engine {
    Engine::open(Options {
        state: folder.path().join("local"),
        cache: folder.path().join("cache"),
        python: None,
        base_url: "http://127.0.0.1:4599".into(),
        credentials: keys(),
        script: None,
    })
    .unwrap()
}

async fn send(engine: &Engine, request: Request<Body>) -> (StatusCode, String) {
    let response: Response<Body> = engine.router().oneshot(request).await.unwrap();
    let status = response.status();
    let body = to_bytes(response.into_body(), 10_000_000).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

fn plain(method: &str, address: &str, host: &str) -> Request<Body> {
    Request::builder()
        .method(method)
        .uri(address)
        .header("host", host)
        .body(Body::empty())
        .unwrap()
}

#[tokio::test]
async fn each_protocol_reaches_its_service() {
    let folder = tempfile::tempdir().unwrap();
    let engine = engine(&folder);
    let (status, text) = send(
        &engine,
        signed(
            &keys(),
            "sts",
            "/",
            &[FORM],
            "Action=GetCallerIdentity&Version=2011-06-15",
        ),
    )
    .await;
    assert!(
        status.is_success() && text.contains("<Account>000000000000</Account>"),
        "{text}"
    );
    let target = [
        ("x-amz-target", "Logs_20140328.DescribeLogGroups"),
        ("content-type", "application/x-amz-json-1.1"),
    ];
    let (status, text) = send(&engine, signed(&keys(), "logs", "/", &target, "{}")).await;
    assert_eq!(
        (status, text.as_str()),
        (StatusCode::OK, "{\"logGroups\":[]}")
    );
    let (status, text) = send(
        &engine,
        signed(
            &keys(),
            "dynamodb",
            "/",
            &[("x-amz-target", "DynamoDB_20120810.ListTables")],
            "{}",
        ),
    )
    .await;
    assert_eq!(status, StatusCode::NOT_IMPLEMENTED);
    assert!(
        text.contains("does not emulate dynamodb ListTables"),
        "{text}"
    );
    let log = std::fs::read_to_string(folder.path().join("local/engine.log")).unwrap();
    assert!(log.contains("sts GetCallerIdentity POST / 200"), "{log}");
}

#[tokio::test]
async fn a_stack_of_real_resources_is_made_and_removed() {
    let folder = tempfile::tempdir().unwrap();
    let engine = engine(&folder);
    let template = r#"{"Resources": {"Group": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/app", "RetentionInDays": 7}},
        "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole"}]}}},
        "Bucket": {"Type": "AWS::S3::Bucket", "DependsOn": "Role"}},
        "Outputs": {"Role": {"Value": {"Fn::GetAtt": ["Role", "Arn"]}}}}"#;
    let form = |pairs: &[(&str, &str)]| {
        url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs)
            .finish()
    };
    let body = form(&[
        ("Action", "CreateStack"),
        ("StackName", "app"),
        ("TemplateBody", template),
        ("Capabilities.member.1", "CAPABILITY_IAM"),
    ]);
    let (status, text) = send(
        &engine,
        signed(&keys(), "cloudformation", "/", &[FORM], &body),
    )
    .await;
    assert!(status.is_success(), "{text}");
    let describe = form(&[("Action", "DescribeStacks"), ("StackName", "app")]);
    let settled = async |wanted: &str| {
        for _ in 0..2_000 {
            let (_, text) = send(
                &engine,
                signed(&keys(), "cloudformation", "/", &[FORM], &describe),
            )
            .await;
            if text.contains(wanted) {
                return text;
            }
            tokio::task::yield_now().await;
        }
        panic!("never {wanted}");
    };
    let text = settled("<StackStatus>CREATE_COMPLETE<").await;
    assert!(
        text.contains("<OutputValue>arn:aws:iam::000000000000:role/app-Role-"),
        "{text}"
    );
    let delete = form(&[("Action", "DeleteStack"), ("StackName", "app")]);
    send(
        &engine,
        signed(&keys(), "cloudformation", "/", &[FORM], &delete),
    )
    .await;
    settled("Stack with id app does not exist").await;
    let target = [("x-amz-target", "Logs_20140328.DescribeLogGroups")];
    let (_, text) = send(&engine, signed(&keys(), "logs", "/", &target, "{}")).await;
    assert_eq!(text, "{\"logGroups\":[]}");
    engine.stop().await;
}

#[tokio::test]
async fn who_is_not_signed_gets_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let engine = engine(&folder);
    let other = Credentials {
        access_key: "LOCALKEY".into(),
        secret_key: "wrong".into(),
    };
    let (status, text) = send(
        &engine,
        signed(&other, "sts", "/", &[FORM], "Action=GetCallerIdentity"),
    )
    .await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(
        text.contains("<Code>SignatureDoesNotMatch</Code>"),
        "{text}"
    );
    let (status, text) = send(
        &engine,
        signed(
            &other,
            "logs",
            "/",
            &[("x-amz-target", "Logs_20140328.X")],
            "{}",
        ),
    )
    .await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(
        text.contains("SignatureDoesNotMatch") && text.starts_with('{'),
        "{text}"
    );
    let (status, _) = send(
        &engine,
        plain("POST", "/_deploy/shutdown", "127.0.0.1:4599"),
    )
    .await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let mut unsigned = plain("POST", "/", "127.0.0.1:4599");
    unsigned
        .headers_mut()
        .insert("content-type", FORM.1.parse().unwrap());
    let (status, text) = send(&engine, unsigned).await;
    assert!(
        status == StatusCode::FORBIDDEN && text.contains("MissingAuthenticationToken"),
        "{text}"
    );
    let large = "x".repeat(9 * 1024 * 1024);
    let (status, _) = send(&engine, signed(&keys(), "sts", "/", &[FORM], &large)).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn only_loopback_names_are_answered() {
    let folder = tempfile::tempdir().unwrap();
    let engine = engine(&folder);
    for (host, status) in [
        ("127.0.0.1:4599", StatusCode::OK),
        ("localhost", StatusCode::OK),
        ("[::1]:80", StatusCode::OK),
        ("evil.example:4599", StatusCode::FORBIDDEN),
        ("127.0.0.1.evil.example", StatusCode::FORBIDDEN),
        ("[::2]", StatusCode::FORBIDDEN),
    ] {
        let (found, text) = send(&engine, plain("GET", "/_deploy/health", host)).await;
        assert_eq!(found, status, "{host}: {text}");
    }
    let (status, text) = send(&engine, plain("GET", "/nowhere", "localhost")).await;
    assert!(
        status == StatusCode::NOT_FOUND && text.contains("local engine"),
        "{text}"
    );
}

#[tokio::test]
async fn the_page_is_for_its_user_on_this_machine_and_for_no_other_site() {
    let folder = tempfile::tempdir().unwrap();
    let engine = engine(&folder);
    let address = format!("/?key={}", keys().page_key());
    let (status, text) = send(&engine, plain("GET", &address, "localhost")).await;
    assert!(status.is_success() && text.contains("<h1>deploy"), "{text}");
    let (status, _) = send(&engine, plain("GET", &address, "evil.example:4599")).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    // Nor for other users of the machine, who cannot read the keys.
    for other in ["/", "/?key=", "/?key=0123456789abcdef0123456789abcdef"] {
        let (status, text) = send(&engine, plain("GET", other, "localhost")).await;
        assert!(
            status == StatusCode::FORBIDDEN && text.contains("deploy open"),
            "{text}"
        );
    }
    let mut foreign = plain("GET", &address, "localhost");
    let site = "cross-site".parse().unwrap();
    foreign.headers_mut().insert("sec-fetch-site", site);
    let (status, text) = send(&engine, foreign).await;
    assert!(
        status == StatusCode::FORBIDDEN && !text.contains("<h1>"),
        "{text}"
    );
    // The page is read, never written to; and S3 has the same address.
    for request in [
        plain("POST", &address, "localhost"),
        plain("GET", "/?list-type=2", "localhost"),
    ] {
        let (status, text) = send(&engine, request).await;
        assert!(!status.is_success() && !text.contains("<h1>"), "{text}");
    }
    let mut signed = plain("GET", "/", "localhost");
    let digest = "UNSIGNED-PAYLOAD".parse().unwrap();
    signed.headers_mut().insert("x-amz-content-sha256", digest);
    let (_, text) = send(&engine, signed).await;
    assert!(text.contains("<Error>"), "{text}");
}

#[tokio::test]
async fn a_signed_request_stops_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let engine = engine(&folder);
    let router = engine.router();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let serving = tokio::spawn(super::serve(listener, engine, std::future::pending()));
    let response = router
        .oneshot(signed(&keys(), "deploy", "/_deploy/shutdown", &[], ""))
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    serving.await.unwrap().unwrap();
}
