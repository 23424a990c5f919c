//! The network between the SDK and the engine, in process.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::{HeaderValue, Request, Response, Uri, header};
use http_body_util::BodyExt;
use tokio::sync::watch;
use tokio::time::Instant;
use tower::ServiceExt;

use super::fault::{Fault, Trouble, When, refusal};
use super::limit::Limit;
use super::name::name;

/// The wire of one client. Clones are the same wire.
#[derive(Clone)]
pub(super) struct Wire(Arc<Inner>);

struct Inner {
    router: Router,
    started: Instant,
    troubles: Vec<Trouble>,
    seen: Mutex<Seen>,
    dead: watch::Sender<bool>,
    count: watch::Sender<usize>,
    limit: Option<Arc<Limit>>,
}

/// What has gone over the wire.
#[derive(Default)]
struct Seen {
    calls: Vec<String>,
    answers: BTreeMap<(String, String, Bytes), Response<Bytes>>,
}

impl fmt::Debug for Wire {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Wire")
    }
}

impl Wire {
    /// Lays a wire to an engine, with what goes wrong on it.
    pub(super) fn new(router: Router, troubles: Vec<Trouble>) -> Self {
        Self::laid(router, troubles, None)
    }

    /// Lays a wire to an engine that is asked too often now and then.
    pub(super) fn limited(router: Router, limit: &Arc<Limit>) -> Self {
        Self::laid(router, Vec::new(), Some(Arc::clone(limit)))
    }

    fn laid(router: Router, troubles: Vec<Trouble>, limit: Option<Arc<Limit>>) -> Self {
        Self(Arc::new(Inner {
            router,
            started: Instant::now(),
            troubles,
            seen: Mutex::default(),
            dead: watch::Sender::new(false),
            count: watch::Sender::new(0),
            limit,
        }))
    }

    /// Names of all calls so far.
    pub(super) fn calls(&self) -> Vec<String> {
        self.0.seen.lock().unwrap().calls.clone()
    }

    /// Returns once the client's process is to die.
    pub(super) async fn dies(&self) {
        let mut dead = self.0.dead.subscribe();
        dead.wait_for(|dead| *dead).await.unwrap();
    }

    /// Returns once so many calls were made, or no more will be.
    pub(super) async fn reached(&self, calls: usize) {
        let mut count = self.0.count.subscribe();
        count.wait_for(|count| *count >= calls).await.unwrap();
    }

    /// Says that no more calls will be made.
    pub(super) fn ends(&self) {
        self.0.count.send_replace(usize::MAX);
    }

    /// Numbers a call and finds what goes wrong with it.
    fn begin(&self, name: &str) -> Option<Fault> {
        let mut seen = self.0.seen.lock().unwrap();
        seen.calls.push(name.to_owned());
        let number = seen.calls.len();
        self.0.count.send_replace(number);
        let of_this = || seen.calls.iter().filter(|call| *call == name).count();
        let elapsed = self.0.started.elapsed();
        let found = self.0.troubles.iter().find(|trouble| match &trouble.when {
            When::At(at) => number == *at,
            When::From(from) => number >= *from,
            When::First(operation, first) => name == operation && of_this() <= *first,
            When::After(after) => elapsed >= *after,
        });
        if let Some(found) = found {
            return Some(found.fault);
        }
        let limit = self.0.limit.as_ref()?;
        (!limit.admits(name)).then_some(Fault::Throttled)
    }

    async fn carry(&self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let request = collected(request).await;
        let (name, protocol) = name(&request);
        let fault = self.begin(&name);
        if let Some(refusal) = fault.and_then(|fault| refusal(fault, protocol)) {
            return answer(refusal.map(Bytes::from));
        }
        let question = (name, request.uri().to_string(), request.body().clone());
        match fault {
            Some(Fault::RequestLost) => return Err(broken()),
            Some(Fault::DiesBefore) => return self.die().await,
            Some(Fault::Slow(time)) => tokio::time::sleep(time).await,
            Some(Fault::Stale) => {
                let old = self.0.seen.lock().unwrap().answers.get(&question).cloned();
                if let Some(old) = old {
                    return answer(old);
                }
            }
            _ => {}
        }
        // In a task of its own: what was delivered is carried out, whatever becomes of the client.
        let delivered = tokio::spawn(deliver(self.0.router.clone(), request));
        match fault {
            Some(Fault::DiesAfter) => self.die().await,
            Some(Fault::ResponseLost) => {
                delivered.await.unwrap();
                Err(broken())
            }
            Some(Fault::CutOff(after)) => {
                let mut response = delivered.await.unwrap();
                response.body_mut().truncate(after);
                answer(response)
            }
            _ => {
                let response = delivered.await.unwrap();
                let mut seen = self.0.seen.lock().unwrap();
                seen.answers.insert(question, response.clone());
                answer(response)
            }
        }
    }

    async fn die<T>(&self) -> T {
        self.0.dead.send_replace(true);
        std::future::pending().await
    }
}

impl HttpConnector for Wire {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let wire = self.clone();
        HttpConnectorFuture::new(async move { wire.carry(request).await })
    }
}

fn broken() -> ConnectorError {
    let reset = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
    ConnectorError::io(reset.into())
}

/// Reads a request and gives it the form in which a server gets it from a socket.
async fn collected(request: HttpRequest) -> Request<Bytes> {
    let (mut head, body) = request.try_into_http1x().unwrap().into_parts();
    let host = head.uri.authority().unwrap().as_str();
    let host = HeaderValue::from_str(host).unwrap();
    head.headers.entry(header::HOST).or_insert(host);
    head.uri = Uri::from(head.uri.path_and_query().unwrap().clone());
    let body = body.collect().await.unwrap().to_bytes();
    Request::from_parts(head, body)
}

async fn deliver(router: Router, request: Request<Bytes>) -> Response<Bytes> {
    let response = router.oneshot(request.map(Body::from)).await.unwrap();
    let (head, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Response::from_parts(head, body)
}

fn answer(response: Response<Bytes>) -> Result<HttpResponse, ConnectorError> {
    HttpResponse::try_from(response.map(SdkBody::from))
        .map_err(|error| ConnectorError::other(error.into(), None))
}
