//! Why nothing can be put under load.

use std::io;

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
    Header(String),
    /// The certificates that this machine trusts cannot be used.
    #[error("the certificates that this machine trusts cannot be used")]
    Certificates(#[source] io::Error),
}
