//! The HTTP API of one environment as an OpenAPI 3.1 document.
//!
//! Purpose: tells callers, and the tools that make clients and tests, what can be asked and what is
//! answered. Input: a resolved stack and, when it is deployed, the address of its API. Output: a JSON
//! document, the same for the same input. Must not know: accounts, templates, the terminal.
//!
//! What is described is the contract of the function in `training-code/function` with the API before
//! it: the three forms of a request, the answers, and every refusal with its body. A function of one's
//! own keeps to it, or is described by its owner.

mod operations;
mod schemas;
mod security;

use serde_json::{Map, Value, json};

use crate::stack::{Stack, Target};

/// The version of the contract; it changes when a client has to.
const CONTRACT: &str = "1.0.0";

/// Describes the API of an environment; `url` is its root, known once it is deployed.
pub fn document(stack: &Stack, url: Option<&str>) -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for route in &stack.api.routes {
        let operations = paths.entry(&route.path).or_insert_with(|| json!({}));
        operations[route.method.to_lowercase()] = operations::operation(route, &stack.api.routes);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": format!("{} ({})", stack.name, stack.environment),
            "description": "Classifies texts. Every answer has the header `apigw-requestid`; \
                            quote it when you report a trouble.",
            "version": CONTRACT,
        },
        "servers": [server(stack, url)],
        "paths": paths,
        "components": {
            "schemas": schemas::all(),
            "responses": operations::responses(),
            "securitySchemes": security::schemes(&stack.api.routes),
        },
    })
}

/// Where the API is, or the form of its address as long as it is not deployed.
fn server(stack: &Stack, url: Option<&str>) -> Value {
    if let Some(domain) = &stack.api.domain {
        return json!({ "url": format!("https://{}", domain.name) });
    }
    if let Some(url) = url {
        return json!({ "url": url });
    }
    let url = match &stack.target {
        Target::Local(target) => {
            format!("http://127.0.0.1:{}/_aws/execute-api/{{api}}", target.port)
        }
        Target::Aws(target) => {
            let region = target.region.as_str();
            let suffix = if region.starts_with("cn-") { ".cn" } else { "" };
            format!("https://{{api}}.execute-api.{region}.amazonaws.com{suffix}")
        }
    };
    json!({
        "url": url,
        "description": "The address is known once it is deployed.",
        "variables": { "api": { "default": "api-id", "description": "The id of the API" } },
    })
}

#[cfg(test)]
mod tests;
