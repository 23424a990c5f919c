//! The function and the HTTP API before it.
//!
//! Texts: "How do I troubleshoot issues for API Gateway endpoints that integrate with Lambda?" in the AWS
//! knowledge center, "Quotas for HTTP APIs" in the API Gateway developer guide; Lambda's policy limit in "Lambda
//! quotas" of its developer guide. That an HTTP API answers 503 where its integration times out or is
//! throttled is general knowledge.

use super::KnownCause;
use super::matching::{Row, say};

/// Answers of the API, as `HTTP <status>: <body>`. Each body is API Gateway's own, to the letter: a function
/// that answers with the same status says more itself.
pub(super) static ANSWERS: &[Row] = &[
    Row {
        cause: KnownCause::FunctionFailed,
        types: &[],
        phrases: &["http 500: {\"message\":\"internal server error\"}"],
        told: |_| {
            say(
                "The API has no answer of the function: it may not call it, or the function ended with an \
                 error. The API does not say which.",
                "look at the function's log; if it has nothing of this request, the AWS::Lambda::Permission \
                 in the service's template does not allow this API and route",
            )
        },
    },
    Row {
        cause: KnownCause::FunctionBusy,
        types: &[],
        phrases: &[
            "http 503: {\"message\":\"service unavailable\"}",
            "http 504: {\"message\":\"endpoint request timed out\"}",
            "http 504: {\"message\":\"gateway timeout\"}",
        ],
        told: |_| {
            say(
                "The function did not answer within the 30 s that an HTTP API waits, or no concurrency was \
                 free for it.",
                "look at the function's log for the time that the endpoint takes; raise \
                 `function.concurrency` if it sets one, or name a faster `endpoint.instance`",
            )
        },
    },
    Row {
        cause: KnownCause::Throttled,
        types: &[],
        phrases: &["http 429: {\"message\":\"too many requests\"}"],
        told: |_| {
            say(
                "The API's own throttle refused the request.",
                "raise `api.throttle` in the stack file, or wait until other callers are done",
            )
        },
    },
    Row {
        cause: KnownCause::CallerDenied,
        types: &[],
        phrases: &[
            "http 401: {\"message\":\"unauthorized\"}",
            "http 403: {\"message\":\"forbidden\"}",
        ],
        told: |_| {
            say(
                "The route asks for authorization, and the request had none that it accepts.",
                "check `api.auth` in the stack file; `deploy` itself calls the route without a token",
            )
        },
    },
    Row {
        cause: KnownCause::RouteMissing,
        types: &[],
        phrases: &["http 404: {\"message\":\"not found\"}"],
        told: |_| {
            say(
                "The API has no such route, or its stage is not deployed yet.",
                "check `api.routes` in the stack file, then run `deploy up` again",
            )
        },
    },
];

/// Resources of Lambda.
pub(super) static FUNCTION: &[Row] = &[
    Row {
        cause: KnownCause::PolicyFull,
        types: &[],
        phrases: &["the final policy size*is bigger than the limit"],
        told: |_| {
            say(
                "Every route of the API adds a statement to the function's own policy, which may have \
                 20 KiB.",
                "have fewer entries in `api.routes`",
            )
        },
    },
    Row {
        cause: KnownCause::FunctionFailed,
        types: &["AWS::Lambda::Permission"],
        phrases: &["function not found", "handlererrorcode: notfound"],
        told: |_| {
            say(
                "The permission is for a function that does not exist (any more): somebody deleted it \
                 outside of the stack.",
                "remove the environment with `deploy down` and bring it up again; its training jobs go \
                 with it",
            )
        },
    },
    Row {
        cause: KnownCause::ScriptFailed,
        types: &["AWS::Lambda::Function"],
        phrases: &[
            "unzipped size must be smaller than",
            "could not unzip uploaded file",
        ],
        told: |_| {
            say(
                "Lambda does not accept the function's archive: it unpacks to 250 MiB at most.",
                "leave out of the folder of `function.code` what the function does not need",
            )
        },
    },
];
