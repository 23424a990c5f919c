//! How a run can end badly.

use std::time::Duration;

use jiff::Timestamp;

use super::drift::{Finding, Subject};
use super::lock::LockNote;
use crate::batch::BatchError;
use crate::cloud::CloudFault;
use crate::cloud::condition::StackStatus;
use crate::cloud::copies::At;
use crate::cloud::diagnosis::is_propagation;
use crate::cloud::inventory::Item;
use crate::cloud::transform::{TransformPhase, TransformState};
use crate::plan::batch::BatchFault;
use crate::plan::check::Flaw;
use crate::plan::request::RequestFault;
use crate::plan::{Held, StepKind};
use crate::release::UnreadableRelease;
use crate::stack::S3Location;

/// Why a run ended before its end.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileError {
    /// The cloud did not do what it was asked.
    #[error("cannot {doing}")]
    Cloud {
        /// What was being done, as a verb phrase.
        doing: &'static str,
        /// Its answer.
        #[source]
        fault: CloudFault,
    },
    /// CloudFormation does not accept the change.
    #[error("CloudFormation refuses the change of {stack}: {reason}")]
    ChangeRefused {
        /// Name of the stack.
        stack: String,
        /// Why.
        reason: String,
    },
    /// A stack did not end as wanted.
    #[error("{}", stack_failure(stack, *status, cause.as_ref()))]
    StackFailed {
        /// Name of the stack.
        stack: String,
        /// How it ended.
        status: StackStatus,
        /// The first resource that failed.
        cause: Option<Cause>,
    },
    /// A training job did not end with a model.
    #[error("training job {job} ended as {status}: {reason}")]
    TrainingFailed {
        /// Name of the job.
        job: String,
        /// Its status.
        status: String,
        /// Why.
        reason: String,
        /// Whether the cause lies with the service, not with what was trained.
        transient: bool,
        /// The last lines of its log.
        log: Vec<String>,
    },
    /// A batch job ended without answers for some of what was asked.
    #[error("batch job {} {}", state.name, batch_failure(state))]
    BatchFailed {
        /// The job.
        state: Box<TransformState>,
        /// The last lines of its log.
        log: Vec<String>,
    },
    /// A batch job, or what it was asked, is not there.
    #[error("there is no batch job {0}, or its files are not in the bucket any more")]
    BatchGone(String),
    /// The template does not give a request that can be sent.
    #[error(transparent)]
    BatchRequest(#[from] BatchFault),
    /// Texts or answers cannot be read or written.
    #[error(transparent)]
    Batch(#[from] BatchError),
    /// The record of a release, or what it names, is not what was written.
    #[error("a release cannot be trusted")]
    Release(#[source] Box<UnreadableRelease>),
    /// A trained model is not as good as the stack file asks.
    #[error("the model of {job} does not pass: {}", failed.join("; "))]
    GateFailed {
        /// The job that trained it.
        job: String,
        /// Each gate that failed, with what was measured.
        failed: Vec<String>,
    },
    /// The account may have too few instances to train on.
    #[error("the account may not train on this: {}", low_quotas(quotas, *needed))]
    QuotaTooLow {
        /// Name and value of the quota of each instance type that would do.
        quotas: Vec<(String, f64)>,
        /// Instances that are needed.
        needed: f64,
    },
    /// The training template does not give a request that can be sent.
    #[error(transparent)]
    TrainingRequest(#[from] RequestFault),
    /// There is no data where the stack file says.
    #[error("there is nothing under {0}")]
    NoData(S3Location),
    /// The data in S3 is not what it was when the run began.
    #[error("the data under {0} has changed since this run looked at it; nothing was started")]
    DataMoved(S3Location),
    /// What serves is not what was deployed, or it does not answer as promised.
    #[error("{what} does not serve: {why}")]
    NotServing {
        /// What was looked at.
        what: String,
        /// What is wrong.
        why: String,
    },
    /// SageMaker went back to what served before, without a word to CloudFormation.
    #[error("endpoint {endpoint} serves {serving} and not {wanted}: SageMaker rolled it back{why}")]
    RolledBackSilently {
        /// Name of the endpoint.
        endpoint: String,
        /// Name of the endpoint config that serves.
        serving: String,
        /// Name of the endpoint config that was deployed.
        wanted: String,
        /// Why, in parentheses, if SageMaker says.
        why: String,
    },
    /// The plan cannot be carried out as things are.
    #[error("{}", texts(.0))]
    Held(Vec<Held>),
    /// The user, or nobody at all, agreed to the plan.
    #[error("{why}")]
    Declined {
        /// What happened.
        why: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// An artifact is not the one that was recorded.
    #[error("{at} is not the artifact that was recorded: {why}; it was not used")]
    Tampered {
        /// Where it is.
        at: At,
        /// What is wrong with it.
        why: String,
    },
    /// The world is not as it was when the plan was made.
    #[error("the environment has changed since the plan was made: {}", what.join("; "))]
    Moved {
        /// What has changed.
        what: Vec<String>,
    },
    /// The environment was to be removed only when it is over.
    #[error("the environment is not over")]
    NotExpired {
        /// When it is; `None` where that cannot be told.
        until: Option<Timestamp>,
    },
    /// Another run works on the environment.
    #[error("{}", locked(by.as_deref()))]
    Locked {
        /// Who works; `None` when another version of deploy wrote it.
        by: Option<Box<LockNote>>,
    },
    /// Something is missing that an earlier step provides.
    #[error("{0} is not known; run the command again to look anew")]
    Unknown(&'static str),
    /// Something took longer than it can take.
    #[error("gave up waiting for {what} after {}", minutes(*after))]
    TimedOut {
        /// What was waited for.
        what: String,
        /// How long.
        after: Duration,
    },
    /// The user asked to stop.
    #[error("interrupted; what was under way goes on by itself")]
    Interrupted,
    /// The plan is not sound.
    #[error("the plan is not sound, which is a mistake in deploy")]
    Unsound(#[source] Flaw),
    /// Drift is looked for in stacks at rest only.
    #[error(
        "{stack} is {status}: drift is looked for when nothing is being changed and nothing failed half-way"
    )]
    NotAtRest {
        /// Name of the stack.
        stack: String,
        /// Its status.
        status: StackStatus,
    },
    /// The deployed template is not one that this tool reads.
    #[error("the deployed template of {stack} cannot be read: {reason}")]
    UnreadableTemplate {
        /// Name of the stack.
        stack: String,
        /// Why.
        reason: String,
    },
    /// Drift that CloudFormation does not take back.
    #[error("drift is left: {}", drift_left(findings))]
    DriftLeft {
        /// What is left.
        findings: Vec<Finding>,
    },
    /// Something is left after a teardown.
    #[error("{} left after the teardown: {}", count(items.len()), list(items))]
    Leftovers {
        /// What is left.
        items: Vec<Item>,
    },
}

/// The first resource that failed in a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// Key in the template.
    pub logical_id: String,
    /// Type.
    pub resource_type: String,
    /// The service's words.
    pub reason: String,
    /// The last lines of the resource's log, if it has one.
    pub log: Vec<String>,
}

impl ReconcileError {
    /// Whether a change was undone, so that the previous state serves on.
    pub fn rolled_back(&self) -> bool {
        match self {
            Self::StackFailed { status, .. } => status.rolled_back(),
            Self::RolledBackSilently { .. } => true,
            _ => false,
        }
    }

    /// Whether all that failed is that a new role is not known everywhere yet, as far as the words tell.
    pub(super) fn is_propagation(&self) -> bool {
        matches!(
            self,
            Self::StackFailed { cause: Some(cause), .. } if is_propagation(&cause.reason)
        )
    }

    /// The step that a log belongs to, and its last lines.
    pub fn log(&self) -> &[String] {
        match self {
            Self::TrainingFailed { log, .. } | Self::BatchFailed { log, .. } => log,
            Self::StackFailed {
                cause: Some(cause), ..
            } => &cause.log,
            _ => &[],
        }
    }
}

/// Adds what was being done to a fault.
pub(super) fn doing(doing: &'static str) -> impl FnOnce(CloudFault) -> ReconcileError {
    move |fault| ReconcileError::Cloud { doing, fault }
}

/// Names the placeholder or output that is missing.
pub(super) fn known<T>(value: Option<T>, what: &'static str) -> Result<T, ReconcileError> {
    value.ok_or(ReconcileError::Unknown(what))
}

fn stack_failure(stack: &str, status: StackStatus, cause: Option<&Cause>) -> String {
    match cause {
        Some(cause) => format!(
            "{stack} ended as {status}: {} ({}) {}",
            cause.logical_id, cause.resource_type, cause.reason
        ),
        None => format!("{stack} ended as {status}"),
    }
}

fn batch_failure(state: &TransformState) -> String {
    match (&state.failure_reason, state.phase) {
        (Some(reason), _) => format!("failed: {reason}"),
        (None, TransformPhase::Stopped) => "was stopped".to_owned(),
        (None, _) => "failed".to_owned(),
    }
}

fn texts(held: &[Held]) -> String {
    let texts: Vec<String> = held.iter().map(ToString::to_string).collect();
    texts.join("; ")
}

fn locked(by: Option<&LockNote>) -> String {
    match by {
        Some(note) => format!("another run holds the lock: {note}"),
        None => "another version of deploy holds the lock".to_owned(),
    }
}

fn minutes(time: Duration) -> String {
    format!("{} min", time.as_secs().div_ceil(60))
}

fn count(items: usize) -> String {
    if items == 1 {
        "1 thing is".to_owned()
    } else {
        format!("{items} things are")
    }
}

fn drift_left(findings: &[Finding]) -> String {
    let named: Vec<String> = findings
        .iter()
        .map(|finding| {
            let Subject {
                logical_id, kind, ..
            } = &finding.subject;
            match &finding.property {
                Some(property) => format!("{logical_id} ({kind}) {property}"),
                None => format!("{logical_id} ({kind}) is gone"),
            }
        })
        .collect();
    named.join(", ")
}

fn list(items: &[Item]) -> String {
    items
        .iter()
        .map(|item| format!("{} {}", item.kind, item.name))
        .collect::<Vec<_>>()
        .join(", ")
}

impl From<(StepKind, CloudFault)> for ReconcileError {
    fn from((step, fault): (StepKind, CloudFault)) -> Self {
        let doing = match step {
            StepKind::Data => "upload the data",
            StepKind::Code => "upload the training code",
            _ => "upload the function's code",
        };
        Self::Cloud { doing, fault }
    }
}
fn low_quotas(quotas: &[(String, f64)], needed: f64) -> String {
    let each = quotas
        .iter()
        .map(|(name, value)| format!("its quota `{name}` is {value}, {needed} needed"));
    each.collect::<Vec<_>>().join("; ")
}
