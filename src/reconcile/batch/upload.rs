//! Puts the requests of a batch and their indexes into the bucket.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::stream::{StreamExt, TryStreamExt};

use super::super::Session;
use super::super::error::{ReconcileError, doing};
use super::super::progress::Event;
use super::fetch::keys;
use crate::batch::{Prepared, Written};
use crate::cloud::artifacts::Source;
use crate::plan::StepKind;
use crate::plan::batch::Places;

/// Objects that are uploaded at the same time.
const AT_ONCE: usize = 4;

/// Uploads what is not there yet. The job's name, and so every key, derives from the content: what is there is
/// right.
pub(super) async fn upload(
    session: &Session,
    prepared: &Prepared,
    places: &Places,
) -> Result<(), ReconcileError> {
    let mut present: BTreeSet<String> = BTreeSet::new();
    for prefix in [&places.requests, &places.indexes] {
        present.extend(keys(session, &places.bucket, prefix).await?);
    }
    let missing = missing(prepared, places, &present);
    // A file that cannot be looked at is told of by its upload.
    let size = |(_, file): &(String, Written)| {
        std::fs::metadata(&file.path).map_or(0, |about| about.len())
    };
    let total = missing.iter().map(size).sum();
    let done = AtomicU64::new(0);
    let sent = |bytes: u64| {
        let sent = done.fetch_add(bytes, Ordering::Relaxed) + bytes;
        session.observer.event(Event::Uploaded {
            step: StepKind::BatchRequests,
            sent,
            total,
        });
    };
    let sent: &(dyn Fn(u64) + Send + Sync) = &sent;
    futures::stream::iter(missing)
        .map(|(key, file)| async move {
            session.cancel.check()?;
            let source = Source::File {
                path: file.path,
                sha256: file.digest.to_string(),
            };
            let put = session
                .cloud
                .artifacts
                .put(&places.bucket, &key, &source, sent);
            put.await.map_err(doing("upload the requests"))
        })
        .buffer_unordered(AT_ONCE)
        .try_collect::<Vec<()>>()
        .await?;
    Ok(())
}

/// The objects of a batch that are not there yet, by their keys.
fn missing(
    prepared: &Prepared,
    places: &Places,
    present: &BTreeSet<String>,
) -> Vec<(String, Written)> {
    let mut missing = Vec::new();
    for shard in &prepared.shards {
        missing.push((places.index(&shard.name), shard.index.clone()));
        missing.push((places.request(&shard.name), shard.requests.clone()));
    }
    missing.retain(|(key, _)| !present.contains(key));
    missing
}
