//! Plain lines with the time since the start, for CI and files.

use std::time::Duration;

use super::model::{Model, Pace};
use super::pulse::{Pulse, still};
use super::words;
use crate::reconcile::progress::Event;

/// Turns events into lines.
pub(super) struct Plain {
    model: Model,
    pulse: Pulse,
}

impl Plain {
    pub(super) fn new(pace: Pace) -> Self {
        Self {
            model: Model::new(pace),
            pulse: Pulse::default(),
        }
    }

    /// The line of an event; `None` where nothing is to be said.
    pub(super) fn event(&mut self, event: &Event, at: Duration) -> Option<String> {
        self.model.take(event, at);
        let text = self.said(event)?;
        self.pulse.passes(event, at).then(|| line(&text, at))
    }

    /// A sign of life when it is time for one.
    pub(super) fn tick(&mut self, at: Duration) -> Option<String> {
        let wait = self.pulse.due(&self.model, at)?;
        Some(line(&still(&wait, at), at))
    }

    fn said(&self, event: &Event) -> Option<String> {
        let action = |kind| {
            let step = self.model.steps.iter().find(|step| step.kind == kind);
            step.map(|step| step.action)
        };
        Some(match event {
            Event::StepStarted { step, .. } => match self.model.running() {
                Some((running, _)) => match self.model.expected(running) {
                    Some(expected) => format!("{step} … (usually {expected})"),
                    None => format!("{step} …"),
                },
                None => format!("{step} …"),
            },
            Event::StepDone { step, took } => {
                let did = action(*step).map_or("done", words::done);
                format!("{step} {did} ({:.1} s)", took.as_secs_f64())
            }
            Event::StepFailed { step } => format!("{step} FAILED"),
            Event::StepLeft { step } => format!("{step} {}", words::LEFT),
            Event::StepSkipped { step } => format!("{step} {}", words::SKIPPED),
            event => {
                let text = words::now(event)?;
                match self.model.running() {
                    Some((step, _)) => format!("{}: {text}", step.kind),
                    None => text,
                }
            }
        })
    }
}

fn line(text: &str, at: Duration) -> String {
    format!("[{:>7.1}s] {text}", at.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Action, StepKind};

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn endpoint(status: &str) -> Event {
        Event::Resource {
            stack: "news-service".into(),
            logical_id: "Endpoint".into(),
            resource_type: "AWS::SageMaker::Endpoint".into(),
            status: status.into(),
            reason: None,
        }
    }

    #[test]
    fn a_long_wait_gives_a_sign_of_life_every_minute() {
        let mut plain = Plain::new(Pace::Aws);
        let started = Event::StepStarted {
            step: StepKind::Service,
            action: Action::Create,
        };
        assert_eq!(
            plain.event(&started, at(1)).unwrap(),
            "[    1.0s] service … (usually 5-15 min)"
        );
        assert_eq!(
            plain.event(&endpoint("CREATE_IN_PROGRESS"), at(2)).unwrap(),
            "[    2.0s] service: Endpoint creating"
        );
        let signs: Vec<String> = (3..=722)
            .filter_map(|second| plain.tick(at(second)))
            .collect();
        assert_eq!(signs.len(), 12);
        assert_eq!(
            signs[11],
            "[  722.0s] still waiting for Endpoint (12 min 00 s, usually 3-15 min)"
        );
    }

    #[test]
    fn on_this_machine_nothing_is_usual_and_nothing_is_waited_for_at_rest() {
        let mut plain = Plain::new(Pace::Local);
        assert_eq!(plain.tick(at(1000)), None);
        let event = Event::Waiting {
            on: "news-service".into(),
        };
        assert_eq!(
            plain.event(&event, at(1000)).unwrap(),
            "[ 1000.0s] waiting for news-service"
        );
        assert_eq!(plain.tick(at(1059)), None);
        assert_eq!(
            plain.tick(at(1060)).unwrap(),
            "[ 1060.0s] still waiting for news-service (1 min 00 s)"
        );
        plain.event(
            &Event::StepStarted {
                step: StepKind::Service,
                action: Action::Create,
            },
            at(1061),
        );
        let done = Event::StepDone {
            step: StepKind::Service,
            took: at(3),
        };
        assert_eq!(
            plain.event(&done, at(1064)).unwrap(),
            "[ 1064.0s] service done (3.0 s)"
        );
        assert_eq!(plain.tick(at(9999)), None);
    }

    #[test]
    fn a_metric_is_said_every_half_minute() {
        let mut plain = Plain::new(Pace::Local);
        let said = |plain: &mut Plain, name: &str, second| {
            let metric = Event::TrainingMetric {
                name: name.into(),
                value: 0.5,
            };
            plain.event(&metric, at(second))
        };
        let lines: Vec<String> = (0..100)
            .filter_map(|second| said(&mut plain, "loss", second))
            .collect();
        assert_eq!(lines.len(), 4);
        assert_eq!(lines[1], "[   30.0s] loss 0.5000");
        assert!(said(&mut plain, "accuracy", 100).is_some());
    }

    #[test]
    fn an_upload_is_said_by_the_tenth_and_a_removal_every_ten_seconds() {
        let mut plain = Plain::new(Pace::Local);
        let upload = |sent| Event::Uploaded {
            step: StepKind::Data,
            sent,
            total: 1000,
        };
        let said = (1..=1000).filter(|sent| plain.event(&upload(*sent), at(1)).is_some());
        assert_eq!(said.count(), 10);
        let said = (0..100).filter(|page| {
            let event = Event::Removed {
                objects: page * 1000,
            };
            plain.event(&event, at(*page as u64)).is_some()
        });
        assert_eq!(said.count(), 10);
    }
}
