//! Checks AWS signatures (Signature Version 4 in the `Authorization` header), and tells who signed.

mod keys;

use std::collections::BTreeMap;
use std::time::SystemTime;

use aws_credential_types::Credentials as AwsCredentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use axum::http::request::Parts;
use sha2::{Digest, Sha256};
use url::form_urlencoded;

pub use keys::{Caller, Identity, Keys, Session, Temporary, is_account};

/// The header of what goes with a temporary key.
pub(super) const SESSION_TOKEN: &str = "x-amz-security-token";

/// An access key with its secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Access key id.
    pub access_key: String,
    /// Secret access key.
    pub secret_key: String,
}

impl Credentials {
    /// Returns the key with which a browser reads the engine's page. It is made from the secret key, and
    /// does not tell it.
    pub fn page_key(&self) -> String {
        let digest = Sha256::digest(format!("{}\npage of the local engine", self.secret_key));
        hex::encode(&digest[..16])
    }
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Credentials")
            .field("access_key", &self.access_key)
            .finish_non_exhaustive()
    }
}

/// Why a signature was refused.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// There is no `Authorization` header.
    #[error("Missing Authentication Token")]
    Missing,
    /// The header is not of the form that Signature Version 4 gives it.
    #[error("the Authorization header is no complete AWS4-HMAC-SHA256 signature: {0}")]
    Malformed(&'static str),
    /// The access key is none of the engine's, or its session token is another's.
    #[error("The security token included in the request is invalid.")]
    UnknownKey,
    /// The session of a temporary key is over.
    #[error("The security token included in the request is expired")]
    Expired,
    /// The signature is not that of this request under the engine's key.
    #[error(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method."
    )]
    Mismatch,
}

impl Refusal {
    /// Returns the error code that AWS uses, which differs for the Query protocol.
    pub fn code(&self, is_query: bool) -> &'static str {
        match self {
            Self::UnknownKey if is_query => "InvalidClientTokenId",
            Self::Expired if is_query => "ExpiredToken",
            Self::Expired => "ExpiredTokenException",
            Self::Missing => "MissingAuthenticationToken",
            Self::Malformed(_) => "IncompleteSignature",
            Self::UnknownKey => "UnrecognizedClientException",
            Self::Mismatch => "SignatureDoesNotMatch",
        }
    }
}

/// What the `Authorization` header says, before it is believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorization {
    /// Access key id.
    pub access_key: String,
    date: String,
    /// Region of the credential scope.
    pub region: String,
    /// Service of the credential scope, e.g. `cloudformation`.
    pub service: String,
    signed_headers: Vec<String>,
    signature: String,
}

impl Authorization {
    /// Reads the header of a request.
    ///
    /// # Errors
    /// `Missing` without a header, `Malformed` when a part of it is missing.
    pub fn of(parts: &Parts) -> Result<Self, Refusal> {
        let header = parts.headers.get("authorization").ok_or(Refusal::Missing)?;
        let header = header
            .to_str()
            .map_err(|_| Refusal::Malformed("not text"))?;
        let fields = header
            .strip_prefix("AWS4-HMAC-SHA256")
            .ok_or(Refusal::Malformed("another algorithm"))?;
        let field = |name: &'static str| {
            fields
                .split(',')
                .find_map(|field| field.trim().strip_prefix(name)?.strip_prefix('='))
                .ok_or(Refusal::Malformed(name))
        };
        // An access key holds no slash, so the scope is what follows the first one.
        let scope: Vec<&str> = field("Credential")?.split('/').collect();
        let [access_key, date, region, service, "aws4_request"] = scope[..] else {
            return Err(Refusal::Malformed("Credential"));
        };
        Ok(Self {
            access_key: access_key.to_owned(),
            date: date.to_owned(),
            region: region.to_owned(),
            service: service.to_owned(),
            signed_headers: field("SignedHeaders")?
                .split(';')
                .map(str::to_owned)
                .collect(),
            signature: field("Signature")?.to_owned(),
        })
    }

    /// Checks the signature of a request, and tells who made it.
    ///
    /// # Errors
    /// As [`Keys::find`] and [`Self::check`].
    pub fn identify(&self, parts: &Parts, body: &[u8], keys: &Keys) -> Result<Identity, Refusal> {
        let token = match parts.headers.get(SESSION_TOKEN) {
            None => None,
            Some(token) => Some(token.to_str().map_err(|_| Refusal::UnknownKey)?),
        };
        let identity = keys.find(&self.access_key, token)?;
        self.check(parts, body, &identity.credentials)?;
        Ok(identity)
    }

    /// Checks the signature by signing the request again.
    ///
    /// The age of a request is not checked: the engine's clock stands still while the machine sleeps,
    /// and only this machine can reach the engine.
    ///
    /// # Errors
    /// The key is unknown, a header that must be signed is not, or the signature or body digest differ.
    fn check(&self, parts: &Parts, body: &[u8], own: &Credentials) -> Result<(), Refusal> {
        if !same(&self.access_key, &own.access_key) {
            return Err(Refusal::UnknownKey);
        }
        if !self.signed_headers.iter().any(|name| name == "host") {
            return Err(Refusal::Malformed("host is not signed"));
        }
        let digest = hex::encode(Sha256::digest(body));
        if let Some(claimed) = parts.headers.get("x-amz-content-sha256")
            && claimed.as_bytes() != digest.as_bytes()
        {
            return Err(Refusal::Mismatch);
        }
        let expected = self.signature(parts, digest, own)?;
        if same(&expected, &self.signature) {
            Ok(())
        } else {
            Err(Refusal::Mismatch)
        }
    }

    fn signature(
        &self,
        parts: &Parts,
        digest: String,
        own: &Credentials,
    ) -> Result<String, Refusal> {
        let time = self.time(parts)?;
        let mut headers = Vec::with_capacity(self.signed_headers.len());
        for name in &self.signed_headers {
            let mut present = false;
            for value in parts.headers.get_all(name) {
                let value = value
                    .to_str()
                    .map_err(|_| Refusal::Malformed("a header is not text"))?;
                headers.push((name.as_str(), value));
                present = true;
            }
            if !present {
                return Err(Refusal::Malformed("a signed header is missing"));
            }
        }
        let mut settings = SigningSettings::default();
        // Only the headers that the client signed are handed over, so none is to be left out.
        settings.excluded_headers = None;
        let identity =
            AwsCredentials::new(&own.access_key, &own.secret_key, None, None, "local").into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(&self.service)
            .time(time)
            .settings(settings)
            .build()
            .map_err(|_| Refusal::Malformed("Credential"))?
            .into();
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        // The signer wants an absolute address; its host is taken from the signed header.
        let address = format!("http://localhost{path}");
        let request = SignableRequest::new(
            parts.method.as_str(),
            address,
            headers.into_iter(),
            SignableBody::Precomputed(digest),
        )
        .map_err(|_| Refusal::Malformed("the address or a header cannot be signed"))?;
        let output =
            sign(request, &params).map_err(|_| Refusal::Malformed("it cannot be signed"))?;
        Ok(output.into_parts().1)
    }

    fn time(&self, parts: &Parts) -> Result<SystemTime, Refusal> {
        let text = parts
            .headers
            .get("x-amz-date")
            .and_then(|value| value.to_str().ok())
            .ok_or(Refusal::Malformed("X-Amz-Date is missing"))?;
        if !text.starts_with(&self.date) {
            return Err(Refusal::Malformed(
                "Credential and X-Amz-Date name different days",
            ));
        }
        let time = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", text)
            .and_then(|time| time.to_zoned(jiff::tz::TimeZone::UTC))
            .map_err(|_| Refusal::Malformed("X-Amz-Date"))?;
        Ok(time.timestamp().into())
    }
}

/// Tells whom a request claims to come from, and for which region, by its header or the query of its
/// address; the signature is not looked at.
///
/// # Errors
/// As [`Keys::find`]; `Missing` when nobody is named.
pub fn claimed(parts: &Parts, keys: &Keys) -> Result<(Identity, String), Refusal> {
    let header = |name: &str| {
        parts
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    if let Ok(named) = Authorization::of(parts) {
        let identity = keys.find(&named.access_key, header(SESSION_TOKEN))?;
        return Ok((identity, named.region));
    }
    let query = parts.uri.query().unwrap_or_default();
    let query: BTreeMap<_, _> = form_urlencoded::parse(query.as_bytes()).collect();
    let credential = query.get("X-Amz-Credential").ok_or(Refusal::Missing)?;
    let scope: Vec<&str> = credential.split('/').collect();
    let [access_key, _, region, ..] = scope[..] else {
        return Err(Refusal::Malformed("X-Amz-Credential"));
    };
    let token = query.get("X-Amz-Security-Token").map(AsRef::as_ref);
    Ok((keys.find(access_key, token)?, region.to_owned()))
}

/// Compares in a time that does not depend on where the texts differ.
pub(super) fn same(left: &str, right: &str) -> bool {
    left.len() == right.len()
        && left
            .bytes()
            .zip(right.bytes())
            .fold(0, |sum, (left, right)| sum | (left ^ right))
            == 0
}

/// Signs requests for tests of this and other modules.
#[cfg(test)]
pub(crate) mod testing {
    use super::*;
    use axum::body::Body;
    use axum::http::Request;

    pub(crate) fn keys() -> Credentials {
        Credentials {
            access_key: "LOCALKEY".into(),
            secret_key: "local-secret".into(),
        }
    }

    /// Builds a request signed for `service` with `keys`.
    pub(crate) fn signed(
        keys: &Credentials,
        service: &str,
        address: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Request<Body> {
        signed_in("us-east-1", keys, service, address, headers, body)
    }

    /// Builds a request like [`signed`], for a region.
    pub(crate) fn signed_in(
        region: &str,
        keys: &Credentials,
        service: &str,
        address: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Request<Body> {
        let identity =
            AwsCredentials::new(&keys.access_key, &keys.secret_key, None, None, "test").into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(region)
            .name(service)
            .time(SystemTime::UNIX_EPOCH + std::time::Duration::from_hours(490_896))
            .settings(SigningSettings::default())
            .build()
            .unwrap()
            .into();
        let mut request = Request::post(address).header("host", "127.0.0.1:4599");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(Body::from(body.to_owned())).unwrap();
        let signable = SignableRequest::new(
            "POST",
            format!("http://127.0.0.1:4599{address}"),
            headers.iter().copied(),
            SignableBody::Bytes(body.as_bytes()),
        )
        .unwrap();
        let (instructions, _) = sign(signable, &params).unwrap().into_parts();
        instructions.apply_to_request_http1x(&mut request);
        request
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{keys, signed};
    use super::*;

    fn check(
        change: impl FnOnce(&mut Parts),
        body: &str,
        own: &Credentials,
    ) -> Result<(), Refusal> {
        let request = signed(
            &keys(),
            "iam",
            "/a%20b?x=1&a=2",
            &[("x-amz-meta", "one  two")],
            "body",
        );
        let (mut parts, _) = request.into_parts();
        change(&mut parts);
        Authorization::of(&parts)?.check(&parts, body.as_bytes(), own)
    }

    #[test]
    fn accepts_what_was_signed_with_its_key() {
        check(|_| (), "body", &keys()).unwrap();
    }

    #[test]
    fn refuses_a_changed_request() {
        assert!(matches!(
            check(|_| (), "other", &keys()),
            Err(Refusal::Mismatch)
        ));
        let header = |parts: &mut Parts| {
            parts.headers.insert("x-amz-meta", "three".parse().unwrap());
        };
        assert!(matches!(
            check(header, "body", &keys()),
            Err(Refusal::Mismatch)
        ));
        let address = |parts: &mut Parts| parts.uri = "/other".parse().unwrap();
        assert!(matches!(
            check(address, "body", &keys()),
            Err(Refusal::Mismatch)
        ));
        let digest = |parts: &mut Parts| {
            parts
                .headers
                .insert("x-amz-content-sha256", "00".parse().unwrap());
        };
        assert!(matches!(
            check(digest, "body", &keys()),
            Err(Refusal::Mismatch)
        ));
    }

    #[test]
    fn refuses_another_key() {
        let mut own = keys();
        own.secret_key = "other".into();
        assert!(matches!(
            check(|_| (), "body", &own),
            Err(Refusal::Mismatch)
        ));
        own.access_key = "OTHER".into();
        assert!(matches!(
            check(|_| (), "body", &own),
            Err(Refusal::UnknownKey)
        ));
    }

    #[test]
    fn refuses_an_incomplete_header() {
        let missing = |parts: &mut Parts| {
            parts.headers.remove("authorization");
        };
        assert!(matches!(
            check(missing, "body", &keys()),
            Err(Refusal::Missing)
        ));
        let short = |parts: &mut Parts| {
            let value = "AWS4-HMAC-SHA256 Credential=LOCALKEY/20260101/us-east-1/iam/aws4_request";
            parts
                .headers
                .insert("authorization", value.parse().unwrap());
        };
        assert!(matches!(
            check(short, "body", &keys()),
            Err(Refusal::Malformed("SignedHeaders"))
        ));
    }
}
