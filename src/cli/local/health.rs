//! Asks an engine whether it is well, and which accounts and regions are in it.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde::Deserialize;

use crate::local::CellId;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// What an engine says of itself.
#[derive(Debug, Deserialize)]
pub(super) struct Health {
    /// Process id.
    pub(super) pid: i32,
    /// The accounts and regions in it.
    pub(super) cells: Vec<CellId>,
}

/// Asks the engine at `url`; `None` when none answers.
pub(super) async fn ask(url: &str) -> Option<Health> {
    let uri = format!("{url}/_deploy/health").parse().ok()?;
    let client: Client<_, Empty<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let answer = tokio::time::timeout(PATIENCE, async {
        let response = client.get(uri).await.ok()?;
        let body = response.into_body().collect().await.ok()?.to_bytes();
        serde_json::from_slice(&body).ok()
    });
    answer.await.ok()?
}
