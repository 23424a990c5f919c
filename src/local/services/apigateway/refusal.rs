//! What the service itself answers in place of a function, in its own words.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};

use super::authorize::Denied;

/// An answer of the service itself.
#[derive(Debug, Clone)]
pub(super) enum Refusal {
    NotFound,
    Denied(Denied),
    TooManyRequests,
    TooSlow,
    BodyTooLarge,
    HeadTooLarge,
    BadRequest,
    Failed,
    Unavailable,
}

impl Refusal {
    /// Status and message.
    pub(super) fn answer(&self) -> (StatusCode, &'static str) {
        match self {
            Self::Denied(Denied::Unauthorized(_)) => (StatusCode::UNAUTHORIZED, "Unauthorized"),
            Self::Denied(Denied::Forbidden) => (StatusCode::FORBIDDEN, "Forbidden"),
            Self::NotFound => (StatusCode::NOT_FOUND, "Not Found"),
            Self::TooManyRequests => (StatusCode::TOO_MANY_REQUESTS, "Too Many Requests"),
            Self::TooSlow => (StatusCode::REQUEST_TIMEOUT, "Request Timeout"),
            Self::BodyTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large"),
            Self::HeadTooLarge => (
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                "Request Header Fields Too Large",
            ),
            Self::BadRequest => (StatusCode::BAD_REQUEST, "Bad Request"),
            Self::Failed => (StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error"),
            Self::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"),
        }
    }

    /// Tells who was turned away with 401 what is asked for.
    pub(super) fn challenge(&self, headers: &mut HeaderMap) {
        let Self::Denied(Denied::Unauthorized(reason)) = self else {
            return;
        };
        let value = match reason {
            None => "Bearer".to_owned(),
            Some(reason) => {
                format!("Bearer scope=\"\" error=\"invalid_token\" error_description=\"{reason}\"")
            }
        };
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(header::WWW_AUTHENTICATE, value);
        }
    }
}
