//! The codes of how a run can end badly.
//!
//! What to do about it mostly depends on the case, and is said with it.

use super::ReconcileError;
use crate::code::{Code, codes};

codes! {
    /// The codes of runs.
    pub CODES
    REQUEST_FAILED = "request-failed" {
        title: "The cloud did not do what it was asked",
        why: "The service's own words follow. Nothing is lost: the next run looks where things stand and goes on",
    }
    CHANGE_REFUSED = "change-refused" {
        title: "CloudFormation does not accept a change as a whole",
        why: "It checks a change before it begins one, so nothing was changed",
    }
    STACK_FAILED = "stack-failed" {
        title: "A CloudFormation stack did not end as wanted",
        why: "The first resource that failed is named; what was cancelled because of it is not",
    }
    ROLLED_BACK = "rolled-back" {
        title: "A change failed, and CloudFormation took it back",
        why: "What served before serves on. A roll-back that succeeds is a deployment that failed: exit code 6",
    }
    ROLLED_BACK_SILENTLY = "rolled-back-silently" {
        title: "SageMaker went back to the old model without telling CloudFormation",
        why: "CloudFormation believes that the new endpoint configuration serves; only the endpoint itself knows better",
    }
    TRAINING_FAILED = "training-failed" {
        title: "A training job ended without a model",
        why: "What serves is not touched, since no model was made to take its place",
    }
    BATCH_FAILED = "batch-failed" {
        title: "A batch job ended without answers for some of what was asked",
        why: "The answers that there are can be fetched",
    }
    BATCH_GONE = "batch-gone" {
        title: "A batch job, or what it was asked, is not there",
        why: "Without the requests nobody knows which answer belongs to which text",
    }
    BATCH_REQUEST = "batch-request" {
        title: "The template of batch jobs does not give a request that can be sent",
        why: "It is checked before the texts are uploaded",
    }
    RELEASE_UNTRUSTED = "release-untrusted" {
        title: "The record of a release, or what it names, is not what was written",
        why: "A release is evidence: what was changed afterwards proves nothing",
    }
    GATE_FAILED = "gate-failed" {
        title: "A trained model is not as good as the stack file asks",
        why: "That is what gates are for: what serves is left alone, and exit code 5 tells a pipeline",
    }
    QUOTA_TOO_LOW = "quota-too-low" {
        title: "The account may have too few instances to train on",
        why: "It is looked for before anything is made, since a raise takes days",
    }
    TRAINING_REQUEST = "training-request" {
        title: "The template of training jobs does not give a request that can be sent",
        why: "SageMaker's limits are checked before data and code are uploaded",
        remedy: "mend the template `training-job`, or the value of the stack file that it is made from",
    }
    EMPTY_DATA = "empty-data" {
        title: "There is nothing in S3 where the stack file says the data is",
        why: "A training without data fails before its first step",
        remedy: "correct `data.s3`, or upload the data there; keys begin with the prefix, letter by letter",
    }
    DATA_MOVED = "data-moved" {
        title: "The data in S3 has changed since this run looked at it",
        why: "A model is named by its data: it would carry the name of another",
        remedy: "let whatever writes there finish, then run the command again",
    }
    NOT_SERVING = "not-serving" {
        title: "What was deployed does not answer as promised",
        why: "A deployment is done when a request is answered, not when CloudFormation says so",
    }
    DECLINED = "declined" {
        title: "Somebody said no, or nobody was there to be asked",
        why: "What changes a cloud environment is asked first; `--yes` answers in a pipeline",
    }
    ARTIFACT_TAMPERED = "artifact-tampered" {
        title: "An artifact is not the one that was recorded",
        why: "Its SHA-256 is compared before it is used, so that what was proven is what serves",
    }
    PLAN_STALE = "plan-stale" {
        title: "The world is not as it was when the plan was made",
        why: "Who agreed to the plan agreed to something else than what would happen now",
    }
    LOCKED = "locked" {
        title: "Another run works on the environment",
        why: "Two runs at once would each undo half of the other",
    }
    OUTPUT_MISSING = "output-missing" {
        title: "Something is missing that an earlier step provides",
        why: "Most often the foundation was made by a template that lacks an output of the built-in one",
        remedy: "run the command again to look anew; compare your `foundation` template with the built-in one",
    }
    TIMED_OUT = "timed-out" {
        title: "Something took longer than it can take",
        why: "Every wait has an end; what was under way goes on by itself",
    }
    NOT_EXPIRED = "not-expired" {
        title: "An environment was to be removed only if its life is over, and it is not",
        why: "Between the look and the lock somebody changed it, which renews its life",
        remedy: "nothing: the next run of the schedule looks again; `deploy down` removes it now",
    }
    INTERRUPTED = "interrupted" {
        title: "Somebody asked to stop",
        why: "Nothing new was begun, and the lock was let go; the next run goes on",
    }
    PLAN_UNSOUND = "plan-unsound" {
        title: "A plan breaks a rule that every plan has to keep",
        why: "Every plan is looked at by a checker of its own. This is a mistake in deploy; nothing was changed",
        remedy: "report it with the plan: `deploy plan --output json`",
    }
    NOT_AT_REST = "not-at-rest" {
        title: "Drift cannot be looked for in a stack that is being changed",
        why: "What is half done would look like what somebody else did",
    }
    DEPLOYED_TEMPLATE_UNREADABLE = "deployed-template-unreadable" {
        title: "The deployed template is not one that deploy reads",
        why: "Somebody changed the stack past deploy, or another version wrote it",
        remedy: "`deploy up` deploys the template of the working tree again; `deploy diff` shows what that changes",
    }
    DRIFT_LEFT = "drift-left" {
        title: "CloudFormation does not take back what others changed",
        why: "It reverts by deploying the template again, which does not touch what the template does not say",
    }
    LEFTOVERS = "leftovers" {
        title: "Something is left after a teardown",
        why: "`deploy down` looks again by tag and by name when it is done; what is left may cost money",
    }
}

impl ReconcileError {
    /// Which kind of error it is; of what holds a plan back, the first.
    pub fn code(&self) -> &'static Code {
        match self {
            Self::Cloud { .. } => &REQUEST_FAILED,
            Self::ChangeRefused { .. } => &CHANGE_REFUSED,
            Self::StackFailed { status, .. } if status.rolled_back() => &ROLLED_BACK,
            Self::StackFailed { .. } => &STACK_FAILED,
            Self::TrainingFailed { .. } => &TRAINING_FAILED,
            Self::BatchFailed { .. } => &BATCH_FAILED,
            Self::BatchGone(_) => &BATCH_GONE,
            Self::BatchRequest(_) => &BATCH_REQUEST,
            Self::Batch(error) => error.code(),
            Self::Release(_) => &RELEASE_UNTRUSTED,
            Self::GateFailed { .. } => &GATE_FAILED,
            Self::QuotaTooLow { .. } => &QUOTA_TOO_LOW,
            Self::TrainingRequest(_) => &TRAINING_REQUEST,
            Self::NoData(_) => &EMPTY_DATA,
            Self::DataMoved(_) => &DATA_MOVED,
            Self::NotServing { .. } => &NOT_SERVING,
            Self::RolledBackSilently { .. } => &ROLLED_BACK_SILENTLY,
            Self::Held(held) => held.first().map_or(&PLAN_UNSOUND, |first| first.code()),
            Self::Declined { .. } => &DECLINED,
            Self::Tampered { .. } => &ARTIFACT_TAMPERED,
            Self::Moved { .. } => &PLAN_STALE,
            Self::Locked { .. } => &LOCKED,
            Self::Unknown(_) => &OUTPUT_MISSING,
            Self::TimedOut { .. } => &TIMED_OUT,
            Self::NotExpired { .. } => &NOT_EXPIRED,
            Self::Interrupted => &INTERRUPTED,
            Self::Unsound(_) => &PLAN_UNSOUND,
            Self::NotAtRest { .. } => &NOT_AT_REST,
            Self::UnreadableTemplate { .. } => &DEPLOYED_TEMPLATE_UNREADABLE,
            Self::DriftLeft { .. } => &DRIFT_LEFT,
            Self::Leftovers { .. } => &LEFTOVERS,
        }
    }
}
