//! What is known of a run: its steps, and what goes on within the one that runs. Events in, nothing out;
//! time is what the caller says it is.

use std::collections::VecDeque;
use std::time::Duration;

use indexmap::IndexMap;

use super::training::Training;
use crate::plan::{Action, Expected, StepKind, expected, expected_of_resource};
use crate::reconcile::progress::{Event, PlannedStep};

/// The time over which the rate of an upload is measured.
const WINDOW: Duration = Duration::from_secs(10);
/// The time between two measurements.
const GRAIN: Duration = Duration::from_millis(250);

/// Where a run takes place, which decides how long things usually take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Pace {
    /// On AWS.
    Aws,
    /// On this machine, where nothing is usual.
    Local,
}

/// What is known of a run.
#[derive(Debug, Clone)]
pub(super) struct Model {
    pace: Pace,
    /// The steps of the plan, in its order.
    pub(super) steps: Vec<Step>,
    /// What goes on before the first step, or within the one that runs.
    pub(super) now: Now,
}

/// A step.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Step {
    pub(super) kind: StepKind,
    pub(super) action: Action,
    pub(super) state: State,
}

/// Where a step stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum State {
    Pending,
    Running { since: Duration },
    Done { took: Duration },
    Failed { after: Duration },
    Left,
    Skipped,
}

/// What goes on.
#[derive(Debug, Clone, Default)]
pub(super) struct Now {
    /// Resources by stack and logical id, in the order in which they were first heard of.
    pub(super) resources: IndexMap<(String, String), Resource>,
    /// Whether a stack undoes what it did.
    pub(super) rolling_back: bool,
    pub(super) training: Option<Training>,
    pub(super) upload: Option<Upload>,
    /// Objects removed from the bucket.
    pub(super) removed: Option<usize>,
    /// What is waited for, and since when.
    pub(super) waiting: Option<(String, Duration)>,
}

/// A resource of a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Resource {
    pub(super) kind: String,
    pub(super) status: String,
    pub(super) reason: Option<String>,
    /// When it came into this status.
    pub(super) since: Duration,
    /// When it began, and how long it took once it is finished.
    pub(super) began: Duration,
}

impl Resource {
    pub(super) fn is_running(&self) -> bool {
        self.status.ends_with("_IN_PROGRESS")
    }

    pub(super) fn has_failed(&self) -> bool {
        self.status.ends_with("_FAILED")
    }
}

/// An upload.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Upload {
    pub(super) sent: u64,
    pub(super) total: u64,
    samples: VecDeque<(Duration, u64)>,
}

impl Upload {
    fn take(&mut self, sent: u64, total: u64, at: Duration) {
        // Parts are told of as they arrive, not in the order of their sums.
        self.sent = self.sent.max(sent);
        self.total = total;
        let newest = self.samples.back().map(|(at, _)| *at);
        if newest.is_none_or(|newest| at.saturating_sub(newest) >= GRAIN) {
            self.samples.push_back((at, self.sent));
        }
        while self.samples.len() > 2
            && (self.samples.front()).is_some_and(|(then, _)| at.saturating_sub(*then) > WINDOW)
        {
            self.samples.pop_front();
        }
    }

    /// Bytes a second, over the last seconds; `None` while there is too little to tell.
    pub(super) fn rate(&self) -> Option<u64> {
        let ((first, before), (last, now)) = (self.samples.front()?, self.samples.back()?);
        let millis = last.saturating_sub(*first).as_millis();
        let bytes = u128::from(now.saturating_sub(*before));
        u64::try_from((bytes * 1000).checked_div(millis)?).ok()
    }
}

/// Something that is waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wait {
    /// For what.
    pub(super) what: String,
    /// Since when.
    pub(super) since: Duration,
    /// How long it usually takes.
    pub(super) expected: Option<Expected>,
}

impl Model {
    pub(super) fn new(pace: Pace) -> Self {
        Self {
            pace,
            steps: Vec::new(),
            now: Now::default(),
        }
    }

    /// Takes an event that came at a time since the start.
    pub(super) fn take(&mut self, event: &Event, at: Duration) {
        match event {
            Event::Planned { steps } => {
                let pending = |planned: &PlannedStep| Step {
                    kind: planned.step,
                    action: planned.action,
                    state: State::Pending,
                };
                self.steps = steps.iter().map(pending).collect();
            }
            Event::StepStarted { step, action } => {
                self.now = Now::default();
                self.step(*step, *action).state = State::Running { since: at };
            }
            Event::StepDone { step, took } => self.end(*step, State::Done { took: *took }),
            Event::StepFailed { step } => {
                let since = self.running().map_or(at, |(_, since)| since);
                let after = at.saturating_sub(since);
                self.end(*step, State::Failed { after });
            }
            Event::StepLeft { step } => self.end(*step, State::Left),
            Event::StepSkipped { step } => self.end(*step, State::Skipped),
            Event::Waiting { on } => {
                let same = self
                    .now
                    .waiting
                    .as_ref()
                    .is_some_and(|(what, _)| what == on);
                if !same {
                    self.now.waiting = Some((on.clone(), at));
                }
            }
            Event::Resource {
                stack,
                logical_id,
                resource_type,
                status,
                reason,
            } => {
                if resource_type == "AWS::CloudFormation::Stack" && stack == logical_id {
                    self.now.rolling_back = status.contains("ROLLBACK");
                    return;
                }
                let key = (stack.clone(), logical_id.clone());
                self.now
                    .resource(key, resource_type, status, reason.clone(), at);
            }
            Event::Uploaded { sent, total, .. } | Event::Copied { sent, total } => {
                let upload = self.now.upload.get_or_insert_default();
                upload.take(*sent, *total, at);
            }
            Event::TrainingStatus { .. }
            | Event::TrainingFacts { .. }
            | Event::TrainingMetric { .. }
            | Event::TrainingLine { .. }
            | Event::TrainingRepeated { .. }
            | Event::BatchStatus { .. }
            | Event::BatchLine { .. } => self.now.train(event, at),
            Event::Removed { objects } => self.now.removed = Some(*objects),
            // It is shown when it comes, and stays.
            Event::Notice { .. } => {}
        }
    }

    /// The step that runs.
    pub(super) fn running(&self) -> Option<(&Step, Duration)> {
        self.steps.iter().find_map(|step| match step.state {
            State::Running { since } => Some((step, since)),
            _ => None,
        })
    }

    /// How long a step usually takes.
    pub(super) fn expected(&self, step: &Step) -> Option<Expected> {
        match self.pace {
            Pace::Aws => expected(step.kind, step.action),
            Pace::Local => None,
        }
    }

    /// How long a resource usually takes.
    pub(super) fn expected_of(&self, resource: &Resource) -> Option<Expected> {
        match self.pace {
            Pace::Aws => expected_of_resource(&resource.kind),
            Pace::Local => None,
        }
    }

    /// What the run waits for: the oldest thing that is under way, else the step.
    pub(super) fn waits_for(&self) -> Option<Wait> {
        let resources = self.now.resources.iter();
        let running = resources.filter(|(_, resource)| resource.is_running());
        if let Some(((_, id), resource)) = running.min_by_key(|(_, resource)| resource.since) {
            return Some(Wait {
                what: id.clone(),
                since: resource.since,
                expected: self.expected_of(resource),
            });
        }
        if let Some((step, since)) = self.running() {
            return Some(Wait {
                what: step.kind.to_string(),
                since,
                expected: self.expected(step),
            });
        }
        let (what, since) = self.now.waiting.clone()?;
        Some(Wait {
            what,
            since,
            expected: None,
        })
    }

    /// The step of a kind; one that was not planned is added.
    fn step(&mut self, kind: StepKind, action: Action) -> &mut Step {
        let at = self.steps.iter().position(|step| step.kind == kind);
        let at = at.unwrap_or_else(|| {
            self.steps.push(Step {
                kind,
                action,
                state: State::Pending,
            });
            self.steps.len() - 1
        });
        let step = &mut self.steps[at];
        step.action = action;
        step
    }

    fn end(&mut self, kind: StepKind, state: State) {
        if let Some(step) = self.steps.iter_mut().find(|step| step.kind == kind) {
            step.state = state;
        }
    }
}

impl Now {
    fn resource(
        &mut self,
        key: (String, String),
        kind: &str,
        status: &str,
        reason: Option<String>,
        at: Duration,
    ) {
        let before = self.resources.get(&key);
        let same = before.filter(|before| before.status == status);
        let verb = |status: &str| status.split('_').next().map(str::to_owned);
        let began = before.filter(|before| verb(&before.status) == verb(status));
        let resource = Resource {
            kind: kind.to_owned(),
            status: status.to_owned(),
            reason,
            since: same.map_or(at, |before| before.since),
            began: began.map_or(at, |before| before.began),
        };
        self.resources.insert(key, resource);
    }

    /// Takes what is told of a training job, or of a batch job, which is shown like one.
    fn train(&mut self, event: &Event, at: Duration) {
        if let Event::TrainingRepeated { attempt, of, .. } = event {
            self.training = None;
            self.waiting = Some((format!("attempt {attempt} of {of}"), at));
            return;
        }
        let training = self.training.get_or_insert_default();
        match event {
            Event::TrainingStatus {
                status, message, ..
            }
            | Event::BatchStatus {
                status, message, ..
            } => {
                self.waiting = None;
                training.status(status, message, at);
            }
            Event::TrainingFacts {
                attempt,
                saving,
                facts,
                ..
            } => training.facts(*attempt, *saving, facts),
            Event::TrainingMetric { name, value } => training.metric(name, *value),
            Event::TrainingLine { line } | Event::BatchLine { line } => {
                training.line = Some(line.clone());
            }
            _ => {}
        }
    }
}
