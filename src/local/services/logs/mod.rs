//! CloudWatch Logs: groups, streams and events in append-only files.
//!
//! Purpose: keeps what jobs, endpoints and functions print, and answers questions about it. Input:
//! awsJson requests, lines from the other services, calls of the CloudFormation provider. Output: JSON
//! answers; one folder for each group with one file for each stream. Must not know: who writes.
//! Retention is recorded and shown; events do not expire.

mod api;
mod events;
mod filter;
mod provider;
mod store;
mod stream;
mod summary;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use axum::body::Body;
use axum::http::Response;

use self::store::Store;
use crate::local::clock::Clock;
use crate::local::resource::ResourceProvider;
use crate::local::wire::ApiRequest;
pub(crate) use summary::LineSummary;

/// The CloudWatch Logs service.
pub struct Logs {
    store: Store,
    account: String,
    clock: Clock,
}

/// Why an operation on groups and streams failed, in the service's words.
#[derive(Debug, thiserror::Error)]
pub enum LogsFault {
    /// A group or stream of that name exists.
    #[error("The specified log {0} already exists")]
    Exists(&'static str),
    /// There is no group or stream of that name.
    #[error("The specified log {0} does not exist.")]
    Missing(&'static str),
    /// A value is out of its range.
    #[error("{0}")]
    Invalid(String),
    /// The files cannot be read or written.
    #[error("the local engine cannot use its log files")]
    Files(#[from] io::Error),
}

impl Logs {
    /// Opens the logs below `folder`.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn open(folder: PathBuf, account: String, clock: Clock) -> io::Result<Self> {
        Ok(Self {
            store: Store::open(folder)?,
            account,
            clock,
        })
    }

    /// Answers a request.
    pub fn handle(&self, request: &ApiRequest) -> Response<Body> {
        api::handle(self, request)
    }

    /// Appends messages with the present time; group and stream are made when they are absent.
    ///
    /// # Errors
    /// The files cannot be written.
    pub fn put(&self, group: &str, stream: &str, messages: &[String]) -> io::Result<()> {
        let now = self.clock.epoch_millis();
        match self.store.create_group(group, "", now) {
            Ok(()) | Err(LogsFault::Exists(_)) => {}
            Err(fault) => return Err(io_error(fault)),
        }
        let events: Vec<(i64, &str)> = messages
            .iter()
            .map(|message| (now, message.as_str()))
            .collect();
        self.store
            .append(group, stream, &events, now)
            .map_err(io_error)
    }

    /// Makes a group.
    ///
    /// # Errors
    /// It exists, or its name is not valid.
    pub fn create_group(&self, group: &str) -> Result<(), LogsFault> {
        self.store
            .create_group(group, "", self.clock.epoch_millis())
    }

    /// Deletes a group with all that is in it.
    ///
    /// # Errors
    /// It does not exist, or its files cannot be removed.
    pub fn delete_group(&self, group: &str) -> Result<(), LogsFault> {
        self.store.delete_group(group)
    }

    /// Deletes a stream.
    ///
    /// # Errors
    /// It does not exist, or its file cannot be removed.
    pub fn delete_stream(&self, group: &str, stream: &str) -> Result<(), LogsFault> {
        self.store.delete_stream(group, stream)
    }
}

/// Returns the providers of the service's resource types.
pub fn providers(logs: &Arc<Logs>) -> Vec<Arc<dyn ResourceProvider>> {
    vec![Arc::new(provider::Groups(Arc::clone(logs)))]
}

fn io_error(fault: LogsFault) -> io::Error {
    match fault {
        LogsFault::Files(error) => error,
        other => io::Error::other(other),
    }
}
