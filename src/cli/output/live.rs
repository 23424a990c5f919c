//! One moving line on a terminal: what is being done, since when, and the newest word about it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::words;
use crate::plan::{Action, StepKind};
use crate::reconcile::progress::{Event, Observer};

/// Shows a moving line, and a line that stays for each step that is done.
pub(super) struct Live {
    bar: ProgressBar,
    actions: Mutex<HashMap<StepKind, Action>>,
}

impl Live {
    pub(super) fn new() -> Self {
        let style =
            ProgressStyle::with_template("{spinner} {prefix} {elapsed:>4}  {wide_msg:.dim}")
                .unwrap_or_else(|_| ProgressStyle::default_spinner());
        Self {
            bar: ProgressBar::new_spinner().with_style(style),
            actions: Mutex::default(),
        }
    }

    fn begin(&self, step: StepKind, action: Action) {
        let mut actions = self.actions.lock().unwrap_or_else(PoisonError::into_inner);
        actions.insert(step, action);
        self.bar.reset();
        self.bar.set_prefix(step.to_string());
        self.bar.set_message("");
        self.bar.enable_steady_tick(Duration::from_millis(120));
    }

    fn stays(&self, sign: &str, step: StepKind, text: &str) {
        let step = step.to_string();
        // What moves is over until the next step begins.
        self.bar.finish_and_clear();
        super::progress_line(&format!("{sign} {step:<22} {text}"));
    }
}

impl Observer for Live {
    fn event(&self, event: Event) {
        match &event {
            Event::StepStarted { step, action } => self.begin(*step, *action),
            Event::StepDone { step, took } => {
                let actions = self.actions.lock().unwrap_or_else(PoisonError::into_inner);
                let action = actions.get(step).copied().unwrap_or(Action::Check);
                let text = format!("{} in {:.1} s", words::done(action), took.as_secs_f64());
                self.stays("✓", *step, &text);
            }
            Event::StepFailed { step } => self.stays("✗", *step, "failed"),
            Event::StepLeft { step } => self.stays("·", *step, words::LEFT),
            Event::StepSkipped { step } => self.stays("·", *step, "not done"),
            // What the user should know does not vanish with the next event.
            Event::Notice { text } => self.bar.suspend(|| super::note(text)),
            _ => {
                if let Some(text) = words::now(&event) {
                    self.bar.set_message(text.replace(['\n', '\r', '\t'], " "));
                }
            }
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
