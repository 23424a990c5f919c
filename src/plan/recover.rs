//! What each status of a CloudFormation stack calls for.

use crate::cloud::condition::StackStatus;

/// What can be done with a stack in a given status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recovery {
    /// Create it: nothing of it exists.
    Create,
    /// Update it.
    Update,
    /// Delete what is left, then create it.
    Recreate,
    /// Wait for the operation that is under way.
    Wait,
    /// Take the failed update back (`RollbackStack`).
    RollBack,
    /// Go on with the roll-back that failed (`ContinueUpdateRollback`).
    ContinueRollBack,
    /// Remove what exists in it and create it again, but only when that was asked for.
    Clear,
    /// A person has to act; the text says how.
    ByHand(&'static str),
}

/// Names the recovery of every status. `CREATE_FAILED` and the like may hold live resources, so they
/// are never deleted without being asked. `RollbackStack` and `ContinueUpdateRollback` are for different
/// statuses (CloudFormation user guide, "Continue rolling back an update", "Choose how to handle failures").
pub fn recovery(status: StackStatus) -> Recovery {
    use StackStatus as S;
    match status {
        S::ReviewInProgress | S::DeleteComplete => Recovery::Create,
        S::CreateComplete
        | S::UpdateComplete
        | S::UpdateRollbackComplete
        | S::ImportComplete
        | S::ImportRollbackComplete => Recovery::Update,
        S::RollbackComplete => Recovery::Recreate,
        S::CreateInProgress
        | S::RollbackInProgress
        | S::UpdateInProgress
        | S::UpdateCompleteCleanupInProgress
        | S::UpdateRollbackInProgress
        | S::UpdateRollbackCompleteCleanupInProgress
        | S::DeleteInProgress
        | S::ImportInProgress
        | S::ImportRollbackInProgress => Recovery::Wait,
        S::CreateFailed | S::RollbackFailed | S::DeleteFailed => Recovery::Clear,
        S::UpdateFailed => Recovery::RollBack,
        S::UpdateRollbackFailed => Recovery::ContinueRollBack,
        S::ImportRollbackFailed => {
            Recovery::ByHand("finish the import that somebody began, then run the command again")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_the_busy_statuses_are_waited_for() {
        for status in StackStatus::ALL {
            assert_eq!(
                recovery(*status) == Recovery::Wait,
                status.is_busy(),
                "{status}"
            );
        }
    }

    #[test]
    fn only_a_creation_that_was_undone_is_deleted_unasked() {
        for status in StackStatus::ALL {
            let recreated = recovery(*status) == Recovery::Recreate;
            assert_eq!(
                recreated,
                *status == StackStatus::RollbackComplete,
                "{status}"
            );
        }
    }
}
