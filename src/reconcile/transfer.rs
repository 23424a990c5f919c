//! Copies an artifact from one environment's bucket into another's, and lets no other artifact through.
//!
//! The service copies by itself where it may and can, which moves nothing through this machine; otherwise what is
//! read with the credentials of one environment is written with those of the other. Either way the artifact
//! counts only with the SHA-256 that was recorded for it. It is known by that digest afterwards, too: an object
//! whose digest nobody computed is copied again, so that a run may be killed between copying and comparing.

use std::sync::atomic::{AtomicU64, Ordering};

use super::Session;
use super::error::{ReconcileError, doing};
use super::progress::Event;
use crate::cloud::artifacts::Version;
use crate::cloud::copies::{Arrival, At, Copied, Found, LARGEST_COPY, Origin};
use crate::cloud::{Cloud, CloudFault, FaultKind};

/// How an artifact came to where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// It was there.
    Present,
    /// The service copied it.
    Copied,
    /// It went through this machine.
    Streamed,
}

/// An artifact and the way it has to go.
struct Transfer<'a> {
    from: &'a Cloud,
    session: &'a Session,
    source: &'a At,
    into: &'a At,
    found: Found,
    sha256: &'a str,
}

/// Copies the object `source` of another cloud to `into` in the session's, unless it is there. It has to have this
/// size and SHA-256 (hexadecimal).
pub async fn transfer(
    from: &Cloud,
    session: &Session,
    source: &At,
    into: &At,
    size: u64,
    sha256: &str,
) -> Result<How, ReconcileError> {
    session.cancel.check()?;
    let there = session.cloud.copies.find(into).await;
    let there = there.map_err(doing("look for the artifact"))?;
    if there.is_some_and(|there| there.size == size && there.sha256.as_deref() == Some(sha256)) {
        return Ok(How::Present);
    }
    let found = from.copies.find(source).await;
    let found = found.map_err(doing("look for the artifact that is to be copied"))?;
    let Some(found) = found else {
        return Err(tampered(source, "it is not there".to_owned()));
    };
    if found.size != size {
        let why = format!("it has {} bytes, and {size} were recorded", found.size);
        return Err(tampered(source, why));
    }
    let transfer = Transfer {
        from,
        session,
        source,
        into,
        found,
        sha256,
    };
    // What is cut off in the middle of gigabytes is taken up by the next run.
    tokio::select! {
        how = transfer.run() => how,
        () = session.cancel.cancelled() => Err(ReconcileError::Interrupted),
    }
}

/// Copies an object of another bucket that the session's own credentials may read, unless it is there. It has to
/// have this SHA-256 (hexadecimal).
///
/// # Errors
/// [`ReconcileError::Tampered`] when it is not there, or has another digest.
pub(super) async fn fetch(
    session: &Session,
    from: &At,
    into: &At,
    sha256: &str,
) -> Result<(), ReconcileError> {
    let find = |at| async move {
        let found = session.cloud.copies.find(at).await;
        found.map_err(doing("look for the model that is brought"))
    };
    // What was copied once does not need its origin any more.
    let there = find(into).await?;
    if there.is_some_and(|there| there.sha256.as_deref() == Some(sha256)) {
        return Ok(());
    }
    let Some(found) = find(from).await? else {
        return Err(tampered(from, "it is not there".to_owned()));
    };
    let copied = transfer(&session.cloud, session, from, into, found.size, sha256);
    copied.await.map(drop)
}

/// Requires that an object of the session's cloud is the artifact that was recorded.
///
/// # Errors
/// [`ReconcileError::Tampered`] when it is not, or is not there.
pub(super) async fn is_right(
    session: &Session,
    at: &At,
    size: u64,
    sha256: &str,
) -> Result<(), ReconcileError> {
    let found = session.cloud.copies.find(at).await;
    let found = found.map_err(doing("look for the artifact"))?;
    let Some(found) = found else {
        return Err(tampered(at, "it is not there".to_owned()));
    };
    let computed = if let Some(sha256) = found.sha256 {
        sha256
    } else {
        let content = session.cloud.copies.digest(at).await;
        let content = content.map_err(doing("hash the artifact"))?;
        content.map_or_else(|| "gone".to_owned(), |content| content.sha256)
    };
    if found.size == size && computed == sha256 {
        return Ok(());
    }
    let why = format!("its SHA-256 is {computed}, and {sha256} was recorded");
    Err(tampered(at, why))
}

impl Transfer<'_> {
    async fn run(&self) -> Result<How, ReconcileError> {
        if self.found.size <= LARGEST_COPY && self.copied_by_the_service().await? {
            self.told(self.found.size);
            return Ok(How::Copied);
        }
        self.stream().await.map(|()| How::Streamed)
    }

    /// Whether the service could copy it.
    async fn copied_by_the_service(&self) -> Result<bool, ReconcileError> {
        let (cloud, etag) = (&self.session.cloud, &self.found.etag);
        let copied = match cloud.copies.copy(self.source, etag, self.into).await {
            Ok(copied) => copied,
            Err(fault) if is_no_way(&fault) => return Ok(false),
            Err(fault) => return Err(doing("copy the artifact")(fault)),
        };
        match &copied.sha256 {
            Some(sha256) if sha256 == self.sha256 => Ok(true),
            Some(sha256) => {
                self.withdraw(&copied).await;
                Err(self.wrong(sha256))
            }
            None => {
                self.withdraw(&copied).await;
                Ok(false)
            }
        }
    }

    /// Removes a copy that is not known to be right. Should that fail, it is still not taken for the artifact:
    /// its digest is another one, or was never computed.
    async fn withdraw(&self, copied: &Copied) {
        let version = Version {
            key: self.into.key.clone(),
            id: copied.version.clone().unwrap_or_else(|| "null".to_owned()),
        };
        let artifacts = &self.session.cloud.artifacts;
        let removed = artifacts.remove(&self.into.bucket, &[version]).await;
        let refused = match removed {
            Ok(refusals) => refusals.into_iter().next().map(|refusal| refusal.fault),
            Err(fault) => Some(fault),
        };
        if let Some(fault) = refused {
            let text = format!("{} could not be removed again: {fault}", self.into);
            self.session.observer.event(Event::Notice { text });
        }
    }

    async fn stream(&self) -> Result<(), ReconcileError> {
        let done = AtomicU64::new(0);
        let sent = |bytes: u64| self.told(done.fetch_add(bytes, Ordering::Relaxed) + bytes);
        let origin = Origin {
            copies: self.from.copies.as_ref(),
            at: self.source,
            found: &self.found,
        };
        let copies = &self.session.cloud.copies;
        let arrival = copies.receive(origin, self.into, self.sha256, &sent).await;
        match arrival.map_err(doing("copy the artifact"))? {
            Arrival::Right => Ok(()),
            Arrival::Wrong(sha256) => Err(self.wrong(&sha256)),
        }
    }

    fn told(&self, sent: u64) {
        let total = self.found.size;
        self.session.observer.event(Event::Copied { sent, total });
    }

    fn wrong(&self, sha256: &str) -> ReconcileError {
        let why = format!("its SHA-256 is {sha256}, and {} was recorded", self.sha256);
        tampered(self.source, why)
    }
}

/// Whether a service does not copy an object by itself, and never will: the credentials of one account may not
/// read the other's bucket, or its service does not know that bucket, or cannot do it.
fn is_no_way(fault: &CloudFault) -> bool {
    let kinds = [FaultKind::Denied, FaultKind::NotFound, FaultKind::Rejected];
    kinds.contains(&fault.kind) || fault.code == "NotImplemented"
}

fn tampered(at: &At, why: String) -> ReconcileError {
    ReconcileError::Tampered {
        at: at.clone(),
        why,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use async_trait::async_trait;

    use super::*;
    use crate::cloud::artifacts::Sent;
    use crate::cloud::copies::{Content, Copies};
    use crate::reconcile::testing;

    const RIGHT: &str = "right";

    /// A cloud with the artifact, in which copying ends as it is told to.
    struct Scripted {
        copied: Result<Option<&'static str>, FaultKind>,
        calls: Mutex<Vec<&'static str>>,
    }

    #[async_trait]
    impl Copies for Scripted {
        async fn find(&self, at: &At) -> Result<Option<Found>, CloudFault> {
            let found = Found {
                size: 5,
                etag: "e".into(),
                sha256: None,
            };
            Ok((at.bucket == "from").then_some(found))
        }

        async fn read(&self, _: &At, _: &str, _: u64, _: &mut [u8]) -> Result<(), CloudFault> {
            Ok(())
        }

        async fn digest(&self, _: &At) -> Result<Option<Content>, CloudFault> {
            Ok(None)
        }

        async fn copy(&self, _: &At, _: &str, _: &At) -> Result<Copied, CloudFault> {
            self.calls.lock().unwrap().push("copy");
            let sha256 = self.copied.map_err(testing::fault)?;
            Ok(Copied {
                version: None,
                sha256: sha256.map(str::to_owned),
            })
        }

        async fn receive(
            &self,
            _: Origin<'_>,
            _: &At,
            _: &str,
            sent: Sent<'_>,
        ) -> Result<Arrival, CloudFault> {
            self.calls.lock().unwrap().push("receive");
            sent(5);
            Ok(Arrival::Right)
        }
    }

    fn at(bucket: &str) -> At {
        At {
            bucket: bucket.into(),
            key: "model".into(),
        }
    }

    async fn run(
        copied: Result<Option<&'static str>, FaultKind>,
        from: &str,
        size: u64,
    ) -> (Result<How, ReconcileError>, Vec<&'static str>) {
        let cloud = Arc::new(Scripted {
            copied,
            calls: Mutex::default(),
        });
        let mut bed = testing::session();
        bed.session.cloud.copies = cloud.clone();
        let session = &bed.session;
        let how = transfer(&session.cloud, session, &at(from), &at("to"), size, RIGHT).await;
        let calls = std::mem::take(&mut *cloud.calls.lock().unwrap());
        (how, calls)
    }

    #[tokio::test]
    async fn what_the_service_cannot_copy_is_streamed() {
        for copied in [
            Ok(None),
            Err(FaultKind::Denied),
            Err(FaultKind::NotFound),
            Err(FaultKind::Rejected),
        ] {
            let (how, calls) = run(copied, "from", 5).await;
            assert_eq!(how.unwrap(), How::Streamed, "{copied:?}");
            assert_eq!(calls, ["copy", "receive"]);
        }
        let (how, calls) = run(Ok(Some(RIGHT)), "from", 5).await;
        assert_eq!(how.unwrap(), How::Copied);
        assert_eq!(calls, ["copy"]);
    }

    #[tokio::test]
    async fn what_may_go_better_the_next_time_is_no_reason_to_stream() {
        for kind in [
            FaultKind::Unavailable,
            FaultKind::Throttled,
            FaultKind::Conflict,
            FaultKind::Unauthenticated,
            FaultKind::Fenced,
        ] {
            let (how, calls) = run(Err(kind), "from", 5).await;
            let Err(ReconcileError::Cloud { fault, .. }) = how else {
                panic!("{how:?}")
            };
            assert_eq!(fault.kind, kind);
            assert_eq!(calls, ["copy"]);
        }
    }

    #[tokio::test]
    async fn another_artifact_is_not_copied() {
        for (copied, from, size, expected) in [
            (
                Ok(Some("wrong")),
                "from",
                5,
                "its SHA-256 is wrong, and right was recorded",
            ),
            (
                Ok(Some(RIGHT)),
                "from",
                6,
                "it has 5 bytes, and 6 were recorded",
            ),
            (Ok(Some(RIGHT)), "elsewhere", 5, "it is not there"),
        ] {
            let (how, calls) = run(copied, from, size).await;
            let text = how.unwrap_err().to_string();
            assert!(text.contains(expected), "{text}");
            assert!(!calls.contains(&"receive"));
        }
    }
}
