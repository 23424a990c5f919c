//! What keeps a plan from being carried out.

use super::*;

#[test]
fn another_account_and_foreign_stacks_hold_everything_back() {
    let desired = desired();
    let mut observed = nothing();
    observed.account = "999999999999".into();
    let held = plan(&desired, &observed, Choices::default()).held;
    assert!(matches!(held[..], [Held::WrongAccount { .. }]));

    let mut foreign = state("f", StackStatus::CreateComplete, "x");
    foreign.tags.clear();
    let observed = Observed {
        foundation: Some(foreign),
        ..nothing()
    };
    for plan in [
        plan(&desired, &observed, Choices::default()),
        teardown::plan(&desired.deployment, &observed, Extent::Everything),
    ] {
        assert!(matches!(plan.held[..], [Held::ForeignStack(_)]));
    }
}

#[test]
fn a_stack_under_review_is_known_by_its_change_sets() {
    let desired = desired();
    let held = |pending: &[&str]| {
        let mut reviewed = state("f", StackStatus::ReviewInProgress, "x");
        reviewed.tags.clear();
        reviewed.pending_changes = pending.iter().map(|name| (*name).to_owned()).collect();
        let observed = Observed {
            foundation: Some(reviewed),
            ..nothing()
        };
        let up = plan(&desired, &observed, Choices::default());
        let down = teardown::plan(&desired.deployment, &observed, Extent::Everything);
        [up.held.len(), down.held.len()]
    };
    // A run was killed before it executed its change set, or after the set was discarded.
    assert_eq!(held(&["deploy-0123"]), [0, 0]);
    assert_eq!(held(&[]), [0, 0]);
    // Somebody else is about to make a stack of this name.
    assert_eq!(held(&["review-me"]), [1, 1]);
    assert_eq!(held(&["deploy-0123", "review-me"]), [1, 1]);
}
