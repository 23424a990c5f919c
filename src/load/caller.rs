//! Sends one request after the other over one connection that is kept.

use std::future::Future;
use std::sync::Arc;

use super::recorder::Kind;
use super::target::Target;
use super::wire::{Trouble, Wire};

/// Sends requests, one at a time.
pub trait Caller: Send + 'static {
    /// Sends the request of that number and waits for its whole answer. When it is given up half-way,
    /// the next call begins afresh.
    fn call(&mut self, number: u64) -> impl Future<Output = Kind> + Send;
}

/// Calls over HTTP/1.1.
pub struct HttpCaller {
    target: Arc<Target>,
    wire: Option<Wire>,
}

impl HttpCaller {
    /// Makes a caller; it connects with its first request.
    pub fn new(target: Arc<Target>) -> Self {
        Self { target, wire: None }
    }

    /// Takes the connection out, so that a call that is given up takes it with it.
    async fn kept(&mut self) -> Option<Wire> {
        let mut wire = self.wire.take()?;
        wire.is_quiet().await.then_some(wire)
    }
}

impl Caller for HttpCaller {
    async fn call(&mut self, number: u64) -> Kind {
        let Some(request) = self.target.request(number).await else {
            return Kind::Unsigned;
        };
        let mut wire = match self.kept().await {
            Some(wire) => wire,
            None => match self.target.connect().await {
                Ok(wire) => wire,
                Err(_) => return Kind::Connect,
            },
        };
        match wire.ask(&request).await {
            Ok(answer) => {
                self.wire = answer.lasts.then_some(wire);
                Kind::Status(answer.status)
            }
            Err(Trouble::Protocol) => Kind::Protocol,
            Err(Trouble::Closed) => Kind::Closed,
        }
    }
}
