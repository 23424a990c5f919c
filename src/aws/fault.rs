//! SDK errors in our own words.

use std::error::Error;
use std::fmt::Debug;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::refused::refused;
use crate::cloud::{CloudFault, FaultKind, chain};

/// Sorts an SDK error and keeps the service's words.
pub(super) fn fault<E>(operation: &'static str, error: &SdkError<E, HttpResponse>) -> CloudFault
where
    E: Error + ProvideErrorMetadata + Debug + 'static,
{
    // Credentials that come from a role fail in a request of their own, which tells more.
    if let Some(fault) = refused(error) {
        return fault.clone();
    }
    let status = error
        .raw_response()
        .map(|response| response.status().as_u16());
    let code = error.code().unwrap_or_default().to_owned();
    let message = match (error.message(), status) {
        (Some(message), _) => message.to_owned(),
        (None, Some(status)) => format!("{} (HTTP {status})", without_code(&code)),
        (None, None) => chain(error),
    };
    let kind = match status {
        Some(status) => CloudFault::classify(&code, status),
        None => unanswered(&message),
    };
    let message = match kind {
        FaultKind::Unauthenticated if status.is_none() => {
            format!("there are no usable AWS credentials ({message})")
        }
        _ => message,
    };
    CloudFault {
        kind,
        operation,
        code,
        message,
    }
}

/// Makes the fault of an answer that lacks what its operation promises.
pub(super) fn incomplete(operation: &'static str, missing: &str) -> CloudFault {
    CloudFault {
        kind: FaultKind::Unavailable,
        operation,
        code: String::new(),
        message: format!("the answer lacks {missing}"),
    }
}

fn without_code(code: &str) -> &str {
    if code.is_empty() {
        "the service gave no reason"
    } else {
        code
    }
}

/// Sorts a request that got no answer by the only thing there is, its text (a test holds the two
/// texts against the SDK's).
fn unanswered(message: &str) -> FaultKind {
    let credentials = [
        "credential",
        "CredentialsNotLoaded",
        "token has expired",
        "SSO",
    ];
    if credentials.iter().any(|word| message.contains(word)) {
        FaultKind::Unauthenticated
    } else {
        FaultKind::Unavailable
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_smithy_runtime_api::client::result::ConnectorError;

    type Failure = aws_sdk_sts::operation::get_caller_identity::GetCallerIdentityError;

    #[test]
    fn a_refused_connection_is_unavailable() {
        let refused = std::io::Error::other("connection refused");
        let error: SdkError<Failure, HttpResponse> =
            SdkError::dispatch_failure(ConnectorError::io(refused.into()));
        let fault = fault("GetCallerIdentity", &error);
        assert_eq!(fault.kind, FaultKind::Unavailable);
        assert!(
            fault.message.contains("connection refused"),
            "{}",
            fault.message
        );
    }

    #[test]
    fn missing_credentials_are_told_apart() {
        let missing = aws_credential_types::provider::error::CredentialsError::not_loaded(
            "no providers in chain provided credentials",
        );
        let error: SdkError<Failure, HttpResponse> =
            SdkError::dispatch_failure(ConnectorError::other(missing.into(), None));
        let fault = fault("GetCallerIdentity", &error);
        assert_eq!(fault.kind, FaultKind::Unauthenticated);
        assert!(
            fault
                .message
                .starts_with("there are no usable AWS credentials ("),
            "{}",
            fault.message
        );
        // The words, not the structure behind them.
        assert!(!fault.message.contains('{'), "{}", fault.message);
    }
}
