//! The function between the HTTP API and the endpoint, as the reference handler answers.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue, header};
use bytes::Bytes;
use serde_json::{Value, json};

use crate::local::services::lambda::{Call, StandIn};
use crate::local::services::sagemaker::{InvokeError, SageMaker};

/// Returns what answers like the handler that comes with a new project: it asks the endpoint that the
/// function's environment names, and says in HTTP terms what came of it.
pub(in crate::local) fn reference_handler(sagemaker: &Arc<SageMaker>) -> StandIn {
    let sagemaker = Arc::clone(sagemaker);
    Arc::new(move |call| {
        let sagemaker = Arc::clone(&sagemaker);
        Box::pin(async move {
            let (status, body) = match inputs(&call.event) {
                Some(inputs) => ask(&sagemaker, &call, &inputs).await,
                None => (400, problem("bad_request", "send {\"headline\": \"...\"}")),
            };
            json!({
                "statusCode": status,
                "headers": { "content-type": "application/json" },
                "body": body,
            })
        })
    })
}

/// Takes what is to be classified from an HTTP event.
fn inputs(event: &Value) -> Option<Value> {
    let document: Value = serde_json::from_str(event.get("body")?.as_str()?).ok()?;
    if let Some(headlines) = document.get("headlines") {
        return headlines.is_array().then(|| headlines.clone());
    }
    let holder = document.get("query").unwrap_or(&document);
    let headline = holder.get("headline")?;
    headline.is_string().then(|| headline.clone())
}

async fn ask(sagemaker: &SageMaker, call: &Call, inputs: &Value) -> (u16, String) {
    let Some(endpoint) = call.environment.get("ENDPOINT_NAME") else {
        return (500, problem("internal", "the service is misconfigured"));
    };
    let mut headers = HeaderMap::new();
    let json = HeaderValue::from_static("application/json");
    headers.insert(header::CONTENT_TYPE, json);
    let body = Bytes::from(json!({ "inputs": inputs }).to_string());
    let answer = sagemaker.invoke_endpoint(&call.region, endpoint, &headers, body);
    match answer.await {
        Ok(answer) => (200, String::from_utf8_lossy(&answer.body).into_owned()),
        Err(InvokeError::Api(_)) => (503, problem("unavailable", "the model is not in service")),
        Err(InvokeError::Model { .. }) => (
            502,
            problem("bad_model_answer", "the model failed to classify"),
        ),
    }
}

fn problem(code: &str, message: &str) -> String {
    json!({ "error": { "code": code, "message": message } }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_question_is_understood() {
        let read = |body: Value| inputs(&json!({ "body": body.to_string() }));
        assert_eq!(read(json!({ "headline": "a" })), Some(json!("a")));
        assert_eq!(
            read(json!({ "query": { "headline": "a" } })),
            Some(json!("a"))
        );
        assert_eq!(read(json!({ "headlines": ["a"] })), Some(json!(["a"])));
        assert_eq!(read(json!({ "headline": 1 })), None);
        assert_eq!(inputs(&json!({})), None);
    }
}
