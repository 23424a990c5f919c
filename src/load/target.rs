//! Where requests go, and what they say, as the bytes that are sent.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::{BufMut, Bytes, BytesMut};
use http::header::HeaderName;
use http::uri::Authority;
use http::{HeaderValue, Uri};
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::error::TargetError;
use super::tls::Tls;
use super::wire::Wire;

/// How long a signature is used. It holds for five minutes ("Signing AWS API requests" in the IAM user
/// guide); a part of them is left for clocks that differ and answers that take long.
const SIGNED_FOR: Duration = Duration::from_mins(1);

/// Signs requests, where an API lets in only who signs.
#[async_trait]
pub trait Sign: Send + Sync {
    /// The further headers that make a POST of this JSON body a signed one, or why there are none.
    async fn sign(&self, body: &str) -> Result<Vec<(String, String)>, String>;
}

/// Where requests go, and what they say.
pub struct Target {
    host: String,
    port: u16,
    tls: Option<Tls>,
    requests: Requests,
}

/// The requests that are sent in turns.
enum Requests {
    /// As they are sent, again and again.
    Ready(Vec<Bytes>),
    /// Those that a signature is part of.
    Signed {
        signer: Arc<dyn Sign>,
        head: BytesMut,
        bodies: Vec<Signed>,
    },
}

/// A body, and the request that was last made and signed of it.
struct Signed {
    body: String,
    request: Mutex<Option<(Instant, Bytes)>>,
}

/// With what requests are let in.
pub enum Admission {
    /// With nothing.
    Nobody,
    /// With a header, which may be secret.
    Header(HeaderName, String),
    /// With a signature.
    Signed(Arc<dyn Sign>),
}

impl Target {
    /// Makes a target of a URL and JSON bodies that are sent in turns.
    ///
    /// # Errors
    /// The URL or a header cannot be used, or there is no body.
    pub fn post(url: &str, admission: Admission, bodies: Vec<String>) -> Result<Self, TargetError> {
        if bodies.is_empty() {
            return Err(TargetError::Nothing);
        }
        let address = Address::of(url)?;
        let mut head = address.head("POST");
        header(&mut head, "content-type", "application/json")?;
        let requests = match admission {
            Admission::Signed(signer) => Requests::Signed {
                signer,
                head,
                bodies: bodies.into_iter().map(Signed::of).collect(),
            },
            Admission::Nobody => ready(&head, &bodies)?,
            Admission::Header(name, value) => {
                header(&mut head, name.as_str(), &value)?;
                ready(&head, &bodies)?
            }
        };
        address.target(requests)
    }

    /// Makes a target that is only read.
    ///
    /// # Errors
    /// The URL cannot be used.
    pub fn get(url: &str) -> Result<Self, TargetError> {
        let address = Address::of(url)?;
        let mut head = address.head("GET");
        head.put_slice(b"\r\n");
        address.target(Requests::Ready(vec![head.freeze()]))
    }

    /// The request of that number; `None` when it cannot be signed now.
    pub(super) async fn request(&self, number: u64) -> Option<Bytes> {
        match &self.requests {
            Requests::Ready(requests) => Some(turn(requests, number).clone()),
            Requests::Signed {
                signer,
                head,
                bodies,
            } => turn(bodies, number).request(signer.as_ref(), head).await,
        }
    }

    pub(super) async fn connect(&self) -> io::Result<Wire> {
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
        stream.set_nodelay(true)?;
        match &self.tls {
            None => Ok(Wire::over(stream)),
            Some(tls) => Ok(Wire::over(tls.over(stream).await?)),
        }
    }
}

/// The one whose turn it is.
fn turn<T>(all: &[T], number: u64) -> &T {
    let index = number % all.len() as u64;
    &all[usize::try_from(index).unwrap_or_default()]
}

impl Signed {
    fn of(body: String) -> Self {
        Self {
            body,
            request: Mutex::new(None),
        }
    }

    async fn request(&self, signer: &dyn Sign, head: &BytesMut) -> Option<Bytes> {
        let now = Instant::now();
        if let Some(request) = self.fresh(now) {
            return Some(request);
        }
        let mut head = head.clone();
        for (name, value) in signer.sign(&self.body).await.ok()? {
            header(&mut head, &name, &value).ok()?;
        }
        let request = whole(&head, &self.body).ok()?;
        *self.made() = Some((now, request.clone()));
        Some(request)
    }

    /// What was signed not long ago.
    fn fresh(&self, now: Instant) -> Option<Bytes> {
        let made = self.made();
        let (when, request) = made.as_ref()?;
        (now.duration_since(*when) < SIGNED_FOR).then(|| request.clone())
    }

    fn made(&self) -> MutexGuard<'_, Option<(Instant, Bytes)>> {
        self.request.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The parts of a URL.
struct Address {
    secure: bool,
    authority: Authority,
    path: String,
}

impl Address {
    fn of(url: &str) -> Result<Self, TargetError> {
        let wrong = || TargetError::Address(url.to_owned());
        let uri: Uri = url.parse().map_err(|_| wrong())?;
        let secure = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(wrong()),
        };
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        Ok(Self {
            secure,
            authority: uri.authority().ok_or_else(wrong)?.clone(),
            path: path.to_owned(),
        })
    }

    /// The lines that every request begins with.
    fn head(&self, method: &str) -> BytesMut {
        let Self {
            authority, path, ..
        } = self;
        let lines = format!("{method} {path} HTTP/1.1\r\nhost: {authority}\r\n");
        BytesMut::from(lines.as_bytes())
    }

    fn target(self, requests: Requests) -> Result<Target, TargetError> {
        let host = self.authority.host().to_owned();
        let usual = if self.secure { 443 } else { 80 };
        Ok(Target {
            port: self.authority.port_u16().unwrap_or(usual),
            tls: self.secure.then(|| Tls::to(&host)).transpose()?,
            host,
            requests,
        })
    }
}

fn ready(head: &BytesMut, bodies: &[String]) -> Result<Requests, TargetError> {
    let requests = bodies.iter().map(|body| whole(head, body));
    Ok(Requests::Ready(requests.collect::<Result<_, _>>()?))
}

/// A head that is still open, its end, and the body.
fn whole(head: &BytesMut, body: &str) -> Result<Bytes, TargetError> {
    let mut request = head.clone();
    header(&mut request, "content-length", &body.len().to_string())?;
    request.put_slice(b"\r\n");
    request.put_slice(body.as_bytes());
    Ok(request.freeze())
}

fn header(head: &mut BytesMut, name: &str, value: &str) -> Result<(), TargetError> {
    // A line end in it would begin another header.
    let value = HeaderValue::from_str(value).map_err(|_| TargetError::Header(name.to_owned()))?;
    head.put_slice(name.as_bytes());
    head.put_slice(b": ");
    head.put_slice(value.as_bytes());
    head.put_slice(b"\r\n");
    Ok(())
}
