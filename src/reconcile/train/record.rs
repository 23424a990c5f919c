//! Keeps in the bucket what a model is made from, and reads it.

use super::super::Session;
use super::super::error::{ReconcileError, doing};
use crate::cloud::FaultKind;
use crate::cloud::records::{Expected, Record, Written};
use crate::cloud::training::TrainingState;
use crate::plan::{Desired, ModelRecord};

/// How often somebody else may write at the same moment.
const REPEATS: usize = 3;

/// Reads what is kept; `None` where there is nothing, or nothing that this version understands.
pub(in crate::reconcile) async fn read(
    session: &Session,
    bucket: &str,
    object: &str,
) -> Result<Option<ModelRecord>, ReconcileError> {
    let record = found(session, bucket, object).await?;
    Ok(record.and_then(|record| ModelRecord::read(&record.text)))
}

/// Keeps what the desired model is made from and, once there is one, the job that trained it.
pub(super) async fn keep(
    session: &Session,
    desired: &Desired,
    trained: Option<&TrainingState>,
) -> Result<(), ReconcileError> {
    const DOING: &str = "keep what the model is made from";
    let bucket = &desired.deployment.names.bucket;
    let object = ModelRecord::object(desired.training_key.as_str());
    let record = ModelRecord::new(desired.ingredients.clone(), trained.cloned());
    let text = record
        .text()
        .map_err(|_| ReconcileError::Unknown("what the model is made from"))?;
    for _ in 0..REPEATS {
        let there = found(session, bucket, &object).await?;
        if there.as_ref().is_some_and(|there| there.text == text) {
            return Ok(());
        }
        let expected = match &there {
            Some(there) => Expected::Etag(&there.etag),
            None => Expected::Nothing,
        };
        let records = &session.cloud.records;
        let written = records.write(bucket, &object, &text, expected).await;
        // Surprised also by its own first attempt, whose answer was lost: what is there then is this.
        if let Written::Done(_) = written.map_err(doing(DOING))? {
            return Ok(());
        }
    }
    Err(ReconcileError::Unknown("who writes the model's record"))
}

async fn found(
    session: &Session,
    bucket: &str,
    object: &str,
) -> Result<Option<Record>, ReconcileError> {
    match session.cloud.records.read(bucket, object).await {
        Err(fault) if fault.kind == FaultKind::NotFound => Ok(None),
        read => read.map_err(doing("read what a model was made from")),
    }
}
