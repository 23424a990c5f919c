//! The plan that brings an environment up.

use super::action::{Action, Plan, Reason, Step, StepKind};
use super::basis::Basis;
use super::desired::{
    BroughtModel, Deployment, Desired, DesiredModel, DesiredStack, Purpose, ReleasedModel,
};
use super::held::Held;
use super::observed::Observed;
use super::parameters::FINGERPRINT;
use super::recover::{Recovery, recovery};
use super::training::{looks_for_model, training_step};
use crate::cloud::condition::StackStatus;
use crate::cloud::inventory::{Item, kinds};
use crate::cloud::stacks::{CHANGE_PREFIX, StackResource, StackState};
use crate::release::RELEASE_TAG;

/// Digits of a digest that are shown.
const SHOWN: usize = 16;

/// Output of the service stack: the endpoint that serves.
const ENDPOINT_OUTPUT: &str = "EndpointName";

/// What the user chose beyond the stack file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Choices {
    /// What to do about a training job that failed.
    pub retry_training: RetryTraining,
    /// What to do with resources of a stack that can only be made anew.
    pub live_resources: LiveResources,
    /// How closely to look.
    pub closeness: Closeness,
    /// How far to go.
    pub reach: Reach,
}

/// How far to go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Reach {
    /// Until everything serves.
    #[default]
    Service,
    /// Until there is a model; what serves is left alone.
    Model,
}

/// What to do with resources that exist in a stack that can only be made anew.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LiveResources {
    /// Hold back, naming them.
    #[default]
    Hold,
    /// Remove them.
    Remove,
}

/// How closely to look for differences.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Closeness {
    /// At the fingerprints of the stacks: where they are as desired, nothing else is looked at.
    #[default]
    Fingerprints,
    /// At everything: what is uploaded, the model, and what CloudFormation says of each stack.
    Everything,
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
        steps: recoveries(observed, choices.reach),
        held: held(&desired.deployment, observed),
        removes: Vec::new(),
        keeps: Vec::new(),
        based_on: Basis::of(observed),
    };
    if plan.only_recovers() {
        return plan;
    }
    let refresh = choices.closeness == Closeness::Everything;
    let serves = choices.reach == Reach::Service;
    let current = is_current(desired, observed) && !refresh;
    plan.add_stack(StepKind::Foundation, &desired.foundation, observed, choices);
    if !current {
        for (purpose, kind) in [
            (Purpose::Data, StepKind::Data),
            (Purpose::Code, StepKind::Code),
            (Purpose::Function, StepKind::Function),
        ]
        .into_iter()
        .filter(|(purpose, _)| serves || *purpose != Purpose::Function)
        {
            plan.steps
                .extend(upload_step(desired, observed, purpose, kind));
        }
    }
    if looks_for_model(desired, observed, choices) {
        let step = match &desired.model {
            DesiredModel::Trained(_) => training_step(desired, observed, choices),
            DesiredModel::Brought(brought) => Ok(brought_step(brought, observed)),
            DesiredModel::Released(released) => artifact_step(released, observed),
        };
        match step {
            Ok(step) => plan.steps.push(step),
            Err(held) => plan.held.push(held),
        }
        plan.held.extend(missing_function(desired, observed));
    }
    if !serves {
        return plan;
    }
    plan.add_stack(StepKind::Service, &desired.service, observed, choices);
    plan.say_endpoint_replaced(&desired.deployment, observed.service.as_ref());
    plan.steps.push(Step {
        kind: StepKind::Verification,
        action: Action::Check,
        reason: Reason::MustServe,
    });
    plan
}

impl Plan {
    fn add_stack(
        &mut self,
        kind: StepKind,
        desired: &DesiredStack,
        observed: &Observed,
        choices: Choices,
    ) {
        let state = match kind {
            StepKind::Foundation => &observed.foundation,
            _ => &observed.service,
        };
        let removed = match stack_step(kind, desired, state.as_ref(), choices) {
            Ok(step) => {
                self.steps.extend(step);
                return;
            }
            Err(Obstacle::Held(held)) => return self.held.push(held),
            Err(Obstacle::Live(step)) => step,
        };
        let live = observed.inside.live.get(&desired.name);
        let live: Vec<&StackResource> = live.into_iter().flatten().collect();
        if choices.live_resources == LiveResources::Hold && !live.is_empty() {
            self.held.push(Held::LiveResources {
                stack: desired.name.clone(),
                status: state
                    .as_ref()
                    .map_or(StackStatus::CreateFailed, |state| state.status),
                resources: live.iter().map(|resource| resource.item().name).collect(),
            });
            return;
        }
        self.removes
            .extend(live.iter().map(|resource| resource.item()));
        self.steps.push(removed);
    }

    /// Says of an update that brings an endpoint of the other kind that it does so: the old one is
    /// deleted, which needs the consent that a deletion needs.
    fn say_endpoint_replaced(&mut self, deployment: &Deployment, service: Option<&StackState>) {
        let updated =
            |step: &&mut Step| step.kind == StepKind::Service && step.action == Action::Update;
        let serves = service.and_then(|state| state.outputs.get(ENDPOINT_OUTPUT));
        let to = &deployment.names.endpoint;
        if let Some(from) = serves.filter(|from| *from != to)
            && let Some(step) = self.steps.iter_mut().find(updated)
        {
            step.reason = Reason::EndpointReplaced {
                from: from.clone(),
                to: to.clone(),
            };
            self.removes.push(Item {
                kind: kinds::ENDPOINT,
                name: from.clone(),
            });
        }
    }
}

/// What keeps a stack from being brought about right away.
enum Obstacle {
    /// Something that has to be cleared up first.
    Held(Held),
    /// Resources that exist; the step removes them.
    Live(Step),
}

/// The steps that bring stacks back to a state from which they can be updated.
fn recoveries(observed: &Observed, reach: Reach) -> Vec<Step> {
    let stacks = [
        (StepKind::FoundationRecovery, &observed.foundation),
        (StepKind::ServiceRecovery, &observed.service),
    ];
    let stacks = stacks
        .into_iter()
        .filter(|(kind, _)| reach == Reach::Service || *kind == StepKind::FoundationRecovery);
    let step = |(kind, state): (StepKind, &Option<StackState>)| {
        let status = state.as_ref()?.status;
        let recovers = matches!(
            recovery(status),
            Recovery::RollBack | Recovery::ContinueRollBack
        );
        recovers.then_some(Step {
            kind,
            action: Action::RollBack,
            reason: Reason::LastEndedAs(status),
        })
    };
    let drift = &observed.inside.drift;
    let reversal = (!drift.is_empty()).then(|| Step {
        kind: StepKind::DriftReversal,
        action: Action::Update,
        reason: Reason::Drifted(drift.clone()),
    });
    stacks.filter_map(step).chain(reversal).collect()
}

/// Names what forbids touching the environment at all.
pub fn held(deployment: &Deployment, observed: &Observed) -> Vec<Held> {
    let mut held = Vec::new();
    if observed.account != deployment.account {
        held.push(Held::WrongAccount {
            expected: deployment.account.clone(),
            actual: observed.account.clone(),
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

/// Whether a stack is as desired. One that no release is named on came about before there were releases,
/// or somebody took the tag away: it is brought about again, which gives it one.
pub(super) fn matches(desired: &DesiredStack, observed: Option<&StackState>) -> bool {
    observed.is_some_and(|state| {
        state.status.succeeded()
            && state.parameters.get(FINGERPRINT) == Some(&desired.fingerprint)
            && state.tags.contains_key(RELEASE_TAG)
    })
}

fn stack_step(
    kind: StepKind,
    desired: &DesiredStack,
    observed: Option<&StackState>,
    choices: Choices,
) -> Result<Option<Step>, Obstacle> {
    let step = |action, reason| Step {
        kind,
        action,
        reason,
    };
    let Some(state) = observed else {
        return Ok(Some(step(Action::Create, Reason::NotThere)));
    };
    if matches(desired, observed) {
        let refreshed = step(Action::Update, Reason::Refreshed);
        return Ok((choices.closeness == Closeness::Everything).then_some(refreshed));
    }
    let by_hand = |remedy| {
        Obstacle::Held(Held::NeedsHand {
            stack: state.name.clone(),
            status: state.status,
            remedy,
        })
    };
    let last = Reason::LastEndedAs(state.status);
    match recovery(state.status) {
        Recovery::Create => Ok(Some(step(Action::Create, Reason::NotThere))),
        Recovery::Update if state.status.succeeded() => {
            Ok(Some(step(Action::Update, Reason::Differs)))
        }
        Recovery::Update => Ok(Some(step(Action::Update, last))),
        Recovery::Recreate => Ok(Some(step(Action::Replace, last))),
        // It may hold data, which only a teardown removes.
        Recovery::Clear if kind == StepKind::Foundation => Err(by_hand(
            "remove it with `deploy down` (which empties the bucket), then run `deploy up` again",
        )),
        Recovery::Clear => Err(Obstacle::Live(step(Action::Replace, last))),
        // The observation waits for operations of deploy, and recoveries are planned alone.
        Recovery::Wait | Recovery::RollBack | Recovery::ContinueRollBack => {
            Err(Obstacle::Held(Held::busy(state)))
        }
        Recovery::ByHand(remedy) => Err(by_hand(remedy)),
    }
}

/// Decides what becomes of a model that a release has proven.
fn artifact_step(released: &ReleasedModel, observed: &Observed) -> Result<Step, Held> {
    let key = &released.model.artifact.key;
    let digest: String = released.model.artifact.sha256.as_str().into();
    let shown = digest.get(..SHOWN).unwrap_or_default();
    let there = observed.inside.uploaded.contains(key);
    let (action, words) = match (&released.source, there) {
        (_, true) => (Action::Reuse, format!("{shown} is in the bucket already")),
        (Some(place), false) => {
            let bucket = &place.bucket;
            (Action::Create, format!("{shown} is taken from {bucket}"))
        }
        (None, false) => {
            return Err(Held::Gone {
                what: "the model",
                key: key.clone(),
            });
        }
    };
    Ok(Step {
        kind: StepKind::Artifact,
        action,
        reason: Reason::Proven(words),
    })
}

/// Decides what becomes of a model that is brought.
fn brought_step(brought: &BroughtModel, observed: &Observed) -> Step {
    let action = if observed.inside.uploaded.contains(&brought.key) {
        Action::Reuse
    } else {
        Action::Create
    };
    let digest = brought.sha256.as_str();
    Step {
        kind: StepKind::Artifact,
        action,
        reason: Reason::Brought {
            name: brought.name.clone(),
            sha256: digest.get(..SHOWN).unwrap_or(digest).to_owned(),
        },
    }
}

/// Says that the function's code is neither in the bucket nor about to be put there.
fn missing_function(desired: &Desired, observed: &Observed) -> Option<Held> {
    let key = &desired.function_key;
    let uploaded = desired.uploads.iter().any(|upload| upload.key == *key);
    let there = uploaded || observed.inside.uploaded.contains(key);
    (!there).then(|| Held::Gone {
        what: "the function's code",
        key: key.clone(),
    })
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
