//! One run at a time: a lock in the environment's bucket.
//!
//! Purpose: two runs never change one environment at once. Input: the bucket, and who works. Output: a
//! [`Lock`] that is renewed while it is held, and a [`Cloud`] whose changing calls fail once it is lost.
//! Must not know: plans, steps.
//!
//! The lock is an object that is written only where none is (`If-None-Match: *`), renewed only where it
//! is unchanged (`If-Match`), and taken over only when its holder is certainly gone: its process ended
//! on this very machine, or its lease is over by the clock *and* it was not renewed for a whole interval
//! by ours, so that clocks that differ do no harm. As long as there is no bucket, CloudFormation's own
//! refusal to create a stack twice is the lock.

mod fence;
mod lease;
mod note;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::Session;
use super::error::{ReconcileError, doing};
use super::progress::Event;
use super::wait::Watch;
use crate::cloud::records::{Expected, Written};
use crate::cloud::{Cloud, CloudFault, FaultKind};
use crate::plan::Deployment;
use lease::{Lease, Place};
pub use note::LockNote;

/// Key of the lock in the bucket.
pub(super) const KEY: &str = "deploy/lock.json";

/// The lock of one run: not held yet, held, or let go.
pub(super) struct Lock {
    session: Session,
    place: Place,
    operation: &'static str,
    lease: Mutex<State>,
}

#[derive(Default)]
enum State {
    /// There is no bucket to keep it in, or it was let go.
    #[default]
    Open,
    Held(Lease),
}

impl Lock {
    /// Prepares the lock of an environment for an operation; nothing is written yet.
    pub(super) fn new(session: &Session, deployment: &Deployment, operation: &'static str) -> Self {
        Self {
            place: place(&session.cloud, deployment),
            session: session.clone(),
            operation,
            lease: Mutex::default(),
        }
    }

    /// The session's cloud, whose changing calls fail when the lock was held and is lost.
    pub(super) fn fenced(self: &Arc<Self>) -> Session {
        Session {
            cloud: fence::fenced(&self.session.cloud, self),
            ..self.session.clone()
        }
    }

    /// Takes the lock; where there is no bucket yet it stays open.
    ///
    /// # Errors
    /// [`ReconcileError::Locked`] when another run works for longer than this one is willing to wait.
    pub(super) async fn take(&self) -> Result<(), ReconcileError> {
        if self.is_held() {
            return Ok(());
        }
        let patience = self.session.patience;
        let mut watch = Watch::new("the lock", patience.max(note::LONGEST), &self.session);
        let began = Instant::now();
        let mut other = Other::default();
        loop {
            let asked = Instant::now();
            let note = self.note();
            let mut written = self.place.write(&note, Expected::Nothing).await;
            if matches!(written, Ok(Written::Surprised)) {
                let read = self.place.read().await;
                let Some(found) = watch.seen(read, "read the lock")? else {
                    watch.pause().await?;
                    continue;
                };
                let Some((etag, found)) = found else { continue };
                match self.judge(&mut other, &etag, found.as_ref()) {
                    Verdict::Own => written = Ok(Written::Done(etag)),
                    Verdict::Abandoned => {
                        written = self.place.write(&note, Expected::Etag(&etag)).await;
                        self.tell_takeover(found.as_ref(), &written);
                    }
                    Verdict::Busy if began.elapsed() >= patience && !other.is_expiring() => {
                        return Err(locked(found));
                    }
                    Verdict::Busy => {}
                }
            }
            match written {
                Ok(Written::Done(etag)) => {
                    self.hold(note, etag, asked);
                    return Ok(());
                }
                Err(fault) if fault.kind == FaultKind::NotFound => return Ok(()),
                other => drop(watch.seen(other, "take the lock")?),
            }
            watch.pause().await?;
        }
    }

    /// Lets the lock go, whatever else has happened. That it cannot be let go is told and does no harm:
    /// it runs out.
    pub(super) async fn release(&self) {
        let Some(lease) = self.let_go() else { return };
        let mut etag = lease.stop().await;
        for _ in 0..3 {
            let place = &self.place;
            let removed = place.records.remove(&place.bucket, &place.key, &etag).await;
            match removed {
                Ok(Written::Done(_)) => return,
                // A renewal whose answer was lost has changed it.
                Ok(Written::Surprised) => match place.read().await {
                    Ok(Some((newest, Some(note)))) if self.is_own(&note) => etag = newest,
                    _ => return,
                },
                Err(fault) if fault.kind == FaultKind::NotFound => return,
                Err(fault) => {
                    self.session.observer.event(Event::Notice {
                        text: format!(
                            "the lock could not be released ({fault}); it runs out by itself"
                        ),
                    });
                    return;
                }
            }
        }
    }

    /// Stops renewing the lock without removing it, because everything in the bucket is about to go.
    pub(super) async fn surrender(&self) {
        if let Some(lease) = self.let_go() {
            lease.stop().await;
        }
    }

    /// Fails when the lock was held and may be somebody else's by now.
    fn check(&self, operation: &'static str) -> Result<(), CloudFault> {
        match &*self.state() {
            State::Held(lease) if !lease.is_valid() => Err(CloudFault {
                kind: FaultKind::Fenced,
                operation,
                code: String::new(),
                message: "this run has lost its lock, so it changes nothing any more".to_owned(),
            }),
            _ => Ok(()),
        }
    }

    fn note(&self) -> LockNote {
        let station = &self.session.station;
        LockNote::begin(
            station.worker.clone(),
            self.operation,
            station.witness.now(),
        )
    }

    fn judge(&self, other: &mut Other, etag: &str, found: Option<&LockNote>) -> Verdict {
        let Some(note) = found else {
            // Written by another version: believed as long as any lease of this one.
            return other.judge(etag, note::LONGEST, Expiry::Unknown);
        };
        if self.is_own(note) {
            return Verdict::Own;
        }
        let witness = &self.session.station.witness;
        if witness.is_gone(&note.worker) {
            return Verdict::Abandoned;
        }
        let expiry = if witness.now() >= note.expires() {
            Expiry::Over
        } else {
            Expiry::Running
        };
        // Half a lease holds at least one renewal of whoever is alive.
        other.judge(etag, note.lease() / 2, expiry)
    }

    fn tell_takeover(&self, found: Option<&LockNote>, written: &Result<Written, CloudFault>) {
        if let (Some(note), Ok(Written::Done(_))) = (found, written) {
            let text = format!("taking over the lock: {note}, and is gone");
            self.session.observer.event(Event::Notice { text });
        }
    }

    fn hold(&self, note: LockNote, etag: String, written: Instant) {
        let lease = Lease::keep(
            self.place.clone(),
            self.session.station.clone(),
            note,
            etag,
            written,
        );
        *self.state() = State::Held(lease);
    }

    fn let_go(&self) -> Option<Lease> {
        match std::mem::take(&mut *self.state()) {
            State::Held(lease) => Some(lease),
            State::Open => None,
        }
    }

    fn is_held(&self) -> bool {
        matches!(*self.state(), State::Held(_))
    }

    fn is_own(&self, note: &LockNote) -> bool {
        note.worker.id == self.session.station.worker.id
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.lease.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a lock that is there means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// It was written by this run, whose answer was lost.
    Own,
    /// Its holder is gone.
    Abandoned,
    /// Its holder works, or may work.
    Busy,
}

/// Whether a lease is over by the clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expiry {
    Running,
    Over,
    Unknown,
}

/// Somebody else's lock, as long as it does not change.
#[derive(Default)]
struct Other {
    seen: Option<(String, Instant)>,
    /// It has changed while it was looked at, so somebody is alive.
    renewed: bool,
    expiring: bool,
}

impl Other {
    /// Judges a lock: it is abandoned when its time is over and it stayed the same for `interval`.
    fn judge(&mut self, etag: &str, interval: Duration, expiry: Expiry) -> Verdict {
        let since = match &self.seen {
            Some((seen, since)) if seen == etag => *since,
            _ => {
                let now = Instant::now();
                self.renewed = self.seen.is_some();
                self.seen = Some((etag.to_owned(), now));
                now
            }
        };
        self.expiring = expiry == Expiry::Over && !self.renewed;
        if expiry != Expiry::Running && since.elapsed() > interval {
            return Verdict::Abandoned;
        }
        Verdict::Busy
    }

    /// Whether only an interval without a renewal is missing, which is worth waiting for.
    fn is_expiring(&self) -> bool {
        self.expiring
    }
}

fn locked(found: Option<LockNote>) -> ReconcileError {
    ReconcileError::Locked {
        by: found.map(Box::new),
    }
}

fn place(cloud: &Cloud, deployment: &Deployment) -> Place {
    Place {
        records: Arc::clone(&cloud.records),
        bucket: deployment.names.bucket.clone(),
        key: KEY.to_owned(),
    }
}

/// A lock that somebody holds, to be looked at or removed by hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundLock {
    /// What it says; `None` when another version of deploy wrote it.
    pub note: Option<LockNote>,
    etag: String,
}

/// Reads the lock of an environment; `None` when nobody holds one.
///
/// # Errors
/// The bucket cannot be read.
pub async fn find(
    session: &Session,
    deployment: &Deployment,
) -> Result<Option<FoundLock>, ReconcileError> {
    match place(&session.cloud, deployment).read().await {
        Ok(found) => Ok(found.map(|(etag, note)| FoundLock { note, etag })),
        Err(fault) if fault.kind == FaultKind::NotFound => Ok(None),
        Err(fault) => Err(doing("read the lock")(fault)),
    }
}

/// Removes a lock that was found; `false` when it has been renewed or has changed hands since, which
/// means that somebody works.
///
/// # Errors
/// The bucket cannot be written to.
pub async fn remove(
    session: &Session,
    deployment: &Deployment,
    found: &FoundLock,
) -> Result<bool, ReconcileError> {
    let place = place(&session.cloud, deployment);
    let removed = place.records.remove(&place.bucket, &place.key, &found.etag);
    let removed = removed.await.map_err(doing("remove the lock"))?;
    if removed != Written::Surprised {
        return Ok(true);
    }
    // It may be gone: by this very request, whose answer was lost, or because its holder let go of it.
    let now = find(session, deployment).await?;
    Ok(now.is_none())
}
