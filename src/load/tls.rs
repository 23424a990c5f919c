//! TLS, as the SDK speaks it.

#[cfg(feature = "aws")]
pub(super) use secure::Tls;

#[cfg(feature = "aws")]
mod secure {
    use std::io;

    use tokio::net::TcpStream;
    use tokio_rustls::TlsConnector;
    use tokio_rustls::client::TlsStream;
    use tokio_rustls::rustls::crypto::aws_lc_rs;
    use tokio_rustls::rustls::pki_types::ServerName;
    use tokio_rustls::rustls::{ClientConfig, RootCertStore};

    use crate::load::error::TargetError;

    /// Speaks TLS with one host.
    pub(in crate::load) struct Tls {
        connector: TlsConnector,
        name: ServerName<'static>,
    }

    impl Tls {
        pub(in crate::load) fn to(host: &str) -> Result<Self, TargetError> {
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
                connector: TlsConnector::from(std::sync::Arc::new(config)),
                name,
            })
        }

        pub(in crate::load) async fn over(
            &self,
            stream: TcpStream,
        ) -> io::Result<TlsStream<TcpStream>> {
            self.connector.connect(self.name.clone(), stream).await
        }
    }
}

#[cfg(not(feature = "aws"))]
use super::error::TargetError;
#[cfg(not(feature = "aws"))]
use tokio::net::TcpStream;

/// Without the adapters to AWS there is no TLS, and nothing that needs it.
#[cfg(not(feature = "aws"))]
pub(super) struct Tls(std::convert::Infallible);

#[cfg(not(feature = "aws"))]
impl Tls {
    pub(super) fn to(host: &str) -> Result<Self, TargetError> {
        Err(TargetError::Address(format!("https://{host}")))
    }

    pub(super) async fn over(&self, stream: TcpStream) -> std::io::Result<TcpStream> {
        drop(stream);
        match self.0 {}
    }
}
