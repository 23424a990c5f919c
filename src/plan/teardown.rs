//! The plan that removes an environment.

use super::action::{Action, Held, Plan, Reason, Step, StepKind};
use super::desired::Deployment;
use super::observed::Observed;
use super::up::held;
use crate::cloud::condition::StackStatus;
use crate::cloud::stacks::StackState;

/// Plans how to remove everything of the environment. Running it again after it was broken off
/// plans what is left.
pub fn plan(deployment: &Deployment, observed: &Observed) -> Plan {
    let jobs = &observed.inside.jobs;
    let service = exists(observed.service.as_ref());
    let foundation = exists(observed.foundation.as_ref());
    let wanted = [
        (
            StepKind::RunningJobs,
            jobs.iter().any(|job| !job.is_settled()),
        ),
        (StepKind::ServiceRemoval, service),
        (StepKind::BucketContent, foundation),
        (StepKind::FoundationRemoval, foundation),
        (StepKind::PastJobs, !jobs.is_empty()),
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
    Plan {
        steps,
        held: held_back(deployment, observed),
    }
}

fn exists(state: Option<&StackState>) -> bool {
    state.is_some_and(|state| state.status != StackStatus::DeleteComplete)
}

/// Besides what always forbids touching an environment, only a running operation does: every other
/// status can be deleted.
fn held_back(deployment: &Deployment, observed: &Observed) -> Vec<Held> {
    let mut held = held(deployment, observed);
    held.extend(
        [&observed.foundation, &observed.service]
            .into_iter()
            .flatten()
            .filter(|state| state.status.is_busy())
            .map(|state| Held::Busy(state.name.clone(), state.status)),
    );
    held
}
