//! Plain HTTP requests over the HTTP client that the SDK uses too.

use std::time::Duration;

use async_trait::async_trait;
use aws_smithy_runtime_api::client::http::{HttpConnector, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::error::display::DisplayErrorContext;
use http_body_util::BodyExt;

use super::signer::{JSON, Signer};
use crate::cloud::web::{Credential, Web, WebAnswer};
use crate::cloud::{CloudFault, FaultKind};

/// How long an answer may take: an HTTP API ends a request after 30 s itself.
const PATIENCE: Duration = Duration::from_secs(35);

/// The service that an API's requests are signed for.
const API: &str = "execute-api";

/// Sends plain HTTP requests.
pub(super) struct HttpWeb {
    connector: SharedHttpConnector,
    signer: Signer,
}

impl HttpWeb {
    pub(super) fn new(connector: SharedHttpConnector, signer: Signer) -> Self {
        Self { connector, signer }
    }

    async fn post(
        &self,
        url: &str,
        body: &str,
        credential: &Credential,
    ) -> Result<WebAnswer, String> {
        let mut request = HttpRequest::new(SdkBody::from(body));
        request
            .set_method("POST")
            .map_err(|error| error.to_string())?;
        let (name, value) = JSON;
        request.headers_mut().insert(name, value);
        let headers = match credential {
            Credential::Nobody => Vec::new(),
            Credential::Bearer(token) => {
                vec![("authorization".to_owned(), format!("Bearer {token}"))]
            }
            Credential::Signed => self.signer.sign(API, url, &[JSON], body).await?,
        };
        for (name, value) in headers {
            let added = request.headers_mut().try_insert(name, value);
            added.map_err(|error| error.to_string())?;
        }
        self.send(url, request).await
    }

    async fn send(&self, url: &str, mut request: HttpRequest) -> Result<WebAnswer, String> {
        request.set_uri(url).map_err(|error| error.to_string())?;
        let answer = self.connector.call(request).await;
        let response = answer.map_err(|error| DisplayErrorContext(error).to_string())?;
        let status = response.status().as_u16();
        let body = response
            .into_body()
            .collect()
            .await
            .map_err(|error| error.to_string())?;
        Ok(WebAnswer {
            status,
            body: String::from_utf8_lossy(&body.to_bytes()).into_owned(),
        })
    }
}

#[async_trait]
impl Web for HttpWeb {
    async fn post_json(&self, url: &str, body: &str) -> Result<WebAnswer, CloudFault> {
        self.post_json_as(url, body, &Credential::Nobody).await
    }

    async fn post_json_as(
        &self,
        url: &str,
        body: &str,
        credential: &Credential,
    ) -> Result<WebAnswer, CloudFault> {
        in_time("POST", url, PATIENCE, self.post(url, body, credential)).await
    }

    async fn get(&self, url: &str, patience: Duration) -> Result<WebAnswer, CloudFault> {
        // A request is a GET unless it is made another one.
        let request = HttpRequest::new(SdkBody::empty());
        in_time("GET", url, patience, self.send(url, request)).await
    }

    async fn sign_post(&self, url: &str, body: &str) -> Result<Vec<(String, String)>, CloudFault> {
        let signed = self.signer.sign(API, url, &[JSON], body).await;
        signed.map_err(|message| unavailable("POST", url, &message))
    }
}

/// An answer, where it comes in time.
async fn in_time(
    method: &'static str,
    url: &str,
    patience: Duration,
    request: impl Future<Output = Result<WebAnswer, String>>,
) -> Result<WebAnswer, CloudFault> {
    let answer = tokio::time::timeout(patience, request).await;
    let answer = answer.unwrap_or_else(|_| Err(format!("no answer in {} s", patience.as_secs())));
    answer.map_err(|message| unavailable(method, url, &message))
}

fn unavailable(operation: &'static str, url: &str, message: &str) -> CloudFault {
    CloudFault {
        kind: FaultKind::Unavailable,
        operation,
        code: String::new(),
        message: format!("{url}: {message}"),
    }
}
