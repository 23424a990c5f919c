//! Plain HTTP requests over the same HTTP client that the SDK uses.

use std::time::Duration;

use async_trait::async_trait;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorSettings, SharedHttpClient,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_types::body::SdkBody;
use http_body_util::BodyExt;

use crate::cloud::web::{Web, WebAnswer};
use crate::cloud::{CloudFault, FaultKind};

const OPERATION: &str = "POST";

/// Sends plain HTTP requests.
pub(super) struct HttpWeb {
    client: SharedHttpClient,
}

impl HttpWeb {
    pub(super) fn new(client: SharedHttpClient) -> Self {
        Self { client }
    }

    async fn post(&self, url: &str, body: &str) -> Result<WebAnswer, String> {
        // An HTTP API ends a request after 30 s itself.
        let settings = HttpConnectorSettings::builder()
            .connect_timeout(Duration::from_secs(3))
            .read_timeout(Duration::from_secs(35))
            .build();
        let components = RuntimeComponentsBuilder::new("deploy")
            .build()
            .map_err(|error| error.to_string())?;
        let connector = self.client.http_connector(&settings, &components);
        let mut request = HttpRequest::new(SdkBody::from(body));
        request
            .set_method("POST")
            .map_err(|error| error.to_string())?;
        request.set_uri(url).map_err(|error| error.to_string())?;
        request
            .headers_mut()
            .insert("content-type", "application/json");
        let response = connector.call(request).await.map_err(|error| {
            aws_smithy_types::error::display::DisplayErrorContext(error).to_string()
        })?;
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
        self.post(url, body).await.map_err(|message| CloudFault {
            kind: FaultKind::Unavailable,
            operation: OPERATION,
            code: String::new(),
            message: format!("{url}: {message}"),
        })
    }
}
