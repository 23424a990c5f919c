//! Sends one request after the other over one connection that is kept.

use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST, HeaderName};
use http::{HeaderMap, HeaderValue, Method, Request, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::recorder::Kind;

/// Sends requests, one at a time.
pub trait Caller: Send + 'static {
    /// Sends the request of that number and waits for its whole answer. When it is given up half-way,
    /// the next call begins afresh.
    fn call(&mut self, number: u64) -> impl Future<Output = Kind> + Send;
}

/// Where requests go, and what they say.
pub struct Target {
    method: Method,
    path: Uri,
    host: String,
    port: u16,
    headers: HeaderMap,
    bodies: Vec<Bytes>,
    tls: Option<Tls>,
}

/// Why a target cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// The address is no `http` or `https` URL with a host.
    #[error("`{0}` is no address of an HTTP API")]
    Address(String),
    /// There is nothing to send.
    #[error("there is nothing to send")]
    Nothing,
    /// A header's value has signs that no header may have.
    #[error("the value of the header `{0}` cannot be sent")]
    Header(HeaderName),
    /// The certificates that this machine trusts cannot be used.
    #[error("the certificates that this machine trusts cannot be used")]
    Certificates(#[source] io::Error),
}

impl Target {
    /// Makes a target of a URL, further headers, and JSON bodies that are sent in turns.
    ///
    /// # Errors
    /// The URL or a header cannot be used, or there is no body.
    pub fn post(
        url: &str,
        headers: &[(HeaderName, String)],
        bodies: Vec<Bytes>,
    ) -> Result<Self, TargetError> {
        if bodies.is_empty() {
            return Err(TargetError::Nothing);
        }
        let mut target = Self::of(Method::POST, url)?;
        let json = HeaderValue::from_static("application/json");
        target.headers.insert(CONTENT_TYPE, json);
        for (name, value) in headers {
            let mut value =
                HeaderValue::from_str(value).map_err(|_| TargetError::Header(name.clone()))?;
            value.set_sensitive(true);
            target.headers.insert(name, value);
        }
        target.bodies = bodies;
        Ok(target)
    }

    /// Makes a target that is only read.
    ///
    /// # Errors
    /// The URL cannot be used.
    pub fn get(url: &str) -> Result<Self, TargetError> {
        Self::of(Method::GET, url)
    }

    fn of(method: Method, url: &str) -> Result<Self, TargetError> {
        let wrong = || TargetError::Address(url.to_owned());
        let uri: Uri = url.parse().map_err(|_| wrong())?;
        let secure = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(wrong()),
        };
        let authority = uri.authority().ok_or_else(wrong)?;
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let host = authority.host().to_owned();
        let value = HeaderValue::from_str(authority.as_str()).map_err(|_| wrong())?;
        Ok(Self {
            method,
            path: path.parse().map_err(|_| wrong())?,
            port: uri.port_u16().unwrap_or(if secure { 443 } else { 80 }),
            headers: HeaderMap::from_iter([(HOST, value)]),
            bodies: vec![Bytes::new()],
            tls: secure.then(|| Tls::to(&host)).transpose()?,
            host,
        })
    }

    fn request(&self, number: u64) -> Request<Full<Bytes>> {
        let count = self.bodies.len() as u64;
        let index = usize::try_from(number % count).unwrap_or_default();
        let mut request = Request::new(Full::new(self.bodies[index].clone()));
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.path.clone();
        *request.headers_mut() = self.headers.clone();
        request
    }

    async fn connect(&self) -> io::Result<Connection> {
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
        stream.set_nodelay(true)?;
        match &self.tls {
            None => shake_hands(stream).await,
            Some(tls) => shake_hands(tls.over(stream).await?).await,
        }
    }
}

async fn shake_hands(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
) -> io::Result<Connection> {
    let (sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(io::Error::other)?;
    Ok(Connection {
        sender,
        // Its error reaches whoever waits for the answer.
        driver: Box::pin(async move { drop(connection.await) }),
    })
}

/// A connection with what moves its bytes. Both are in the hands of the caller's own task: in another one
/// each step of a request would have to wake it.
struct Connection {
    sender: SendRequest<Full<Bytes>>,
    driver: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl Connection {
    /// Tells whether a request can be sent; not when the server has ended the connection.
    async fn is_ready(&mut self) -> bool {
        let Self { sender, driver } = self;
        tokio::select! {
            biased;
            () = driver => false,
            ready = sender.ready() => ready.is_ok(),
        }
    }

    /// Sends a request and waits for its whole answer; tells its status, and whether the connection can be
    /// kept.
    async fn answer(&mut self, request: Request<Full<Bytes>>) -> Result<(u16, bool), hyper::Error> {
        let Self { sender, driver } = self;
        let answer = async {
            let answer = sender.send_request(request).await?;
            let status = answer.status().as_u16();
            drain(answer.into_body()).await?;
            Ok::<u16, hyper::Error>(status)
        };
        let mut answer = pin!(answer);
        tokio::select! {
            biased;
            status = &mut answer => return Ok((status?, true)),
            () = driver => {}
        }
        // What came before the end counts.
        Ok((answer.await?, false))
    }
}

/// Calls over HTTP/1.1.
pub struct HttpCaller {
    target: Arc<Target>,
    connection: Option<Connection>,
}

impl HttpCaller {
    /// Makes a caller; it connects with its first request.
    pub fn new(target: Arc<Target>) -> Self {
        Self {
            target,
            connection: None,
        }
    }

    /// Takes the connection out, so that a call that is given up takes it with it.
    async fn kept(&mut self) -> Option<Connection> {
        let mut connection = self.connection.take()?;
        connection.is_ready().await.then_some(connection)
    }
}

impl Caller for HttpCaller {
    async fn call(&mut self, number: u64) -> Kind {
        let mut connection = match self.kept().await {
            Some(connection) => connection,
            None => match self.target.connect().await {
                Ok(connection) => connection,
                Err(_) => return Kind::Connect,
            },
        };
        match connection.answer(self.target.request(number)).await {
            Ok((status, lasts)) => {
                self.connection = lasts.then_some(connection);
                Kind::Status(status)
            }
            Err(error) if error.is_parse() => Kind::Protocol,
            Err(_) => Kind::Closed,
        }
    }
}

async fn drain(mut body: Incoming) -> Result<(), hyper::Error> {
    while let Some(frame) = body.frame().await {
        frame?;
    }
    Ok(())
}

#[cfg(feature = "aws")]
use secure::Tls;

/// TLS, as the SDK speaks it.
#[cfg(feature = "aws")]
mod secure {
    use super::{Arc, TargetError, TcpStream, io};
    use tokio_rustls::TlsConnector;
    use tokio_rustls::client::TlsStream;
    use tokio_rustls::rustls::crypto::aws_lc_rs;
    use tokio_rustls::rustls::pki_types::ServerName;
    use tokio_rustls::rustls::{ClientConfig, RootCertStore};

    /// Speaks TLS with one host.
    pub(super) struct Tls {
        connector: TlsConnector,
        name: ServerName<'static>,
    }

    impl Tls {
        pub(super) fn to(host: &str) -> Result<Self, TargetError> {
            let address = |_| TargetError::Address(host.to_owned());
            let name = ServerName::try_from(host.to_owned()).map_err(address)?;
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            if roots.is_empty() {
                let none = io::Error::new(io::ErrorKind::NotFound, "there are none");
                return Err(TargetError::Certificates(none));
            }
            let unusable = |error| TargetError::Certificates(io::Error::other(error));
            let config = ClientConfig::builder_with_provider(aws_lc_rs::default_provider().into())
                .with_safe_default_protocol_versions()
                .map_err(unusable)?
                .with_root_certificates(roots)
                .with_no_client_auth();
            Ok(Self {
                connector: TlsConnector::from(Arc::new(config)),
                name,
            })
        }

        pub(super) async fn over(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
            self.connector.connect(self.name.clone(), stream).await
        }
    }
}

/// Without the adapters to AWS there is no TLS, and nothing that needs it.
#[cfg(not(feature = "aws"))]
struct Tls(std::convert::Infallible);

#[cfg(not(feature = "aws"))]
impl Tls {
    fn to(host: &str) -> Result<Self, TargetError> {
        Err(TargetError::Address(format!("https://{host}")))
    }

    async fn over(&self, _: TcpStream) -> io::Result<TcpStream> {
        match self.0 {}
    }
}
