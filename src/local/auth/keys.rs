//! Whose keys they are: the base key, one of each account that follows from it, and temporary ones.
//!
//! Nothing but the base key is kept: every other key follows from it, and a session token holds what
//! there is to know of its session, under a message authentication code.

use std::fmt;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde::{Deserialize, Serialize};

use super::{Credentials, Refusal};
use crate::local::ACCOUNT;
use crate::local::clock::Clock;
use crate::local::ids;

/// Characters of a secret access key.
const SECRET: usize = 40;

/// Who asks: an account's own key, which may do everything in it, or the session of a role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    /// Account, twelve digits.
    pub account: String,
    /// The session, when a role was assumed.
    pub session: Option<Session>,
}

/// The session of a role that was assumed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// ARN of the role.
    pub role_arn: String,
    /// The role's unique id, e.g. `AROA…`.
    pub role_id: String,
    /// Name of the session, as it was asked for.
    pub name: String,
}

impl Caller {
    /// The account's own key.
    pub fn root(account: &str) -> Self {
        Self {
            account: account.to_owned(),
            session: None,
        }
    }

    /// Returns the ARN by which AWS knows the caller.
    pub fn arn(&self) -> String {
        let account = &self.account;
        match &self.session {
            None => format!("arn:aws:iam::{account}:root"),
            Some(session) => {
                // The path of a role is no part of its sessions' ARNs.
                let role = session.role_arn.rsplit('/').next().unwrap_or_default();
                format!(
                    "arn:aws:sts::{account}:assumed-role/{role}/{}",
                    session.name
                )
            }
        }
    }

    /// Returns the caller's unique id.
    pub fn user_id(&self) -> String {
        match &self.session {
            None => self.account.clone(),
            Some(session) => format!("{}:{}", session.role_id, session.name),
        }
    }
}

impl Credentials {
    /// Returns the key of an account, which follows from this base key. The base key is that of the
    /// account that needs no name.
    #[must_use]
    pub fn of_account(&self, account: &str) -> Self {
        if account == ACCOUNT {
            return self.clone();
        }
        Self {
            access_key: format!("{}{account}", self.access_key),
            secret_key: self.secret(&format!("account {account}")),
        }
    }

    fn secret(&self, of: &str) -> String {
        let mut secret = hex::encode(hmac::sign(&self.mac_key(), of.as_bytes()));
        secret.truncate(SECRET);
        secret
    }

    fn mac_key(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, self.secret_key.as_bytes())
    }
}

/// Whom a request claims to come from, and the key that its signature has to be made with.
#[derive(Debug, Clone)]
pub struct Identity {
    /// Who asks, if the signature holds.
    pub caller: Caller,
    /// The key.
    pub credentials: Credentials,
}

/// All keys of an engine.
#[derive(Clone)]
pub struct Keys {
    base: Credentials,
    clock: Clock,
}

impl fmt::Debug for Keys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Keys").finish_non_exhaustive()
    }
}

/// A temporary key.
pub struct Temporary {
    /// The key.
    pub credentials: Credentials,
    /// What has to go with it.
    pub token: String,
    /// When it ends, in milliseconds since the Unix epoch.
    pub expires: i64,
}

/// What a session token holds.
#[derive(Serialize, Deserialize)]
struct Claims {
    access_key: String,
    account: String,
    session: Session,
    /// Milliseconds since the Unix epoch.
    expires: i64,
}

impl Keys {
    /// Returns the keys that follow from a base key.
    pub fn new(base: Credentials, clock: Clock) -> Self {
        Self { base, clock }
    }

    /// Finds who has an access key, with the session token that came with it.
    ///
    /// # Errors
    /// `UnknownKey` when there is no such key, or the token is not that of the key; `Expired` when it was.
    pub fn find(&self, access_key: &str, token: Option<&str>) -> Result<Identity, Refusal> {
        if let Some(token) = token {
            return self.temporary(access_key, token);
        }
        let account = match access_key.strip_prefix(&self.base.access_key) {
            Some("") => ACCOUNT,
            Some(account) if is_account(account) => account,
            _ => return Err(Refusal::UnknownKey),
        };
        Ok(Identity {
            caller: Caller::root(account),
            credentials: self.base.of_account(account),
        })
    }

    /// Makes a temporary key of an account for the session of a role.
    ///
    /// # Errors
    /// The session cannot be written down.
    pub fn grant(
        &self,
        account: &str,
        session: Session,
        seconds: i64,
    ) -> serde_json::Result<Temporary> {
        let claims = Claims {
            access_key: format!("ASIA{}", ids::suffix(16)),
            account: account.to_owned(),
            session,
            expires: self.clock.epoch_millis() + seconds * 1000,
        };
        let text = BASE64.encode(serde_json::to_vec(&claims)?);
        let code = hmac::sign(&self.base.mac_key(), text.as_bytes());
        let token = format!("{text}.{}", hex::encode(code));
        Ok(Temporary {
            credentials: self.of_token(claims.access_key, &token),
            token,
            expires: claims.expires,
        })
    }

    fn temporary(&self, access_key: &str, token: &str) -> Result<Identity, Refusal> {
        let claims = self.claims(token).ok_or(Refusal::UnknownKey)?;
        if claims.access_key != access_key {
            return Err(Refusal::UnknownKey);
        }
        if claims.expires <= self.clock.epoch_millis() {
            return Err(Refusal::Expired);
        }
        Ok(Identity {
            credentials: self.of_token(claims.access_key, token),
            caller: Caller {
                account: claims.account,
                session: Some(claims.session),
            },
        })
    }

    /// Reads a token that this engine has made.
    fn claims(&self, token: &str) -> Option<Claims> {
        let (text, code) = token.split_once('.')?;
        let code = hex::decode(code).ok()?;
        hmac::verify(&self.base.mac_key(), text.as_bytes(), &code).ok()?;
        serde_json::from_slice(&BASE64.decode(text).ok()?).ok()
    }

    fn of_token(&self, access_key: String, token: &str) -> Credentials {
        Credentials {
            access_key,
            secret_key: self.base.secret(&format!("session {token}")),
        }
    }
}

/// Whether a text has the form of an account id.
pub fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::testing::keys;
    use super::*;

    const STAGING: &str = "222233334444";

    fn session() -> Session {
        Session {
            role_arn: "arn:aws:iam::222233334444:role/teams/reader".into(),
            role_id: "AROA1".into(),
            name: "promote".into(),
        }
    }

    #[tokio::test]
    async fn every_account_has_a_key_of_its_own() {
        let all = Keys::new(keys(), Clock::start());
        let own = keys().of_account(STAGING);
        let found = all.find(&own.access_key, None).unwrap();
        assert_eq!(found.caller, Caller::root(STAGING));
        assert_eq!(found.credentials, own);
        assert_ne!(own.secret_key, keys().secret_key);
        assert_ne!(own.secret_key, keys().of_account("333344445555").secret_key);
        let base = all.find("LOCALKEY", None).unwrap();
        assert_eq!(base.caller, Caller::root(ACCOUNT));
        assert_eq!(base.credentials, keys());
        for key in ["LOCALKEY1", "LOCALKEY22223333444x", "OTHER222233334444", ""] {
            assert!(
                matches!(all.find(key, None), Err(Refusal::UnknownKey)),
                "{key}"
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_temporary_key_ends() {
        let all = Keys::new(keys(), Clock::start());
        let made = all.grant(STAGING, session(), 900).unwrap();
        let key = &made.credentials.access_key;
        tokio::time::advance(Duration::from_secs(899)).await;
        let found = all.find(key, Some(&made.token)).unwrap();
        assert_eq!(found.credentials, made.credentials);
        assert_eq!(
            found.caller.arn(),
            "arn:aws:sts::222233334444:assumed-role/reader/promote"
        );
        assert_eq!(found.caller.user_id(), "AROA1:promote");
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(matches!(
            all.find(key, Some(&made.token)),
            Err(Refusal::Expired)
        ));
    }

    #[tokio::test]
    async fn a_token_is_only_what_the_engine_made_of_it() {
        let all = Keys::new(keys(), Clock::start());
        let made = all.grant(STAGING, session(), 900).unwrap();
        let other = all.grant(STAGING, session(), 900).unwrap();
        let (_, code) = made.token.split_once('.').unwrap();
        let mut claims = all.claims(&made.token).unwrap();
        claims.account = ACCOUNT.to_owned();
        let forged = BASE64.encode(serde_json::to_vec(&claims).unwrap());
        let key = made.credentials.access_key;
        for token in [&other.token, &format!("{forged}.{code}"), "", "x.y"] {
            assert!(
                matches!(all.find(&key, Some(token)), Err(Refusal::UnknownKey)),
                "{token}"
            );
        }
        assert!(matches!(all.find(&key, None), Err(Refusal::UnknownKey)));
    }
}
