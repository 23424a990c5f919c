//! What holds for every plan.

use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};
use proptest::sample::select;

use super::*;

fn any_stack() -> impl Strategy<Value = Option<StackState>> {
    let status = select(StackStatus::ALL);
    let fingerprint = select(&["f1", "s1", "other"][..]);
    let some = (status, fingerprint).prop_map(|(status, print)| Some(state("x", status, print)));
    prop_oneof![Just(None), some]
}

fn any_observation() -> impl Strategy<Value = Observed> {
    let phases = select(
        &[
            TrainingPhase::InProgress,
            TrainingPhase::Completed,
            TrainingPhase::Failed,
            TrainingPhase::Stopped,
        ][..],
    );
    let jobs = proptest::collection::vec(phases, 0..4);
    (any_stack(), any_stack(), jobs, any::<bool>()).prop_map(|(foundation, service, jobs, sent)| {
        let jobs: Vec<_> = jobs
            .into_iter()
            .map(|phase| job(phase, Some("failed")))
            .collect();
        let uploaded = desired().uploads.into_iter().map(|upload| upload.key);
        let uploaded = if sent {
            uploaded.collect()
        } else {
            BTreeSet::new()
        };
        let inside = Inside {
            uploaded,
            attempts: jobs.clone(),
            jobs,
            live: BTreeMap::from([(desired().service.name, vec![live_endpoint()])]),
            ..Inside::default()
        };
        Observed {
            foundation,
            service,
            inside,
            ..nothing()
        }
    })
}

proptest! {
    #[test]
    fn every_plan_that_is_not_held_back_is_sound_and_always_the_same(
        observed in any_observation(), repeat in any::<bool>()
    ) {
        let retry_training =
            if repeat { RetryTraining::Repeat } else { RetryTraining::Hold };
        let desired = desired();
        let first = plan(&desired, &observed, repeating(retry_training));
        assert_eq!(first, plan(&desired, &observed, repeating(retry_training)));
        if first.held.is_empty() {
            assert_eq!(flaws(&first), []);
        }
        let down = teardown::plan(&desired.deployment, &observed, Extent::Everything);
        assert_eq!(flaws(&down), []);
    }

    #[test]
    fn nothing_is_deleted_by_a_plan_that_brings_up(observed in any_observation()) {
        let plan = plan(&desired(), &observed, Choices::default());
        assert!(plan.steps.iter().all(|step| step.action != Action::Delete));
        assert_eq!(plan.removes, []);
        // What can only be made anew is, unasked, only where nothing of it exists.
        for step in plan.steps.iter().filter(|step| step.action == Action::Replace) {
            assert_eq!(step.reason, Reason::LastEndedAs(StackStatus::RollbackComplete));
        }
    }

    #[test]
    fn applying_a_saved_plan_is_applying_the_same_steps(
        observed in any_observation(), other in any_observation()
    ) {
        let desired = desired();
        let made = plan(&desired, &observed, Choices::default());
        let saved = SavedPlan::new(&made, &desired, String::new());
        assert!(saved.differences(&made, &desired).is_empty());
        let now = plan(&desired, &other, Choices::default());
        // A plan that is accepted later has the very steps that were agreed to.
        if saved.differences(&now, &desired).is_empty() {
            assert_eq!(now.steps, made.steps);
        }
    }
}
