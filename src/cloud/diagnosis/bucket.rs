//! The bucket.
//!
//! Texts: "Error responses" in the Amazon S3 API reference.

use super::KnownCause;
use super::matching::{Row, say};

pub(super) static ROWS: &[Row] = &[
    Row {
        cause: KnownCause::BucketNotEmpty,
        types: &[],
        phrases: &["bucket you tried to delete is not empty", "bucketnotempty"],
        told: |_| {
            say(
                "CloudFormation does not delete a bucket that holds anything, and old versions, delete \
                 markers and unfinished uploads count. Something was written after it was emptied.",
                "stop what writes to it, then run `deploy down` again: it empties the bucket first",
            )
        },
    },
    Row {
        cause: KnownCause::BucketBusy,
        types: &[],
        phrases: &["conflicting conditional operation is currently in progress"],
        told: |_| {
            say(
                "S3 is still making or deleting a bucket of this name. After a deletion a name may take \
                 an hour to be free again, in another region above all.",
                "wait some minutes, then run the command again",
            )
        },
    },
];
