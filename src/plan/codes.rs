//! The codes of why a plan is held back.
//!
//! What to do about it is said by [`Held::remedy`], which knows the case.

use super::Held;
use crate::code::{Code, codes};

codes! {
    /// The codes of why a plan is held back.
    pub CODES
    OTHER_ACCOUNT = "other-account" {
        title: "The credentials belong to another account than the environment",
        why: "A mix-up of accounts is how a test ends up in production. Nothing was changed in either",
    }
    FOREIGN_STACK = "foreign-stack" {
        title: "A CloudFormation stack of this name exists, and deploy did not make it for this environment",
        why: "What carries no tags of this environment is never touched, since it is somebody's",
    }
    STACK_BUSY = "stack-busy" {
        title: "Something else is changing a CloudFormation stack of the environment",
        why: "CloudFormation does one thing at a time to a stack",
    }
    LIVE_RESOURCES = "live-resources" {
        title: "A stack can only be made anew, and that would remove what exists in it",
        why: "A stack that failed to be created can still hold things that serve or cost money, so they go only when \
              they are asked to",
    }
    NEEDS_HAND = "needs-hand" {
        title: "A stack is in a status that only a person can lead it out of",
        why: "Any operation would be refused, or would have to guess what may be lost",
    }
    TRAINING_EXHAUSTED = "training-exhausted" {
        title: "Several training jobs in a row failed for reasons of the service",
        why: "Each attempt costs time, and what failed three times seldom passes the fourth time at once",
    }
    RELEASE_INCOMPLETE = "release-incomplete" {
        title: "Something that a release needs is not in the bucket any more",
        why: "A release is taken over byte by byte or not at all",
    }
    TRAINED_IN_VAIN = "trained-in-vain" {
        title: "The training of just this failed before, and nothing that decides its outcome has changed",
        why: "The same ingredients fail the same way; an instance would be paid for to learn what is known already",
    }
}

impl Held {
    /// Which kind of reason it is.
    pub fn code(&self) -> &'static Code {
        match self {
            Self::WrongAccount { .. } => &OTHER_ACCOUNT,
            Self::ForeignStack(_) => &FOREIGN_STACK,
            Self::Busy { .. } => &STACK_BUSY,
            Self::LiveResources { .. } => &LIVE_RESOURCES,
            Self::NeedsHand { .. } => &NEEDS_HAND,
            Self::TrainingExhausted { .. } => &TRAINING_EXHAUSTED,
            Self::Gone { .. } => &RELEASE_INCOMPLETE,
            Self::TrainingFailed { .. } => &TRAINED_IN_VAIN,
        }
    }
}
