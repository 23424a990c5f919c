//! The watch that alarms keep: once a minute, as long as there are any.

use std::sync::Arc;

use super::CloudWatch;
use super::alarm::{Alarm, AlarmState, Watch};
use crate::local::wire::ApiError;

impl CloudWatch {
    /// Has the alarms watch as long as the service is there. Must be called within a Tokio runtime.
    pub fn start(self: &Arc<Self>) {
        let weak = Arc::downgrade(self);
        let (clock, mut changes) = (self.clock, self.changes());
        tokio::spawn(async move {
            loop {
                let idle = match weak.upgrade() {
                    Some(service) => service.state.read(|state| state.alarms.is_empty()),
                    None => return,
                };
                if idle {
                    if changes.changed().await.is_err() {
                        return; // The service is gone.
                    }
                    continue;
                }
                clock.next_minute().await;
                if let Some(service) = weak.upgrade() {
                    service.look();
                }
            }
        });
    }

    /// Holds the numbers up to now against all alarms.
    fn look(&self) {
        let minute = self.metrics.minute();
        let judge = |alarm: &Alarm| {
            // It was read when the alarm was made.
            let (state, reason) = Watch::read(&alarm.request)
                .ok()?
                .judge(&self.metrics, minute)?;
            (state != alarm.state).then(|| (alarm.arn.clone(), state, reason))
        };
        let turned: Vec<_> = self
            .state
            .read(|state| state.alarms.values().filter_map(judge).collect());
        if turned.is_empty() {
            return;
        }
        let now = self.clock.epoch_seconds();
        let written = self.change(|state| {
            for (arn, to, reason) in turned {
                if let Some(alarm) = state.alarms.get_mut(&arn) {
                    turn(alarm, to, reason, now);
                }
            }
            Ok(())
        });
        if written.is_err() {
            // The disk is full; the next minute finds the same difference and tries again.
        }
    }

    /// Changes the alarms, and tells whoever waits for that.
    pub(super) fn change<R>(
        &self,
        change: impl FnOnce(&mut super::State) -> Result<R, ApiError>,
    ) -> Result<R, ApiError> {
        let result = self.state.write(change)?;
        self.changed.send_replace(());
        Ok(result)
    }
}

/// Brings an alarm into a state.
pub(super) fn turn(alarm: &mut Alarm, to: AlarmState, reason: String, now: f64) {
    alarm.state = to;
    alarm.reason = reason;
    alarm.since = now;
}
