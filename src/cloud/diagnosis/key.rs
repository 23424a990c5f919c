//! Keys of KMS.
//!
//! Texts: "Troubleshooting key access" in the KMS developer guide, "Common errors" in the KMS API
//! reference, aws/aws-encryption-sdk-javascript#1005, aws/aws-cdk#12810.

use super::matching::{Row, say, word_where};
use super::{KnownCause, Symptom};

pub(super) static ROWS: &[Row] = &[
    Row {
        cause: KnownCause::KeyDenied,
        types: &[],
        phrases: &[
            "kms.disabledexception",
            "kmsinvalidstateexception",
            "is pending deletion",
            "kms * is disabled",
        ],
        told: |symptom| {
            let key = key(symptom);
            say(
                &format!(
                    "{key} is disabled or about to be deleted, so that nothing encrypted with it can be read."
                ),
                "enable it (`aws kms enable-key`, or `aws kms cancel-key-deletion` first), or name another \
                 in the stack file under `encryption`",
            )
        },
    },
    Row {
        cause: KnownCause::KeyDenied,
        types: &[],
        phrases: &[
            "not authorized to perform: kms:",
            "kmsaccessdenied",
            "kms.accessdeniedexception",
            "ciphertext refers to a customer master key that does not exist",
            "does not have kms permissions",
        ],
        told: |symptom| {
            let key = key(symptom);
            say(
                &format!(
                    "{key} may not be used by who needs it. A key allows only whom its own policy names, \
                     whatever the policy of the role says, and a key of another region does not exist."
                ),
                "allow the role kms:Decrypt, kms:GenerateDataKey and, for disks, kms:CreateGrant in the \
                 policy of the key, and check its region in the stack file under `encryption`",
            )
        },
    },
];

/// The key in the service's words, as the beginning of a sentence.
fn key(symptom: &Symptom<'_>) -> String {
    word_where(symptom.message, |word| {
        word.starts_with("arn:") && word.contains(":kms:")
    })
    .map_or_else(
        || "The KMS key".to_owned(),
        |arn| format!("The KMS key {arn}"),
    )
}
