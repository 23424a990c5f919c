//! Brings endpoints into service, and out of it: blue/green, with a silent return to the old.

use std::sync::Arc;

use super::super::names::Kind;
use super::super::state::{Endpoint, EndpointStatus, Serving};
use super::super::{SageMaker, lock};
use super::{Keeper, Live};
use crate::local::wire::ApiError;

/// Why a configuration did not come into service.
pub(super) enum Setback {
    /// It failed, as it is to stand in the endpoint's `FailureReason`.
    Reason(String),
    /// Nobody says why, and the endpoint looks well.
    Silent,
}

impl SageMaker {
    /// Starts bringing the endpoint's `next` into service.
    pub(super) fn deploy(self: &Arc<Self>, arn: &str, next: Serving) {
        let service = Arc::clone(self);
        let endpoint = arn.to_owned();
        let mut live = lock(&self.live);
        let entry = live.entry(arn.to_owned()).or_default();
        // The map is locked until the task is in it; the task needs the map before it ends.
        entry.deployment = Some(tokio::spawn(async move {
            let kept = service.keep(&endpoint, next).await;
            service.deployed(&endpoint, kept).await;
        }));
    }

    /// Records what became of a deployment, and ends what it replaces.
    async fn deployed(self: &Arc<Self>, arn: &str, kept: Result<Keeper, Setback>) {
        let now = self.parts.clock.epoch_seconds();
        let mut setback = None;
        let mut replaced = None;
        match kept {
            Ok(keeper) => {
                // Requests go to the new server before the state tells of it, and never nowhere.
                if let Some(live) = lock(&self.live).get_mut(arn) {
                    replaced = live.keeper.replace(keeper);
                }
            }
            Err(reason) => setback = Some(reason),
        }
        let recorded = self.change_endpoint(arn, |endpoint| {
            endpoint.record.modified = now;
            let next = endpoint.next.take();
            endpoint.failure_reason = match &setback {
                Some(Setback::Reason(reason)) => Some(reason.clone()),
                Some(Setback::Silent) | None => None,
            };
            if endpoint.status != EndpointStatus::Deleting {
                let serves = setback.is_none() || endpoint.current.is_some();
                endpoint.status = if serves {
                    EndpointStatus::InService
                } else {
                    EndpointStatus::Failed
                };
            }
            if setback.is_none() {
                endpoint.current = next;
            } else if endpoint.current.is_none() {
                endpoint.next = next; // Described still, but nothing serves.
            }
        });
        if recorded.is_err() {
            // The endpoint was deleted, or the disk is full: then the old one is started with the engine.
        }
        if let Some(old) = replaced {
            let place = self.place(arn, &old.serving);
            old.stop().await;
            if place.remove().is_err() {
                // The next deployment of this configuration removes the folder, or fails saying so.
            }
        }
    }

    /// Starts again what was in service or on its way when the engine ended.
    pub(in super::super) fn resume_endpoints(self: &Arc<Self>) {
        let endpoints: Vec<Endpoint> =
            self.read(|state| state.endpoints.values().cloned().collect());
        for endpoint in endpoints {
            let arn = &endpoint.record.arn;
            match endpoint.status {
                EndpointStatus::Failed => continue,
                EndpointStatus::Deleting => {
                    tokio::spawn(Arc::clone(self).removed(arn.clone()));
                    continue;
                }
                _ => {}
            }
            if let Some(current) = endpoint.current {
                let keeper = self.keep_again(arn, current);
                lock(&self.live).entry(arn.clone()).or_default().keeper = Some(keeper);
            }
            if let Some(next) = endpoint.next {
                self.deploy(arn, next);
            }
        }
    }

    /// Ends all servers, at the same time.
    pub(in super::super) async fn shutdown_endpoints(&self) {
        let all: Vec<Live> = std::mem::take(&mut *lock(&self.live))
            .into_values()
            .collect();
        let keepers = all.into_iter().filter_map(|mut live| live.keeper.take());
        futures::future::join_all(keepers.map(Keeper::stop)).await;
    }

    /// Ends whatever runs for an endpoint, removes its folder and then its record.
    pub(super) async fn removed(self: Arc<Self>, arn: String) {
        let live = lock(&self.live).remove(&arn);
        if let Some(mut live) = live {
            if let Some(deployment) = live.deployment.take() {
                deployment.abort();
                // Its end is waited for, so that it starts nothing in the folder any more.
                if deployment.await.is_err() {
                    // Cut short, as wanted.
                }
            }
            if let Some(keeper) = live.keeper.take() {
                keeper.stop().await;
            }
        }
        let folder = self.endpoint_folder(&arn);
        if folder.exists() && std::fs::remove_dir_all(&folder).is_err() {
            // The next endpoint of this name removes what it needs itself, or fails saying so.
        }
        let forgotten = self.change(|state| {
            state.endpoints.remove(&arn);
            Ok(())
        });
        if forgotten.is_err() {
            // The disk is full: the endpoint stays Deleting and is removed when the engine starts again.
        }
    }

    pub(super) fn change_endpoint(
        &self,
        arn: &str,
        change: impl FnOnce(&mut Endpoint),
    ) -> Result<(), ApiError> {
        self.change(|state| {
            let endpoint = state.endpoints.get_mut(arn);
            change(endpoint.ok_or_else(|| Kind::Endpoint.missing(arn))?);
            Ok(())
        })
    }
}
