//! The public keys of issuers, fetched when they are first needed and kept for a while.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::fetch::{FetchError, Fetcher};
use super::token::{Key, Unaccepted};

/// How long keys are kept, as the guide says: "API Gateway can cache the public key for two hours."
const KEPT: Duration = Duration::from_hours(2);

/// How old keys must be before a token with an unknown one makes the engine look again.
const LOOKED_AGAIN: Duration = Duration::from_mins(1);

/// All issuers that were asked so far.
#[derive(Debug, Default)]
pub(in super::super) struct Issuers {
    fetcher: Fetcher,
    // Each behind a lock of its own, held while its keys are fetched: who comes meanwhile waits for them.
    known: Mutex<HashMap<String, Arc<tokio::sync::Mutex<Option<Keys>>>>>,
}

#[derive(Debug)]
struct Keys {
    fetched: Instant,
    by_id: HashMap<String, Key>,
}

impl Issuers {
    /// Finds a key of an issuer.
    ///
    /// # Errors
    /// The issuer cannot be asked, or has no such key.
    pub(super) async fn key(&self, issuer: &str, id: &str) -> Result<Key, Unaccepted> {
        let slot = {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(known.entry(issuer.to_owned()).or_default())
        };
        let mut slot = slot.lock().await;
        let good = slot.as_ref().is_some_and(|keys| {
            let age = keys.fetched.elapsed();
            age < KEPT && (keys.by_id.contains_key(id) || age < LOOKED_AGAIN)
        });
        if !good {
            let by_id = self.fetch(issuer).await.map_err(|_| Unaccepted::Issuer)?;
            *slot = Some(Keys {
                fetched: Instant::now(),
                by_id,
            });
        }
        let key = slot.as_ref().and_then(|keys| keys.by_id.get(id).cloned());
        key.ok_or(Unaccepted::UnknownKey)
    }

    /// Reads the discovery document, and the key set that it names.
    async fn fetch(&self, issuer: &str) -> Result<HashMap<String, Key>, FetchError> {
        let issuer = issuer.trim_end_matches('/');
        let address = format!("{issuer}/.well-known/openid-configuration");
        let discovery = self.fetcher.json(&address).await?;
        let set = discovery["jwks_uri"].as_str();
        let set = self.fetcher.json(set.ok_or(FetchError::NoKeySet)?).await?;
        let entries = set["keys"].as_array().map(Vec::as_slice);
        let keys: Vec<&Value> = entries.unwrap_or_default().iter().collect();
        Ok(keys.into_iter().filter_map(Key::read).collect())
    }
}
