//! What to do about an error of a run: of a known cause exactly that, else what its kind suggests.

use crate::cloud::diagnosis::{Diagnosis, Origin, Symptom, diagnose};
use crate::cloud::{CloudFault, FaultKind};
use crate::permissions;
use crate::plan::Held;
use crate::reconcile::ReconcileError;

/// Recognises the cause of an error of a run.
pub(super) fn known(error: &ReconcileError) -> Option<Diagnosis> {
    let symptom = match error {
        ReconcileError::Cloud { fault, .. } => Symptom::of(fault),
        ReconcileError::StackFailed {
            cause: Some(cause), ..
        } => Symptom::new(Origin::Resource(&cause.resource_type), &cause.reason),
        ReconcileError::TrainingFailed { status, reason, .. } => Symptom::training(status, reason),
        ReconcileError::BatchFailed { state, .. } => {
            Symptom::new(Origin::Batch, state.failure_reason.as_deref()?)
        }
        ReconcileError::ChangeRefused { reason, .. } => Symptom::new(Origin::Change, reason),
        ReconcileError::NotServing { what, why } if what.starts_with("http") => {
            Symptom::new(Origin::Api, why)
        }
        ReconcileError::NotServing { why, .. } => Symptom::new(Origin::Endpoint, why),
        ReconcileError::RolledBackSilently {
            serving, wanted, ..
        } => {
            let text = format!("SageMaker went back to {serving} from {wanted}");
            return diagnose(&Symptom::new(Origin::Endpoint, &text));
        }
        ReconcileError::Held(held) => return held.iter().find_map(known_of_held),
        _ => return None,
    };
    diagnose(&symptom)
}

/// Recognises the cause of a job that failed in an earlier run.
fn known_of_held(held: &Held) -> Option<Diagnosis> {
    match held {
        Held::TrainingFailed { reason, .. } | Held::TrainingExhausted { reason, .. } => {
            diagnose(&Symptom::training("Failed", reason))
        }
        _ => None,
    }
}

/// Says how to go on after a training job that ended in a status without a model, whose cause may be
/// transient, and known.
fn after_training(status: &str, transient: bool, known: bool) -> &'static str {
    match status {
        "Stopped" => "somebody stopped the job; run the command again to train anew",
        _ if transient => "run `deploy up` again once the cause is gone; it trains anew",
        _ if known => {
            "then run `deploy up` again; `--retry-training` repeats a training that is otherwise \
             unchanged"
        }
        _ => {
            "mend the code, data or hyperparameters and run `deploy up` again; \
             `--retry-training` repeats it unchanged"
        }
    }
}

/// Says how to go on after an error of a batch; `None` for any other, too.
fn of_batch(error: &ReconcileError) -> Option<String> {
    match error {
        ReconcileError::BatchFailed { state, .. } => Some(format!(
            "`deploy batch fetch {}` has the answers that there are; running it again classifies all anew",
            state.name
        )),
        ReconcileError::BatchGone(_) => Some("`deploy batch list` shows the jobs".to_owned()),
        ReconcileError::BatchRequest(_) => {
            Some("the template `transform-job` is what it is made from".to_owned())
        }
        ReconcileError::Batch(error) => error.remedy(),
        _ => None,
    }
}

/// Says how to go on after a fault of this kind.
fn of_fault(fault: &CloudFault) -> Option<String> {
    let text = match fault.kind {
        FaultKind::Unauthenticated => {
            "log in again (`aws sso login`, or new keys), or name a profile in `target.profile`"
        }
        FaultKind::Denied => return Some(denied(fault.operation)),
        FaultKind::Fenced => {
            "another run took this one for dead and works now; run the command again after it"
        }
        FaultKind::Throttled | FaultKind::Unavailable => {
            "run the command again; it goes on where it stopped"
        }
        _ => return None,
    };
    Some(text.to_owned())
}

/// Says what is missing where the service does not: a `HEAD` request is answered without a word.
fn denied(operation: &str) -> String {
    let what = match permissions::needed_by(operation).as_slice() {
        [] => "this".to_owned(),
        actions => actions.join(" and "),
    };
    format!(
        "allow {what} to these credentials, or use others; `deploy permissions` prints all that is needed"
    )
}

/// Says how to go on after an error of a run, whose cause may be known.
pub(super) fn general(error: &ReconcileError, known: Option<&Diagnosis>) -> Option<String> {
    if let Some(text) = of_batch(error) {
        return Some(text);
    }
    let text = match error {
        // The remedy of the cause says it all.
        ReconcileError::Cloud { .. } | ReconcileError::NotServing { .. } if known.is_some() => {
            return None;
        }
        ReconcileError::Cloud { fault, .. } => return of_fault(fault),
        ReconcileError::ChangeRefused { .. } => {
            "mend the stack file or the template; nothing was changed"
        }
        ReconcileError::StackFailed { status, .. } if status.rolled_back() => {
            "mend the cause and run `deploy up` again; what served before is unchanged"
        }
        ReconcileError::StackFailed { .. } => {
            "mend the cause and run the command again, or remove it with `deploy down`"
        }
        ReconcileError::TrainingFailed {
            status, transient, ..
        } => after_training(status, *transient, known.is_some()),
        ReconcileError::QuotaTooLow { .. } => {
            "ask for more of it in the console (Service Quotas, Amazon SageMaker), which may take days, or \
             name other instance types in `training.instance`"
        }
        ReconcileError::GateFailed { .. } => {
            "what served before is untouched, and the model is kept: train a better one, change \
             `training.gates` in the stack file, or let this one pass with `deploy up --override-gates \
             \"why\"`, which is recorded"
        }
        ReconcileError::Release(_) => {
            "only deploy writes under releases/ and templates/ of the bucket: look there for who changed \
             what, and put the version back that was written"
        }
        ReconcileError::NotServing { .. } => {
            "`deploy status` shows what is deployed; `deploy up` checks again"
        }
        ReconcileError::RolledBackSilently { .. } => {
            "what served before serves on: mend what its log and the alarms show, then `deploy up` \
             deploys what is changed; `aws sagemaker update-endpoint` tries the same config again"
        }
        ReconcileError::Tampered { .. } => {
            "somebody changed or removed it after it was recorded: the bucket's earlier versions may still \
             have it; otherwise make a new release where it comes from"
        }
        ReconcileError::NotExpired { .. } => "`deploy down` without `--expired` removes it now",
        ReconcileError::Moved { .. } => {
            "look at a new plan (`deploy plan`), then run the command again"
        }
        ReconcileError::Locked { .. } => {
            "wait for that run (`--lock-timeout 10m` does); one that is gone loses the lock by itself \
             after its lease, or by `deploy unlock`"
        }
        ReconcileError::Interrupted => "run the command again to go on",
        ReconcileError::NotAtRest { .. } => {
            "`deploy up` brings it to rest; `deploy status` shows where it stands"
        }
        ReconcileError::DriftLeft { .. } => {
            "CloudFormation does not take this back: undo it where it was done, or replace the \
             resource; `deploy drift` shows it in full"
        }
        ReconcileError::Leftovers { .. } => {
            "something outside of deploy may have made it again; run `deploy down` once more"
        }
        ReconcileError::TimedOut { .. } => "run the command again to go on waiting",
        _ => return None,
    };
    Some(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::condition::StackStatus;
    use crate::cloud::diagnosis::KnownCause;
    use crate::reconcile::Cause;

    fn cause(error: &ReconcileError) -> Option<KnownCause> {
        known(error).map(|known| known.cause)
    }

    #[test]
    fn a_silent_roll_back_is_explained() {
        let error = ReconcileError::RolledBackSilently {
            endpoint: "news".into(),
            serving: "a".into(),
            wanted: "b".into(),
            why: String::new(),
        };
        assert_eq!(cause(&error), Some(KnownCause::WentBack));
    }

    #[test]
    fn each_kind_of_error_is_searched_for_its_cause() {
        let fault = |code: &str, message: &str| ReconcileError::Cloud {
            doing: "start the training job",
            fault: CloudFault {
                kind: FaultKind::Rejected,
                operation: "CreateTrainingJob",
                code: code.into(),
                message: message.into(),
            },
        };
        let error = fault(
            "ResourceLimitExceeded",
            "The account-level service limit 'ml.p3.2xlarge for training job usage' is 0 Instances, \
             with current utilization of 0 Instances and a request delta of 1 Instances.",
        );
        assert_eq!(cause(&error), Some(KnownCause::QuotaExceeded));
        assert_eq!(general(&error, known(&error).as_ref()), None);
        let error = ReconcileError::StackFailed {
            stack: "news-service".into(),
            status: StackStatus::RollbackComplete,
            cause: Some(Cause {
                logical_id: "Endpoint".into(),
                resource_type: "AWS::SageMaker::Endpoint".into(),
                reason: "The primary container for production variant AllTraffic did not pass the \
                         ping health check."
                    .into(),
                log: Vec::new(),
            }),
        };
        assert_eq!(cause(&error), Some(KnownCause::Unhealthy));
        let error = ReconcileError::NotServing {
            what: "https://a.execute-api.eu-west-1.amazonaws.com/classify".into(),
            why: "HTTP 500: {\"message\":\"Internal Server Error\"}".into(),
        };
        assert_eq!(cause(&error), Some(KnownCause::FunctionFailed));

        assert_eq!(cause(&ReconcileError::Interrupted), None);
        assert_eq!(cause(&fault("ValidationException", "no")), None);
    }

    #[test]
    fn a_denial_without_a_word_names_the_actions() {
        let error = ReconcileError::Cloud {
            doing: "look into the bucket",
            fault: CloudFault {
                kind: FaultKind::Denied,
                operation: "HeadObject",
                code: String::new(),
                message: "the service refused it (HTTP 403)".into(),
            },
        };
        let general = general(&error, known(&error).as_ref()).unwrap();
        assert!(
            general.starts_with("allow s3:GetObject and s3:ListBucket to"),
            "{general}"
        );
        assert!(general.contains("`deploy permissions`"), "{general}");
    }

    #[test]
    fn a_job_that_was_stopped_needs_no_mending() {
        let error = ReconcileError::TrainingFailed {
            job: "news-1".into(),
            status: "Stopped".into(),
            reason: "Training job stopped".into(),
            transient: false,
            log: Vec::new(),
        };
        let general = general(&error, known(&error).as_ref()).unwrap();
        assert!(general.contains("to train anew"), "{general}");
    }

    #[test]
    fn a_failed_training_says_how_to_go_on_after_its_remedy() {
        let error = ReconcileError::TrainingFailed {
            job: "news-1".into(),
            status: "Failed".into(),
            reason: "AlgorithmError: bad label, exit code: 1".into(),
            transient: false,
            log: Vec::new(),
        };
        let known = known(&error).unwrap();
        assert_eq!(known.cause, KnownCause::ScriptFailed);
        let general = general(&error, Some(&known)).unwrap();
        assert!(
            general.starts_with("then run `deploy up` again"),
            "{general}"
        );
    }
}
