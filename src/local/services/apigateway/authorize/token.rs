//! JSON Web Tokens: three parts, a signature, and claims that must fit.

use aws_lc_rs::signature::{
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    RsaParameters, RsaPublicKeyComponents,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde_json::{Map, Value};

/// Why a token is not accepted. The texts are told to the caller, so they say nothing of the keys.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unaccepted {
    #[error("the token has an invalid number of segments")]
    Segments,
    #[error("the token cannot be decoded")]
    Encoding,
    // The guide: "Currently, only RSA-based algorithms are supported."
    #[error("signing method {0} is invalid")]
    Algorithm(String),
    #[error("the token has no kid")]
    NoKeyId,
    #[error("the issuer has no key of this kid")]
    UnknownKey,
    #[error("OIDC discovery endpoint communication error")]
    Issuer,
    #[error("the signature is invalid")]
    Signature,
    #[error("invalid issuer")]
    WrongIssuer,
    #[error("invalid audience")]
    Audience,
    #[error("the token has expired")]
    Expired,
    #[error("the token is not valid yet")]
    TooEarly,
}

/// A public RSA key of an issuer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    /// Modulus, big-endian.
    pub(super) n: Vec<u8>,
    /// Exponent, big-endian.
    pub(super) e: Vec<u8>,
}

impl Key {
    /// Reads a key of a JSON Web Key Set, with its id; `None` for keys of other kinds and uses.
    pub(super) fn read(entry: &Value) -> Option<(String, Self)> {
        let text = |name: &str| entry[name].as_str();
        let signs = text("use").is_none_or(|purpose| purpose == "sig");
        if text("kty") != Some("RSA") || !signs {
            return None;
        }
        let number = |name: &str| -> Option<Vec<u8>> {
            let bytes = BASE64.decode(text(name)?.trim_end_matches('=')).ok()?;
            let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
            Some(bytes[zeros..].to_vec())
        };
        let key = Self {
            n: number("n")?,
            e: number("e")?,
        };
        Some((text("kid")?.to_owned(), key))
    }
}

/// What a token's claims must fit.
#[derive(Debug)]
pub(super) struct Rules<'a> {
    pub(super) issuer: &'a str,
    pub(super) audience: &'a [String],
    /// Now, in seconds since the epoch.
    pub(super) seconds: i64,
}

/// A token, taken apart and not believed yet.
pub(super) struct Token<'a> {
    algorithm: &'static RsaParameters,
    key_id: String,
    claims: Map<String, Value>,
    signed: &'a str,
    signature: Vec<u8>,
}

impl<'a> Token<'a> {
    /// Takes a token apart.
    ///
    /// # Errors
    /// It is no signed token, or signed in a way that is not taken.
    pub(super) fn parse(text: &'a str) -> Result<Self, Unaccepted> {
        let parts: Vec<&str> = text.split('.').collect();
        let [head, claims, signature] = parts[..] else {
            return Err(Unaccepted::Segments);
        };
        let header = object(head)?;
        let name = header.get("alg").and_then(Value::as_str);
        let algorithm: &RsaParameters = match name {
            Some("RS256") => &RSA_PKCS1_2048_8192_SHA256,
            Some("RS384") => &RSA_PKCS1_2048_8192_SHA384,
            Some("RS512") => &RSA_PKCS1_2048_8192_SHA512,
            other => {
                let name: String = other.unwrap_or("none").chars().take(16).collect();
                return Err(Unaccepted::Algorithm(name.escape_default().to_string()));
            }
        };
        let key_id = header.get("kid").and_then(Value::as_str);
        Ok(Self {
            algorithm,
            key_id: key_id.ok_or(Unaccepted::NoKeyId)?.to_owned(),
            claims: object(claims)?,
            signed: &text[..head.len() + 1 + claims.len()],
            signature: BASE64.decode(signature).map_err(|_| Unaccepted::Encoding)?,
        })
    }

    /// The id of the key that signed it, as it says.
    pub(super) fn key_id(&self) -> &str {
        &self.key_id
    }

    /// Checks the signature and then the claims, and returns these.
    ///
    /// # Errors
    /// Something does not fit.
    pub(super) fn verify(
        &self,
        key: &Key,
        rules: &Rules<'_>,
    ) -> Result<&Map<String, Value>, Unaccepted> {
        let public = RsaPublicKeyComponents {
            n: &key.n,
            e: &key.e,
        };
        public
            .verify(self.algorithm, self.signed.as_bytes(), &self.signature)
            .map_err(|_| Unaccepted::Signature)?;
        let text = |name: &str| self.claims.get(name).and_then(Value::as_str);
        if text("iss") != Some(rules.issuer) {
            return Err(Unaccepted::WrongIssuer);
        }
        // `client_id` counts only where there is no `aud`.
        let audience = self.claims.get("aud").or(self.claims.get("client_id"));
        let meant = texts_of(audience);
        if !rules.audience.iter().any(|one| meant.contains(one)) {
            return Err(Unaccepted::Audience);
        }
        let time = |name: &str| self.claims.get(name).and_then(Value::as_f64);
        #[expect(
            clippy::cast_precision_loss,
            reason = "seconds since the epoch are far below 2^53"
        )]
        let now = rules.seconds as f64;
        if time("exp").is_none_or(|end| end <= now) {
            return Err(Unaccepted::Expired);
        }
        if ["nbf", "iat"]
            .into_iter()
            .filter_map(time)
            .any(|begin| begin > now)
        {
            return Err(Unaccepted::TooEarly);
        }
        Ok(&self.claims)
    }
}

/// The scopes that a token grants: words of `scope`, or `scp` as words or a list.
pub(super) fn scopes(claims: &Map<String, Value>) -> Vec<String> {
    let given = claims.get("scope").or(claims.get("scp"));
    let texts = texts_of(given);
    let words = texts.iter().flat_map(|text| text.split_whitespace());
    words.map(str::to_owned).collect()
}

/// The claims as functions get them: all are texts.
pub(super) fn texts(claims: &Map<String, Value>) -> Value {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Array(_) => format!("[{}]", texts_of(Some(value)).join(" ")),
        other => other.to_string(),
    };
    claims
        .iter()
        .map(|(name, value)| (name.clone(), Value::String(text(value))))
        .collect()
}

fn texts_of(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::String(text)) => vec![text.clone()],
        Some(Value::Array(list)) => list
            .iter()
            .map(|one| one.as_str().map_or_else(|| one.to_string(), str::to_owned))
            .collect(),
        _ => Vec::new(),
    }
}

fn object(part: &str) -> Result<Map<String, Value>, Unaccepted> {
    let bytes = BASE64.decode(part).map_err(|_| Unaccepted::Encoding)?;
    serde_json::from_slice(&bytes).map_err(|_| Unaccepted::Encoding)
}
