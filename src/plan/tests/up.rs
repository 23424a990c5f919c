//! Bringing an environment up: what is done, in which order, and why.

use super::*;

#[test]
fn from_nothing_everything_is_made_in_order() {
    let plan = plan(&desired(), &nothing(), Choices::default());
    assert_eq!(
        kinds(&plan),
        [
            StepKind::Foundation,
            StepKind::Data,
            StepKind::Code,
            StepKind::Function,
            StepKind::Training,
            StepKind::Service,
            StepKind::Verification,
        ]
    );
    assert_eq!(plan.held, []);
}

#[test]
fn after_it_was_applied_only_a_look_is_left() {
    let desired = desired();
    let plan = plan(&desired, &applied(&desired), Choices::default());
    assert_eq!(kinds(&plan), [StepKind::Verification]);
    assert!(plan.changes_nothing());
}

#[test]
fn a_changed_function_trains_nothing_and_uploads_only_itself() {
    let desired = desired();
    let mut observed = applied(&desired);
    observed.service = Some(state("s", StackStatus::CreateComplete, "another"));
    observed.inside.uploaded =
        BTreeSet::from(["data/1/a.csv".to_owned(), "code/1/train.py".to_owned()]);
    observed.inside.attempts = vec![job(TrainingPhase::Completed, None)];
    let plan = plan(&desired, &observed, Choices::default());
    let steps: Vec<_> = plan
        .steps
        .iter()
        .map(|step| (step.kind, step.action))
        .collect();
    assert_eq!(
        steps,
        [
            (StepKind::Function, Action::Create),
            (StepKind::Training, Action::Reuse),
            (StepKind::Service, Action::Update),
            (StepKind::Verification, Action::Check),
        ]
    );
}

#[test]
fn a_stack_whose_creation_was_undone_is_made_anew() {
    let desired = desired();
    let mut observed = applied(&desired);
    observed.service = Some(state("s", StackStatus::RollbackComplete, "s1"));
    observed.inside.attempts = vec![job(TrainingPhase::Completed, None)];
    let plan = plan(&desired, &observed, Choices::default());
    let service = plan
        .steps
        .iter()
        .find(|step| step.kind == StepKind::Service)
        .unwrap();
    assert_eq!(service.action, Action::Replace);
}

#[test]
fn a_failed_roll_back_is_recovered_before_anything_else_is_planned() {
    let desired = desired();
    for status in [StackStatus::UpdateFailed, StackStatus::UpdateRollbackFailed] {
        let mut observed = applied(&desired);
        observed.service = Some(state("s", status, "another"));
        let plan = plan(&desired, &observed, Choices::default());
        assert_eq!(kinds(&plan), [StepKind::ServiceRecovery]);
        assert_eq!(plan.steps[0].action, Action::RollBack);
        assert!(plan.only_recovers());
    }
}

#[test]
fn a_refresh_looks_at_everything_though_the_fingerprints_agree() {
    let desired = desired();
    let mut observed = applied(&desired);
    observed.inside.attempts = vec![job(TrainingPhase::Completed, None)];
    observed.inside.uploaded = desired.uploads.iter().map(|u| u.key.clone()).collect();
    let choices = Choices {
        closeness: Closeness::Everything,
        ..Choices::default()
    };
    let plan = plan(&desired, &observed, choices);
    let refreshed = [
        StepKind::Foundation,
        StepKind::Training,
        StepKind::Service,
        StepKind::Verification,
    ];
    assert_eq!(kinds(&plan), refreshed);
    assert_eq!(plan.steps[0].reason, Reason::Refreshed);
}

#[test]
fn an_endpoint_of_the_other_kind_replaces_the_one_that_serves_and_says_so() {
    let desired = desired();
    let mut observed = applied(&desired);
    let service = observed.service.as_mut().unwrap();
    let serves = |name: &str| BTreeMap::from([("EndpointName".to_owned(), name.to_owned())]);
    service.outputs = serves("news-staging-serverless");
    // As long as nothing is to be changed, what serves is right.
    assert_eq!(plan(&desired, &observed, Choices::default()).removes, []);
    let service = observed.service.as_mut().unwrap();
    service.parameters.clear();
    let replacing = plan(&desired, &observed, Choices::default());
    assert_eq!(flaws(&replacing), []);
    assert_eq!(
        replacing.removes,
        [Item {
            kind: inventory::kinds::ENDPOINT,
            name: "news-staging-serverless".into(),
        }]
    );
    let step = replacing
        .steps
        .iter()
        .find(|step| step.kind == StepKind::Service);
    let step = step.unwrap();
    assert_eq!(step.action, Action::Update);
    let why = step.reason.to_string();
    assert!(
        why.contains("news-staging is made beside news-staging-serverless"),
        "{why}"
    );
    assert!(why.contains("no downtime"), "{why}");
    observed.service.as_mut().unwrap().outputs = serves("news-staging");
    assert_eq!(plan(&desired, &observed, Choices::default()).removes, []);
}
