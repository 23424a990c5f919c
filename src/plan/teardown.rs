//! The plan that removes an environment.

use super::action::{Action, Plan, Reason, Step, StepKind};
use super::basis::Basis;
use super::desired::Deployment;
use super::observed::Observed;
use super::up::held;
use crate::cloud::condition::StackStatus;
use crate::cloud::inventory::{Item, kinds};
use crate::cloud::stacks::StackState;

/// What of an environment is removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Extent {
    /// Everything.
    #[default]
    Everything,
    /// What serves; the bucket with its data and models, the roles and the past training jobs stay, so
    /// that the next `up` trains nothing again.
    AllButData,
}

/// Plans how to remove the environment. Running it again after it was broken off plans what is left.
pub fn plan(deployment: &Deployment, observed: &Observed, extent: Extent) -> Plan {
    let jobs = &observed.inside.jobs;
    let transforms = &observed.inside.transforms;
    let everything = extent == Extent::Everything;
    let service = exists(observed.service.as_ref());
    let foundation = exists(observed.foundation.as_ref()) && everything;
    let wanted = [
        (
            StepKind::RunningJobs,
            jobs.iter().any(|job| !job.is_settled())
                || transforms.iter().any(|job| !job.phase.is_settled()),
        ),
        (StepKind::ServiceRemoval, service),
        (StepKind::BatchLogs, foundation && !transforms.is_empty()),
        (StepKind::BucketContent, foundation),
        (StepKind::FoundationRemoval, foundation),
        (StepKind::PastJobs, !jobs.is_empty() && everything),
    ];
    let mut steps: Vec<Step> = wanted
        .into_iter()
        .filter(|(_, wanted)| *wanted)
        .map(|(kind, _)| Step {
            kind,
            action: Action::Delete,
            reason: Reason::Teardown,
        })
        .collect();
    steps.push(Step {
        kind: StepKind::Leftovers,
        action: Action::Check,
        reason: Reason::MustBeGone,
    });
    let items = observed.inside.items.iter().cloned();
    let (keeps, removes) = items.partition(|item| stays(extent, item));
    Plan {
        steps,
        held: held(deployment, observed),
        removes,
        keeps,
        based_on: Basis::of(observed),
    }
}

/// Whether a thing is to be there after a teardown of this extent.
pub fn stays(extent: Extent, item: &Item) -> bool {
    extent == Extent::AllButData
        && matches!(item.kind, kinds::BUCKET | kinds::ROLE | kinds::TRAINING_JOB)
}

fn exists(state: Option<&StackState>) -> bool {
    state.is_some_and(|state| state.status != StackStatus::DeleteComplete)
}
