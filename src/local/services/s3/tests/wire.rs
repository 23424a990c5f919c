//! The signed HTTP side.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, SignableBody, SignableRequest, SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use axum::http::{Request, Response};
use bytes::Bytes;
use http_body_util::BodyExt as _;

use super::Bed;
use crate::local::auth::{Caller, Credentials as Keys, Identity, Refusal};

pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: axum::http::HeaderMap,
    pub(super) body: String,
}

#[expect(
    clippy::disallowed_methods,
    reason = "the signature's age is checked against the system's clock"
)]
fn now() -> SystemTime {
    SystemTime::now()
}

async fn send(
    bed: &Bed,
    secret: &str,
    call: (&str, &str, &str),
    headers: &[(&str, &str)],
) -> Reply {
    send_as(bed, Ok(Caller::root("000000000000")), secret, call, headers).await
}

/// Sends a request of a caller.
pub(super) async fn send_as(
    bed: &Bed,
    caller: Result<Caller, Refusal>,
    secret: &str,
    call: (&str, &str, &str),
    headers: &[(&str, &str)],
) -> Reply {
    let (method, path, body) = call;
    let uri = format!("http://127.0.0.1:4599{path}");
    let identity = Credentials::new("key", secret, None, None, "test").into();
    let mut settings = SigningSettings::default();
    settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region("us-east-1")
        .name("s3")
        .time(now())
        .settings(settings)
        .build()
        .unwrap()
        .into();
    let mut all = vec![("host", "127.0.0.1:4599")];
    all.extend(headers);
    let signable = SignableRequest::new(
        method,
        &uri,
        all.iter().copied(),
        SignableBody::Bytes(body.as_bytes()),
    )
    .unwrap();
    let (instructions, _) = sign(signable, &parameters).unwrap().into_parts();
    let mut request = Request::builder().method(method).uri(&uri);
    for (name, value) in all {
        request = request.header(name, value);
    }
    request = request.header("content-length", body.len());
    let mut request = request
        .body(s3s::Body::from(Bytes::copy_from_slice(body.as_bytes())))
        .unwrap();
    instructions.apply_to_request_http1x(&mut request);
    let who = caller.map(|caller| Identity {
        caller,
        credentials: Keys {
            access_key: "key".into(),
            secret_key: "secret".into(),
        },
    });
    let answer: Response<_> = bed.s3.service(who, None).call(request).await.unwrap();
    let (head, body) = answer.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    Reply {
        status: head.status.as_u16(),
        headers: head.headers,
        body: String::from_utf8(bytes.to_vec()).unwrap(),
    }
}

#[tokio::test]
async fn a_signed_client_puts_lists_and_reads() {
    let bed = Bed::new();
    let stored = send(&bed, "secret", ("PUT", "/news/a/b.txt", "hello"), &[]).await;
    assert_eq!(stored.status, 200, "{}", stored.body);
    assert_eq!(
        stored.headers["etag"],
        "\"5d41402abc4b2a76b9719d911017c592\""
    );
    let listed = send(&bed, "secret", ("GET", "/news?list-type=2", ""), &[]).await;
    assert!(
        listed.body.contains("<Key>a/b.txt</Key>"),
        "{}",
        listed.body
    );
    let range = [("range", "bytes=1-3")];
    let read = send(&bed, "secret", ("GET", "/news/a/b.txt", ""), &range).await;
    assert_eq!((read.status, read.body.as_str()), (206, "ell"));
    assert_eq!(read.headers["content-range"], "bytes 1-3/5");
}

#[tokio::test]
async fn a_wrong_key_is_refused() {
    let bed = Bed::new();
    let reply = send(&bed, "wrong", ("GET", "/news?list-type=2", ""), &[]).await;
    assert_eq!(reply.status, 403);
    assert!(
        reply.body.contains("SignatureDoesNotMatch"),
        "{}",
        reply.body
    );
}

#[tokio::test]
async fn what_is_missing_is_refused_by_name() {
    let bed = Bed::new();
    let reply = send(&bed, "secret", ("GET", "/news?acl", ""), &[]).await;
    assert_eq!(reply.status, 501);
    assert!(reply.body.contains("GetBucketAcl"), "{}", reply.body);
}

#[tokio::test]
async fn another_account_s_bucket_is_denied() {
    let bed = Bed::new();
    let owner = [("x-amz-expected-bucket-owner", "123456789012")];
    let reply = send(&bed, "secret", ("GET", "/news?list-type=2", ""), &owner).await;
    assert_eq!(reply.status, 403);
    let owner = [("x-amz-expected-bucket-owner", "000000000000")];
    let reply = send(&bed, "secret", ("GET", "/news?list-type=2", ""), &owner).await;
    assert_eq!(reply.status, 200);
}

#[tokio::test]
async fn errors_keep_the_service_s_codes() {
    let bed = Bed::new();
    let reply = send(
        &bed,
        "secret",
        ("GET", "/nothing-here?list-type=2", ""),
        &[],
    )
    .await;
    assert_eq!(reply.status, 404);
    assert!(
        reply.body.contains("<Code>NoSuchBucket</Code>"),
        "{}",
        reply.body
    );
    let condition = [("if-none-match", "*")];
    for status in [200, 412] {
        let reply = send(&bed, "secret", ("PUT", "/news/lock", "me"), &condition).await;
        assert_eq!(reply.status, status, "{}", reply.body);
    }
    let reply = send(&bed, "secret", ("GET", "/news?policy", ""), &[]).await;
    assert!(
        reply.body.contains("<Code>NoSuchBucketPolicy</Code>"),
        "{}",
        reply.body
    );
}
