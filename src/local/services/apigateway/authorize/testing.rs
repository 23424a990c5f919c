//! An issuer of tokens on loopback.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use axum::Router;
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde_json::{Value, json};

/// An issuer with one key; its discovery document is served as long as the runtime lives.
pub(in super::super) struct Issuer {
    pub(in super::super) url: String,
    key: KeyPair,
    asked: Arc<AtomicUsize>,
}

impl Issuer {
    pub(in super::super) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let key = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let asked = Arc::new(AtomicUsize::new(0));
        let discovery = json!({ "issuer": url, "jwks_uri": format!("{url}/jwks") }).to_string();
        let set = json!({ "keys": [
            { "kty": "EC", "kid": "other", "crv": "P-256" },
            public(&key),
        ] })
        .to_string();
        let count = Arc::clone(&asked);
        let discover = move || {
            count.fetch_add(1, Ordering::SeqCst);
            std::future::ready(discovery.clone())
        };
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discover))
            .route("/jwks", get(move || std::future::ready(set.clone())));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, key, asked }
    }

    /// How often its keys were fetched.
    pub(in super::super) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// A good token for the audience `news`, with claims over it; `null` takes one away.
    pub(in super::super) fn token(&self, claims: &Value) -> String {
        let mut all = json!({
            "iss": self.url, "aud": ["news", "sport"], "sub": "me",
            "exp": 4_000_000_000_u64, "iat": 1_700_000_000,
        });
        for (name, value) in claims.as_object().unwrap() {
            all[name] = value.clone();
        }
        all.as_object_mut()
            .unwrap()
            .retain(|_, value| !value.is_null());
        self.sign(&json!({ "alg": "RS256", "kid": "one" }), &all)
    }

    pub(in super::super) fn sign(&self, header: &Value, claims: &Value) -> String {
        let part = |value: &Value| BASE64.encode(value.to_string());
        let signed = format!("{}.{}", part(header), part(claims));
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                signed.as_bytes(),
                &mut signature,
            )
            .unwrap();
        format!("{signed}.{}", BASE64.encode(signature))
    }
}

/// The public key as a JSON Web Key, out of its DER: a sequence of modulus and exponent.
fn public(key: &KeyPair) -> Value {
    let der = key.public_key().as_ref();
    // 30 82 xx xx, 02 82 01 01 00 and 256 bytes, 02 03 and 3 bytes.
    let (n, e) = (&der[9..265], &der[267..]);
    json!({ "kty": "RSA", "use": "sig", "kid": "one", "n": BASE64.encode(n), "e": BASE64.encode(e) })
}
