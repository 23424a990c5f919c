//! Tokens that fit and tokens that do not, with an issuer on loopback.

use serde_json::{Value, json};

use super::keys::Issuers;
use super::testing::Issuer;
use super::token::{self, Rules, Token};
use super::{Authorization, Source};

const NOW: i64 = 1_800_000_000;

/// What a token comes to: nothing, or why it is not accepted.
async fn verdict(issuers: &Issuers, issuer: &Issuer, text: &str) -> String {
    let checked = async {
        let token = Token::parse(text)?;
        let key = issuers.key(&issuer.url, token.key_id()).await?;
        let audience = ["news".to_owned(), "radio".to_owned()];
        let rules = Rules {
            issuer: &issuer.url,
            audience: &audience,
            seconds: NOW,
        };
        token.verify(&key, &rules).map(drop)
    };
    checked
        .await
        .err()
        .map_or_else(String::new, |why| why.to_string())
}

#[tokio::test]
async fn claims_are_checked_as_the_guide_says() {
    let (issuers, issuer) = (Issuers::default(), Issuer::start().await);
    for (claims, expected) in [
        (json!({}), ""),
        (json!({ "aud": "radio" }), ""),
        (json!({ "aud": null, "client_id": "news" }), ""),
        (
            json!({ "aud": "sport", "client_id": "news" }),
            "invalid audience",
        ),
        (json!({ "aud": null }), "invalid audience"),
        (json!({ "iss": "https://other.example" }), "invalid issuer"),
        (json!({ "exp": NOW }), "the token has expired"),
        (json!({ "exp": null }), "the token has expired"),
        (json!({ "nbf": NOW + 1 }), "the token is not valid yet"),
        (json!({ "iat": NOW + 1 }), "the token is not valid yet"),
        (json!({ "nbf": NOW }), ""),
    ] {
        let text = issuer.token(&claims);
        assert_eq!(
            verdict(&issuers, &issuer, &text).await,
            expected,
            "{claims}"
        );
    }
    assert_eq!(issuer.asked(), 1, "the keys are kept");
}

#[tokio::test]
async fn what_was_not_signed_by_the_issuer_is_not_believed() {
    let (issuers, issuer) = (Issuers::default(), Issuer::start().await);
    let good = issuer.token(&json!({}));
    let [head, claims, signature] = good.split('.').collect::<Vec<_>>().try_into().unwrap();
    let other = Issuer::start().await.token(&json!({ "iss": issuer.url }));
    let unsigned = |header: Value| {
        let text = issuer.sign(&header, &json!({}));
        text.rsplit_once('.').unwrap().0.to_owned() + "."
    };
    let elevated = issuer.token(&json!({ "sub": "somebody else" }));
    let elevated = elevated.split('.').nth(1).unwrap();
    for (text, expected) in [
        (
            format!("{head}.{elevated}.{signature}"),
            "the signature is invalid",
        ),
        (other, "the signature is invalid"),
        (
            unsigned(json!({ "alg": "none", "kid": "one" })),
            "signing method none is invalid",
        ),
        (
            unsigned(json!({ "alg": "HS256", "kid": "one" })),
            "signing method HS256 is invalid",
        ),
        (
            unsigned(json!({ "alg": "ES256", "kid": "one" })),
            "signing method ES256 is invalid",
        ),
        (
            issuer.sign(&json!({ "alg": "RS256" }), &json!({})),
            "the token has no kid",
        ),
        (
            issuer.sign(&json!({ "alg": "RS256", "kid": "two" }), &json!({})),
            "the issuer has no key of this kid",
        ),
        (
            format!("{head}.{claims}"),
            "the token has an invalid number of segments",
        ),
        (format!("{head}.{claims}.?"), "the token cannot be decoded"),
        ("a.b.c".to_owned(), "the token cannot be decoded"),
    ] {
        assert_eq!(verdict(&issuers, &issuer, &text).await, expected, "{text}");
    }
}

#[tokio::test]
async fn an_issuer_that_cannot_be_asked_is_named_so() {
    let issuer = Issuer::start().await;
    let text = issuer.token(&json!({}));
    for url in [
        "http://127.0.0.1:9",
        "http://login.example.com",
        "no address",
    ] {
        let mut gone = Issuer::start().await;
        gone.url = url.to_owned();
        let why = verdict(&Issuers::default(), &gone, &text).await;
        assert_eq!(why, "OIDC discovery endpoint communication error", "{url}");
    }
}

#[test]
fn scopes_are_words_or_a_list() {
    let scopes = |claims: Value| token::scopes(claims.as_object().unwrap());
    assert_eq!(scopes(json!({ "scope": "read write" })), ["read", "write"]);
    assert_eq!(
        scopes(json!({ "scp": ["read", "write"] })),
        ["read", "write"]
    );
    assert_eq!(scopes(json!({})), [""; 0]);
}

#[test]
fn sources_and_routes_have_one_form() {
    for good in [
        "$request.header.Authorization",
        "$request.querystring.token",
    ] {
        assert_eq!(Source::try_from(good.to_owned()).unwrap().to_string(), good);
    }
    for bad in [
        "Authorization",
        "$request.header.",
        "$context.identity.sourceIp",
    ] {
        assert!(Source::try_from(bad.to_owned()).is_err(), "{bad}");
    }
    assert_eq!(Authorization::default().kind(), "NONE");
}
