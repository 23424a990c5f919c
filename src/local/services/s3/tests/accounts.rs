//! A bucket and those whose it is not.

use serde_json::{Value, json};

use super::Bed;
use super::wire::{Reply, send_as};
use crate::local::auth::{Caller, Refusal, Session};
use crate::local::services::s3::S3;
use crate::local::services::s3::model::Bucket;

const OTHER: &str = "333344445555";

/// Sends a request of another account's own key.
async fn other(bed: &Bed, call: (&str, &str, &str), headers: &[(&str, &str)]) -> Reply {
    send_as(bed, Ok(Caller::root(OTHER)), "secret", call, headers).await
}

/// Sends a request of another account; returns status and the code of the error.
async fn refusal(bed: &Bed, call: (&str, &str, &str), headers: &[(&str, &str)]) -> (u16, String) {
    let reply = other(bed, call, headers).await;
    let code = reply.body.split_once("<Code>").map(|(_, rest)| rest);
    let code = code.and_then(|rest| rest.split_once("</Code>"));
    (reply.status, code.unwrap_or_default().0.to_owned())
}

fn grant(bed: &Bed, statements: &Value) {
    let policy = json!({ "Version": "2012-10-17", "Statement": statements });
    bed.s3.put_policy("news", policy.to_string()).unwrap();
}

fn reading(principal: &str) -> Value {
    json!({
        "Effect": "Allow",
        "Principal": { "AWS": principal },
        "Action": ["s3:GetObject", "s3:ListBucket"],
        "Resource": ["arn:aws:s3:::news", "arn:aws:s3:::news/models/*"],
    })
}

/// A bucket of the first account with two objects, and one of the other account.
async fn bed() -> (Bed, S3) {
    let bed = Bed::new();
    bed.put("models/a", "hello").await;
    bed.put("secret", "word").await;
    let own = bed.s3.of_account(OTHER);
    own.make_bucket("own", Bucket::default()).unwrap();
    (bed, own)
}

const DENIED: (u16, &str) = (403, "AccessDenied");

#[tokio::test]
async fn nothing_is_seen_of_another_account_s_bucket() {
    let (bed, _) = bed().await;
    let source = [("x-amz-copy-source", "/news/models/a")];
    for (call, headers) in [
        (("GET", "/news/models/a", ""), &[][..]),
        (("GET", "/news/models/a", ""), &[("range", "bytes=0-1")]),
        (("GET", "/news/nothing", ""), &[]),
        (("GET", "/news?list-type=2", ""), &[]),
        (("GET", "/news?versions", ""), &[]),
        (("GET", "/news?policy", ""), &[]),
        (("PUT", "/news/new", "x"), &[]),
        (("DELETE", "/news/models/a", ""), &[]),
        (("DELETE", "/news", ""), &[]),
        (("PUT", "/own/copy", ""), &source),
    ] {
        let (status, code) = refusal(&bed, call, headers).await;
        assert_eq!((status, code.as_str()), DENIED, "{call:?}");
    }
    let head = other(&bed, ("HEAD", "/news/models/a", ""), &[]).await;
    assert_eq!(head.status, 403);
    // What is nobody's is nobody's secret.
    let missing = refusal(&bed, ("GET", "/none?list-type=2", ""), &[]).await;
    assert_eq!(missing, (404, "NoSuchBucket".to_owned()));
    let taken = refusal(&bed, ("PUT", "/news", ""), &[]).await;
    assert_eq!(taken, (409, "BucketAlreadyExists".to_owned()));
    let listed = other(&bed, ("GET", "/", ""), &[]).await.body;
    assert!(
        listed.contains("own") && !listed.contains("news"),
        "{listed}"
    );
}

#[tokio::test]
async fn a_policy_lets_another_account_read_what_it_names() {
    let (bed, _) = bed().await;
    grant(&bed, &json!([reading("arn:aws:iam::333344445555:root")]));
    let range = [("range", "bytes=1-3")];
    let read = other(&bed, ("GET", "/news/models/a", ""), &range).await;
    assert_eq!((read.status, read.body.as_str()), (206, "ell"));
    let listed = other(&bed, ("GET", "/news?list-type=2", ""), &[]).await;
    assert!(listed.body.contains("<Key>models/a<"), "{}", listed.body);
    let source = [
        ("x-amz-copy-source", "/news/models/a"),
        ("x-amz-checksum-algorithm", "SHA256"),
        ("x-amz-source-expected-bucket-owner", "000000000000"),
    ];
    let copied = other(&bed, ("PUT", "/own/copy", ""), &source).await;
    // SHA-256 of `hello`.
    let sum = "<ChecksumSHA256>LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=<";
    assert!(copied.body.contains(sum), "{}", copied.body);
    let read = other(&bed, ("GET", "/own/copy", ""), &[]).await;
    assert_eq!((read.status, read.body.as_str()), (200, "hello"));
    for call in [
        ("GET", "/news/secret", ""),
        ("PUT", "/news/models/a", "x"),
        ("GET", "/news/models/a?versionId=null", ""),
    ] {
        let (status, code) = refusal(&bed, call, &[]).await;
        assert_eq!((status, code.as_str()), DENIED, "{call:?}");
    }
    // Another owner than expected is refused, whatever the policy says.
    let wrong = [source[0], ("x-amz-source-expected-bucket-owner", OTHER)];
    let (status, code) = refusal(&bed, ("PUT", "/own/copy", ""), &wrong).await;
    assert_eq!((status, code.as_str()), DENIED);
}

#[tokio::test]
async fn a_denial_wins_and_what_is_not_understood_is_refused() {
    let (bed, _) = bed().await;
    let mut never = reading("*");
    never["Effect"] = "Deny".into();
    grant(&bed, &json!([reading(OTHER), never]));
    let call = ("GET", "/news/models/a", "");
    let (status, code) = refusal(&bed, call, &[]).await;
    assert_eq!((status, code.as_str()), DENIED);
    never["Condition"] = json!({ "Bool": { "aws:SecureTransport": "false" } });
    grant(&bed, &json!([reading(OTHER), never]));
    assert_eq!(other(&bed, call, &[]).await.status, 200);
    never["Condition"] = json!({ "IpAddress": { "aws:SourceIp": "10.0.0.0/8" } });
    grant(&bed, &json!([reading(OTHER), never]));
    let reply = other(&bed, call, &[]).await;
    assert_eq!(reply.status, 501);
    assert!(reply.body.contains("IpAddress"), "{}", reply.body);
    // The bucket's own account does as it likes.
    assert_eq!(bed.text("models/a").await.unwrap(), "hello");
}

#[tokio::test]
async fn a_role_is_let_in_by_its_own_name() {
    let (bed, _) = bed().await;
    let role = |name: &str| Caller {
        account: OTHER.to_owned(),
        session: Some(Session {
            role_arn: format!("arn:aws:iam::{OTHER}:role/{name}"),
            role_id: "AROA1".into(),
            name: "run".into(),
        }),
    };
    grant(
        &bed,
        &json!([reading("arn:aws:iam::333344445555:role/promoter")]),
    );
    let call = ("GET", "/news/models/a", "");
    for (name, status) in [("promoter", 200), ("another", 403)] {
        let reply = send_as(&bed, Ok(role(name)), "secret", call, &[]).await;
        assert_eq!(reply.status, status, "{name}: {}", reply.body);
    }
}

#[tokio::test]
async fn a_session_that_is_over_gets_nothing() {
    let (bed, _) = bed().await;
    let call = ("GET", "/news/models/a", "");
    for (refusal, code) in [
        (Refusal::Expired, "ExpiredToken"),
        (Refusal::UnknownKey, "InvalidAccessKeyId"),
    ] {
        let reply = send_as(&bed, Err(refusal), "secret", call, &[]).await;
        assert!(reply.body.contains(code), "{code}: {}", reply.body);
    }
}

#[tokio::test]
async fn other_services_are_held_to_it_too() {
    let (bed, own) = bed().await;
    let to = bed.folder.path().join("model");
    let read = own.get_to_file("news", "models/a", &to).await;
    assert_eq!(read.unwrap_err().code(), "AccessDenied");
    let read = own.download_prefix("news", "models/", &to).await;
    assert_eq!(read.unwrap_err().code(), "AccessDenied");
    assert_eq!(
        own.put_file("news", "x", bed.folder.path())
            .await
            .unwrap_err()
            .code(),
        "AccessDenied"
    );
    grant(&bed, &json!([reading(OTHER)]));
    own.get_to_file("news", "models/a", &to).await.unwrap();
    // Whoever reads a key that is not there is told so only when they may list.
    let call = ("GET", "/news/models/none", "");
    assert_eq!(
        refusal(&bed, call, &[]).await,
        (404, "NoSuchKey".to_owned())
    );
    let mut blind = reading(OTHER);
    blind["Action"] = "s3:GetObject".into();
    grant(&bed, &json!([blind]));
    let (status, code) = refusal(&bed, call, &[]).await;
    assert_eq!((status, code.as_str()), DENIED);
}
