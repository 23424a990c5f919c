//! Plain HTTP requests over the HTTP client that the SDK uses too.

use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::http::{HttpConnector, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::error::display::DisplayErrorContext;
use http_body_util::BodyExt;

use crate::cloud::web::{Credential, Web, WebAnswer};
use crate::cloud::{CloudFault, FaultKind};

/// How long an answer may take: an HTTP API ends a request after 30 s itself.
const PATIENCE: Duration = Duration::from_secs(35);

/// Sends plain HTTP requests.
pub(super) struct HttpWeb {
    connector: SharedHttpConnector,
    signer: Signer,
}

/// Signs requests to HTTP APIs.
pub(super) struct Signer {
    pub(super) credentials: Option<SharedCredentialsProvider>,
    pub(super) region: String,
}

impl Signer {
    /// The headers that make a POST of a JSON body a signed one ("Signing AWS API requests" in the IAM
    /// user guide).
    async fn headers(&self, url: &str, body: &str) -> Result<Vec<(String, String)>, String> {
        let provider = self
            .credentials
            .as_ref()
            .ok_or("there are no credentials")?;
        let credentials = provider.provide_credentials().await;
        let identity = credentials.map_err(|error| error.to_string())?.into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name("execute-api")
            .time(now())
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| error.to_string())?
            .into();
        let headers = [("content-type", "application/json")].into_iter();
        let body = SignableBody::Bytes(body.as_bytes());
        let request = SignableRequest::new("POST", url, headers, body);
        let request = request.map_err(|error| error.to_string())?;
        let signed = sign(request, &params).map_err(|error| error.to_string())?;
        let (instructions, _) = signed.into_parts();
        let headers = instructions.headers();
        Ok(headers
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect())
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a signature holds the time of day, which the service compares with its own"
)]
fn now() -> SystemTime {
    SystemTime::now()
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
        request.set_uri(url).map_err(|error| error.to_string())?;
        request
            .headers_mut()
            .insert("content-type", "application/json");
        let headers = match credential {
            Credential::Nobody => Vec::new(),
            Credential::Bearer(token) => {
                vec![("authorization".to_owned(), format!("Bearer {token}"))]
            }
            Credential::Signed => self.signer.headers(url, body).await?,
        };
        for (name, value) in headers {
            let added = request.headers_mut().try_insert(name, value);
            added.map_err(|error| error.to_string())?;
        }
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
        let unavailable = |message: String| CloudFault {
            kind: FaultKind::Unavailable,
            operation: "POST",
            code: String::new(),
            message: format!("{url}: {message}"),
        };
        match tokio::time::timeout(PATIENCE, self.post(url, body, credential)).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(message)) => Err(unavailable(message)),
            Err(_) => Err(unavailable(format!(
                "no answer in {} s",
                PATIENCE.as_secs()
            ))),
        }
    }
}
