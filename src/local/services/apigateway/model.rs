//! What API Gateway remembers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::authorize::{Authorization, Authorizer};
use super::cors::Cors;
use super::routing::RouteKey;
use crate::local::default_account;

/// The stage that is served without its name in the path.
pub(super) const DEFAULT_STAGE: &str = "$default";

/// All APIs by id.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct State {
    pub(super) apis: BTreeMap<String, Api>,
}

/// An HTTP API with everything that belongs to it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Api {
    /// Absent in states of older engines.
    #[serde(default = "default_account")]
    pub(super) account: String,
    pub(super) region: String,
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) cors: Option<Cors>,
    /// Whether the API answers at its address at all.
    pub(super) endpoint: Endpoint,
    pub(super) tags: BTreeMap<String, String>,
    /// Milliseconds since the epoch.
    pub(super) created: i64,
    /// Absent in states of older engines.
    #[serde(default)]
    pub(super) authorizers: BTreeMap<String, Authorizer>,
    pub(super) integrations: BTreeMap<String, Integration>,
    pub(super) routes: BTreeMap<String, Route>,
    pub(super) stages: BTreeMap<String, Stage>,
    /// Stack resource that made the API, so that a repeated create is recognised.
    pub(super) owner: String,
}

/// State of an API's own address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Endpoint {
    Enabled,
    Disabled,
}

/// What a route leads to: always a Lambda function.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Integration {
    /// As it was given.
    pub(super) uri: String,
    /// Name of the function that the URI means.
    pub(super) function: String,
    pub(super) timeout_millis: u64,
    pub(super) description: Option<String>,
    pub(super) owner: String,
}

/// A route.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Route {
    pub(super) key: RouteKey,
    /// Id of the integration.
    pub(super) integration: Option<String>,
    /// Absent in states of older engines.
    #[serde(default)]
    pub(super) authorization: Authorization,
    pub(super) owner: String,
}

/// A stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Stage {
    pub(super) auto_deploy: bool,
    pub(super) description: Option<String>,
    pub(super) throttle: Throttle,
    /// Routes with a throttle of their own, by key. Absent in states of older engines.
    #[serde(default)]
    pub(super) route_throttles: BTreeMap<String, Throttle>,
    pub(super) detailed_metrics: bool,
    pub(super) access_log: Option<Value>,
    pub(super) variables: BTreeMap<String, String>,
    pub(super) tags: BTreeMap<String, String>,
    /// Milliseconds since the epoch.
    pub(super) created: i64,
}

/// How many requests a route takes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Throttle {
    /// Requests per second in the long run.
    pub(super) rate: f64,
    /// Requests at once.
    pub(super) burst: u32,
}

impl Default for Throttle {
    /// The account's limits.
    fn default() -> Self {
        Self {
            rate: 10_000.0,
            burst: 5_000,
        }
    }
}

/// Returns the path below which an API is served.
pub(super) fn path_prefix(api_id: &str) -> String {
    format!("/_aws/execute-api/{api_id}")
}
