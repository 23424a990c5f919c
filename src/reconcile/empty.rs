//! Empties a bucket of any size: pages are listed while others are removed, few at a time in memory.

use futures::stream::{FuturesUnordered, StreamExt};

use super::Session;
use super::error::{ReconcileError, doing};
use super::lock;
use super::progress::Event;
use super::wait::Watch;
use crate::cloud::artifacts::{Place, Refusal, Version};
use crate::cloud::{CloudFault, FaultKind};

/// Removals in flight; with a page of 1,000 versions each this bounds memory.
const IN_FLIGHT: usize = 4;
/// Pages that one pass lists at most.
const MAX_PAGES: usize = 1_000_000;
/// How long what cannot be removed for a passing reason is tried again.
const LIMIT: std::time::Duration = std::time::Duration::from_mins(15);

/// What of a bucket stays until the very end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sparing {
    /// The lock: the run still works.
    Lock,
    /// Nothing.
    Nothing,
}

/// Removes all versions, delete markers and unfinished uploads of a bucket. One pass after another, until
/// a listing finds nothing: what was written meanwhile, such as late logs, goes too.
///
/// # Errors
/// Something cannot be removed.
pub(super) async fn empty(
    session: &Session,
    bucket: &str,
    sparing: Sparing,
) -> Result<(), ReconcileError> {
    let mut watch = Watch::new("the bucket to be empty", LIMIT, session);
    let mut objects = 0;
    let doomed = |key: &str| sparing == Sparing::Nothing || key != lock::KEY;
    loop {
        let pass = pass(session, bucket, &doomed, &mut objects).await?;
        let aborted = session.cloud.artifacts.abort_uploads(bucket).await;
        let aborted = aborted.map_err(doing("abort unfinished uploads"))?;
        if pass.found == 0 && aborted == 0 {
            return Ok(());
        }
        match pass.refused {
            Some(refusal) if !refusal.fault.is_transient() => return Err(refused(refusal)),
            // Whatever had a passing reason is found again by the next pass, after a pause.
            Some(_) => watch.pause().await?,
            None => {}
        }
    }
}

/// Removes all versions and delete markers of those objects whose keys are `doomed`, pass after pass, until a
/// listing finds none.
///
/// # Errors
/// Something cannot be removed.
pub(super) async fn remove_where(
    session: &Session,
    bucket: &str,
    doomed: &(dyn Fn(&str) -> bool + Send + Sync),
) -> Result<(), ReconcileError> {
    let mut watch = Watch::new("the objects to be gone", LIMIT, session);
    let mut objects = 0;
    loop {
        let pass = pass(session, bucket, doomed, &mut objects).await?;
        match pass.refused {
            _ if pass.found == 0 => return Ok(()),
            Some(refusal) if !refusal.fault.is_transient() => return Err(refused(refusal)),
            Some(_) => watch.pause().await?,
            None => {}
        }
    }
}

/// What one pass over the bucket came to.
#[derive(Default)]
struct Pass {
    /// Versions that were found.
    found: usize,
    /// A version that could not be removed; one whose reason does not pass is preferred.
    refused: Option<Refusal>,
}

impl Pass {
    fn take(&mut self, refusals: Vec<Refusal>) {
        for refusal in refusals {
            let graver = match &self.refused {
                Some(known) => known.fault.is_transient() && !refusal.fault.is_transient(),
                None => true,
            };
            if graver {
                self.refused = Some(refusal);
            }
        }
    }
}

async fn pass(
    session: &Session,
    bucket: &str,
    doomed: &(dyn Fn(&str) -> bool + Send + Sync),
    objects: &mut usize,
) -> Result<Pass, ReconcileError> {
    let artifacts = &session.cloud.artifacts;
    let mut pass = Pass::default();
    let mut removals = FuturesUnordered::new();
    let mut place: Option<Place> = None;
    for _ in 0..MAX_PAGES {
        session.cancel.check()?;
        let page = artifacts.versions(bucket, place.as_ref()).await;
        let page = page.map_err(doing("list the bucket"))?;
        let doomed: Vec<Version> = page
            .versions
            .into_iter()
            .filter(|version| doomed(&version.key))
            .collect();
        if !doomed.is_empty() {
            pass.found += doomed.len();
            removals.push(async move {
                let refusals = artifacts.remove(bucket, &doomed).await;
                (doomed.len(), refusals)
            });
        }
        place = page.next;
        while removals.len() >= IN_FLIGHT || (place.is_none() && !removals.is_empty()) {
            let Some((count, refusals)) = removals.next().await else {
                break;
            };
            let refusals = refusals.map_err(doing("empty the bucket"))?;
            *objects += count - refusals.len().min(count);
            pass.take(refusals);
            session.observer.event(Event::Removed { objects: *objects });
        }
        if place.is_none() {
            return Ok(pass);
        }
    }
    Err(ReconcileError::Unknown("an end of the bucket"))
}

fn refused(refusal: Refusal) -> ReconcileError {
    let CloudFault { code, message, .. } = refusal.fault;
    doing("empty the bucket")(CloudFault {
        kind: FaultKind::Denied,
        operation: "DeleteObjects",
        code,
        message: format!("{}: {message}", refusal.version.key),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use async_trait::async_trait;
    use bytes::Bytes;

    use super::*;
    use crate::cloud::artifacts::{Artifacts, ObjectPage, Sent, Source, VersionPage};
    use crate::reconcile::testing::{self, fault};
    use crate::reconcile::wait::sleep;

    /// A bucket of numbered objects.
    #[derive(Default)]
    struct Bucket {
        numbers: Mutex<BTreeSet<usize>>,
        uploads: Mutex<usize>,
        /// Removals at the same time, now and at most.
        at_once: Mutex<(usize, usize)>,
        /// What `remove` says of each tenth object, and how often.
        refusals: Mutex<Option<(FaultKind, u32)>>,
        /// Objects that are written while others are removed.
        late: Mutex<usize>,
    }

    impl Bucket {
        fn of(count: usize) -> Arc<Self> {
            let bucket = Self::default();
            *bucket.numbers.lock().unwrap() = (0..count).collect();
            Arc::new(bucket)
        }
    }

    fn version(number: usize) -> Version {
        let key = if number == 7 {
            lock::KEY.to_owned()
        } else {
            format!("{number:09}")
        };
        Version {
            key,
            id: number.to_string(),
        }
    }

    #[async_trait]
    impl Artifacts for Bucket {
        async fn size(&self, _: &str, _: &str) -> Result<Option<u64>, CloudFault> {
            Ok(None)
        }

        async fn get(&self, _: &str, _: &str, _: u64) -> Result<Option<Bytes>, CloudFault> {
            Ok(None)
        }

        async fn download(
            &self,
            _: &str,
            _: &str,
            _: &std::path::Path,
        ) -> Result<Option<u64>, CloudFault> {
            Ok(None)
        }

        async fn put(&self, _: &str, _: &str, _: &Source, _: Sent<'_>) -> Result<(), CloudFault> {
            Ok(())
        }

        async fn list(&self, _: &str, _: &str, _: Option<&str>) -> Result<ObjectPage, CloudFault> {
            Ok(ObjectPage::default())
        }

        async fn versions(
            &self,
            _: &str,
            place: Option<&Place>,
        ) -> Result<VersionPage, CloudFault> {
            let numbers = self.numbers.lock().unwrap();
            let start = place.map_or(0, |place| place.key.parse::<usize>().unwrap() + 1);
            let page: Vec<usize> = numbers.range(start..).take(1_000).copied().collect();
            let next = page
                .last()
                .filter(|last| numbers.range(**last + 1..).next().is_some())
                .map(|last| Place {
                    key: last.to_string(),
                    version: None,
                });
            let versions = page.into_iter().map(version).collect();
            Ok(VersionPage { versions, next })
        }

        async fn remove(&self, _: &str, versions: &[Version]) -> Result<Vec<Refusal>, CloudFault> {
            {
                let mut at_once = self.at_once.lock().unwrap();
                at_once.0 += 1;
                at_once.1 = at_once.1.max(at_once.0);
            }
            sleep(Duration::from_millis(100)).await;
            self.at_once.lock().unwrap().0 -= 1;
            assert!(versions.len() <= 1_000);
            let mut refusing = self.refusals.lock().unwrap();
            let kind = match refusing.as_mut() {
                Some((kind, left)) if *left > 0 => {
                    *left -= 1;
                    Some(*kind)
                }
                _ => None,
            };
            let mut numbers = self.numbers.lock().unwrap();
            let mut refusals = Vec::new();
            for version in versions {
                let number: usize = version.id.parse().unwrap();
                match kind {
                    Some(kind) if number.is_multiple_of(10) => refusals.push(Refusal {
                        version: version.clone(),
                        fault: fault(kind),
                    }),
                    _ => drop(numbers.remove(&number)),
                }
            }
            let mut late = self.late.lock().unwrap();
            if *late > 0 {
                *late -= 1;
                // Before everything that was listed already.
                numbers.insert(1_000_000 + *late);
            }
            Ok(refusals)
        }

        async fn abort_uploads(&self, _: &str) -> Result<usize, CloudFault> {
            let mut uploads = self.uploads.lock().unwrap();
            let aborted = (*uploads).min(1_000);
            *uploads -= aborted;
            Ok(aborted)
        }
    }

    async fn emptied(bucket: &Arc<Bucket>, sparing: Sparing) -> Result<(), ReconcileError> {
        let mut bed = testing::session();
        bed.session.cloud.artifacts = bucket.clone();
        empty(&bed.session, "bucket", sparing).await
    }

    #[tokio::test(start_paused = true)]
    async fn a_hundred_thousand_versions_go_few_pages_at_a_time() {
        let bucket = Bucket::of(100_000);
        *bucket.uploads.lock().unwrap() = 2_500;
        *bucket.late.lock().unwrap() = 3;
        emptied(&bucket, Sparing::Nothing).await.unwrap();
        assert!(bucket.numbers.lock().unwrap().is_empty());
        assert_eq!(*bucket.uploads.lock().unwrap(), 0);
        assert_eq!(bucket.at_once.lock().unwrap().1, IN_FLIGHT);
    }

    #[tokio::test(start_paused = true)]
    async fn the_lock_stays_until_it_is_to_go() {
        let bucket = Bucket::of(20);
        emptied(&bucket, Sparing::Lock).await.unwrap();
        assert_eq!(*bucket.numbers.lock().unwrap(), BTreeSet::from([7]));
        emptied(&bucket, Sparing::Nothing).await.unwrap();
        assert!(bucket.numbers.lock().unwrap().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn passing_refusals_are_tried_again_and_others_named() {
        let bucket = Bucket::of(2_000);
        *bucket.refusals.lock().unwrap() = Some((FaultKind::Unavailable, 5));
        emptied(&bucket, Sparing::Nothing).await.unwrap();
        assert!(bucket.numbers.lock().unwrap().is_empty());
        let bucket = Bucket::of(2_000);
        *bucket.refusals.lock().unwrap() = Some((FaultKind::Denied, 1_000));
        let error = emptied(&bucket, Sparing::Nothing).await.unwrap_err();
        let ReconcileError::Cloud { fault, .. } = error else {
            panic!("{error}");
        };
        assert!(fault.message.contains("000000000"), "{fault}");
    }
}
