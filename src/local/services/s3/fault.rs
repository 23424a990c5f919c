//! What can go wrong in S3, in the words of the real service.

use std::io;

use axum::http::{HeaderMap, HeaderValue, StatusCode};
use s3s::{S3Error, S3ErrorCode};

/// Why S3 refused or failed; `Display` is the service's own message.
#[derive(Debug, thiserror::Error)]
pub enum S3Fault {
    /// The bucket does not exist.
    #[error("The specified bucket does not exist")]
    NoSuchBucket,
    /// The key does not exist, or its latest version is a delete marker.
    #[error("The specified key does not exist.")]
    NoSuchKey {
        /// Version id of the delete marker that hides the object, if one does.
        hidden_by: Option<String>,
    },
    /// The version id is unknown for this key.
    #[error("The specified version does not exist.")]
    NoSuchVersion,
    /// The upload does not exist, was completed or aborted.
    #[error(
        "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed."
    )]
    NoSuchUpload,
    /// The bucket holds objects, versions or delete markers.
    #[error("The bucket you tried to delete is not empty")]
    BucketNotEmpty {
        /// Whether only the bucket's versioning keeps it from being empty to the eye.
        versioned: bool,
    },
    /// A conditional request's condition does not hold.
    #[error("At least one of the pre-conditions you specified did not hold")]
    PreconditionFailed,
    /// A conditional read whose object did not change.
    #[error("Not Modified")]
    NotModified,
    /// Any other refusal.
    #[error("{message}")]
    Refused {
        /// HTTP status.
        status: StatusCode,
        /// The service's error code.
        code: &'static str,
        /// The service's message.
        message: String,
    },
    /// The engine's own disk or the request's body failed.
    #[error("We encountered an internal error. Please try again.")]
    Io(#[from] io::Error),
}

impl S3Fault {
    /// Makes a refusal with status 400.
    pub(super) fn bad_request(code: &'static str, message: impl Into<String>) -> Self {
        Self::refused(StatusCode::BAD_REQUEST, code, message)
    }

    /// Makes a refusal with status 404, for a sub-resource that was never set.
    pub(super) fn not_set(code: &'static str, message: &str) -> Self {
        Self::refused(StatusCode::NOT_FOUND, code, message)
    }

    /// Makes a refusal with any status.
    pub(super) fn refused(
        status: StatusCode,
        code: &'static str,
        message: impl Into<String>,
    ) -> Self {
        Self::Refused {
            status,
            code,
            message: message.into(),
        }
    }

    /// Makes the refusal of something that the engine does not emulate, naming it.
    pub(super) fn not_emulated(what: &str) -> Self {
        Self::refused(
            StatusCode::NOT_IMPLEMENTED,
            "NotImplemented",
            format!("the local engine does not emulate S3 {what}"),
        )
    }

    /// Returns the service's error code, e.g. `NoSuchBucket`.
    pub fn code(&self) -> &'static str {
        self.parts().1
    }

    fn parts(&self) -> (StatusCode, &'static str) {
        match self {
            Self::NoSuchBucket => (StatusCode::NOT_FOUND, "NoSuchBucket"),
            Self::NoSuchKey { .. } => (StatusCode::NOT_FOUND, "NoSuchKey"),
            Self::NoSuchVersion => (StatusCode::NOT_FOUND, "NoSuchVersion"),
            Self::NoSuchUpload => (StatusCode::NOT_FOUND, "NoSuchUpload"),
            Self::BucketNotEmpty { .. } => (StatusCode::CONFLICT, "BucketNotEmpty"),
            Self::PreconditionFailed => (StatusCode::PRECONDITION_FAILED, "PreconditionFailed"),
            Self::NotModified => (StatusCode::NOT_MODIFIED, "NotModified"),
            Self::Refused { status, code, .. } => (*status, code),
            Self::Io(_) => (StatusCode::INTERNAL_SERVER_ERROR, "InternalError"),
        }
    }

    fn message(&self) -> String {
        match self {
            Self::BucketNotEmpty { versioned: true } => {
                format!("{self}. You must delete all versions in the bucket.")
            }
            Self::Io(error) => format!("{self} ({error})"),
            other => other.to_string(),
        }
    }
}

impl From<S3Fault> for S3Error {
    fn from(fault: S3Fault) -> Self {
        let (status, code) = fault.parts();
        let code = S3ErrorCode::from_bytes(code.as_bytes()).unwrap_or(S3ErrorCode::InternalError);
        let mut error = Self::with_message(code, fault.message());
        error.set_status_code(status);
        if let S3Fault::NoSuchKey {
            hidden_by: Some(id),
        } = &fault
        {
            error.set_headers(delete_marker_headers(id));
        }
        error
    }
}

fn delete_marker_headers(version_id: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("x-amz-delete-marker", HeaderValue::from_static("true"));
    if let Ok(value) = HeaderValue::from_str(version_id) {
        headers.insert("x-amz-version-id", value);
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_versioned_bucket_is_told_to_lose_its_versions() {
        let error = S3Error::from(S3Fault::BucketNotEmpty { versioned: true });
        assert_eq!(error.code().as_str(), "BucketNotEmpty");
        assert_eq!(
            error.message(),
            Some(
                "The bucket you tried to delete is not empty. You must delete all versions in the bucket."
            )
        );
        assert_eq!(error.status_code(), Some(StatusCode::CONFLICT));
    }

    #[test]
    fn a_disk_error_gives_its_reason() {
        let error = S3Error::from(S3Fault::Io(io::Error::other("disk full")));
        assert!(error.message().unwrap_or_default().contains("disk full"));
    }
}
