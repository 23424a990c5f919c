//! The words of a plan: what is done, to what, and why.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::basis::Basis;
use super::held::Held;
use super::training::Trained;
use crate::bundle::Change;
use crate::cloud::condition::StackStatus;
use crate::cloud::inventory::Item;

/// An ordered list of steps that turns what was observed into what is desired.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// The steps, in the order in which they are carried out.
    pub steps: Vec<Step>,
    /// What must be cleared up first. A plan that holds something back is not carried out.
    pub held: Vec<Held>,
    /// What exists and is removed.
    pub removes: Vec<Item>,
    /// What exists, would be expected to be removed, and stays.
    pub keeps: Vec<Item>,
    /// What was observed when the plan was made. Where it has changed, the plan is stale.
    pub based_on: Basis,
}

impl Plan {
    /// Whether nothing would be changed: there is nothing to do but to look, and what there is is good.
    pub fn changes_nothing(&self) -> bool {
        let looks = |step: &Step| matches!(step.action, Action::Check | Action::Reuse);
        self.steps.iter().all(looks)
    }

    /// Whether the plan only brings stacks back to a state from which it can go on: what follows is
    /// planned when it is known how that ends.
    pub fn only_recovers(&self) -> bool {
        self.steps.iter().any(|step| step.kind.is_recovery())
    }

    /// Whether the plan takes back what others changed.
    pub fn takes_drift_back(&self) -> bool {
        self.steps
            .iter()
            .any(|step| step.kind == StepKind::DriftReversal)
    }

    /// Whether something that holds data or serves is removed.
    pub fn removes_something(&self) -> bool {
        !self.removes.is_empty()
    }
}

/// One step of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// What is acted on.
    pub kind: StepKind,
    /// What is done to it.
    pub action: Action,
    /// Why.
    pub reason: Reason,
}

impl Step {
    /// Whether something that exists is gone after it.
    pub fn removes(&self) -> bool {
        matches!(self.action, Action::Delete | Action::Replace)
            || matches!(self.reason, Reason::EndpointReplaced { .. })
    }
}

/// What a step acts on. The order of the variants is the order of the steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    /// The foundation stack, to be brought back to a state from which it can be updated.
    FoundationRecovery,
    /// The service stack, to be brought back to a state from which it can be updated.
    ServiceRecovery,
    /// What others changed, to be taken back.
    DriftReversal,
    /// The CloudFormation stack of the bucket and the roles.
    Foundation,
    /// The data file in the bucket.
    Data,
    /// The training code in the bucket.
    Code,
    /// The function's archive in the bucket.
    Function,
    /// The training job.
    Training,
    /// The archive in the bucket of a model that is not trained: a released or a brought one.
    Artifact,
    /// The CloudFormation stack of everything that serves.
    Service,
    /// Whether what is desired really serves.
    Verification,
    /// Training and batch jobs that are running, to be stopped.
    RunningJobs,
    /// The service stack, to be removed.
    ServiceRemoval,
    /// Logs of batch jobs, whose records cannot be deleted.
    BatchLogs,
    /// Everything in the bucket.
    BucketContent,
    /// The foundation stack, to be removed.
    FoundationRemoval,
    /// Training jobs of the past and their logs.
    PastJobs,
    /// Whether anything is left.
    Leftovers,
    /// What nothing refers to any more.
    Garbage,
    /// The requests of a batch job, to be put into the bucket, and the job, to be begun.
    BatchRequests,
    /// A batch job, to be followed to its end.
    BatchJob,
    /// The answers of a batch job, to be joined with what was asked.
    BatchResults,
}

impl StepKind {
    /// Whether the step only brings back a state from which it can be planned what else is to be done.
    pub fn is_recovery(self) -> bool {
        matches!(
            self,
            Self::FoundationRecovery | Self::ServiceRecovery | Self::DriftReversal
        )
    }
}

impl fmt::Display for StepKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Foundation | Self::FoundationRemoval | Self::FoundationRecovery => "foundation",
            Self::DriftReversal => "drift",
            Self::Data => "data",
            Self::Code => "training code",
            Self::Function => "function code",
            Self::Training => "training",
            Self::Artifact => "model",
            Self::Service | Self::ServiceRemoval | Self::ServiceRecovery => "service",
            Self::Verification => "verification",
            Self::RunningJobs => "running jobs",
            Self::BatchLogs => "logs of batch jobs",
            Self::BucketContent => "bucket content",
            Self::PastJobs => "training jobs",
            Self::Leftovers => "leftovers",
            Self::Garbage => "what nothing refers to",
            Self::BatchRequests => "batch requests",
            Self::BatchJob => "batch job",
            Self::BatchResults => "batch results",
        })
    }
}

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It is made.
    Create,
    /// It is changed in place.
    Update,
    /// It is removed and made again.
    Replace,
    /// The change that failed is taken back.
    RollBack,
    /// Something that is already running is waited for.
    Attach,
    /// Something that exists is used again.
    Reuse,
    /// It is removed.
    Delete,
    /// It is looked at; nothing is changed.
    Check,
}

impl Action {
    /// The sign that stands before a step when a plan is shown.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Create => "+",
            Self::Update => "~",
            Self::Replace => "±",
            Self::RollBack => "<",
            Self::Attach => "…",
            Self::Reuse => "=",
            Self::Delete => "-",
            Self::Check => "?",
        }
    }
}

/// Why a step is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// There is nothing yet.
    NotThere,
    /// What is there was made from something else.
    Differs,
    /// It differs, and its endpoint changes between instances and serverless: the one is made beside the
    /// other, which is deleted once nothing calls it any more.
    EndpointReplaced {
        /// The endpoint that serves.
        from: String,
        /// The endpoint that takes over.
        to: String,
    },
    /// It was asked to look closer than at the fingerprints.
    Refreshed,
    /// Others changed this since it was deployed.
    Drifted(BTreeMap<String, Vec<String>>),
    /// The last operation ended in this status.
    LastEndedAs(StackStatus),
    /// Objects of this content are not in the bucket yet; how many.
    NotUploaded(usize),
    /// No model has been trained yet that this one could be compared with.
    NeverTrained,
    /// What decides the model differs from what another was made from.
    Ingredients {
        /// Training key of the other, in short.
        since: String,
        /// What differs.
        changes: Vec<Change>,
    },
    /// This job is training the model already.
    InProgress(String),
    /// The model is there.
    Trained(Trained),
    /// A job ended without a model, and it is worth another attempt or one was asked for.
    Repeated {
        /// Name of the job.
        job: String,
        /// Why there is no model of it.
        why: String,
        /// Which attempt this is, from 2.
        attempt: usize,
    },
    /// A release has proven it; which one, and whether it is in the bucket already, in words.
    Proven(String),
    /// Somebody brings it.
    Brought {
        /// What people know it by: a file, or an object's address.
        name: String,
        /// SHA-256 of the archive, in short.
        sha256: String,
    },
    /// A deployment is finished only when it serves.
    MustServe,
    /// The environment is being removed.
    Teardown,
    /// A teardown is finished only when nothing is left.
    MustBeGone,
    /// Nothing refers to it.
    Unreferenced,
    /// It is part of a batch; what of it, in words.
    Batch(String),
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotThere => formatter.write_str("not there yet"),
            Self::Differs => formatter.write_str("differs from what is deployed"),
            Self::EndpointReplaced { from, to } => write!(
                formatter,
                "the endpoint changes between instances and serverless: {to} is made beside {from}, \
                 which serves until everything calls the new one and is deleted then; no downtime, and \
                 both run for some minutes"
            ),
            Self::Refreshed => formatter.write_str("compared by CloudFormation, as asked"),
            Self::Drifted(found) => {
                let what: Vec<&str> = found.values().flatten().map(String::as_str).collect();
                write!(formatter, "changed by others: {}", what.join(", "))
            }
            Self::LastEndedAs(status) => write!(formatter, "the last operation ended as {status}"),
            Self::NotUploaded(1) => formatter.write_str("not uploaded yet"),
            Self::NotUploaded(count) => write!(formatter, "{count} files not uploaded yet"),
            Self::NeverTrained => formatter.write_str("no model of this training key"),
            Self::InProgress(job) => write!(formatter, "{job} is training it already"),
            Self::Ingredients { changes, .. } => {
                let changes: Vec<String> = changes.iter().map(ToString::to_string).collect();
                write!(formatter, "{}", changes.join("; "))
            }
            Self::Trained(trained) => trained.fmt(formatter),
            Self::Repeated { job, why, attempt } => {
                write!(formatter, "attempt {attempt}, as {job} has no model: {why}")
            }
            Self::Brought { name, sha256 } => write!(formatter, "brings {name} ({sha256}…)"),
            Self::MustServe => formatter.write_str("done means that it answers"),
            Self::Teardown => formatter.write_str("the environment is removed"),
            Self::Unreferenced => {
                formatter.write_str("nothing serves it, asks for it or was made from it")
            }
            Self::Batch(what) | Self::Proven(what) => formatter.write_str(what),
            Self::MustBeGone => formatter.write_str("done means that nothing is left"),
        }
    }
}
