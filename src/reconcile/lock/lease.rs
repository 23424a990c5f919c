//! A lock that is held: renewed in the background, believed no longer than the others believe it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::note::LockNote;
use crate::cloud::CloudFault;
use crate::cloud::records::{Expected, Records, Written};
use crate::reconcile::station::Station;
use crate::reconcile::wait::sleep;

/// Where a lock is kept.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) records: Arc<dyn Records>,
    pub(super) bucket: String,
    pub(super) key: String,
}

impl Place {
    pub(super) async fn write(
        &self,
        note: &LockNote,
        expected: Expected<'_>,
    ) -> Result<Written, CloudFault> {
        let text = note.write();
        self.records
            .write(&self.bucket, &self.key, &text, expected)
            .await
    }

    /// Reads the lock: its `ETag`, and what it says where this version understands it.
    pub(super) async fn read(&self) -> Result<Option<(String, Option<LockNote>)>, CloudFault> {
        let record = self.records.read(&self.bucket, &self.key).await?;
        Ok(record.map(|record| (record.etag, LockNote::read(&record.text))))
    }
}

/// A lock that is held. Dropping it stops the renewal and leaves the lock to run out, as a kill does.
pub(super) struct Lease {
    held: Arc<Mutex<Held>>,
    renewal: JoinHandle<()>,
}

/// What is known of the own lock.
struct Held {
    etag: String,
    /// Until when nobody else takes it over.
    until: Instant,
    /// Somebody else has it.
    lost: bool,
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.renewal.abort();
    }
}

impl Lease {
    /// Begins to renew a lock that was written at the moment `written` with this `ETag`.
    pub(super) fn keep(
        place: Place,
        station: Station,
        note: LockNote,
        etag: String,
        written: Instant,
    ) -> Self {
        let held = Arc::new(Mutex::new(Held {
            etag,
            until: written + note.lease(),
            lost: false,
        }));
        let renewal = Renewal {
            place,
            station,
            note,
            began: written,
            held: Arc::clone(&held),
        };
        Self {
            held,
            renewal: tokio::spawn(renewal.forever()),
        }
    }

    /// Whether nobody else can have taken the lock over.
    pub(super) fn is_valid(&self) -> bool {
        let held = lock(&self.held);
        !held.lost && Instant::now() < held.until
    }

    /// Stops renewing and returns the newest `ETag`.
    pub(super) async fn stop(mut self) -> String {
        self.renewal.abort();
        // Its end is waited for, so that no renewal is sent any more; that it was aborted is no news.
        let _ = (&mut self.renewal).await;
        lock(&self.held).etag.clone()
    }
}

struct Renewal {
    place: Place,
    station: Station,
    note: LockNote,
    began: Instant,
    held: Arc<Mutex<Held>>,
}

impl Renewal {
    async fn forever(mut self) {
        let mut pause = self.note.interval();
        loop {
            sleep(pause).await;
            let asked = Instant::now();
            self.note
                .renew(self.station.witness.now(), self.began.elapsed());
            let etag = lock(&self.held).etag.clone();
            let written = self.place.write(&self.note, Expected::Etag(&etag)).await;
            pause = match self.take(asked, written).await {
                Some(pause) => pause,
                None => return,
            };
        }
    }

    /// Takes the result of a renewal; returns when to renew next, or nothing when there is no more use.
    async fn take(&self, asked: Instant, written: Result<Written, CloudFault>) -> Option<Duration> {
        let renewed = |etag| {
            let mut held = lock(&self.held);
            held.etag = etag;
            held.until = asked + self.note.lease();
        };
        match written {
            Ok(Written::Done(etag)) => renewed(etag),
            // Either somebody took over, or the answer to an own renewal was lost.
            Ok(Written::Surprised) => match self.place.read().await {
                Ok(Some((etag, Some(note)))) if note.worker.id == self.note.worker.id => {
                    renewed(etag);
                }
                Ok(_) => {
                    lock(&self.held).lost = true;
                    return None;
                }
                Err(_) => return Some(self.retry()),
            },
            // The lease goes on to run; while it does, another attempt may succeed.
            Err(_) => return Some(self.retry()),
        }
        Some(self.note.interval())
    }

    fn retry(&self) -> Duration {
        self.note.interval() / 4
    }
}

fn lock(held: &Mutex<Held>) -> std::sync::MutexGuard<'_, Held> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}
