//! What lies with the service: throttling, its own faults, things that take too long.
//!
//! Texts: "Common Errors" of the AWS query APIs, "Handler error codes" in the CloudFormation CLI user
//! guide, `FailureReason` of training jobs.

use super::KnownCause;
use super::matching::{Row, say};

pub(super) static ROWS: &[Row] = &[
    Row {
        cause: KnownCause::Throttled,
        types: &[],
        phrases: &[
            "throttlingexception",
            "throttledexception",
            "throttling:",
            "errorcode: throttling",
            "toomanyrequestsexception",
            "requestlimitexceeded",
            "slowdown:",
            "rate exceeded",
            "please reduce your request rate",
        ],
        told: |_| {
            say(
                "The account sent this service more requests than it takes, from all its users \
                 together. Each was repeated with pauses already.",
                "run the command again in some minutes: it goes on where it stopped; fewer runs at the \
                 same time help",
            )
        },
    },
    Row {
        cause: KnownCause::LocalPython,
        types: &[],
        phrases: &["the local python cannot be used"],
        told: |_| {
            say(
                "The local engine runs jobs and endpoints with the Python that the field `local.python` \
                 of the environment names.",
                "mend what it says, or name another interpreter",
            )
        },
    },
    Row {
        cause: KnownCause::ServiceFault,
        types: &[],
        phrases: &[
            "internalfailure",
            "internalservererror",
            "internalserviceerror",
            "handlererrorcode: serviceinternalerror",
            "serviceunavailable",
            "encountered an internal error",
        ],
        told: |_| {
            say(
                "The service failed by itself; nothing in the stack is wrong with that.",
                "run the command again; if it stays so, the AWS Health Dashboard tells of disturbances",
            )
        },
    },
    Row {
        cause: KnownCause::NotReadyInTime,
        types: &[],
        phrases: &[
            "handlererrorcode: notstabilized",
            "did not stabilize",
            "exceeded attempts to wait",
        ],
        told: |_| {
            say(
                "CloudFormation made the resource, but it was not ready in the time that its kind is \
                 given.",
                "look at the resource itself in the console: its own status and log say what it waits \
                 for; then run the command again",
            )
        },
    },
];
