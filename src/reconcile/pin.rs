//! Pins data in S3 to what is there: SageMaker is handed a place, not versions, so what it reads is known
//! only by looking.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use super::Session;
use super::error::{ReconcileError, doing};
use crate::bundle::Digest;
use crate::stack::S3Location;

/// Looks at the objects of a place, and gives a digest over their keys, sizes and entity tags: another
/// content of any of them gives another digest.
///
/// # Errors
/// They cannot be listed, or there are none.
pub async fn pin(session: &Session, location: &S3Location) -> Result<Digest, ReconcileError> {
    let artifacts = &session.cloud.artifacts;
    let mut hasher = Sha256::new();
    let mut after: Option<String> = None;
    let mut objects = 0;
    loop {
        let page = artifacts.list(&location.bucket, &location.prefix, after.as_deref());
        let page = page.await.map_err(doing("look at the data in S3"))?;
        objects += page.objects.len();
        let mut lines = String::new();
        for object in &page.objects {
            // Each key is quoted, so that no key can pass for two lines.
            // Writing to a String cannot fail.
            let _ = writeln!(lines, "{} {} {:?}", object.etag, object.size, object.key);
        }
        hasher.update(lines);
        match page.next {
            Some(next) => after = Some(next),
            None if objects == 0 => return Err(ReconcileError::NoData(location.clone())),
            None => return Ok(hasher.into()),
        }
    }
}

/// Requires that data in S3 still is what the training key was made from.
pub(super) async fn hold(
    session: &Session,
    pinned: Option<&(S3Location, Option<Digest>)>,
) -> Result<(), ReconcileError> {
    let Some((location, pinned)) = pinned else {
        return Ok(());
    };
    let now = pin(session, location).await?;
    if pinned.as_ref() == Some(&now) {
        Ok(())
    } else {
        Err(ReconcileError::DataMoved(location.clone()))
    }
}
