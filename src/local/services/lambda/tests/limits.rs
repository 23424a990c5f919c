//! What a function may take: memory, invocations at once, starts.

use axum::http::{HeaderMap, Method};
use bytes::Bytes;
use serde_json::{Value, json};

use super::{Bed, request};
use crate::local::auth::Caller;
use crate::local::wire::ApiRequest;

const GREEDY: &str = r#"
import time
def handler(event, context):
    if event.get("eat"):
        held = bytearray(event["eat"] << 20)
        for place in range(0, len(held), 4096):
            held[place] = 1
        time.sleep(event.get("seconds", 0))
    return "fed"
"#;

/// What the last line of a log says under a name.
fn reported<'a>(log: &'a str, name: &str) -> Option<&'a str> {
    let line = log.lines().last().unwrap();
    assert!(line.starts_with("REPORT RequestId: "), "{line}");
    let mut fields = line.split('\t');
    fields.find_map(|field| field.strip_prefix(name)?.strip_prefix(": "))
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_function_that_uses_more_memory_than_it_has_is_ended() {
    let bed = Bed::with(GREEDY, json!({ "Timeout": 20 })).await;
    for event in [json!({ "eat": 256, "seconds": 20 }), json!({ "eat": 256 })] {
        let (answer, document) = bed.invoke(event).await;
        assert_eq!(answer.function_error, Some("Unhandled"));
        assert_eq!(document["errorType"], "Runtime.OutOfMemory");
        let message = document["errorMessage"].as_str().unwrap();
        assert!(
            message.ends_with("Runtime exited with error: signal: killed"),
            "{message}"
        );
        let log = &answer.log_tail;
        assert_eq!(reported(log, "Memory Size"), Some("128 MB"));
        assert_eq!(reported(log, "Max Memory Used"), Some("128 MB"));
        assert_eq!(reported(log, "Error Type"), Some("Runtime.OutOfMemory"));
    }
    // The next one has a process of its own.
    let (answer, document) = bed.invoke(json!({ "eat": 32 })).await;
    assert_eq!(document, "fed");
    let used = reported(&answer.log_tail, "Max Memory Used").unwrap();
    let used: u64 = used.strip_suffix(" MB").unwrap().parse().unwrap();
    assert!((32..128).contains(&used), "{used}");
}

#[tokio::test]
async fn only_the_first_invocation_of_a_process_reports_its_start() {
    let bed = Bed::with(GREEDY, json!({ "Timeout": 20 })).await;
    let milliseconds = |log: &str, name: &str| -> Option<f64> {
        let text = reported(log, name)?.strip_suffix(" ms").unwrap();
        Some(text.parse().unwrap())
    };
    let (cold, _) = bed.invoke(json!({})).await;
    let start = milliseconds(&cold.log_tail, "Init Duration").unwrap();
    let duration = milliseconds(&cold.log_tail, "Duration");
    let billed = milliseconds(&cold.log_tail, "Billed Duration").unwrap();
    assert!(
        billed >= start && start > 0.0,
        "{billed} {start} {duration:?}"
    );
    let mut warm = bed.invoke(json!({})).await.0;
    // A process that was started ahead may have been used first; the same one is used again.
    if milliseconds(&warm.log_tail, "Init Duration").is_some() {
        warm = bed.invoke(json!({})).await.0;
    }
    assert_eq!(reported(&warm.log_tail, "Init Duration"), None);
    assert_eq!(reported(&warm.log_tail, "Status"), None);
}

#[tokio::test]
async fn time_that_is_over_stands_in_the_report() {
    let bed = Bed::with(GREEDY, json!({ "Timeout": 1 })).await;
    let (answer, _) = bed.invoke(json!({ "eat": 1, "seconds": 30 })).await;
    assert_eq!(reported(&answer.log_tail, "Status"), Some("timeout"));
}

#[tokio::test]
async fn what_is_over_the_reserved_concurrency_is_throttled_at_once() {
    let more = json!({ "ReservedConcurrentExecutions": 1, "Timeout": 20 });
    let bed = Bed::with(GREEDY, more).await;
    let invoke = || {
        let payload = Bytes::from_static(br#"{"eat": 1, "seconds": 1}"#);
        bed.lambda.invoke("classify", "us-east-1", payload)
    };
    let (first, second) = tokio::join!(invoke(), invoke());
    let errors: Vec<_> = [first, second]
        .into_iter()
        .filter_map(Result::err)
        .collect();
    assert_eq!(errors.len(), 1, "one of two");
    assert_eq!(
        (errors[0].status.as_u16(), errors[0].code.as_str()),
        (429, "TooManyRequestsException")
    );
    assert_eq!(bed.invoke(json!({})).await.1, "fed");

    let provider = bed.provider("AWS::Lambda::Function");
    let none = super::properties(GREEDY, &json!({ "ReservedConcurrentExecutions": 0 }));
    provider
        .update("classify", &json!({}), &request("classify", none))
        .await
        .unwrap();
    assert_eq!(invoke().await.unwrap_err().code, "TooManyRequestsException");
}

#[tokio::test]
async fn the_reserved_concurrency_is_told() {
    let bed = Bed::with(GREEDY, json!({ "ReservedConcurrentExecutions": "5" })).await;
    let get = async |path: &str| -> Value {
        let request = ApiRequest {
            method: Method::GET,
            path: path.to_owned(),
            query: String::new(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            region: "us-east-1".to_owned(),
            caller: Caller::root("000000000000"),
        };
        let answer = bed.lambda.handle(request).await;
        let body = axum::body::to_bytes(answer.into_body(), 1 << 20).await;
        serde_json::from_slice(&body.unwrap()).unwrap()
    };
    let told = json!({ "ReservedConcurrentExecutions": 5 });
    assert_eq!(
        get("/2019-09-30/functions/classify/concurrency").await,
        told
    );
    assert_eq!(
        get("/2015-03-31/functions/classify").await["Concurrency"],
        told
    );
    let error = bed.create(super::properties(
        "x = 1",
        &json!({ "ReservedConcurrentExecutions": 901 }),
    ));
    assert!(error.await.unwrap_err().contains("between 0 and 900"));
}
