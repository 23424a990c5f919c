//! Plain lines with the time since the start, for CI and files.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use super::{progress_line, words};
use crate::plan::{Action, StepKind};
use crate::reconcile::progress::{Event, Observer};

/// Prints one line per event.
pub(super) struct Plain {
    started: Instant,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    actions: HashMap<StepKind, Action>,
    step: Option<StepKind>,
    tenths: u64,
}

impl Plain {
    pub(super) fn new() -> Self {
        Self {
            started: Instant::now(),
            state: Mutex::default(),
        }
    }

    fn line(&self, text: &str) {
        progress_line(&format!(
            "[{:>7.1}s] {text}",
            self.started.elapsed().as_secs_f64()
        ));
    }
}

impl Observer for Plain {
    fn event(&self, event: Event) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match &event {
            Event::StepStarted { step, action } => {
                state.actions.insert(*step, *action);
                state.step = Some(*step);
                state.tenths = 0;
                self.line(&format!("{step} …"));
            }
            Event::StepDone { step, took } => {
                let action = state.actions.get(step).copied().unwrap_or(Action::Check);
                let seconds = took.as_secs_f64();
                self.line(&format!("{step} {} ({seconds:.1} s)", words::done(action)));
            }
            Event::StepFailed { step } => self.line(&format!("{step} FAILED")),
            Event::StepLeft { step } => self.line(&format!("{step} {}", words::LEFT)),
            Event::StepSkipped { step } => self.line(&format!("{step} not done")),
            Event::Uploaded { sent, total, .. } => {
                // A line per tenth: large files would otherwise fill the log.
                let tenths = if *total == 0 { 10 } else { sent * 10 / total };
                if tenths > state.tenths {
                    state.tenths = tenths;
                    self.progress(state.step, &event);
                }
            }
            _ => self.progress(state.step, &event),
        }
    }
}

impl Plain {
    fn progress(&self, step: Option<StepKind>, event: &Event) {
        if let Some(text) = words::now(event) {
            match step {
                Some(step) => self.line(&format!("{step}: {text}")),
                None => self.line(&text),
            }
        }
    }
}
