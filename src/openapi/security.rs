//! Who may call.

use serde_json::{Map, Value, json};

use crate::stack::{Auth, Route};

/// The scheme of requests that are signed with AWS credentials.
const SIGNED: &str = "aws-signature";

/// The security schemes of all routes, by name.
pub(super) fn schemes(routes: &[Route]) -> Value {
    let mut schemes = Map::new();
    for auth in routes.iter().map(|route| &route.auth) {
        if let (Some(name), Some(scheme)) = (name(routes, auth), scheme(auth)) {
            schemes.insert(name, scheme);
        }
    }
    Value::Object(schemes)
}

/// What a call of a route needs, and nothing where everyone may call.
pub(super) fn requirement(routes: &[Route], auth: &Auth) -> Value {
    name(routes, auth).map_or_else(|| json!([]), |name| json!([{ name: [] }]))
}

/// The name of a kind of authorization; kinds of tokens are counted, as they have no names.
fn name(routes: &[Route], auth: &Auth) -> Option<String> {
    match auth {
        Auth::None => None,
        Auth::Iam => Some(SIGNED.to_owned()),
        Auth::Jwt { .. } => {
            let mut kinds: Vec<&Auth> = Vec::new();
            for route in routes {
                if matches!(route.auth, Auth::Jwt { .. }) && !kinds.contains(&&route.auth) {
                    kinds.push(&route.auth);
                }
            }
            let place = kinds.iter().position(|kind| *kind == auth)?;
            Some(match place {
                0 => "token".to_owned(),
                more => format!("token-{}", more + 1),
            })
        }
    }
}

fn scheme(auth: &Auth) -> Option<Value> {
    match auth {
        Auth::None => None,
        Auth::Iam => Some(json!({
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "AWS Signature Version 4 for the service `execute-api`, by somebody who is \
                            allowed `execute-api:Invoke`.",
            // As API Gateway itself writes it when it exports an API.
            "x-amazon-apigateway-authtype": "awsSigv4",
        })),
        Auth::Jwt { issuer, audience } => Some(json!({
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": format!("A token of {issuer} for {}.", audience.join(" or ")),
        })),
    }
}
