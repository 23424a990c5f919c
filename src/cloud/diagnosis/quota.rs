//! Quotas of the account.
//!
//! Texts: SageMaker's was seen in aws/amazon-sagemaker-examples#307 and many more, Lambda's in its own
//! answer (`LocalStack`'s recorded snapshots); IAM's is general knowledge ("IAM and AWS STS quotas" in
//! the IAM user guide). That new accounts have 0 of many GPU types is what those threads report.

use super::KnownCause;
use super::matching::{Row, between, number_after, say};

pub(super) static ROWS: &[Row] = &[
    Row {
        cause: KnownCause::QuotaExceeded,
        types: &[],
        phrases: &["service limit '*' is * with current utilization"],
        told: |symptom| service_limit(symptom.message),
    },
    Row {
        cause: KnownCause::QuotaExceeded,
        types: &[],
        phrases: &["unreservedconcurrentexecution below its minimum"],
        told: |_| {
            say(
                "Lambda keeps some concurrency free for functions that reserve none, and what \
                 `function.concurrency` reserves would leave less. New accounts may run 10 at once.",
                "lower `function.concurrency` or remove it, or ask for more of the quota `Concurrent \
                 executions` (Service Quotas, AWS Lambda)",
            )
        },
    },
    Row {
        cause: KnownCause::QuotaExceeded,
        types: &[],
        phrases: &["cannot exceed quota for *:"],
        told: |symptom| {
            let quota = between(symptom.message, "quota for ", ":").unwrap_or("this");
            say(
                &format!("The account has as much as its quota `{quota}` of IAM allows."),
                &format!(
                    "remove what is not used any more, or ask for more of `{quota}` (Service Quotas, \
                     AWS Identity and Access Management)"
                ),
            )
        },
    },
    Row {
        cause: KnownCause::QuotaExceeded,
        types: &[],
        phrases: &[
            "resourcelimitexceeded",
            "servicequotaexceeded",
            "handlererrorcode: servicelimitexceeded",
            "limitexceededexception",
            "toomanybuckets",
            "codestorageexceeded",
        ],
        told: |_| {
            say(
                "The account has as much of this as one of its quotas allows.",
                "remove what is not used any more, or ask for more in the console under Service \
                 Quotas; the message names the quota",
            )
        },
    },
];

/// `The account-level service limit 'ml.g4dn.xlarge for training job usage' is 0 Instances, with current
/// utilization of 0 Instances and a request delta of 1 Instances.`
fn service_limit(message: &str) -> (String, String) {
    let quota = between(message, "service limit '", "'").unwrap_or("this");
    let limit = number_after(message, "' is ").unwrap_or_default();
    let used = number_after(message, "utilization of ").unwrap_or_default();
    let more = number_after(message, "delta of ").unwrap_or(1);
    let why = if limit == 0 {
        "New accounts have 0 of many instance types, GPUs above all."
    } else {
        "It counts everything in the account and region."
    };
    let field = if quota.contains("training job") {
        ", or name another type in `training.instance`"
    } else if quota.contains("endpoint usage") {
        ", or name another type in `endpoint.instance`"
    } else if quota.contains("transform job") {
        ", or name another type in `batch.instance`"
    } else if quota.contains("notebook") {
        ", or name another type in `notebook.instance`"
    } else {
        ""
    };
    say(
        &format!(
            "The account's quota `{quota}` is {limit}; {used} are used, {more} more were asked for. {why}"
        ),
        &format!(
            "ask for at least {} of the quota `{quota}` (Service Quotas, Amazon SageMaker, in the \
             environment's region; it may take a day){field}",
            used.saturating_add(more)
        ),
    )
}
