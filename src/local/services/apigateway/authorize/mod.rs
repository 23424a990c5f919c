//! Who may call a route: everyone, who signs requests, or holders of a token.
//!
//! Purpose: decides before anything of a request is acted upon. Input: a request's head and body, the
//! route's authorization. Output: what the function is told of the caller, or the refusal. Must not
//! know: what a route leads to.
//!
//! Tokens are checked in the order and by the claims that the page "Control access to HTTP APIs with JWT
//! authorizers" of the API Gateway guide names; signatures as the page "Control access to HTTP APIs with
//! IAM authorization" says. The one key of the engine may invoke every API.

mod fetch;
mod keys;
mod token;

use std::fmt;

use axum::http::request::Parts;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::ApiGateway;
use super::model::Api;
use crate::local::auth::Authorization as Signature;

pub(super) use keys::Issuers;
use token::{Rules, Token};

/// What a route asks of its callers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Authorization {
    /// Nothing.
    #[default]
    None,
    /// A signature of Signature Version 4.
    Iam,
    /// A token.
    Jwt {
        /// Id of the authorizer.
        authorizer: String,
        /// Scopes of which the token must have one; none means that it needs none.
        scopes: Vec<String>,
    },
}

impl Authorization {
    /// The name that templates and the API use.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::None => "NONE",
            Self::Iam => "AWS_IAM",
            Self::Jwt { .. } => "JWT",
        }
    }
}

/// An authorizer: which tokens are taken, and where they are in a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Authorizer {
    pub(super) name: String,
    pub(super) source: Source,
    pub(super) issuer: String,
    pub(super) audience: Vec<String>,
    /// Stack resource that made the authorizer, so that a repeated create is recognised.
    pub(super) owner: String,
}

/// Where a token is in a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) enum Source {
    /// In a header, with or without `Bearer` before it.
    Header(String),
    /// In a parameter of the query.
    Query(String),
}

/// A text that names no place in a request.
#[derive(Debug, thiserror::Error)]
#[error(
    "the identity source {0:?} is neither $request.header.<name> nor $request.querystring.<name>"
)]
pub(super) struct BadSource(String);

impl TryFrom<String> for Source {
    type Error = BadSource;

    fn try_from(text: String) -> Result<Self, BadSource> {
        let named = |prefix: &str| text.strip_prefix(prefix).filter(|name| !name.is_empty());
        if let Some(name) = named("$request.header.") {
            return Ok(Self::Header(name.to_owned()));
        }
        match named("$request.querystring.") {
            Some(name) => Ok(Self::Query(name.to_owned())),
            None => Err(BadSource(text)),
        }
    }
}

impl From<Source> for String {
    fn from(source: Source) -> Self {
        source.to_string()
    }
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(name) => write!(formatter, "$request.header.{name}"),
            Self::Query(name) => write!(formatter, "$request.querystring.{name}"),
        }
    }
}

impl Source {
    /// Takes the token out of a request.
    fn take(&self, head: &Parts) -> Option<String> {
        let text = match self {
            Self::Header(name) => head.headers.get(name)?.to_str().ok()?.to_owned(),
            Self::Query(name) => {
                let query = head.uri.query().unwrap_or_default();
                let mut pairs = url::form_urlencoded::parse(query.as_bytes());
                pairs.find(|(key, _)| key == name)?.1.into_owned()
            }
        };
        let bare = match text.split_once(' ') {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("bearer") => rest.trim(),
            _ => text.trim(),
        };
        (!bare.is_empty()).then(|| bare.to_owned())
    }
}

/// Why a caller is turned away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Denied {
    /// 401: no token, or one that is not accepted; the text is told in `www-authenticate`.
    Unauthorized(Option<String>),
    /// 403: no signature that counts, or a token without a scope of the route.
    Forbidden,
}

/// What must be known to decide, found in the state.
#[derive(Debug, Clone)]
pub(super) enum Guard {
    None,
    Iam {
        /// Whose API it is: others may not call it.
        account: String,
    },
    Jwt {
        authorizer: Authorizer,
        scopes: Vec<String>,
    },
}

impl Guard {
    /// Finds the authorizer that a route names; a route whose authorizer is gone lets nobody in.
    pub(super) fn of(api: &Api, authorization: &Authorization) -> Option<Self> {
        Some(match authorization {
            Authorization::None => Self::None,
            Authorization::Iam => Self::Iam {
                account: api.account.clone(),
            },
            Authorization::Jwt { authorizer, scopes } => Self::Jwt {
                authorizer: api.authorizers.get(authorizer)?.clone(),
                scopes: scopes.clone(),
            },
        })
    }
}

impl ApiGateway {
    /// Lets a caller in, with what the function is told of them; nothing for everyone's routes.
    ///
    /// # Errors
    /// The caller is turned away.
    pub(super) async fn authorize(
        &self,
        guard: &Guard,
        head: &Parts,
        body: &[u8],
    ) -> Result<Option<Value>, Denied> {
        match guard {
            Guard::None => Ok(None),
            Guard::Iam { account } => self.signed(account, head, body).map(Some),
            Guard::Jwt { authorizer, scopes } => {
                let text = authorizer.source.take(head);
                let text = text.ok_or(Denied::Unauthorized(None))?;
                let token = Token::parse(&text).map_err(unaccepted)?;
                let key = self.issuers.key(&authorizer.issuer, token.key_id()).await;
                let rules = Rules {
                    issuer: &authorizer.issuer,
                    audience: &authorizer.audience,
                    seconds: self.clock.epoch_millis() / 1000,
                };
                let claims = key
                    .and_then(|key| token.verify(&key, &rules))
                    .map_err(unaccepted)?;
                let granted = token::scopes(claims);
                if !scopes.is_empty() && !scopes.iter().any(|scope| granted.contains(scope)) {
                    return Err(Denied::Forbidden);
                }
                let shown = (!scopes.is_empty()).then_some(scopes);
                Ok(Some(json!({
                    "jwt": { "claims": token::texts(claims), "scopes": shown },
                })))
            }
        }
    }

    /// Checks a signature for the service `execute-api`.
    fn signed(&self, account: &str, head: &Parts, body: &[u8]) -> Result<Value, Denied> {
        let claimed = Signature::of(head).map_err(|_| Denied::Forbidden)?;
        let identity = claimed.identify(head, body, &self.keys);
        let identity = identity.map_err(|_| Denied::Forbidden)?;
        let caller = identity.caller;
        if caller.account != account || claimed.service != "execute-api" {
            return Err(Denied::Forbidden);
        }
        Ok(json!({
            "iam": {
                "accessKey": identity.credentials.access_key,
                "accountId": caller.account,
                "callerId": caller.user_id(),
                "cognitoIdentity": null,
                "principalOrgId": null,
                "userArn": caller.arn(),
                "userId": caller.user_id(),
            },
        }))
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "it is what `map_err` hands over"
)]
fn unaccepted(reason: token::Unaccepted) -> Denied {
    Denied::Unauthorized(Some(reason.to_string()))
}

#[cfg(test)]
pub(super) mod testing;
#[cfg(test)]
mod tests;
