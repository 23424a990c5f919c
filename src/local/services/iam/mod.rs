//! IAM: roles with their inline policies.
//!
//! Purpose: keeps the roles that stacks make, answers questions about them and lets policies be edited. Input: Query requests,
//! calls of the CloudFormation provider. Output: XML answers. Must not know: who assumes a role, and what comes
//! of its policies: those are for `access` to evaluate.

mod api;
mod edit;
mod oidc;
mod provider;

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use axum::body::Body;
use axum::http::Response;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::local::access::RolePolicies;
use crate::local::clock::Clock;
use crate::local::durable::{Durable, Place};
use crate::local::resource::ResourceProvider;
use crate::local::wire::ApiRequest;

/// What there is to know of a role for whoever wants to assume it.
#[derive(Debug, Clone)]
pub struct Trust {
    /// The role's unique id.
    pub role_id: String,
    /// Who may assume it: a policy document.
    pub document: Value,
    /// Seconds that a session may last.
    pub longest_session: u64,
}

/// The IAM service of an account, which is the same in all regions.
pub struct Iam {
    state: Durable<State>,
    clock: Clock,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct State {
    roles: BTreeMap<String, Role>,
    /// OpenID Connect providers by their ARN.
    #[serde(default)]
    oidc: BTreeMap<String, oidc::Provider>,
}

/// A role.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Role {
    name: String,
    id: String,
    arn: String,
    path: String,
    /// Milliseconds since the Unix epoch.
    created: i64,
    description: Option<String>,
    trust: Value,
    /// Seconds.
    longest_session: u64,
    /// Inline policies by name.
    policies: BTreeMap<String, Value>,
    /// ARNs of managed policies.
    managed: Vec<String>,
    tags: BTreeMap<String, String>,
    /// ARN of the permissions boundary.
    #[serde(default)]
    boundary: Option<String>,
    /// Which resource of which stack it is, so that a repeated creation finds its own work.
    owner: String,
}

impl Iam {
    /// Writes the state, where that is deferred.
    ///
    /// # Errors
    /// The file could not be written.
    pub fn save(&self) -> io::Result<()> {
        self.state.save()
    }

    /// Opens the state in the file `path`.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn open(path: impl Into<Place>, clock: Clock) -> io::Result<Self> {
        Ok(Self {
            state: Durable::open(path)?,
            clock,
        })
    }

    /// Answers a request.
    pub fn handle(&self, request: &ApiRequest) -> Response<Body> {
        api::handle(self, request)
    }

    /// Tells whether there is a role with this ARN.
    pub fn role_exists(&self, arn: &str) -> bool {
        self.state
            .read(|state| state.roles.values().any(|role| role.arn == arn))
    }

    /// Tells what the role of an ARN has been given.
    pub(crate) fn policies(&self, arn: &str) -> Option<RolePolicies> {
        self.state.read(|state| {
            let role = state.roles.values().find(|role| role.arn == arn)?;
            Some(RolePolicies {
                documents: role.policies.values().cloned().collect(),
                managed: role.managed.clone(),
                boundary: role.boundary.clone(),
            })
        })
    }

    /// Tells the permissions boundary of a role, if it has one.
    pub(crate) fn boundary(&self, name: &str) -> Option<String> {
        self.state
            .read(|state| state.roles.get(name)?.boundary.clone())
    }

    /// Tells who may assume the role of an ARN.
    pub fn trust(&self, arn: &str) -> Option<Trust> {
        self.state.read(|state| {
            let role = state.roles.values().find(|role| role.arn == arn)?;
            Some(Trust {
                role_id: role.id.clone(),
                document: role.trust.clone(),
                longest_session: role.longest_session,
            })
        })
    }
}

/// Returns the providers of IAM's resource types.
pub fn providers(iam: &Arc<Iam>) -> Vec<Arc<dyn ResourceProvider>> {
    vec![
        Arc::new(provider::Roles(Arc::clone(iam))),
        Arc::new(oidc::Providers(Arc::clone(iam))),
    ]
}
