//! Takes a model's archive from another bucket.

use super::Session;
use super::error::ReconcileError;
use crate::plan::ReleasedModel;

/// Brings the archive of a released model into the bucket.
pub(super) async fn transfer(
    _session: &Session,
    _bucket: &str,
    _released: &ReleasedModel,
) -> Result<(), ReconcileError> {
    Err(ReconcileError::Unknown(
        "how to take a model from another bucket",
    ))
}
