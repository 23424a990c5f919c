//! What the engine's page tells of alarms.

use super::CloudWatch;

/// An alarm in a few words.
pub(crate) struct AlarmSummary {
    pub(crate) name: String,
    pub(crate) state: &'static str,
    pub(crate) reason: String,
    /// When it came into its state, in seconds since the Unix epoch.
    pub(crate) since: f64,
}

impl CloudWatch {
    /// Tells of the alarms, by name.
    pub(crate) fn alarm_summaries(&self) -> Vec<AlarmSummary> {
        self.state.read(|state| {
            let alarms = state.alarms.values();
            alarms
                .map(|alarm| AlarmSummary {
                    name: alarm.name.clone(),
                    state: alarm.state.word(),
                    reason: alarm.reason.clone(),
                    since: alarm.since,
                })
                .collect()
        })
    }
}
