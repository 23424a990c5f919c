//! Brings endpoints into service, and out of it.

use std::sync::Arc;

use super::super::names::Kind;
use super::super::state::{Endpoint, EndpointStatus, Serving};
use super::super::{SageMaker, lock};
use super::rollout::Rollout;
use super::{Fleet, Live};
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
    pub(super) fn deploy(self: &Arc<Self>, arn: &str, next: Serving, rollout: Rollout) {
        let service = Arc::clone(self);
        let endpoint = arn.to_owned();
        let mut live = lock(&self.live);
        let entry = live.entry(arn.to_owned()).or_default();
        // The map is locked until the task is in it; the task needs the map before it ends.
        entry.deployment = Some(tokio::spawn(async move {
            match service.roll_out(&endpoint, next, &rollout).await {
                Ok(()) => service.taken_over(&endpoint).await,
                Err(setback) => service.taken_back(&endpoint, &setback).await,
            }
        }));
    }

    /// Records that the new servers have taken over, and ends those that they replace.
    async fn taken_over(&self, arn: &str) {
        // Requests go to the new servers before the state tells of it, and never nowhere.
        let replaced = lock(&self.live).get_mut(arn).and_then(|live| {
            let (fleet, _) = live.next.take()?;
            live.fleet.replace(fleet)
        });
        self.settle(arn, None);
        self.end(arn, replaced).await;
    }

    /// Records that the old servers, if there are any, serve alone again, and ends the new ones.
    async fn taken_back(&self, arn: &str, setback: &Setback) {
        let next = lock(&self.live)
            .get_mut(arn)
            .and_then(|live| live.next.take())
            .map(|(fleet, _)| fleet);
        if next.is_some() {
            let recorded = self.change_endpoint(arn, |endpoint| {
                if endpoint.status == EndpointStatus::Updating {
                    endpoint.status = EndpointStatus::RollingBack;
                }
            });
            if recorded.is_err() {
                // As below; what comes next is recorded in any case.
            }
        }
        self.end(arn, next).await;
        self.settle(arn, Some(setback));
    }

    /// Records what became of a deployment.
    fn settle(&self, arn: &str, setback: Option<&Setback>) {
        let now = self.parts.clock.epoch_seconds();
        let recorded = self.change_endpoint(arn, |endpoint| {
            endpoint.record.modified = now;
            let next = endpoint.next.take();
            endpoint.failure_reason = match setback {
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
    }

    /// Ends servers that get no more requests, and removes what they read.
    async fn end(&self, arn: &str, fleet: Option<Fleet>) {
        let Some(fleet) = fleet else { return };
        let place = self.place(arn, &fleet.serving);
        fleet.stop().await;
        if place.remove().is_err() {
            // The next deployment of this configuration removes the folder, or fails saying so.
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
                let fleet = self.keep_again(arn, &current);
                lock(&self.live).entry(arn.clone()).or_default().fleet = Some(fleet);
            }
            match endpoint.next {
                Some(_) if endpoint.status == EndpointStatus::RollingBack => {
                    // The new servers ended with the engine, so that nothing is left to take back.
                    let reason = "The update was rolled back.".to_owned();
                    self.settle(arn, Some(&Setback::Reason(reason)));
                }
                Some(next) => {
                    let rollout = Rollout::read(endpoint.deployment.as_ref(), next.instances);
                    // It was read when the update was asked for.
                    self.deploy(arn, next, rollout.unwrap_or_default());
                }
                None => {}
            }
        }
    }

    /// Ends all servers, at the same time.
    pub(in super::super) async fn shutdown_endpoints(&self) {
        let all: Vec<Live> = std::mem::take(&mut *lock(&self.live))
            .into_values()
            .collect();
        let fleets = all.into_iter().flat_map(|mut live| {
            let next = live.next.take().map(|(fleet, _)| fleet);
            live.fleet.take().into_iter().chain(next)
        });
        // A deployment in progress was cut short when its part was dropped, and is begun anew.
        let fleets: Vec<Fleet> = fleets.collect();
        futures::future::join_all(fleets.into_iter().map(Fleet::stop)).await;
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
            let next = live.next.take().map(|(fleet, _)| fleet);
            for fleet in live.fleet.take().into_iter().chain(next) {
                fleet.stop().await;
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
