//! CORS: an API that has a configuration answers browsers itself.

use axum::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_METHOD, HeaderName, HeaderValue, ORIGIN, VARY,
};
use axum::http::{HeaderMap, Method};
use serde::{Deserialize, Serialize};

/// An API's CORS configuration, with the names that templates use.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub(super) struct Cors {
    pub(super) allow_credentials: bool,
    pub(super) allow_headers: Vec<String>,
    pub(super) allow_methods: Vec<String>,
    pub(super) allow_origins: Vec<String>,
    pub(super) expose_headers: Vec<String>,
    pub(super) max_age: Option<i64>,
}

const ALL: [HeaderName; 6] = [
    ACCESS_CONTROL_ALLOW_CREDENTIALS,
    ACCESS_CONTROL_ALLOW_HEADERS,
    ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS,
    ACCESS_CONTROL_MAX_AGE,
];

impl Cors {
    /// Returns the headers that answer a preflight request, or `None` for any other request. An
    /// origin that is not allowed gets no headers.
    pub(super) fn preflight(&self, method: &Method, headers: &HeaderMap) -> Option<HeaderMap> {
        let asks = headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        if method != Method::OPTIONS || !asks || !headers.contains_key(ORIGIN) {
            return None;
        }
        let mut answer = HeaderMap::new();
        if self.allow(headers, &mut answer) {
            let methods = self.allow_methods.join(",");
            let age = self.max_age.map(|age| age.to_string());
            set(&mut answer, ACCESS_CONTROL_ALLOW_METHODS, &methods);
            set(
                &mut answer,
                ACCESS_CONTROL_ALLOW_HEADERS,
                &self.allow_headers.join(","),
            );
            set(
                &mut answer,
                ACCESS_CONTROL_MAX_AGE,
                &age.unwrap_or_default(),
            );
        }
        Some(answer)
    }

    /// Puts the API's own CORS headers into an answer, in place of the function's.
    pub(super) fn decorate(&self, request: &HeaderMap, answer: &mut HeaderMap) {
        for name in &ALL {
            answer.remove(name);
        }
        if self.allow(request, answer) {
            set(
                answer,
                ACCESS_CONTROL_EXPOSE_HEADERS,
                &self.expose_headers.join(","),
            );
        }
    }

    fn allow(&self, request: &HeaderMap, answer: &mut HeaderMap) -> bool {
        let Some(origin) = request.get(ORIGIN).and_then(|origin| origin.to_str().ok()) else {
            return false;
        };
        let any = self.allow_origins.iter().any(|allowed| allowed == "*");
        let listed = self
            .allow_origins
            .iter()
            .any(|allowed| fits(allowed, origin));
        if !any && !listed {
            return false;
        }
        set(
            answer,
            ACCESS_CONTROL_ALLOW_ORIGIN,
            if any { "*" } else { origin },
        );
        if !any {
            answer.append(VARY, HeaderValue::from_static("Origin"));
        }
        if self.allow_credentials {
            set(answer, ACCESS_CONTROL_ALLOW_CREDENTIALS, "true");
        }
        true
    }
}

/// Compares an origin with an allowed one, which may be a scheme with `*` behind it.
fn fits(allowed: &str, origin: &str) -> bool {
    match allowed.strip_suffix('*') {
        Some(scheme) => origin.starts_with(scheme),
        None => allowed.eq_ignore_ascii_case(origin),
    }
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if value.is_empty() {
        return;
    }
    if let Ok(value) = HeaderValue::try_from(value) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cors() -> Cors {
        Cors {
            allow_origins: vec!["https://news.example".to_owned()],
            allow_methods: vec!["POST".to_owned()],
            allow_headers: vec!["content-type".to_owned()],
            max_age: Some(300),
            ..Cors::default()
        }
    }

    fn from(origin: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(ORIGIN, origin.parse().unwrap());
        headers.insert(ACCESS_CONTROL_REQUEST_METHOD, "POST".parse().unwrap());
        headers
    }

    #[test]
    fn a_preflight_of_an_allowed_origin_is_answered() {
        let answer = cors()
            .preflight(&Method::OPTIONS, &from("https://news.example"))
            .unwrap();
        assert_eq!(answer[ACCESS_CONTROL_ALLOW_ORIGIN], "https://news.example");
        assert_eq!(answer[ACCESS_CONTROL_ALLOW_METHODS], "POST");
        assert_eq!(answer[ACCESS_CONTROL_MAX_AGE], "300");
        let answer = cors()
            .preflight(&Method::OPTIONS, &from("https://evil.example"))
            .unwrap();
        assert!(answer.is_empty());
        assert!(
            cors()
                .preflight(&Method::POST, &from("https://news.example"))
                .is_none()
        );
    }

    #[test]
    fn the_function_s_own_headers_do_not_count() {
        let mut answer = HeaderMap::new();
        answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, "*".parse().unwrap());
        cors().decorate(&from("https://evil.example"), &mut answer);
        assert!(!answer.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN));
    }
}
