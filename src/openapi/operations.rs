//! What can be asked at a route, and everything that is answered.

use serde_json::{Map, Value, json};

use super::security;
use crate::stack::{Auth, Route};

/// The methods whose requests carry a body.
const WITH_BODY: [&str; 3] = ["POST", "PUT", "PATCH"];

/// Describes a route.
pub(super) fn operation(route: &Route, routes: &[Route]) -> Value {
    let health = is_health(route);
    let takes_body = WITH_BODY.contains(&route.method.as_str());
    let mut operation = json!({
        "operationId": operation_id(route),
        "security": security::requirement(routes, &route.auth),
        "responses": answers(route, health, takes_body),
    });
    if health {
        operation["summary"] = json!("Says that the API and the function before the model work");
    } else if takes_body {
        operation["summary"] = json!("Classifies texts");
        operation["requestBody"] = json!({
            "required": true,
            "description": "At most 256 KiB.",
            "content": { "application/json": {
                "schema": { "$ref": "#/components/schemas/Question" },
                "examples": {
                    "one": { "value": { "text": "Fed official says weak data caused by weather" } },
                    "reference": { "value": { "query": { "headline": "New phone unveiled" } } },
                    "list": { "value": { "texts": ["Singer cancels tour", "Vaccine approved"] } },
                },
            } },
        });
    } else {
        operation["summary"] = json!("Classifies nothing, as requests of this method have no body");
    }
    operation
}

/// Whether the function answers for itself, without the model.
fn is_health(route: &Route) -> bool {
    route.method == "GET" && route.path.ends_with("/health")
}

/// A name for programs, as no two routes have it: `postClassify`.
fn operation_id(route: &Route) -> String {
    let mut name = route.method.to_lowercase();
    let mut start = true;
    for letter in route.path.chars() {
        match letter {
            '/' => start = true,
            _ if start => {
                name.extend(letter.to_uppercase());
                start = false;
            }
            _ => name.push(letter),
        }
    }
    name
}

fn answers(route: &Route, health: bool, takes_body: bool) -> Value {
    let mut answers = Map::new();
    if health {
        answers.insert("200".to_owned(), response("It works.", &["Health"]));
    } else if takes_body {
        answers.insert("200".to_owned(), response("The classes.", &["Answer"]));
    }
    let guard: &[&str] = match route.auth {
        Auth::None => &[],
        Auth::Iam => &["403"],
        Auth::Jwt { .. } => &["401", "403"],
    };
    let function: &[&str] = if health {
        &["400", "429", "500", "503"]
    } else {
        &["400", "413", "429", "500", "502", "503", "504"]
    };
    for status in guard.iter().chain(function) {
        let name = format!("#/components/responses/{status}");
        answers.insert((*status).to_owned(), json!({ "$ref": name }));
    }
    Value::Object(answers)
}

/// All answers but the good ones, by status.
pub(super) fn responses() -> Value {
    let either = |text: &str, retry: bool| {
        let mut answer = response(text, &["Problem", "Message"]);
        if retry {
            answer["headers"]["retry-after"] = json!({
                "description": "Seconds to wait; the function says it, the API itself does not.",
                "schema": { "type": "integer", "minimum": 0 },
            });
        }
        answer
    };
    json!({
        "400": either("The request cannot be understood: the body is no JSON, or not of the form that is asked for.", false),
        "401": response("There is no token, or it is not accepted.", &["Message"]),
        "403": response("The caller may not call this.", &["Message"]),
        "413": either("The body is too large: the function takes 256 KiB, the API 10 MB.", false),
        "429": either("Too many requests: at the API, or at the model.", true),
        "500": either("Something is broken inside; the logs say what, by the request's id.", false),
        "502": response("The model failed, or answered with something else than classes.", &["Problem"]),
        "503": either("The model or the function is not in service, or all of it is busy.", true),
        "504": response("The model took too long.", &["Problem"]),
    })
}

/// A response with a body of one of the schemas.
fn response(text: &str, schemas: &[&str]) -> Value {
    let reference = |name: &str| json!({ "$ref": format!("#/components/schemas/{name}") });
    let schema = match schemas {
        [one] => reference(one),
        several => {
            json!({ "oneOf": several.iter().map(|name| reference(name)).collect::<Value>() })
        }
    };
    json!({
        "description": text,
        "headers": { "apigw-requestid": {
            "description": "The id of the request.",
            "schema": { "type": "string" },
        } },
        "content": { "application/json": { "schema": schema } },
    })
}
