//! The document of the shipped stack, and of one with every kind of authorization.

use serde_json::{Value, json};

use super::document;
use crate::stack::{Auth, Domain, Route, Stack, StackFile};

fn shipped(environment: &str) -> Stack {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let file = StackFile::read(&root.join("stacks/news-classifier/stack.yaml")).unwrap();
    let stack = file.environment(environment);
    stack.unwrap_or_else(|problems| panic!("{problems}"))
}

fn route(method: &str, path: &str, auth: Auth) -> Route {
    Route {
        method: method.to_owned(),
        path: path.to_owned(),
        auth,
        throttle: None,
    }
}

fn token(issuer: &str) -> Auth {
    Auth::Jwt {
        issuer: issuer.to_owned(),
        audience: vec!["news".to_owned()],
    }
}

#[test]
fn the_shipped_api_is_described_whole() {
    let document = document(&shipped("staging"), Some("https://x.example"));
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["servers"], json!([{ "url": "https://x.example" }]));
    let classify = &document["paths"]["/classify"]["post"];
    assert_eq!(classify["operationId"], "postClassify");
    assert_eq!(classify["security"], json!([]));
    let statuses: Vec<&String> = classify["responses"].as_object().unwrap().keys().collect();
    assert_eq!(
        statuses,
        ["200", "400", "413", "429", "500", "502", "503", "504"]
    );
    let health = &document["paths"]["/health"]["get"];
    assert!(health.get("requestBody").is_none());
    assert_eq!(document["components"]["securitySchemes"], json!({}));
}

#[test]
fn what_is_not_deployed_has_the_form_of_its_address() {
    let server = |environment: &str| {
        let document = document(&shipped(environment), None);
        document["servers"][0]["url"].as_str().unwrap().to_owned()
    };
    assert_eq!(
        server("staging"),
        "https://{api}.execute-api.eu-west-1.amazonaws.com"
    );
    assert_eq!(
        server("local"),
        "http://127.0.0.1:4599/_aws/execute-api/{api}"
    );
}

#[test]
fn a_name_of_one_s_own_is_the_address() {
    let mut stack = shipped("staging");
    stack.api.domain = Some(Domain {
        name: "news.example.com".to_owned(),
        certificate: "arn".to_owned(),
    });
    let document = document(&stack, Some("https://x.example"));
    assert_eq!(
        document["servers"],
        json!([{ "url": "https://news.example.com" }])
    );
}

#[test]
fn every_kind_of_authorization_has_its_scheme() {
    let mut stack = shipped("staging");
    stack.api.routes = vec![
        route("POST", "/classify", token("https://one.example/")),
        route("PUT", "/classify", Auth::Iam),
        route("PATCH", "/classify", token("https://two.example/")),
        route("GET", "/health", Auth::None),
    ];
    let document = document(&stack, None);
    let schemes = document["components"]["securitySchemes"]
        .as_object()
        .unwrap();
    let names: Vec<&String> = schemes.keys().collect();
    assert_eq!(names, ["token", "aws-signature", "token-2"]);
    let paths = &document["paths"]["/classify"];
    assert_eq!(paths["post"]["security"], json!([{ "token": [] }]));
    assert_eq!(paths["put"]["security"], json!([{ "aws-signature": [] }]));
    assert_eq!(paths["patch"]["security"], json!([{ "token-2": [] }]));
    assert!(paths["post"]["responses"]["401"].is_object());
    assert!(paths["put"]["responses"].get("401").is_none());
    assert!(paths["put"]["responses"]["403"].is_object());
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document(&shipped("local"), None);
    let mut references = Vec::new();
    collect(&document, &mut references);
    assert!(references.len() > 20);
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

fn collect(value: &Value, references: &mut Vec<String>) {
    match value {
        Value::Array(list) => list.iter().for_each(|one| collect(one, references)),
        Value::Object(map) => {
            if let Some(Value::String(reference)) = map.get("$ref") {
                references.push(reference.clone());
            }
            map.values().for_each(|one| collect(one, references));
        }
        _ => {}
    }
}

#[test]
fn the_forms_of_a_request_are_taken_and_no_other() {
    let document = document(&shipped("local"), None);
    let mut schema = document["components"]["schemas"]["Question"].clone();
    schema["components"] = document["components"].clone();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for good in [
        json!({ "headline": "x" }),
        json!({ "query": { "headline": "x" } }),
        json!({ "headlines": ["x", "y"] }),
        json!({ "text": "x" }),
        json!({ "texts": ["x", "y"] }),
    ] {
        assert!(validator.is_valid(&good), "{good}");
    }
    for bad in [
        json!({}),
        json!({ "headline": "" }),
        json!({ "headline": "  " }),
        json!({ "headlines": [] }),
        json!({ "headlines": vec!["x"; 257] }),
        json!({ "query": "x" }),
    ] {
        assert!(!validator.is_valid(&bad), "{bad}");
    }
}
