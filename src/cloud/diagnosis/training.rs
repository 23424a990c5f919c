//! Training jobs.
//!
//! Texts: aws/amazon-sagemaker-examples#2489 (no objects), aws/sagemaker-python-sdk#134 (exit code), the failure
//! file of aws/sagemaker-training-toolkit, "`DescribeTrainingJob`" in the SageMaker API reference (statuses). That
//! of a full disk while downloading is general knowledge. What a script prints is Python's, `PyTorch`'s and
//! argparse's.

use super::matching::{Row, between, contains, number_after, say, searched, word_after};
use super::{KnownCause, Symptom};

/// Jobs that did not get as far as to fail by themselves.
pub(super) static JOB: &[Row] = &[
    Row {
        cause: KnownCause::NoData,
        types: &[],
        phrases: &["no s3 objects found under s3 url"],
        told: |symptom| {
            let place = between(symptom.message, "under S3 URL \"", "\"").unwrap_or("that prefix");
            say(
                &format!("There is nothing under {place}, or the training role may not list it."),
                "run `deploy up` again: it looks what the bucket has and uploads what is missing; if it \
                 stays so, the training role lacks s3:ListBucket",
            )
        },
    },
    Row {
        cause: KnownCause::DiskFull,
        types: &[],
        phrases: &["no space left on device", "not enough disk space"],
        told: |_| disk_full(),
    },
    Row {
        cause: KnownCause::DataDenied,
        types: &[],
        phrases: &[
            "data download failed*access denied",
            "data download failed*accessdenied",
            "data download failed*403",
            "data download failed*forbidden",
        ],
        told: |_| {
            say(
                "The training role may not read the data, or not use the key that it is encrypted with.",
                "the foundation's template has the training role: it needs s3:GetObject on the data and \
                 the code, and kms:Decrypt on the bucket's key if it has one",
            )
        },
    },
    Row {
        cause: KnownCause::OutOfTime,
        types: &[],
        phrases: &["maxruntimeexceeded", "exceeded maxruntimeinseconds"],
        told: |_| {
            say(
                "The job ran as long as `training.max_run` allows and was stopped before it was done.",
                "raise `training.max_run`, train on a faster `training.instance`, or train less (epochs, \
                 texts)",
            )
        },
    },
    Row {
        cause: KnownCause::OutOfPatience,
        types: &[],
        phrases: &["maxwaittimeexceeded", "exceeded maxwaittimeinseconds"],
        told: |_| {
            say(
                "Waiting for spare capacity and running took as long together as `training.spot.max_wait` \
                 allows.",
                "raise `training.spot.max_wait`, list further types in `training.instance`, or train on \
                 demand: remove `training.spot`",
            )
        },
    },
    Row {
        cause: KnownCause::OutOfPatience,
        types: &[],
        phrases: &["maxpendingtime"],
        told: |_| {
            say(
                "The job waited for capacity as long as `training.max_pending` allows.",
                "raise `training.max_pending`, or list further types in `training.instance`",
            )
        },
    },
];

/// Scripts that failed: what is searched are their own words.
pub(super) static ALGORITHM: &[Row] = &[
    Row {
        cause: KnownCause::OutOfMemory,
        types: &[],
        phrases: &["cuda out of memory", "outofmemoryerror: cuda"],
        told: |_| {
            say(
                "The GPU's memory did not suffice for the model and one batch.",
                "lower `training.hyperparameters.batch_size`, or name a `training.instance` whose GPU has \
                 more memory",
            )
        },
    },
    Row {
        cause: KnownCause::OutOfMemory,
        types: &[],
        phrases: &[
            "exit code: 137",
            "exitcode 137",
            "outofmemory:",
            "sigkill",
            "killed by signal 9",
            "for want of memory",
            "memoryerror",
        ],
        told: |_| {
            say(
                "The process was killed, as the system does when memory runs out.",
                "lower `training.hyperparameters.batch_size`, load less of the data at once, or name a \
                 larger `training.instance`",
            )
        },
    },
    Row {
        cause: KnownCause::DiskFull,
        types: &[],
        phrases: &["no space left on device"],
        told: |_| disk_full(),
    },
    Row {
        cause: KnownCause::PackageMissing,
        types: &[],
        phrases: &["no module named"],
        told: |symptom| {
            let module = word_after(symptom.message, "No module named ").unwrap_or("a module");
            say(
                &format!("The training code imports {module}, which the image does not have."),
                "add it to requirements.txt in the folder of `training.code`, with its version",
            )
        },
    },
    Row {
        cause: KnownCause::OptionUnknown,
        types: &[],
        phrases: &["unrecognized arguments:", "unknown hyperparameter"],
        told: |symptom| {
            let option = word_after(symptom.message, "unrecognized arguments: ")
                .or_else(|| word_after(symptom.message, "unknown hyperparameter "))
                .unwrap_or("an option");
            say(
                &format!("The training script does not know {option}, which it was given."),
                "correct its name in `training.hyperparameters`, or let the script accept it",
            )
        },
    },
    Row {
        cause: KnownCause::ScriptFailed,
        types: &[],
        phrases: &[""],
        told: script_failed,
    },
];

fn disk_full() -> (String, String) {
    say(
        "The instance's disk is full.",
        "raise `training.volume`, or name a `training.instance` with more disk of its own",
    )
}

/// `AlgorithmError: …, exit code: 1`, or `ExitCode 1` of the toolkit's failure file.
fn script_failed(symptom: &Symptom<'_>) -> (String, String) {
    let text = searched(symptom);
    let code = number_after(&text, "exit code: ").or_else(|| number_after(&text, "exitcode "));
    let what = match code {
        Some(126 | 127) => "could not be started: there is no such program in the image",
        Some(139) => "crashed in native code (a segmentation fault)",
        Some(143) => "was asked to end and did (SIGTERM)",
        _ if contains(&text, "error") => "ended with an error of its own",
        _ => "ended by itself before it was done",
    };
    let code = code.map_or_else(String::new, |code| format!(", exit code {code}"));
    say(
        &format!(
            "The training script {what}{code}. The fault is in the code, the data or the hyperparameters, \
             not with the service."
        ),
        "the end of the job's log says where; mend that",
    )
}
