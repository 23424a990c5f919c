//! Conditional requests: `If-Match` and `If-None-Match` on reads, writes and deletes.

use s3s::dto::{ETag, ETagCondition};

use super::fault::S3Fault;
use super::model::Content;

/// The conditions of one request.
#[derive(Debug, Clone, Default)]
pub(super) struct Conditions {
    pub(super) if_match: Option<ETagCondition>,
    pub(super) if_none_match: Option<ETagCondition>,
}

impl Conditions {
    /// Checks the conditions of a write or a delete against the present object.
    ///
    /// # Errors
    /// `PreconditionFailed`, or `NoSuchKey` for `If-Match` on an object that is not there.
    pub(super) fn check_write(&self, present: Option<&Content>) -> Result<(), S3Fault> {
        match (&self.if_none_match, present) {
            (Some(ETagCondition::ETag(_)), _) => {
                return Err(S3Fault::not_emulated(
                    "If-None-Match with an ETag on a write (S3 takes only *)",
                ));
            }
            (Some(ETagCondition::Any), Some(_)) => return Err(S3Fault::PreconditionFailed),
            _ => {}
        }
        match (&self.if_match, present) {
            (Some(_), None) => Err(S3Fault::NoSuchKey { hidden_by: None }),
            (Some(condition), Some(content)) if !matches(condition, content) => {
                Err(S3Fault::PreconditionFailed)
            }
            _ => Ok(()),
        }
    }

    /// Checks the conditions of a read.
    ///
    /// # Errors
    /// `PreconditionFailed` or `NotModified`.
    pub(super) fn check_read(&self, content: &Content) -> Result<(), S3Fault> {
        if let Some(condition) = &self.if_match
            && !matches(condition, content)
        {
            return Err(S3Fault::PreconditionFailed);
        }
        match &self.if_none_match {
            Some(condition) if matches(condition, content) => Err(S3Fault::NotModified),
            _ => Ok(()),
        }
    }
}

fn matches(condition: &ETagCondition, content: &Content) -> bool {
    match condition {
        ETagCondition::Any => true,
        ETagCondition::ETag(ETag::Strong(value) | ETag::Weak(value)) => *value == content.etag,
    }
}
