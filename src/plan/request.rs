//! The rendered training request, filled in and held against the limits of the service.

use super::desired::Desired;
use crate::cloud::training::{TrainingRequest, violations};
use crate::render;

/// Stands for the role that is not made yet.
const ANY_ROLE: &str = "arn:aws:iam::000000000000:role/any";

/// Why the training template does not give a request that can be sent.
#[derive(Debug, thiserror::Error)]
pub enum RequestFault {
    /// It is no request.
    #[error("the rendered training request cannot be sent: {0}")]
    Malformed(String),
    /// The service would refuse it.
    #[error("SageMaker does not take the rendered training request: {}", .0.join("; "))]
    BeyondLimits(Vec<String>),
}

/// Fills the rendered request's placeholders.
///
/// # Errors
/// It is no request, or one that the service refuses.
pub fn filled(desired: &Desired, name: &str, role: &str) -> Result<TrainingRequest, RequestFault> {
    let mut values = desired.placeholders.clone();
    values.insert("TrainingJobName", name.to_owned());
    values.insert("TrainingRoleArn", role.to_owned());
    values.insert("BucketName", desired.deployment.names.bucket.clone());
    let filled = render::substitute(&desired.training_request, &values)
        .map_err(|error| RequestFault::Malformed(error.to_string()))?;
    let request: TrainingRequest = serde_json::from_value(filled)
        .map_err(|error| RequestFault::Malformed(error.to_string()))?;
    let violations = violations(&request);
    if violations.is_empty() {
        Ok(request)
    } else {
        Err(RequestFault::BeyondLimits(violations))
    }
}

/// Holds the request against the limits before anything is there that it could be sent for.
///
/// # Errors
/// Like [`filled`].
pub fn examine(desired: &Desired) -> Result<(), RequestFault> {
    // Of all attempts the later ones have the longest names.
    filled(desired, &desired.job_name(99), ANY_ROLE).map(|_| ())
}
