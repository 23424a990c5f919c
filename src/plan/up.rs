//! The plan that brings an environment up.

use super::action::{Action, Held, Plan, Reason, Step, StepKind};
use super::desired::{Deployment, Desired, DesiredStack, Purpose};
use super::observed::Observed;
use super::recover::{Recovery, recovery};
use crate::cloud::condition::StackStatus;
use crate::cloud::stacks::{CHANGE_PREFIX, StackState};
use crate::cloud::training::{TrainingPhase, TrainingState};

/// Name of the parameter of each stack that holds the desired fingerprint.
pub(crate) const FINGERPRINT: &str = "Fingerprint";

/// What the user chose beyond the stack file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Choices {
    /// What to do about a training job that failed.
    pub retry_training: RetryTraining,
}

/// What to do about a training job that failed although nothing has changed since.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RetryTraining {
    /// Hold back: it would most likely fail again, and cost the same again.
    #[default]
    Hold,
    /// Repeat it.
    Repeat,
}

/// Whether both stacks are as desired, so that nothing inside needs to be looked at.
pub fn is_current(desired: &Desired, observed: &Observed) -> bool {
    matches(&desired.foundation, observed.foundation.as_ref())
        && matches(&desired.service, observed.service.as_ref())
}

/// Plans how to bring the environment up.
pub fn plan(desired: &Desired, observed: &Observed, choices: Choices) -> Plan {
    let mut plan = Plan {
        steps: Vec::new(),
        held: held(&desired.deployment, observed),
    };
    let current = is_current(desired, observed);
    plan.add(stack_step(
        StepKind::Foundation,
        &desired.foundation,
        observed.foundation.as_ref(),
    ));
    if !current {
        for (purpose, kind) in [
            (Purpose::Data, StepKind::Data),
            (Purpose::Code, StepKind::Code),
            (Purpose::Function, StepKind::Function),
        ] {
            plan.steps
                .extend(upload_step(desired, observed, purpose, kind));
        }
    }
    if !matches(&desired.service, observed.service.as_ref()) {
        plan.add(training_step(observed, choices).map(Some));
    }
    plan.add(stack_step(
        StepKind::Service,
        &desired.service,
        observed.service.as_ref(),
    ));
    plan.steps.push(Step {
        kind: StepKind::Verification,
        action: Action::Check,
        reason: Reason::MustServe,
    });
    plan
}

impl Plan {
    fn add(&mut self, step: Result<Option<Step>, Held>) {
        match step {
            Ok(step) => self.steps.extend(step),
            Err(held) => self.held.push(held),
        }
    }
}

/// Names what forbids touching the environment at all.
pub(super) fn held(deployment: &Deployment, observed: &Observed) -> Vec<Held> {
    let mut held = Vec::new();
    if observed.caller.account != deployment.account {
        held.push(Held::WrongAccount {
            expected: deployment.account.clone(),
            actual: observed.caller.account.clone(),
        });
    }
    let stacks = [&observed.foundation, &observed.service];
    held.extend(
        stacks
            .into_iter()
            .flatten()
            .filter(|state| !is_ours(deployment, state))
            .map(|state| Held::ForeignStack(state.name.clone())),
    );
    held
}

/// Whether a stack carries the tags of this very environment. One that is under review has no tags
/// and nothing in it: it is ours unless a change set of somebody else waits for it.
fn is_ours(deployment: &Deployment, state: &StackState) -> bool {
    if state.status == StackStatus::ReviewInProgress {
        let changes = &state.pending_changes;
        return changes.iter().all(|name| name.starts_with(CHANGE_PREFIX));
    }
    let tag = |key: &str| state.tags.get(key).map(String::as_str);
    tag("deploy:stack") == Some(&deployment.stack)
        && tag("deploy:environment") == Some(&deployment.environment)
}

fn matches(desired: &DesiredStack, observed: Option<&StackState>) -> bool {
    observed.is_some_and(|state| {
        state.status.succeeded() && state.parameters.get(FINGERPRINT) == Some(&desired.fingerprint)
    })
}

fn stack_step(
    kind: StepKind,
    desired: &DesiredStack,
    observed: Option<&StackState>,
) -> Result<Option<Step>, Held> {
    let step = |action, reason| {
        Ok(Some(Step {
            kind,
            action,
            reason,
        }))
    };
    let Some(state) = observed else {
        return step(Action::Create, Reason::NotThere);
    };
    if matches(desired, observed) {
        return Ok(None);
    }
    match recovery(state.status) {
        Recovery::Create => step(Action::Create, Reason::NotThere),
        Recovery::Update if state.status.succeeded() => step(Action::Update, Reason::Differs),
        Recovery::Update => step(Action::Update, Reason::LastEndedAs(state.status)),
        Recovery::Recreate => step(Action::Replace, Reason::LastEndedAs(state.status)),
        Recovery::Wait => Err(Held::Busy(state.name.clone(), state.status)),
        Recovery::ByHand(remedy) => Err(Held::NeedsHand {
            stack: state.name.clone(),
            status: state.status,
            remedy,
        }),
    }
}

fn upload_step(
    desired: &Desired,
    observed: &Observed,
    purpose: Purpose,
    kind: StepKind,
) -> Option<Step> {
    let missing = desired
        .uploads
        .iter()
        .filter(|upload| upload.purpose == purpose)
        .filter(|upload| !observed.inside.uploaded.contains(&upload.key))
        .count();
    (missing > 0).then_some(Step {
        kind,
        action: Action::Create,
        reason: Reason::NotUploaded(missing),
    })
}

fn training_step(observed: &Observed, choices: Choices) -> Result<Step, Held> {
    let step = |action, reason| {
        Ok(Step {
            kind: StepKind::Training,
            action,
            reason,
        })
    };
    let attempts = &observed.inside.attempts;
    let find = |wanted: fn(&TrainingState) -> bool| attempts.iter().rev().find(|job| wanted(job));
    if let Some(job) = find(|job| job.phase == TrainingPhase::Completed && job.model.is_some()) {
        return step(Action::Reuse, Reason::Trained(job.name.clone()));
    }
    let Some(last) = attempts.last() else {
        return step(Action::Create, Reason::NeverTrained);
    };
    match last.phase {
        TrainingPhase::InProgress => step(Action::Attach, Reason::InProgress(last.name.clone())),
        _ if last.phase == TrainingPhase::Failed
            && !last.failed_transiently()
            && choices.retry_training == RetryTraining::Hold =>
        {
            Err(Held::TrainingFailed {
                job: last.name.clone(),
                reason: last.failure_reason.clone().unwrap_or_default(),
            })
        }
        // A job that was stopped, by a person or by its time limit, says nothing about the next;
        // one whose model is gone has to be trained again.
        _ => step(Action::Create, Reason::Repeated(last.name.clone())),
    }
}
