//! The HTTP API.
//!
//! The logical ids of routes, permissions and authorizers come from what they are, not from their
//! order: an API takes no two routes of one key, so a route must never become another one in place.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::stack::{Api, Auth, Route, Timespan};

/// The values of `api`.
pub(super) fn values(api: &Api) -> Value {
    json!({
        "routes": api.routes.iter().map(route).collect::<Value>(),
        "throttled": api.routes.iter().filter_map(throttled).collect::<Value>(),
        "authorizers": authorizers(&api.routes),
        "cors": api.cors.as_ref().map(|cors| json!({
            "origins": cors.origins,
            "methods": cors.methods,
            "headers": cors.headers,
            "max_age_seconds": cors.max_age.map(Timespan::seconds),
            "credentials": cors.credentials,
        })),
        "domain": api.domain.as_ref().map(|domain| json!({
            "name": domain.name,
            "certificate": domain.certificate,
        })),
        "rate": api.throttle.rate,
        "burst": api.throttle.burst,
        "access_logs": api.access_logs,
    })
}

fn route(route: &Route) -> Value {
    let name = name(route);
    let method = if route.method == "ANY" {
        "*"
    } else {
        &route.method
    };
    json!({
        "id": format!("Route{name}"),
        "permission": format!("ApiPermission{name}"),
        "key": key(route),
        "path": route.path,
        "arn_part": format!("{method}{}", route.path),
        "authorization": match route.auth {
            Auth::None => "NONE",
            Auth::Iam => "AWS_IAM",
            Auth::Jwt { .. } => "JWT",
        },
        "authorizer": authorizer_id(&route.auth),
    })
}

/// A route that has a throttle of its own.
fn throttled(route: &Route) -> Option<Value> {
    let throttle = route.throttle?;
    Some(json!({
        "id": format!("Route{}", name(route)),
        "key": key(route),
        "rate": throttle.rate,
        "burst": throttle.burst,
    }))
}

/// One authorizer for all routes that take the same tokens.
fn authorizers(routes: &[Route]) -> Value {
    let mut seen = Vec::new();
    let mut authorizers = Vec::new();
    for route in routes {
        if let (Some(id), Auth::Jwt { issuer, audience }) =
            (authorizer_id(&route.auth), &route.auth)
            && !seen.contains(&id)
        {
            authorizers.push(json!({ "id": id, "issuer": issuer, "audience": audience }));
            seen.push(id);
        }
    }
    Value::Array(authorizers)
}

fn authorizer_id(auth: &Auth) -> Option<String> {
    let Auth::Jwt { issuer, audience } = auth else {
        return None;
    };
    let digest = short_digest(&format!("{issuer}\n{}", audience.join("\n")));
    Some(format!("Authorizer{digest}"))
}

fn key(route: &Route) -> String {
    format!("{} {}", route.method, route.path)
}

/// A name of letters and digits that no other route has: `POST /classify` is `PostClassify`.
///
/// A path of plain lower-case words is spelled in it. Any other has a digest at the end, since
/// different paths would be spelled alike.
fn name(route: &Route) -> String {
    let capitalised = |word: &str| -> String {
        let mut letters = word.chars().filter(char::is_ascii_alphanumeric);
        let first = letters.next().map(|letter| letter.to_ascii_uppercase());
        first.into_iter().chain(letters).collect()
    };
    let words = || route.path.split('/').skip(1);
    let mut name = capitalised(&route.method.to_ascii_lowercase());
    name.extend(words().map(capitalised));
    let is_plain = |word: &str| {
        word.starts_with(|letter: char| letter.is_ascii_lowercase())
            && word
                .chars()
                .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit())
    };
    if route.path != "/" && !words().all(is_plain) {
        name.push_str(&short_digest(&key(route)));
    }
    name
}

/// The beginning of a digest, in capitals so that it stands out in a name.
fn short_digest(text: &str) -> String {
    hex::encode_upper(&Sha256::digest(text)[..4])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn named(key: &str) -> String {
        let (method, path) = key.split_once(' ').unwrap();
        name(&Route {
            method: method.to_owned(),
            path: path.to_owned(),
            auth: Auth::None,
            throttle: None,
        })
    }

    #[test]
    fn a_plain_path_is_spelled_in_the_name() {
        assert_eq!(named("POST /classify"), "PostClassify");
        assert_eq!(named("GET /v1/health"), "GetV1Health");
        assert_eq!(named("GET /"), "Get");
    }

    #[test]
    fn different_routes_have_different_names() {
        let keys = [
            "GET /",
            "ANY /",
            "GET /a/b",
            "GET /a-b",
            "GET /a_b",
            "GET /ab",
            "GET /aB",
            "GET /a/B",
            "GET /a/b/",
            "GET /a/1",
            "GET /a1",
            "GET /{a}/b",
            "GET /{a+}",
            "POST /a/b",
        ];
        let names: BTreeSet<String> = keys.iter().map(|key| named(key)).collect();
        assert_eq!(names.len(), keys.len(), "{names:?}");
        for name in &names {
            assert!(
                name.chars().all(|letter| letter.is_ascii_alphanumeric()),
                "{name}"
            );
        }
    }
}
