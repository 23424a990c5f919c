//! Keeps in the bucket what a model is made from, and reads it.

use super::super::Session;
use super::super::error::ReconcileError;
use super::super::object::Object;
use super::how;
use crate::cloud::training::TrainingState;
use crate::plan::{Desired, ModelRecord};

/// Reads what is kept; `None` where there is nothing, or nothing that this version understands.
pub(in crate::reconcile) async fn read(
    session: &Session,
    bucket: &str,
    object: &str,
) -> Result<Option<ModelRecord>, ReconcileError> {
    let record = place(bucket, object).read(session).await?;
    Ok(record.and_then(|record| ModelRecord::read(&record.text)))
}

/// Keeps what the desired model is made from and, once there is one, the job that trained it.
pub(super) async fn keep(
    session: &Session,
    desired: &Desired,
    trained: Option<&TrainingState>,
) -> Result<(), ReconcileError> {
    let bucket = &desired.deployment.names.bucket;
    let object = ModelRecord::object(desired.training_key.as_str());
    let ingredients = how(desired)?.ingredients.clone();
    let record = ModelRecord::new(ingredients, trained.cloned());
    let text = record
        .text()
        .map_err(|_| ReconcileError::Unknown("what the model is made from"))?;
    place(bucket, &object).write(session, &text).await
}

fn place<'a>(bucket: &'a str, key: &'a str) -> Object<'a> {
    Object {
        bucket,
        key,
        reading: "read what a model was made from",
        writing: "keep what the model is made from",
    }
}
