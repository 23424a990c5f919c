//! Progress for programs: one JSON object a line.

use std::time::Duration;

use jiff::{Timestamp, Unit};
use serde_json::{Map, Value, json};

use super::model::{Model, Pace};
use super::pulse::Pulse;
use crate::reconcile::progress::Event;

/// Turns events into objects.
pub(super) struct Json {
    model: Model,
    pulse: Pulse,
}

impl Json {
    pub(super) fn new(pace: Pace) -> Self {
        Self {
            model: Model::new(pace),
            pulse: Pulse::default(),
        }
    }

    /// The object of an event; `None` where nothing is to be said.
    pub(super) fn event(&mut self, event: &Event, at: Duration, time: Timestamp) -> Option<String> {
        self.model.take(event, at);
        // A program that draws a metric wants all of it.
        let metric = matches!(event, Event::TrainingMetric { .. });
        if !self.pulse.passes(event, at) && !metric {
            return None;
        }
        let mut data = serde_json::to_value(event).unwrap_or_default();
        if let Event::StepStarted { .. } = event {
            let step = self.model.running().map(|(step, _)| step);
            if let Some(expected) = step.and_then(|step| self.model.expected(step)) {
                data["expected"] = json!(expected);
            }
        }
        Some(object(&data, at, time))
    }

    /// A sign of life when it is time for one.
    pub(super) fn tick(&mut self, at: Duration, time: Timestamp) -> Option<String> {
        let wait = self.pulse.due(&self.model, at)?;
        let mut data = json!({
            "event": "still_waiting",
            "on": wait.what,
            "seconds": at.saturating_sub(wait.since).as_secs(),
        });
        if let Some(expected) = wait.expected {
            data["expected"] = json!(expected);
        }
        Some(object(&data, at, time))
    }
}

/// A remark that is not about progress.
pub(super) fn remark(text: &str, at: Duration, time: Timestamp) -> String {
    let text = anstream::adapter::strip_str(text).to_string();
    object(&json!({ "event": "remark", "text": text }), at, time)
}

/// Puts the time before what happened.
pub(super) fn object(data: &Value, at: Duration, time: Timestamp) -> String {
    // A time that cannot be rounded is told to the nanosecond.
    let time = time.round(Unit::Millisecond).unwrap_or(time);
    let mut object = Map::new();
    object.insert("time".into(), json!(time.to_string()));
    let seconds = (at.as_secs_f64() * 1000.0).round() / 1000.0;
    object.insert("elapsed".into(), json!(seconds));
    object.extend(data.as_object().cloned().unwrap_or_default());
    Value::Object(object).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Action, StepKind};

    #[test]
    fn an_event_is_one_line_with_its_times() {
        let mut json = Json::new(Pace::Aws);
        let time: Timestamp = "2026-11-26T14:00:00.123456Z".parse().unwrap();
        let started = Event::StepStarted {
            step: StepKind::Service,
            action: Action::Update,
        };
        let at = Duration::from_micros(1_234_567);
        assert_eq!(
            json.event(&started, at, time).unwrap(),
            r#"{"time":"2026-11-26T14:00:00.123Z","elapsed":1.235,"event":"step_started","step":"service","action":"update","expected":{"shortest_seconds":120,"longest_seconds":1200}}"#
        );
        let sign = json.tick(at + Duration::from_mins(1), time).unwrap();
        let sign: Value = serde_json::from_str(&sign).unwrap();
        assert_eq!(
            (&sign["event"], &sign["on"], &sign["seconds"]),
            (&json!("still_waiting"), &json!("service"), &json!(60))
        );
    }

    #[test]
    fn text_of_any_kind_stays_one_line() {
        let time = Timestamp::UNIX_EPOCH;
        let line = remark("\u{1b}[31merror:\u{1b}[0m a\nb \"c\"", Duration::ZERO, time);
        assert_eq!(
            line,
            r#"{"time":"1970-01-01T00:00:00Z","elapsed":0.0,"event":"remark","text":"error: a\nb \"c\""}"#
        );
    }
}
