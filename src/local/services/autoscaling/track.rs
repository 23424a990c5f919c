//! Tracking: what a policy makes of the load, and when.

use std::sync::Arc;
use std::time::Duration;

use super::AutoScaling;
use super::model::{Policy, Target, key};
use crate::local::metrics::{Series, Statistic};
use crate::local::wire::ApiError;

/// Minutes above the aim until more instances are wanted, and minutes clearly below until fewer are, as
/// the alarms have it that AWS makes for target tracking.
const OUT_AFTER: usize = 3;
const IN_AFTER: usize = 15;

/// What counts as clearly below the aim.
const CLEARLY_BELOW: f64 = 0.9;

/// The load of one instance in the last minutes, the newest first; nothing where there was none.
type Load = [Option<f64>; IN_AFTER];

impl AutoScaling {
    /// Has the policies scale as long as the service is there. Must be called within a Tokio runtime.
    pub fn start(self: &Arc<Self>) {
        let weak = Arc::downgrade(self);
        let clock = self.parts.clock;
        tokio::spawn(async move {
            loop {
                let Some(service) = weak.upgrade() else {
                    return;
                };
                if service.state.read(|state| state.targets.is_empty()) {
                    service.wake.notified().await;
                    continue;
                }
                drop(service);
                clock.next_minute().await;
                if let Some(service) = weak.upgrade() {
                    service.track();
                }
            }
        });
    }

    /// Moves every target to where it should be.
    pub(super) fn track(&self) {
        let targets: Vec<Target> = self
            .state
            .read(|state| state.targets.values().cloned().collect());
        for target in targets {
            if self.move_target(&target).is_err() {
                // The endpoint is being changed, or the disk is full: the next minute tries again.
            }
        }
    }

    fn move_target(&self, target: &Target) -> Result<(), ApiError> {
        let Some((endpoint, variant)) = Target::names(&target.id) else {
            return Ok(());
        };
        let variants = &self.parts.variants;
        let Some(current) = variants.count(&target.region, endpoint, variant) else {
            return Ok(());
        };
        let load = self.load(endpoint, variant);
        let now = self.now();
        let wanted = wanted(target, current, &load, now);
        if wanted == current {
            return Ok(());
        }
        variants.set_count(&target.region, endpoint, variant, wanted)?;
        self.state.write(|state| {
            // It may have been deregistered meanwhile.
            if let Some(target) = state.targets.get_mut(&key(&target.region, &target.id)) {
                let at = if wanted > current {
                    &mut target.raised
                } else {
                    &mut target.lowered
                };
                *at = Some(now);
            }
            Ok(())
        })
    }

    fn load(&self, endpoint: &str, variant: &str) -> Load {
        let dimensions = [("EndpointName", endpoint), ("VariantName", variant)];
        let series = Series::new("AWS/SageMaker", "InvocationsPerInstance", &dimensions);
        let metrics = &self.parts.metrics;
        let mut minute = metrics.minute();
        std::array::from_fn(|_| {
            minute -= 1;
            let summary = metrics.over(&series, minute, 1)?;
            Some(summary.of(Statistic::Sum))
        })
    }
}

/// Returns how many instances a target should have.
pub(super) fn wanted(target: &Target, current: u64, load: &Load, now: f64) -> u64 {
    if !(target.min..=target.max).contains(&current) {
        return current.clamp(target.min, target.max);
    }
    // Of several policies the one that wants most counts.
    let wanted = target
        .policies
        .values()
        .map(|policy| by_policy(policy, target, current, load, now));
    let wanted = wanted.max().unwrap_or(current);
    wanted.clamp(target.min, target.max)
}

fn by_policy(policy: &Policy, target: &Target, current: u64, load: &Load, now: f64) -> u64 {
    let since = |at: Option<f64>, cooldown: u64| {
        // Looks are a minute apart, but for the clock's own unevenness.
        at.is_none_or(|at| (now - at).round() >= Duration::from_secs(cooldown).as_secs_f64())
    };
    let all = |minutes: &[Option<f64>], fits: &dyn Fn(f64) -> bool| {
        minutes.iter().all(|load| load.is_some_and(fits))
    };
    if all(&load[..OUT_AFTER], &|load| load > policy.aim) {
        let newest = load[0].unwrap_or_default();
        return if since(target.raised, policy.out_cooldown) {
            instances(current, newest, policy.aim)
        } else {
            current
        };
    }
    let below = all(load, &|load| load < policy.aim * CLEARLY_BELOW);
    let rested =
        since(target.raised, policy.in_cooldown) && since(target.lowered, policy.in_cooldown);
    if below && rested && !policy.never_in {
        // The busiest of these minutes is what must still be borne.
        let most = load.iter().flatten().copied().fold(0.0, f64::max);
        return instances(current, most, policy.aim).min(current);
    }
    current
}

/// Returns how many instances bring the load of each down to the aim.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a variant has few instances, and none of the numbers is negative"
)]
fn instances(current: u64, load: f64, aim: f64) -> u64 {
    (current as f64 * load / aim).ceil() as u64
}
