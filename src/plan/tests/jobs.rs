//! Training jobs: waited for, used again, repeated.

use super::*;

#[test]
fn a_running_job_is_waited_for_and_a_finished_one_used() {
    let running = with_job(job(TrainingPhase::InProgress, None));
    let (action, reason) = training(&running, RetryTraining::Hold).unwrap();
    assert_eq!(action, Action::Attach);
    assert!(matches!(reason, Reason::InProgress(_)));
    let finished = with_job(job(TrainingPhase::Completed, None));
    assert_eq!(
        training(&finished, RetryTraining::Hold).unwrap().0,
        Action::Reuse
    );
}

#[test]
fn a_failed_job_is_repeated_when_asked_or_when_the_service_failed() {
    let own = with_job(job(
        TrainingPhase::Failed,
        Some("AlgorithmError: no such column"),
    ));
    assert!(matches!(
        training(&own, RetryTraining::Hold),
        Err(Held::TrainingFailed { .. })
    ));
    assert_eq!(
        training(&own, RetryTraining::Repeat).unwrap().0,
        Action::Create
    );
    let service = with_job(job(
        TrainingPhase::Failed,
        Some("InternalServerError: no Python"),
    ));
    assert_eq!(
        training(&service, RetryTraining::Hold).unwrap().0,
        Action::Create
    );
    let stopped = with_job(job(TrainingPhase::Stopped, None));
    assert_eq!(
        training(&stopped, RetryTraining::Hold).unwrap().0,
        Action::Create
    );
}

#[test]
fn a_finished_job_whose_model_is_gone_is_repeated() {
    let mut gone = job(TrainingPhase::Completed, None);
    gone.model = None;
    let (action, reason) = training(&with_job(gone), RetryTraining::Hold).unwrap();
    assert_eq!(action, Action::Create);
    assert!(matches!(reason, Reason::Repeated { .. }));
}
