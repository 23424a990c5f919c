//! Why a model is trained, waited for or used again.

use super::*;
use crate::bundle::{Digest, Ingredients, ingredients};
use crate::cloud::training::JobFacts;
use crate::plan::tests::{desired, job, nothing, training, with_attempts};
use crate::plan::{ModelRecord, Reach, StepKind, plan};

fn compared_with(change: impl FnOnce(&mut Ingredients)) -> Reason {
    let mut before = ingredients();
    change(&mut before);
    let mut observed = nothing();
    observed.inside.baseline = Some(ModelRecord::new(before, None));
    training(&observed, RetryTraining::Hold).unwrap().1
}

fn completed() -> TrainingState {
    let mut job = job(TrainingPhase::Completed, None);
    job.metrics = BTreeMap::from([
        ("eval_macro_f1".to_owned(), 0.9312),
        ("train_loss".to_owned(), 0.1),
    ]);
    job.facts = JobFacts {
        ended: Some("2026-11-23T14:00:00Z".parse().unwrap()),
        ..JobFacts::default()
    };
    job
}

#[test]
fn what_differs_from_the_model_that_serves_is_the_reason() {
    let reason = compared_with(|before| {
        before
            .hyperparameters
            .insert("learning_rate".into(), "3e-5".into());
        before.data.digest = Digest::of_bytes(b"other");
    });
    assert_eq!(
        reason.to_string(),
        "the data changed; hyperparameter learning_rate changed: 3e-5 -> 5e-5"
    );
    // Nothing that could be named differs: then there is nothing to name.
    assert_eq!(compared_with(|_| {}), Reason::NeverTrained);
    let alone = training(&nothing(), RetryTraining::Hold).unwrap().1;
    assert_eq!(alone, Reason::NeverTrained);
}

#[test]
fn a_model_that_is_used_again_says_which_it_is() {
    let observed = with_attempts(vec![completed()]);
    let (action, reason) = training(&observed, RetryTraining::Hold).unwrap();
    assert_eq!(action, Action::Reuse);
    let key = ingredients().key();
    let short = &key.as_str()[..8];
    assert_eq!(
        reason.to_string(),
        format!("the model of 2026-11-23 (key {short}…), macro-F1 0.93")
    );
    let Reason::Trained(trained) = reason else {
        panic!("{reason:?}")
    };
    assert_eq!(
        trained.said(Some("3 days ago")),
        format!("the model of 3 days ago (key {short}…), macro-F1 0.93")
    );
}

#[test]
fn a_model_whose_job_was_deleted_is_used_again_while_its_artifact_is_there() {
    let mut observed = nothing();
    observed.inside.record = Some(ModelRecord::new(ingredients(), Some(completed())));
    let (action, _) = training(&observed, RetryTraining::Hold).unwrap();
    assert_eq!(action, Action::Reuse);
    let record = observed.inside.record.as_mut().unwrap();
    record.trained.as_mut().unwrap().model = None;
    let (action, _) = training(&observed, RetryTraining::Hold).unwrap();
    assert_eq!(action, Action::Create);
}

#[test]
fn what_the_service_broke_is_repeated_up_to_a_bound() {
    let capacity = || {
        job(
            TrainingPhase::Failed,
            Some("CapacityError: Unable to provision"),
        )
    };
    let attempts = |count| with_attempts(vec![capacity(); count]);
    for count in 1..ATTEMPTS {
        let (action, reason) = training(&attempts(count), RetryTraining::Hold).unwrap();
        assert_eq!(action, Action::Create);
        assert!(matches!(reason, Reason::Repeated { attempt, .. } if attempt == count + 1));
    }
    let held = training(&attempts(ATTEMPTS), RetryTraining::Hold).unwrap_err();
    assert!(matches!(
        held,
        Held::TrainingExhausted {
            attempts: ATTEMPTS,
            ..
        }
    ));
    assert!(held.to_string().contains("CapacityError"), "{held}");
    assert!(held.remedy().contains("--retry-training"));
    let asked = training(&attempts(ATTEMPTS), RetryTraining::Repeat).unwrap();
    assert_eq!(asked.0, Action::Create);
    // Another reason in between begins anew.
    let mut mixed = vec![capacity(); ATTEMPTS];
    mixed[1] = job(TrainingPhase::Stopped, None);
    let (action, _) = training(&with_attempts(mixed), RetryTraining::Hold).unwrap();
    assert_eq!(action, Action::Create);
}

#[test]
fn the_longest_run_is_the_job_s_own_fault_and_the_longest_wait_is_not() {
    let stopped = |detail: &str| {
        let mut stopped = job(TrainingPhase::Stopped, None);
        stopped.detail = detail.into();
        training(&with_attempts(vec![stopped]), RetryTraining::Hold)
    };
    let held = stopped("MaxRuntimeExceeded").unwrap_err();
    assert!(matches!(&held, Held::TrainingFailed { reason, .. } if reason == "MaxRuntimeExceeded"));
    assert_eq!(stopped("MaxWaitTimeExceeded").unwrap().0, Action::Create);
    assert_eq!(stopped("Stopped").unwrap().0, Action::Create);
}

#[test]
fn to_train_is_the_beginning_of_bringing_up() {
    let only = Choices {
        reach: Reach::Model,
        ..Choices::default()
    };
    let whole = plan(&desired(), &nothing(), Choices::default());
    let part = plan(&desired(), &nothing(), only);
    let kinds: Vec<StepKind> = part.steps.iter().map(|step| step.kind).collect();
    assert_eq!(
        kinds,
        [
            StepKind::Foundation,
            StepKind::Data,
            StepKind::Code,
            StepKind::Training
        ]
    );
    for step in &part.steps {
        assert!(whole.steps.contains(step), "{step:?}");
    }
    assert!(crate::plan::check::flaws(&part).is_empty());
}

#[test]
fn the_metric_that_says_most_is_shown() {
    let of = |pairs: &[(&str, f64)]| {
        let pair = |(name, value): &(&str, f64)| ((*name).to_owned(), *value);
        main_metric(&pairs.iter().map(pair).collect())
    };
    assert_eq!(
        of(&[
            ("train_accuracy", 1.0),
            ("eval_accuracy", 0.9),
            ("loss", 3.0)
        ]),
        Some(("accuracy", 0.9))
    );
    assert_eq!(
        of(&[("accuracy", 0.9), ("macro_f1", 0.8)]),
        Some(("macro-F1", 0.8))
    );
    assert_eq!(of(&[("train_loss", 3.0)]), Some(("loss", 3.0)));
    assert_eq!(of(&[("steps", 3.0)]), None);
}
