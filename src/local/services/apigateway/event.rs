//! The event that a function gets: payload format 2.0.

use std::collections::BTreeMap;

use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use super::model::DEFAULT_STAGE;
use super::routing::{Parameters, RouteKey};

/// What is known of a request beside its head and body.
#[derive(Debug)]
pub(super) struct Setting<'a> {
    pub(super) account: &'a str,
    pub(super) api_id: &'a str,
    pub(super) stage: &'a str,
    pub(super) stage_variables: &'a BTreeMap<String, String>,
    pub(super) route: &'a RouteKey,
    pub(super) parameters: &'a Parameters,
    /// Path below the API's address, percent-encoded as it came, with a named stage in front.
    pub(super) raw_path: &'a str,
    pub(super) request_id: &'a str,
    pub(super) source_ip: &'a str,
    /// What is known of who calls; nothing at routes for everyone.
    pub(super) caller: Option<&'a Value>,
    /// Milliseconds since the epoch.
    pub(super) time: i64,
}

/// Makes the event.
pub(super) fn event(head: &Parts, body: &[u8], setting: &Setting<'_>) -> Value {
    let domain = head
        .headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let query = head.uri.query().unwrap_or_default();
    let text = |name: header::HeaderName| {
        let value = head.headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    let mut event = json!({
        "version": "2.0",
        "routeKey": setting.route.to_string(),
        "rawPath": setting.raw_path,
        "rawQueryString": query,
        "headers": headers(&head.headers),
        "requestContext": {
            "accountId": setting.account,
            "apiId": setting.api_id,
            "domainName": domain.unwrap_or_default(),
            "domainPrefix": setting.api_id,
            "http": {
                "method": head.method.as_str(),
                "path": setting.raw_path,
                "protocol": format!("{:?}", head.version),
                "sourceIp": setting.source_ip,
                "userAgent": text(header::USER_AGENT),
            },
            "requestId": setting.request_id,
            "routeKey": setting.route.to_string(),
            "stage": setting.stage,
            "time": common_log_time(setting.time),
            "timeEpoch": setting.time,
        },
    });
    if let Some(caller) = setting.caller {
        event["requestContext"]["authorizer"] = caller.clone();
    }
    let parameters = query_parameters(query);
    if !parameters.is_empty() {
        event["queryStringParameters"] = json!(parameters);
    }
    if !setting.parameters.is_empty() {
        event["pathParameters"] = json!(setting.parameters);
    }
    if !setting.stage_variables.is_empty() {
        event["stageVariables"] = json!(setting.stage_variables);
    }
    let cookies = cookies(&head.headers);
    if !cookies.is_empty() {
        event["cookies"] = json!(cookies);
    }
    let (body, encoded) = encode(&text(header::CONTENT_TYPE), body);
    if let Some(body) = body {
        event["body"] = json!(body);
    }
    event["isBase64Encoded"] = json!(encoded);
    event
}

/// Returns the stage's name for the path in front of a request, none for the default stage.
pub(super) fn stage_prefix(stage: &str) -> String {
    match stage {
        DEFAULT_STAGE => String::new(),
        named => format!("/{named}"),
    }
}

/// Joins repeated headers with commas; cookies have a field of their own.
fn headers(headers: &HeaderMap) -> BTreeMap<&str, String> {
    let mut joined: BTreeMap<&str, String> = BTreeMap::new();
    for (name, value) in headers {
        if name == header::COOKIE {
            continue;
        }
        let value = String::from_utf8_lossy(value.as_bytes());
        joined
            .entry(name.as_str())
            .and_modify(|all| {
                all.push(',');
                all.push_str(&value);
            })
            .or_insert_with(|| value.to_string());
    }
    joined
}

fn cookies(headers: &HeaderMap) -> Vec<String> {
    let lines = headers.get_all(header::COOKIE).into_iter();
    let texts = lines.filter_map(|line| line.to_str().ok());
    texts
        .flat_map(|text| text.split(';'))
        .map(|cookie| cookie.trim().to_owned())
        .filter(|cookie| !cookie.is_empty())
        .collect()
}

fn query_parameters(query: &str) -> BTreeMap<String, String> {
    let mut joined: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        joined
            .entry(name.into_owned())
            .and_modify(|all| {
                all.push(',');
                all.push_str(&value);
            })
            .or_insert_with(|| value.to_string());
    }
    joined
}

/// Returns the body as text, in Base64 unless its type says that it is text.
fn encode(content_type: &str, body: &[u8]) -> (Option<String>, bool) {
    if body.is_empty() {
        return (None, false);
    }
    match std::str::from_utf8(body) {
        Ok(text) if is_text(content_type) => (Some(text.to_owned()), false),
        _ => (Some(BASE64.encode(body)), true),
    }
}

fn is_text(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    let kind = kind.to_ascii_lowercase();
    kind.is_empty()
        || kind.starts_with("text/")
        || kind.ends_with("+json")
        || kind.ends_with("+xml")
        || matches!(
            kind.as_str(),
            "application/json" | "application/javascript" | "application/xml"
        )
}

fn common_log_time(epoch_millis: i64) -> String {
    jiff::Timestamp::from_millisecond(epoch_millis)
        .map(|time| time.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    fn made(request: Request<()>, body: &[u8]) -> Value {
        let (head, ()) = request.into_parts();
        let route = RouteKey::try_from("POST /pets/{id}".to_owned()).unwrap();
        let setting = Setting {
            account: "000000000000",
            api_id: "abc",
            stage: DEFAULT_STAGE,
            stage_variables: &BTreeMap::new(),
            route: &route,
            parameters: &Parameters::from([("id".to_owned(), "7".to_owned())]),
            raw_path: "/pets/7",
            request_id: "r",
            source_ip: "127.0.0.1",
            caller: Some(&json!({"jwt": {"claims": {"sub": "me"}}})),
            time: 1_767_225_600_123,
        };
        event(&head, body, &setting)
    }

    #[test]
    fn repeated_values_are_joined_and_cookies_apart() {
        let request = Request::post("http://h/pets/7?a=1&b=x%20y&a=2")
            .header("Host", "127.0.0.1:4599")
            .header("X-Tag", "one")
            .header("X-Tag", "two")
            .header("Cookie", "k=v; l=w")
            .header("Content-Type", "application/json")
            .header("User-Agent", "curl/8")
            .body(())
            .unwrap();
        let event = made(request, b"{}");
        assert_eq!(event["version"], "2.0");
        assert_eq!(event["routeKey"], "POST /pets/{id}");
        assert_eq!(event["rawQueryString"], "a=1&b=x%20y&a=2");
        assert_eq!(
            event["queryStringParameters"],
            json!({"a": "1,2", "b": "x y"})
        );
        assert_eq!(event["headers"]["x-tag"], "one,two");
        assert_eq!(event["headers"].get("cookie"), None);
        assert_eq!(event["cookies"], json!(["k=v", "l=w"]));
        assert_eq!(event["pathParameters"]["id"], "7");
        assert_eq!(event["body"], "{}");
        assert_eq!(event["isBase64Encoded"], false);
        let context = &event["requestContext"];
        assert_eq!(context["http"]["protocol"], "HTTP/1.1");
        assert_eq!(context["http"]["userAgent"], "curl/8");
        assert_eq!(context["authorizer"]["jwt"]["claims"]["sub"], "me");
        assert_eq!(context["time"], "01/Jan/2026:00:00:00 +0000");
    }

    #[test]
    fn what_is_not_text_is_encoded() {
        for (kind, body, encoded) in [
            ("application/octet-stream", b"abc".as_slice(), true),
            ("application/json", b"\xff\xfe", true),
            ("application/vnd.api+json", b"{}", false),
            ("text/plain; charset=utf-8", b"abc", false),
            ("application/x-www-form-urlencoded", b"a=b", true),
        ] {
            let request = Request::post("http://h/").header("content-type", kind);
            let event = made(request.body(()).unwrap(), body);
            assert_eq!(event["isBase64Encoded"], encoded, "{kind}");
        }
        let event = made(Request::post("http://h/").body(()).unwrap(), b"");
        assert_eq!(event.get("body"), None);
    }
}
