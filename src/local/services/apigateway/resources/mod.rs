//! CloudFormation's resource types of API Gateway v2.
//!
//! Purpose: turns template properties into APIs, authorizers, integrations, routes and stages. Input: resolved
//! properties. Output: changes of the service's state, attributes for `Fn::GetAtt`. Must not know:
//! stacks, dependencies, events.

mod api;
mod authorizer;
mod integration;
mod part;
mod route;
mod stage;

pub(super) use api::api;
pub(super) use part::{Part, put};
pub(super) use stage::{check_routes, stage};

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use serde_json::Value;

use super::ApiGateway;
use super::authorize::Authorizer;
use super::model::{Api, Integration, Route, State};
use crate::local::resource::{ResourceError, ResourceProvider, ResourceRequest};
use part::PartProvider;

/// Returns the providers of every API Gateway v2 type that the engine knows.
pub fn providers(gateway: &Arc<ApiGateway>) -> Vec<Arc<dyn ResourceProvider>> {
    vec![
        Arc::new(api::ApiProvider(Arc::clone(gateway))),
        PartProvider::<Authorizer>::of(gateway),
        PartProvider::<Integration>::of(gateway),
        PartProvider::<Route>::of(gateway),
        Arc::new(stage::StageProvider(Arc::clone(gateway))),
    ]
}

/// Why the state was not changed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unchanged {
    #[error("{0}")]
    Refused(String),
    #[error("the local engine cannot write its state: {0}")]
    Io(#[from] io::Error),
}

impl From<Unchanged> for ResourceError {
    fn from(reason: Unchanged) -> Self {
        Self::new(reason.to_string())
    }
}

/// Changes the state of all APIs.
fn change<R>(
    gateway: &ApiGateway,
    change: impl FnOnce(&mut State) -> Result<R, Unchanged>,
) -> Result<R, ResourceError> {
    Ok(gateway.state.write(change)?)
}

/// Finds the API that a part of one names.
fn api_of<'a>(state: &'a mut State, request: &ResourceRequest) -> Result<&'a mut Api, Unchanged> {
    let id = request.string("ApiId").unwrap_or_default();
    let api = state.apis.get_mut(id);
    api.ok_or_else(|| Unchanged::Refused(format!("Invalid API identifier specified {id}")))
}

/// Returns the mark by which a repeated create recognises what it made.
fn owner(request: &ResourceRequest) -> String {
    format!("{}/{}", request.stack_id, request.physical_name)
}

/// Returns the attributes of a resource.
fn attributes<const N: usize>(pairs: [(&str, String); N]) -> BTreeMap<String, Value> {
    let pairs = pairs.into_iter();
    pairs
        .map(|(name, value)| (name.to_owned(), Value::String(value)))
        .collect()
}

/// Reads `Tags`, which these types have as a map, over the stack's.
fn tags(request: &ResourceRequest) -> BTreeMap<String, String> {
    let mut tags = request.tags.clone();
    tags.extend(text_map(&request.properties["Tags"]));
    tags
}

/// Reads a map of texts.
fn text_map(value: &Value) -> BTreeMap<String, String> {
    let entries = value.as_object().into_iter().flatten();
    entries
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect()
}

/// Reads a boolean, which templates may also write as a string.
fn flag(value: &Value) -> bool {
    value.as_bool().unwrap_or(value.as_str() == Some("true"))
}

/// Reads a number, which templates may also write as a string.
fn number(value: &Value) -> Option<f64> {
    match value {
        Value::String(text) => text.parse().ok(),
        other => other.as_f64(),
    }
}

/// Reads a whole number, which templates may also write as a string.
fn whole(value: &Value) -> Option<u64> {
    match value {
        Value::String(text) => text.parse().ok(),
        other => other.as_u64(),
    }
}
