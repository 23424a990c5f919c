//! What is held back, why, and what can be done about it.

use serde::Serialize;

use crate::cloud::condition::StackStatus;
use crate::cloud::stacks::StackState;

/// Why a plan cannot be carried out as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Held {
    /// The credentials belong to another account.
    #[error("the credentials belong to account {actual}, but the environment is in {expected}")]
    WrongAccount {
        /// The environment's account.
        expected: String,
        /// The caller's account.
        actual: String,
    },
    /// A stack of this name exists and is not ours.
    #[error("the CloudFormation stack {0} exists, but deploy did not make it for this environment")]
    ForeignStack(String),
    /// An operation is under way that deploy did not begin.
    #[error("the CloudFormation stack {stack} is busy ({status}), begun by something else{token}")]
    Busy {
        /// Name of the stack.
        stack: String,
        /// Its status.
        status: StackStatus,
        /// The operation's token in words, if it has one.
        token: String,
    },
    /// Resources that exist would be removed without having been asked for.
    #[error(
        "the CloudFormation stack {stack} is in {status}, and to make it anew removes {}",
        resources.join(", ")
    )]
    LiveResources {
        /// Name of the stack.
        stack: String,
        /// Its status.
        status: StackStatus,
        /// What exists in it: logical id, type and physical id.
        resources: Vec<String>,
    },
    /// A person has to act first.
    #[error("the CloudFormation stack {stack} is in {status}")]
    NeedsHand {
        /// Name of the stack.
        stack: String,
        /// Its status.
        status: StackStatus,
        /// What to do.
        remedy: &'static str,
    },
    /// Several jobs of this training key in a row failed for reasons that lie with the service.
    #[error("{attempts} training jobs in a row failed, the last was {job}: {reason}")]
    TrainingExhausted {
        /// Name of the last job.
        job: String,
        /// Why it failed.
        reason: String,
        /// How many failed.
        attempts: usize,
    },
    /// Something that a release needs is not there any more.
    #[error("{what} of the release is gone: the bucket has no {key}")]
    Gone {
        /// What it is.
        what: &'static str,
        /// Its key in the bucket.
        key: String,
    },
    /// The job of this training key failed, and nothing that decides its outcome has changed.
    #[error("training job {job} failed: {reason}")]
    TrainingFailed {
        /// Name of the job.
        job: String,
        /// Why it failed.
        reason: String,
    },
}

impl Held {
    /// Says that something else works on a stack.
    pub(crate) fn busy(state: &StackState) -> Self {
        let token = state.token.as_ref();
        Self::Busy {
            stack: state.name.clone(),
            status: state.status,
            token: token.map_or_else(String::new, |token| format!(" with the token {token}")),
        }
    }

    /// What the user can do about it.
    pub fn remedy(&self) -> String {
        match self {
            Self::WrongAccount { expected, .. } => {
                format!("use credentials of account {expected}, or correct `target.account`")
            }
            Self::ForeignStack(_) => {
                "rename the stack or the environment in the stack file; deploy never touches what \
                 it did not make"
                    .to_owned()
            }
            Self::Busy { .. } => {
                "wait for the operation to end, then run the command again".to_owned()
            }
            Self::LiveResources { .. } => {
                "`deploy up --recreate` removes them and makes the stack anew; `deploy down` removes all"
                    .to_owned()
            }
            Self::NeedsHand { remedy, .. } => (*remedy).to_owned(),
            Self::TrainingExhausted { .. } => {
                "the service had its chances: list further types in `training.instance`, look at the AWS \
                 Health Dashboard, or try once more with `--retry-training`"
                    .to_owned()
            }
            Self::Gone { .. } => {
                "`deploy history` lists other releases; promote or roll back to one of these"
                    .to_owned()
            }
            Self::TrainingFailed { .. } => {
                "mend the code, data or hyperparameters, or repeat it with `--retry-training`"
                    .to_owned()
            }
        }
    }
}
