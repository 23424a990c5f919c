//! The AWS wire protocols, as far as the engine speaks them.
//!
//! Purpose: turns HTTP requests into named operations and answers into the form each protocol wants.
//! Input: request head and body. Output: `ApiRequest`, HTTP responses. Must not know: what any
//! operation does.

pub mod json;
pub mod query;

use axum::http::{HeaderMap, Method, StatusCode};
use bytes::Bytes;

use super::auth::Caller;

/// A request whose signature was checked, before its protocol is looked at.
#[derive(Debug, Clone)]
pub struct ApiRequest {
    /// HTTP method.
    pub method: Method,
    /// Path, percent-encoded as received.
    pub path: String,
    /// Query string without `?`; empty when there is none.
    pub query: String,
    /// Headers.
    pub headers: HeaderMap,
    /// Whole body.
    pub body: Bytes,
    /// Region of the credential scope.
    pub region: String,
    /// Who asks.
    pub caller: Caller,
}

/// An error answer of a service, in the terms that all protocols share.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct ApiError {
    /// HTTP status.
    pub status: StatusCode,
    /// The error's code, e.g. `ValidationException`.
    pub code: String,
    /// Text for people.
    pub message: String,
}

impl ApiError {
    /// Makes an error the caller is to blame for (status 400).
    pub fn client(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            code: code.into(),
            message: message.into(),
        }
    }

    /// Makes an error with the given status.
    pub fn with_status(
        status: StatusCode,
        code: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            status,
            code: code.into(),
            message: message.into(),
        }
    }

    /// Makes the error for an operation that the engine does not emulate, naming it.
    pub fn not_emulated(service: &str, operation: &str) -> Self {
        Self::with_status(
            StatusCode::NOT_IMPLEMENTED,
            "NotEmulated",
            format!("the local engine does not emulate {service} {operation}"),
        )
    }
}

impl From<std::io::Error> for ApiError {
    fn from(error: std::io::Error) -> Self {
        Self::with_status(
            StatusCode::INTERNAL_SERVER_ERROR,
            "InternalFailure",
            format!("the local engine cannot write its state: {error}"),
        )
    }
}
