//! Signs what no SDK client sends.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use tokio::sync::Mutex;

/// The header of a JSON body.
pub(super) const JSON: (&str, &str) = ("content-type", "application/json");

/// Signs with the credentials in use.
#[derive(Clone)]
pub(super) struct Signer {
    credentials: Option<SharedCredentialsProvider>,
    /// What the provider gave last: it may ask another service each time.
    known: Arc<Mutex<Option<Credentials>>>,
    pub(super) region: String,
}

/// How long before credentials end others are asked for.
const AHEAD: Duration = Duration::from_mins(5);

impl Signer {
    /// Makes a signer for a region.
    pub(super) fn of(config: &SdkConfig, region: &str) -> Self {
        Self {
            credentials: config.credentials_provider(),
            known: Arc::default(),
            region: region.to_owned(),
        }
    }

    /// The further headers that make a POST a signed one ("Signing AWS API requests" in the IAM user
    /// guide), or why there are none.
    pub(super) async fn sign(
        &self,
        service: &str,
        url: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<Vec<(String, String)>, String> {
        let identity = self.credentials().await?.into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(service)
            .time(now())
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| error.to_string())?
            .into();
        let body = SignableBody::Bytes(body.as_bytes());
        let request = SignableRequest::new("POST", url, headers.iter().copied(), body);
        let request = request.map_err(|error| error.to_string())?;
        let signed = sign(request, &params).map_err(|error| error.to_string())?;
        let (instructions, _) = signed.into_parts();
        let headers = instructions.headers();
        Ok(headers
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect())
    }

    async fn credentials(&self) -> Result<Credentials, String> {
        let mut known = self.known.lock().await;
        let lasts = |known: &&Credentials| known.expiry().is_none_or(|end| end > now() + AHEAD);
        if let Some(credentials) = known.as_ref().filter(lasts) {
            return Ok(credentials.clone());
        }
        let provider = self.credentials.as_ref();
        let provider = provider.ok_or("there are no credentials")?;
        let credentials = provider.provide_credentials().await;
        let credentials = credentials.map_err(|error| error.to_string())?;
        *known = Some(credentials.clone());
        Ok(credentials)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a signature holds the time of day, which the service compares with its own"
)]
fn now() -> SystemTime {
    SystemTime::now()
}
