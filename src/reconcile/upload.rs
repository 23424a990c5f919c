//! Puts what is missing into the bucket.

use std::sync::atomic::{AtomicU64, Ordering};

use futures::stream::{StreamExt, TryStreamExt};

use super::Session;
use super::error::ReconcileError;
use super::progress::Event;
use crate::cloud::artifacts::Source;
use crate::plan::{Desired, Purpose, StepKind, Upload};

/// Objects that are uploaded at the same time.
const AT_ONCE: usize = 4;

/// Uploads the objects of one purpose that are not there yet.
pub(super) async fn upload(
    session: &Session,
    desired: &Desired,
    present: &std::collections::BTreeSet<String>,
    step: StepKind,
    purpose: Purpose,
) -> Result<(), ReconcileError> {
    let missing: Vec<Upload> = desired
        .uploads
        .iter()
        .filter(|upload| upload.purpose == purpose && !present.contains(&upload.key))
        .cloned()
        .collect();
    let total = missing.iter().map(|upload| size(&upload.source)).sum();
    let done = AtomicU64::new(0);
    let sent = |bytes: u64| {
        let sent = done.fetch_add(bytes, Ordering::Relaxed) + bytes;
        session
            .observer
            .event(Event::Uploaded { step, sent, total });
    };
    let sent: &(dyn Fn(u64) + Send + Sync) = &sent;
    let bucket = &desired.deployment.names.bucket;
    futures::stream::iter(missing)
        .map(|upload| async move {
            session.cancel.check()?;
            let artifacts = &session.cloud.artifacts;
            // What is cut off in the middle of gigabytes is taken up by the next run.
            tokio::select! {
                put = artifacts.put(bucket, &upload.key, &upload.source, sent) => {
                    put.map_err(|fault| ReconcileError::from((step, fault)))
                }
                () = session.cancel.cancelled() => Err(ReconcileError::Interrupted),
            }
        })
        .buffer_unordered(AT_ONCE)
        .try_collect::<Vec<()>>()
        .await?;
    Ok(())
}

/// The size for the progress display; a file that cannot be read is reported by its upload.
fn size(source: &Source) -> u64 {
    match source {
        Source::Bytes(bytes) => bytes.len() as u64,
        Source::File { path, .. } => std::fs::metadata(path).map_or(0, |metadata| metadata.len()),
    }
}
