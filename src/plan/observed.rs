//! What an environment is, as far as it was looked at.

use std::collections::{BTreeMap, BTreeSet};

use super::record::ModelRecord;
use crate::cloud::inventory::Item;
use crate::cloud::stacks::{StackResource, StackState};
use crate::cloud::training::TrainingState;
use crate::cloud::transform::TransformState;
use crate::release::{RELEASE_TAG, ReleaseId};

/// What an environment is. The two stacks tell by themselves whether anything is to be done.
#[derive(Debug, Clone, PartialEq)]
pub struct Observed {
    /// The account that was looked into.
    pub account: String,
    /// The foundation stack.
    pub foundation: Option<StackState>,
    /// The service stack.
    pub service: Option<StackState>,
    /// What is inside, looked at only where the stacks do not suffice.
    pub inside: Inside,
}

impl Observed {
    /// The release that the service stack says it is; `None` where it says none.
    pub fn release(&self) -> Option<ReleaseId> {
        let service = self.service.as_ref()?;
        service.tags.get(RELEASE_TAG)?.parse().ok()
    }
}

/// What is inside an environment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Inside {
    /// Those keys of what has to be in the bucket that are: uploads, and what a release needs.
    pub uploaded: BTreeSet<String>,
    /// The jobs of the desired training key, first attempt first.
    pub attempts: Vec<TrainingState>,
    /// What the bucket keeps of the desired model, looked for only where no job of it is completed. Its
    /// artifact is in the bucket if it says that it was trained.
    pub record: Option<ModelRecord>,
    /// What the bucket keeps of the model to compare with: of the one that serves, or of the newest.
    pub baseline: Option<ModelRecord>,
    /// Every training job of the environment, whatever its key.
    pub jobs: Vec<TrainingState>,
    /// Every batch job of the environment, looked at only before a teardown.
    pub transforms: Vec<TransformState>,
    /// Everything that exists under the environment's names, looked at only before a teardown.
    pub items: Vec<Item>,
    /// What others changed since the last deployment, looked for only when it is to be taken back.
    pub drift: BTreeMap<String, Vec<String>>,
    /// What exists in a stack that can only be made anew, by the stack's name.
    pub live: BTreeMap<String, Vec<StackResource>>,
}
