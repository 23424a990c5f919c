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
    loop {
        let pass = pass(session, bucket, sparing, &mut objects).await?;
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
    sparing: Sparing,
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
            .filter(|version| sparing == Sparing::Nothing || version.key != lock::KEY)
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
