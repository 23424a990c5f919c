//! The HTTP response that a function's result means: payload format 2.0.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value, json};

/// Turns a function's result into a response; `None` when it is malformed.
///
/// A result without `statusCode` is the body itself, as JSON with status 200.
pub(super) fn reply(payload: &[u8]) -> Option<Response<Body>> {
    let result: Value = serde_json::from_slice(payload).ok()?;
    match result {
        Value::Object(fields) if fields.contains_key("statusCode") => structured(&fields),
        Value::String(text) => Some(plain(text.into_bytes())),
        _ => Some(plain(payload.to_vec())),
    }
}

/// Makes an answer of the service itself.
pub(super) fn message(status: StatusCode, text: &str) -> Response<Body> {
    let mut response = plain(json!({ "message": text }).to_string().into_bytes());
    *response.status_mut() = status;
    response
}

fn plain(body: Vec<u8>) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    response
}

fn structured(fields: &Map<String, Value>) -> Option<Response<Body>> {
    let status = match &fields["statusCode"] {
        Value::Number(number) => u16::try_from(number.as_u64()?).ok()?,
        Value::String(text) => text.parse().ok()?,
        _ => return None,
    };
    let body = body(fields)?;
    let mut headers = headers(fields)?;
    if !headers.contains_key(header::CONTENT_TYPE) {
        let text = HeaderValue::from_static("text/plain; charset=utf-8");
        headers.insert(header::CONTENT_TYPE, text);
    }
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).ok()?;
    *response.headers_mut() = headers;
    Some(response)
}

fn body(fields: &Map<String, Value>) -> Option<Vec<u8>> {
    let text = match fields.get("body") {
        None | Some(Value::Null) => return Some(Vec::new()),
        Some(Value::String(text)) => text,
        Some(_) => return None,
    };
    let encoded = fields.get("isBase64Encoded").and_then(Value::as_bool);
    if encoded == Some(true) {
        return BASE64.decode(text).ok();
    }
    Some(text.clone().into_bytes())
}

fn headers(fields: &Map<String, Value>) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    let given = match fields.get("headers") {
        None | Some(Value::Null) => None,
        Some(Value::Object(given)) => Some(given),
        Some(_) => return None,
    };
    for (name, value) in given.into_iter().flatten() {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(_) | Value::Bool(_) => value.to_string(),
            _ => return None,
        };
        let name: HeaderName = name.parse().ok()?;
        // The length is the transport's business; a wrong one would break the connection.
        if name != header::CONTENT_LENGTH && name != header::TRANSFER_ENCODING {
            headers.insert(name, HeaderValue::try_from(text).ok()?);
        }
    }
    let cookies = fields.get("cookies").and_then(Value::as_array);
    for cookie in cookies.into_iter().flatten() {
        let cookie = HeaderValue::try_from(cookie.as_str()?).ok()?;
        headers.append(header::SET_COOKIE, cookie);
    }
    Some(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn text(response: Response<Body>) -> String {
        let bytes = axum::body::to_bytes(response.into_body(), 1 << 20)
            .await
            .unwrap();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn a_structured_result_is_taken_apart() {
        let payload = json!({
            "statusCode": 201,
            "headers": {"Content-Type": "text/csv", "X-Count": 3, "Content-Length": 99},
            "cookies": ["a=1", "b=2"],
            "body": "aGVsbG8=",
            "isBase64Encoded": true,
        });
        let response = reply(payload.to_string().as_bytes()).unwrap();
        assert_eq!(response.status(), 201);
        assert_eq!(response.headers()["content-type"], "text/csv");
        assert_eq!(response.headers()["x-count"], "3");
        assert!(!response.headers().contains_key("content-length"));
        assert_eq!(response.headers().get_all("set-cookie").iter().count(), 2);
        assert_eq!(text(response).await, "hello");
    }

    #[tokio::test]
    async fn a_plain_result_is_the_body() {
        let response = reply(br#"{"label": "Business"}"#).unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "application/json");
        assert_eq!(text(response).await, r#"{"label": "Business"}"#);
    }

    #[test]
    fn malformed_results_are_none() {
        for payload in [
            r#"{"statusCode": "oops"}"#,
            r#"{"statusCode": 200, "body": {"a": 1}}"#,
            r#"{"statusCode": 200, "headers": []}"#,
            r#"{"statusCode": 9999}"#,
            "not json",
        ] {
            assert!(reply(payload.as_bytes()).is_none(), "{payload}");
        }
    }
}
