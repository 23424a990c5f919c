//! Signs what no SDK client sends.

use std::error::Error as _;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use jiff::Timestamp;
use tokio::sync::Mutex;

use crate::cloud::checkup::CredentialSource;

/// The header of a JSON body.
pub(super) const JSON: (&str, &str) = ("content-type", "application/json");

/// How long before their end credentials are asked for anew.
const MARGIN: Duration = Duration::from_mins(5);

/// Signs with the credentials in use. Clones share them.
#[derive(Clone)]
pub(super) struct Signer {
    provider: Option<SharedCredentialsProvider>,
    /// What the provider gave last: it may ask another service each time.
    last: Arc<Mutex<Option<Credentials>>>,
    pub(super) region: String,
}

impl Signer {
    /// Makes a signer for a region.
    pub(super) fn of(config: &SdkConfig, region: &str) -> Self {
        Self {
            provider: config.credentials_provider(),
            last: Arc::default(),
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

    /// Where the credentials come from.
    pub(super) async fn source(&self) -> Result<CredentialSource, String> {
        let credentials = self.credentials().await?;
        // Only the text for debugging, which has nothing secret in it, tells the provider.
        let text = format!("{credentials:?}");
        let expires = credentials
            .expiry()
            .and_then(|end| Timestamp::try_from(end).ok());
        Ok(CredentialSource {
            provider: provider(&text)
                .unwrap_or("a source that the SDK does not name")
                .to_owned(),
            expires,
        })
    }

    async fn credentials(&self) -> Result<Credentials, String> {
        let mut last = self.last.lock().await;
        let lasts = |credentials: &&Credentials| {
            let ends = credentials.expiry();
            ends.is_none_or(|ends| ends > now() + MARGIN)
        };
        if let Some(credentials) = last.as_ref().filter(lasts) {
            return Ok(credentials.clone());
        }
        let provider = self.provider.as_ref().ok_or("there are no credentials")?;
        let credentials = provider.provide_credentials().await;
        let credentials = credentials.map_err(|error| told(&error))?;
        *last = Some(credentials.clone());
        Ok(credentials)
    }
}

/// The name of the provider in the text of credentials.
fn provider(text: &str) -> Option<&str> {
    let after = text.split_once("provider_name: \"")?.1;
    Some(after.split_once('"')?.0)
}

/// Why there are no credentials: what is behind the error tells more than the error.
fn told(error: &CredentialsError) -> String {
    match error.source() {
        Some(source) => source.to_string(),
        None => error.to_string(),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a signature holds the time of day, which the service compares with its own"
)]
fn now() -> SystemTime {
    SystemTime::now()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use aws_credential_types::provider::future::ProvideCredentials as Provided;

    use super::*;

    /// Gives credentials that end, and counts how often.
    #[derive(Debug)]
    struct Ending(Duration, Arc<AtomicU64>);

    impl ProvideCredentials for Ending {
        fn provide_credentials<'a>(&'a self) -> Provided<'a>
        where
            Self: 'a,
        {
            self.1.fetch_add(1, Ordering::Relaxed);
            let ends = Some(now() + self.0);
            Provided::ready(Ok(Credentials::new("A", "s", None, ends, "test")))
        }
    }

    #[tokio::test]
    async fn the_source_is_told_and_nothing_secret() {
        let credentials = Credentials::new("AKIA", "secret", None, Some(now()), "ProfileFile");
        let text = format!("{credentials:?}");
        assert_eq!(provider(&text), Some("ProfileFile"), "{text}");
        let provider =
            SharedCredentialsProvider::new(Credentials::new("A", "s", None, None, "SSO"));
        let config = SdkConfig::builder().credentials_provider(provider).build();
        let source = Signer::of(&config, "eu-west-1").source().await.unwrap();
        assert_eq!((source.provider.as_str(), source.expires), ("SSO", None));
    }

    #[tokio::test]
    async fn credentials_are_used_again_until_shortly_before_their_end() {
        for (left, expected) in [(Duration::from_hours(1), 1), (MARGIN, 2)] {
            let asked = Arc::new(AtomicU64::new(0));
            let provider = SharedCredentialsProvider::new(Ending(left, Arc::clone(&asked)));
            let config = SdkConfig::builder().credentials_provider(provider).build();
            let signer = Signer::of(&config, "eu-west-1");
            for _ in 0..2 {
                let headers = signer.clone().sign("a", "http://a.b/", &[], "").await;
                headers.unwrap();
            }
            assert_eq!(asked.load(Ordering::Relaxed), expected);
        }
    }
}
