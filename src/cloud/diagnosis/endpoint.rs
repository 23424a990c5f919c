//! Endpoints and the models behind them.
//!
//! Texts: aws/sagemaker-python-sdk#1554 (ping), aws/amazon-sagemaker-examples#379, #924 and #2815 (answers of the
//! model), "`InvokeEndpoint`" in the SageMaker runtime API reference, "Could not find model data" of `CreateModel`;
//! that of a failed download is general knowledge, those of a roll-back by an alarm and of the way to serverless are the
//! local engine's, as AWS documents none. Why an endpoint goes back in silence:
//! hashicorp/terraform-provider-aws#46663.

use super::KnownCause;
use super::matching::{Row, say, word_after};

pub(super) static ROWS: &[Row] = &[
    Row {
        cause: KnownCause::Unhealthy,
        types: &[],
        phrases: &["did not pass the ping health check"],
        told: |_| {
            say(
                "The model server started but did not answer /ping with 200 in time. Mostly it cannot \
                 load the model: a package is missing, the code fails, memory runs out, or loading \
                 takes longer than `endpoint.startup_timeout`.",
                "the end of its log says which; mend the code, raise `endpoint.startup_timeout`, or name \
                 a larger `endpoint.instance`",
            )
        },
    },
    Row {
        cause: KnownCause::ModelMissing,
        types: &[],
        phrases: &[
            "could not find model data at",
            "failed to download model data",
        ],
        told: |symptom| {
            let model =
                word_after(symptom.message, "model data at ").unwrap_or("The model's archive");
            say(
                &format!("{model} is not there, or the hosting role may not read it."),
                "run `deploy up` again: a model whose archive is gone is trained again",
            )
        },
    },
    Row {
        cause: KnownCause::ModelSilent,
        types: &[],
        phrases: &[
            "could not get a response from",
            "received server error (0)",
            "invocation timed out while waiting for a response",
        ],
        told: |_| {
            say(
                "The model server did not answer the request: it is overloaded, out of memory, or needs \
                 longer than the 60 s that SageMaker waits.",
                "look at its log and at MemoryUtilization in CloudWatch; name a larger \
                 `endpoint.instance`",
            )
        },
    },
    Row {
        cause: KnownCause::OutOfMemory,
        types: &[],
        phrases: &["worker died"],
        told: |_| {
            say(
                "The model server's worker died, as it does when loading the model takes more memory than \
                 the instance has.",
                "name an `endpoint.instance` with more memory (or raise `endpoint.serverless.memory`); the \
                 end of the endpoint's log says more",
            )
        },
    },
    Row {
        cause: KnownCause::ModelFailed,
        types: &[],
        phrases: &[
            "received server error (5",
            "received client error (4",
            "modelerror:",
        ],
        told: |_| {
            say(
                "The model server runs, but the code that it loads with the model failed on the request. \
                 The Hugging Face server calls every error of that code a 400.",
                "the end of the endpoint's log has the stack trace; mend the inference code, which is part \
                 of the model, and train again",
            )
        },
    },
    Row {
        cause: KnownCause::AlarmRang,
        types: &[],
        phrases: &["autorollbackconfiguration"],
        told: |_| {
            say(
                "An alarm rang while the new model was tried, and SageMaker took the update back. What \
                 served before serves on.",
                "the alarm's name says what was wrong: `endpoint-errors` (answers of the model), \
                 `endpoint-latency` or `endpoint-memory`; the endpoint's log has the details. Mend the \
                 cause and run `deploy up` again",
            )
        },
    },
    Row {
        cause: KnownCause::KindFixed,
        types: &[],
        phrases: &["cannot be converted to a serverless"],
        told: |_| {
            say(
                "An endpoint on instances cannot become serverless.",
                "give the endpoint another `EndpointName` when it is serverless, as the built-in template \
                 does: then the new one is made beside the old one",
            )
        },
    },
    Row {
        cause: KnownCause::WentBack,
        types: &[],
        phrases: &["sagemaker went back to"],
        told: |_| {
            say(
                "SageMaker undid the update: the new instances did not become healthy, or an alarm rang. \
                 What served before serves on.",
                "`aws sagemaker describe-endpoint` and the endpoint's log say why; mend the cause and run \
                 `deploy up` again",
            )
        },
    },
];
