//! What is removed, and only when that was asked for.

use super::*;

#[test]
fn a_teardown_empties_the_bucket_before_its_stack_goes() {
    let desired = desired();
    let mut observed = applied(&desired);
    observed.inside.jobs = vec![job(TrainingPhase::InProgress, None)];
    let plan = teardown::plan(&desired.deployment, &observed, Extent::Everything);
    assert_eq!(
        kinds(&plan),
        [
            StepKind::RunningJobs,
            StepKind::ServiceRemoval,
            StepKind::BucketContent,
            StepKind::FoundationRemoval,
            StepKind::PastJobs,
            StepKind::Leftovers,
        ]
    );
    let gone = teardown::plan(&desired.deployment, &nothing(), Extent::Everything);
    assert_eq!(kinds(&gone), [StepKind::Leftovers]);
}

#[test]
fn what_exists_is_named_and_removed_only_when_that_was_asked_for() {
    let desired = desired();
    let mut observed = applied(&desired);
    observed.service = Some(state("s", StackStatus::CreateFailed, "s1"));
    observed.inside.attempts = vec![job(TrainingPhase::Completed, None)];
    observed
        .inside
        .live
        .insert(desired.service.name.clone(), vec![live_endpoint()]);
    let held = plan(&desired, &observed, Choices::default()).held;
    let [Held::LiveResources { resources, .. }] = &held[..] else {
        panic!("{held:?}");
    };
    assert_eq!(
        resources,
        &["Endpoint (AWS::SageMaker::Endpoint news-staging)"]
    );
    let choices = Choices {
        live_resources: LiveResources::Remove,
        ..Choices::default()
    };
    let asked = plan(&desired, &observed, choices);
    assert_eq!((asked.held.len(), asked.removes.len()), (0, 1));
    let service = asked
        .steps
        .iter()
        .find(|step| step.kind == StepKind::Service);
    assert_eq!(service.unwrap().action, Action::Replace);
    // The foundation may hold data: that is for a teardown.
    observed.foundation = Some(state("f", StackStatus::DeleteFailed, "f1"));
    let held = plan(&desired, &observed, choices).held;
    assert!(matches!(held[..], [Held::NeedsHand { .. }]), "{held:?}");
}

#[test]
fn keeping_the_data_removes_only_what_serves() {
    let desired = desired();
    let mut observed = applied(&desired);
    observed.inside.jobs = vec![job(TrainingPhase::Completed, None)];
    let item = |kind, name: &str| Item {
        kind,
        name: name.into(),
    };
    observed.inside.items = vec![
        item(inventory::kinds::BUCKET, "b"),
        item(inventory::kinds::ENDPOINT, "e"),
        item(inventory::kinds::ROLE, "r"),
    ];
    let plan = teardown::plan(&desired.deployment, &observed, Extent::AllButData);
    assert_eq!(
        kinds(&plan),
        [StepKind::ServiceRemoval, StepKind::Leftovers]
    );
    assert_eq!((plan.removes.len(), plan.keeps.len()), (1, 2));
}
