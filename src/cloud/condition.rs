//! The states of a CloudFormation stack, parsed once.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

macro_rules! stack_status {
    ($($variant:ident = $text:literal),+ $(,)?) => {
        /// A CloudFormation stack status.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[expect(missing_docs, reason = "each variant is the status of the same name")]
        pub enum StackStatus { $(#[serde(rename = $text)] $variant),+ }

        impl StackStatus {
            /// Every status, so that tables over them can be tested for being complete.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Returns the name that the service uses.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }
    };
}

stack_status! {
    ReviewInProgress = "REVIEW_IN_PROGRESS",
    CreateInProgress = "CREATE_IN_PROGRESS",
    CreateComplete = "CREATE_COMPLETE",
    CreateFailed = "CREATE_FAILED",
    RollbackInProgress = "ROLLBACK_IN_PROGRESS",
    RollbackComplete = "ROLLBACK_COMPLETE",
    RollbackFailed = "ROLLBACK_FAILED",
    UpdateInProgress = "UPDATE_IN_PROGRESS",
    UpdateCompleteCleanupInProgress = "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
    UpdateComplete = "UPDATE_COMPLETE",
    UpdateFailed = "UPDATE_FAILED",
    UpdateRollbackInProgress = "UPDATE_ROLLBACK_IN_PROGRESS",
    UpdateRollbackCompleteCleanupInProgress = "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
    UpdateRollbackComplete = "UPDATE_ROLLBACK_COMPLETE",
    UpdateRollbackFailed = "UPDATE_ROLLBACK_FAILED",
    DeleteInProgress = "DELETE_IN_PROGRESS",
    DeleteComplete = "DELETE_COMPLETE",
    DeleteFailed = "DELETE_FAILED",
    ImportInProgress = "IMPORT_IN_PROGRESS",
    ImportComplete = "IMPORT_COMPLETE",
    ImportRollbackInProgress = "IMPORT_ROLLBACK_IN_PROGRESS",
    ImportRollbackComplete = "IMPORT_ROLLBACK_COMPLETE",
    ImportRollbackFailed = "IMPORT_ROLLBACK_FAILED",
}

impl StackStatus {
    /// Whether an operation is under way. `REVIEW_IN_PROGRESS` is not one: it waits for a person.
    pub fn is_busy(self) -> bool {
        self != Self::ReviewInProgress && self.as_str().ends_with("_IN_PROGRESS")
    }

    /// Whether the last operation did what was asked of it.
    pub fn succeeded(self) -> bool {
        matches!(
            self,
            Self::CreateComplete
                | Self::UpdateComplete
                | Self::ImportComplete
                | Self::DeleteComplete
        )
    }

    /// Whether a failed operation was (or is being) undone. A roll-back that failed itself undid nothing
    /// that could be relied on.
    pub fn rolled_back(self) -> bool {
        let status = self.as_str();
        status.contains("ROLLBACK") && !status.ends_with("_FAILED")
    }
}

impl fmt::Display for StackStatus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A status that this version does not know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a stack status that this version of deploy knows")]
pub struct UnknownStatus(String);

impl FromStr for StackStatus {
    type Err = UnknownStatus;

    fn from_str(text: &str) -> Result<Self, UnknownStatus> {
        Self::ALL
            .iter()
            .copied()
            .find(|status| status.as_str() == text)
            .ok_or_else(|| UnknownStatus(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_is_read_as_it_is_written() {
        for status in StackStatus::ALL {
            assert_eq!(status.as_str().parse(), Ok(*status));
        }
        assert!("CREATE_DONE".parse::<StackStatus>().is_err());
    }

    #[test]
    fn a_review_is_not_busy_and_a_rollback_is_no_success() {
        assert!(!StackStatus::ReviewInProgress.is_busy());
        assert!(StackStatus::UpdateCompleteCleanupInProgress.is_busy());
        assert!(!StackStatus::RollbackComplete.succeeded());
        assert!(StackStatus::UpdateRollbackComplete.rolled_back());
        assert!(!StackStatus::UpdateRollbackFailed.rolled_back());
    }
}
