//! Examines every plan before it is carried out, without regard to how it was made.

use std::collections::BTreeSet;

use super::action::{Action, Plan, Step, StepKind};

/// Something about a plan that must not be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// A step stands after one that has to follow it.
    #[error("the step for the {0} stands too late")]
    Order(StepKind),
    /// A step stands twice.
    #[error("the step for the {0} stands twice")]
    Twice(StepKind),
    /// The service would be made without a model.
    #[error("the service would be changed without knowing its model")]
    NoModel,
    /// The bucket's stack would be deleted without emptying it first.
    #[error("the foundation would be deleted before the bucket is emptied")]
    FullBucket,
    /// A stack is recovered and changed in one plan, though how the recovery ends is not known yet.
    #[error("the plan goes on after a recovery whose end is not known")]
    Rash,
    /// Something is removed that no step removes.
    #[error("the plan names things to remove but has no step that removes")]
    Unfounded,
    /// Removing and bringing up are mixed.
    #[error("the plan both makes and removes")]
    Mixed,
}

/// Finds every flaw of a plan; a sound one has none.
pub fn flaws(plan: &Plan) -> Vec<Flaw> {
    let mut flaws = Vec::new();
    let kinds: Vec<StepKind> = plan.steps.iter().map(|step| step.kind).collect();
    for pair in kinds.windows(2) {
        if pair[0] > pair[1] {
            flaws.push(Flaw::Order(pair[1]));
        }
    }
    let mut seen = BTreeSet::new();
    for kind in &kinds {
        if !seen.insert(*kind) {
            flaws.push(Flaw::Twice(*kind));
        }
    }
    let has = |kind| seen.contains(&kind);
    let has_model = has(StepKind::Training) || has(StepKind::Artifact);
    if has(StepKind::Service) && !has_model {
        flaws.push(Flaw::NoModel);
    }
    if has(StepKind::FoundationRemoval) && !has(StepKind::BucketContent) {
        flaws.push(Flaw::FullBucket);
    }
    if plan.only_recovers() && !kinds.iter().all(|kind| kind.is_recovery()) {
        flaws.push(Flaw::Rash);
    }
    if plan.removes_something() && !plan.steps.iter().any(Step::removes) {
        flaws.push(Flaw::Unfounded);
    }
    let removes = plan.steps.iter().any(|step| step.action == Action::Delete);
    let makes = plan.steps.iter().any(|step| {
        matches!(
            step.action,
            Action::Create | Action::Update | Action::Replace | Action::RollBack | Action::Attach
        )
    });
    if removes && makes {
        flaws.push(Flaw::Mixed);
    }
    flaws
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Reason;

    fn plan(kinds: &[(StepKind, Action)]) -> Plan {
        let step = |&(kind, action)| Step {
            kind,
            action,
            reason: Reason::Differs,
        };
        Plan {
            steps: kinds.iter().map(step).collect(),
            held: Vec::new(),
            removes: Vec::new(),
            keeps: Vec::new(),
            based_on: crate::plan::Basis::default(),
        }
    }

    #[test]
    fn each_flaw_is_found() {
        use Action::{Create, Delete};
        use StepKind as K;
        let found = |kinds: &[(StepKind, Action)]| flaws(&plan(kinds));
        assert_eq!(
            found(&[(K::Code, Create), (K::Data, Create)]),
            [Flaw::Order(K::Data)]
        );
        assert_eq!(
            found(&[(K::Data, Create), (K::Data, Create)]),
            [Flaw::Twice(K::Data)]
        );
        assert_eq!(found(&[(K::Service, Create)]), [Flaw::NoModel]);
        assert_eq!(
            found(&[(K::ServiceRecovery, Action::RollBack), (K::Data, Create)]),
            [Flaw::Rash]
        );
        let mut unfounded = plan(&[(K::Data, Create)]);
        unfounded.removes.push(crate::cloud::inventory::Item {
            kind: "resource",
            name: "Endpoint".into(),
        });
        assert_eq!(flaws(&unfounded), [Flaw::Unfounded]);
        assert_eq!(found(&[(K::FoundationRemoval, Delete)]), [Flaw::FullBucket]);
        assert_eq!(
            found(&[(K::Data, Create), (K::PastJobs, Delete)]),
            [Flaw::Mixed]
        );
    }
}
