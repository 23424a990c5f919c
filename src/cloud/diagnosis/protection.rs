//! What is protected from being deleted.
//!
//! Texts: "Protect CloudFormation stacks from being deleted" in the CloudFormation user guide; `MiniStack`
//! answers with the same words.

use super::KnownCause;
use super::matching::{Row, say};

pub(super) static ROWS: &[Row] = &[Row {
    cause: KnownCause::TerminationProtected,
    types: &[],
    phrases: &["while terminationprotection is enabled"],
    told: |_| {
        say(
            "Somebody has protected the stack from being deleted. deploy never takes that away by itself.",
            "take it away with `aws cloudformation update-termination-protection \
             --no-enable-termination-protection --stack-name NAME`, then run the command again",
        )
    },
}];
