//! What the engine's page tells of HTTP APIs.

use super::ApiGateway;
use super::model::path_prefix;

/// An HTTP API in a few words.
pub(crate) struct ApiSummary {
    pub(crate) name: String,
    /// Keys of its routes, e.g. `POST /classify`.
    pub(crate) routes: Vec<String>,
    /// Path below which the engine serves it.
    pub(crate) prefix: String,
}

impl ApiGateway {
    /// Tells of the APIs.
    pub(crate) fn summaries(&self) -> Vec<ApiSummary> {
        self.state.read(|state| {
            let apis = state.apis.iter();
            apis.map(|(id, api)| ApiSummary {
                name: api.name.clone(),
                routes: api
                    .routes
                    .values()
                    .map(|route| route.key.to_string())
                    .collect(),
                prefix: path_prefix(id),
            })
            .collect()
        })
    }
}
