//! Batch jobs.
//!
//! Texts: aws/deep-learning-containers#586 (`AlgorithmError`). That of a record which the container refuses
//! is told alike, as `ClientError`; which file and why is in the log only.

use super::KnownCause;
use super::matching::{Row, say};

/// Batch jobs that ended without answers for some file.
pub(super) static ROWS: &[Row] = &[
    Row {
        cause: KnownCause::ModelFailed,
        types: &[],
        phrases: &["clienterror*see job logs"],
        told: |_| {
            say(
                "The model refused a line. The whole file that it is in has no answers; the log names the \
                 file and has the model's words.",
                "leave that line out of the input, or mend `inference.py`, and run it again; the answers of \
                 the other files are there",
            )
        },
    },
    Row {
        cause: KnownCause::ModelSilent,
        types: &[],
        phrases: &["algorithmerror*see job logs"],
        told: |_| {
            say(
                "The model's container did not start, broke off or did not answer in time; the log tells \
                 which.",
                "if it ran out of memory or time, name a larger `batch.instance` or lower \
                 `batch.max_payload`; `deploy invoke` shows whether the model answers at all",
            )
        },
    },
];

#[cfg(test)]
mod tests {
    use super::super::{Origin, Symptom, diagnose};
    use super::*;

    #[test]
    fn who_is_to_blame_is_told_apart() {
        let cause = |text: &str| {
            let diagnosis = diagnose(&Symptom::new(Origin::Batch, text));
            diagnosis.map(|diagnosis| diagnosis.cause)
        };
        let refused = "ClientError: See job logs for more information";
        assert_eq!(cause(refused), Some(KnownCause::ModelFailed));
        let silent = "AlgorithmError: See job logs for more information";
        assert_eq!(cause(silent), Some(KnownCause::ModelSilent));
        assert_eq!(cause("Something else"), None);
    }
}
