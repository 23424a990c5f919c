//! Fetches the documents of issuers.

use std::sync::OnceLock;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use tokio::time::timeout;

/// How long an issuer may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Largest document, bytes.
const LARGEST: usize = 1 << 20;

type Https = Client<HttpsConnector<HttpConnector>, Empty<Bytes>>;

/// Why a document was not had.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    #[error("the address is neither https nor on this machine")]
    Address,
    #[error("the certificates of this machine cannot be read")]
    Certificates,
    #[error("there was no answer, or no JSON in it")]
    Answer,
    #[error("the discovery document has no jwks_uri")]
    NoKeySet,
}

/// A client that is made when it is first needed: most engines never need one.
#[derive(Debug, Default)]
pub(super) struct Fetcher(OnceLock<Https>);

impl Fetcher {
    /// Fetches a JSON document, over TLS unless it is on this machine.
    pub(super) async fn json(&self, address: &str) -> Result<Value, FetchError> {
        let url = url::Url::parse(address).map_err(|_| FetchError::Address)?;
        let here = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
        if url.scheme() != "https" && !(url.scheme() == "http" && here) {
            return Err(FetchError::Address);
        }
        let uri = address.parse().map_err(|_| FetchError::Address)?;
        let client = self.client()?;
        let whole = async {
            let answer = client.get(uri).await.map_err(|_| FetchError::Answer)?;
            if !answer.status().is_success() {
                return Err(FetchError::Answer);
            }
            let body = Limited::new(answer.into_body(), LARGEST).collect().await;
            let body = body.map_err(|_| FetchError::Answer)?.to_bytes();
            serde_json::from_slice(&body).map_err(|_| FetchError::Answer)
        };
        timeout(PATIENCE, whole)
            .await
            .map_err(|_| FetchError::Answer)?
    }

    fn client(&self) -> Result<&Https, FetchError> {
        if let Some(client) = self.0.get() {
            return Ok(client);
        }
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(provider)
            .map_err(|_| FetchError::Certificates)?
            .https_or_http()
            .enable_http1()
            .build();
        Ok(self
            .0
            .get_or_init(|| Client::builder(TokioExecutor::new()).build(connector)))
    }
}
