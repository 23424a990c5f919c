//! What the engine's page tells of stacks.

use super::CloudFormation;
use super::state::StackStatus;

/// A stack in a few words.
pub(crate) struct StackSummary {
    pub(crate) name: String,
    pub(crate) status: &'static str,
    pub(crate) reason: Option<String>,
    /// Milliseconds since the Unix epoch.
    pub(crate) changed: i64,
    pub(crate) resources: usize,
    pub(crate) outputs: Vec<(String, String)>,
}

impl CloudFormation {
    /// Tells of the stacks that are there, oldest first.
    pub(crate) fn summaries(&self) -> Vec<StackSummary> {
        self.state.read(|state| {
            let there = state.stacks.values();
            let there = there.filter(|stack| stack.status != StackStatus::DeleteComplete);
            there
                .map(|stack| StackSummary {
                    name: stack.name.clone(),
                    status: stack.status.name(),
                    reason: stack.status_reason.clone(),
                    changed: stack.updated.unwrap_or(stack.created),
                    resources: stack.resources.len(),
                    outputs: stack
                        .outputs
                        .iter()
                        .map(|output| (output.key.clone(), output.value.clone()))
                        .collect(),
                })
                .collect()
        })
    }
}
