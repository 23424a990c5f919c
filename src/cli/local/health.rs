//! Asks an engine whether it is well.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// Returns the process id of the engine that answers at `url`; `None` when none answers.
pub(super) async fn pid(url: &str) -> Option<i32> {
    let uri = format!("{url}/_deploy/health").parse().ok()?;
    let client: Client<_, Empty<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let answer = tokio::time::timeout(PATIENCE, async {
        let response = client.get(uri).await.ok()?;
        let body = response.into_body().collect().await.ok()?.to_bytes();
        serde_json::from_slice::<Value>(&body).ok()
    });
    let health = answer.await.ok()??;
    i32::try_from(health.get("pid")?.as_i64()?).ok()
}
