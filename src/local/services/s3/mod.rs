//! S3: buckets, versioned objects, multipart uploads and conditional writes.
//!
//! Purpose: stores what clients, training jobs and functions exchange. Input: the S3 API through the
//! `s3s` crate, plain calls of the other services, and bucket resources of CloudFormation. Output:
//! answers of the S3 API, files. Must not know: what the objects are for. Lifecycle rules and encryption
//! settings are kept and read back, not enforced. A bucket's policy lets other accounts in; what the
//! bucket's own account does is never held against it. Whatever is not implemented is refused with
//! `NotImplemented`, by the operation's name.

mod access;
mod blobs;
mod buckets;
mod checksum;
mod condition;
mod delete;
mod fault;
mod get;
mod index;
mod journal;
mod list;
mod model;
mod multipart;
mod page;
mod put;
mod resources;
mod settings;
mod store;
mod wire;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use axum::body::Body;
use axum::http::{Request, Response, StatusCode};
use s3s::dto::Timestamp;
use s3s::service::S3Service;
use tower::ServiceExt;

pub use fault::S3Fault;
pub use resources::providers;

use crate::local::access::Authority;
use crate::local::auth::{Identity, Refusal};
use crate::local::clock::Clock;
use crate::local::default_account;

/// S3 as an account has it: there is one store, as names of buckets are everybody's.
#[derive(Debug, Clone)]
pub struct S3 {
    store: Arc<store::Store>,
    clock: Clock,
    account: String,
    /// Decides what the sessions of roles may do; without it they may do everything.
    authority: Option<Authority>,
}

impl S3 {
    /// Opens the service's state in `folder`, making it when it is absent.
    ///
    /// # Errors
    /// The folder cannot be read or written, or the state in it is damaged.
    pub fn open(folder: impl Into<PathBuf>, clock: Clock) -> io::Result<Self> {
        let folder = folder.into();
        std::fs::create_dir_all(&folder)?;
        Ok(Self {
            store: Arc::new(store::Store::open(&folder)?),
            clock,
            account: default_account(),
            authority: None,
        })
    }

    /// Returns the service with somebody who decides what the sessions of roles may do.
    #[must_use]
    pub(crate) fn under(self, authority: Authority) -> Self {
        Self {
            authority: Some(authority),
            ..self
        }
    }

    /// Returns the service as another account has it.
    #[must_use]
    pub fn of_account(&self, account: &str) -> Self {
        Self {
            account: account.to_owned(),
            ..self.clone()
        }
    }

    /// Answers a request of whoever asks, signed for a region, with path-style addresses. The signature is checked here, as
    /// bodies must not be held in memory; whom nobody knows is refused.
    pub async fn serve(
        &self,
        who: Result<Identity, Refusal>,
        region: Option<String>,
        request: Request<Body>,
    ) -> Response<Body> {
        match self.service(who, region).oneshot(request).await {
            Ok(response) => response.map(Body::new),
            Err(error) => {
                let mut response = Response::new(Body::from(format!("S3 failed: {error:?}")));
                *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
                response
            }
        }
    }

    fn service(&self, who: Result<Identity, Refusal>, region: Option<String>) -> S3Service {
        wire::service(self, who, region)
    }
}

/// Turns milliseconds since the epoch into the timestamp type of answers.
fn timestamp(epoch_millis: i64) -> Timestamp {
    let millis = u64::try_from(epoch_millis).unwrap_or_default();
    Timestamp::from(UNIX_EPOCH + Duration::from_millis(millis))
}

#[cfg(test)]
mod tests;
