//! Why a cloud did not do what it was asked.

use std::error::Error;

/// What a caller can do about a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// The thing is not there (where that is not a normal answer).
    NotFound,
    /// The thing exists already or is busy; look again.
    Conflict,
    /// Too many requests; wait and repeat.
    Throttled,
    /// The caller is known but may not do this.
    Denied,
    /// The credentials are missing, wrong or expired.
    Unauthenticated,
    /// The request is wrong and will stay wrong.
    Rejected,
    /// The cloud cannot be reached or failed by itself; repeating may help.
    Unavailable,
    /// It was not asked, because this run may not change anything any more.
    Fenced,
}

/// A request that the cloud did not carry out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{operation} failed: {message}")]
pub struct CloudFault {
    /// What a caller can do about it.
    pub kind: FaultKind,
    /// The API operation, e.g. `CreateChangeSet`.
    pub operation: &'static str,
    /// The service's error code, e.g. `ValidationError`; empty when there was no answer.
    pub code: String,
    /// The service's words, or what happened to the connection.
    pub message: String,
}

impl CloudFault {
    /// Whether repeating the same request later may succeed.
    pub fn is_transient(&self) -> bool {
        matches!(self.kind, FaultKind::Throttled | FaultKind::Unavailable)
    }

    /// Sorts a service's error code and HTTP status into a kind.
    pub fn classify(code: &str, status: u16) -> FaultKind {
        match code {
            "Throttling"
            | "ThrottlingException"
            | "ThrottledException"
            | "TooManyRequestsException"
            | "RequestLimitExceeded"
            | "SlowDown" => FaultKind::Throttled,
            "AccessDenied"
            | "AccessDeniedException"
            | "UnauthorizedOperation"
            | "AuthorizationError" => FaultKind::Denied,
            "ExpiredToken"
            | "ExpiredTokenException"
            | "InvalidClientTokenId"
            | "UnrecognizedClientException"
            | "SignatureDoesNotMatch"
            | "InvalidSignatureException"
            | "IncompleteSignature"
            | "InvalidAccessKeyId"
            | "MissingAuthenticationToken" => FaultKind::Unauthenticated,
            "AlreadyExistsException"
            | "ResourceInUse"
            | "ResourceConflictException"
            | "OperationAborted"
            | "PreconditionFailed" => FaultKind::Conflict,
            "ResourceNotFound"
            | "ResourceNotFoundException"
            | "NoSuchBucket"
            | "NoSuchKey"
            | "NoSuchEntity"
            | "ChangeSetNotFound"
            | "ChangeSetNotFoundException" => FaultKind::NotFound,
            _ if status == 429 => FaultKind::Throttled,
            _ if status == 404 => FaultKind::NotFound,
            _ if status >= 500 => FaultKind::Unavailable,
            _ => FaultKind::Rejected,
        }
    }
}

/// The words of an error and of what caused it, each once.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        source = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_come_before_statuses() {
        assert_eq!(
            CloudFault::classify("Throttling", 400),
            FaultKind::Throttled
        );
        assert_eq!(CloudFault::classify("AccessDenied", 403), FaultKind::Denied);
        assert_eq!(
            CloudFault::classify("ExpiredToken", 400),
            FaultKind::Unauthenticated
        );
        assert_eq!(
            CloudFault::classify("InternalFailure", 500),
            FaultKind::Unavailable
        );
        assert_eq!(
            CloudFault::classify("ValidationError", 400),
            FaultKind::Rejected
        );
    }
}
