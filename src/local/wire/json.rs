//! The JSON protocols: awsJson 1.1 (`X-Amz-Target`) and restJson 1.

use axum::body::Body;
use axum::http::{HeaderMap, Response, StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::ApiError;

/// Returns the operation of an awsJson request, e.g. `CreateModel` of `SageMaker.CreateModel`.
pub fn operation(headers: &HeaderMap) -> Option<&str> {
    headers
        .get("x-amz-target")?
        .to_str()
        .ok()?
        .rsplit('.')
        .next()
}

/// Reads a request body; an empty one counts as `{}`.
///
/// # Errors
/// `SerializationException` when the body is no JSON or a member has the wrong type.
pub fn input<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    let body = if body.is_empty() {
        b"{}".as_slice()
    } else {
        body
    };
    serde_json::from_slice(body)
        .map_err(|error| ApiError::client("SerializationException", error.to_string()))
}

/// Answers an awsJson request.
pub fn answer(result: Result<Value, ApiError>) -> Response<Body> {
    match result {
        Ok(value) => response(StatusCode::OK, "application/x-amz-json-1.1", &value),
        Err(error) => failure(&error, "application/x-amz-json-1.1"),
    }
}

/// Answers a restJson request with the given status on success; `Value::Null` means an empty body.
pub fn rest_answer(status: StatusCode, result: Result<Value, ApiError>) -> Response<Body> {
    match result {
        Ok(Value::Null) => empty(status),
        Ok(value) => response(status, "application/json", &value),
        Err(error) => failure(&error, "application/json"),
    }
}

fn failure(error: &ApiError, content_type: &str) -> Response<Body> {
    let body = json!({ "__type": error.code, "message": error.message, "Message": error.message });
    let mut response = response(error.status, content_type, &body);
    if let Ok(code) = error.code.parse() {
        response.headers_mut().insert("x-amzn-errortype", code);
    }
    response
}

fn response(status: StatusCode, content_type: &str, value: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(value.to_string()));
    *response.status_mut() = status;
    if let Ok(content_type) = content_type.parse() {
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, content_type);
    }
    response
}

fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operation_follows_the_last_dot() {
        let mut headers = HeaderMap::new();
        headers.insert(
            "x-amz-target",
            "Logs_20140328.PutLogEvents".parse().unwrap(),
        );
        assert_eq!(operation(&headers), Some("PutLogEvents"));
        assert_eq!(operation(&HeaderMap::new()), None);
    }

    #[test]
    fn an_error_carries_its_code_in_header_and_body() {
        let response = answer(Err(ApiError::client(
            "ValidationException",
            "Could not find model",
        )));
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        assert_eq!(
            response.headers()["x-amzn-errortype"],
            "ValidationException"
        );
    }
}
