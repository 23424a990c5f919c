//! What a request says of interruptions: spare capacity, checkpoints and retries.

use std::path::{Component, Path, PathBuf};

use serde::Deserialize;

use super::super::names::{constraint, invalid, unsupported};
use super::super::ports::S3Uri;
use super::request::TrainingRequest;
use crate::local::wire::ApiError;

/// Most retries that can be asked for.
const MAX_RETRIES: u32 = 30;

/// Folders of `/opt/ml` that have another purpose.
const TAKEN: [&str; 4] = ["input", "model", "output", "code"];

/// Where checkpoints are kept ("`CheckpointConfig`" in the SageMaker API reference).
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CheckpointConfig {
    s3_uri: String,
    #[serde(default = "default_path")]
    local_path: PathBuf,
}

/// How often SageMaker repeats the job after an error of its own ("`RetryStrategy`" in the SageMaker
/// API reference).
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RetryStrategy {
    pub(super) maximum_retry_attempts: u32,
}

/// A folder below what stands for `/opt/ml`, and the address that has the same content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mirror {
    pub(super) folder: PathBuf,
    pub(super) address: S3Uri,
}

impl CheckpointConfig {
    /// Returns what is kept the same.
    ///
    /// # Errors
    /// The address is none, or the folder is not below `/opt/ml` or has another purpose there.
    fn mirror(&self) -> Result<Mirror, ApiError> {
        let uri = &self.s3_uri;
        let address = S3Uri::parse(uri).ok_or_else(|| {
            constraint(
                uri,
                "CheckpointConfig.S3Uri",
                "Member must satisfy regular expression pattern: ^(https|s3)://([^/]+)/?(.*)$",
            )
        })?;
        let outside = || unsupported(format!("the LocalPath {}", self.local_path.display()));
        let folder = self.local_path.strip_prefix("/opt/ml");
        let folder = folder.map_err(|_| outside())?;
        let plain = |part: &Component<'_>| matches!(part, Component::Normal(_));
        let first = folder.iter().next();
        let taken = TAKEN.iter().any(|name| first == Some(name.as_ref()));
        if first.is_none() || taken || !folder.components().all(|part| plain(&part)) {
            return Err(outside());
        }
        Ok(Mirror {
            folder: folder.to_owned(),
            address,
        })
    }
}

impl TrainingRequest {
    /// Returns how often the job is repeated after an error of SageMaker's own.
    pub(super) fn retries(&self) -> u32 {
        let strategy = self.retry_strategy.as_ref();
        strategy.map_or(0, |strategy| strategy.maximum_retry_attempts)
    }

    /// Returns where checkpoints are kept, if they are.
    pub(super) fn mirror(&self) -> Option<Mirror> {
        // Whatever is refused here was refused when the request was read.
        self.checkpoint_config.as_ref()?.mirror().ok()
    }

    /// Checks what the request says of interruptions.
    pub(super) fn check_interruptions(&self) -> Result<(), ApiError> {
        if let Some(config) = &self.checkpoint_config {
            config.mirror()?;
        }
        if let Some(strategy) = &self.retry_strategy {
            let attempts = strategy.maximum_retry_attempts;
            if !(1..=MAX_RETRIES).contains(&attempts) {
                return Err(constraint(
                    &attempts.to_string(),
                    "RetryStrategy.MaximumRetryAttempts",
                    "Member must have value between 1 and 30",
                ));
            }
        }
        let stopping = &self.stopping_condition;
        match (
            self.enable_managed_spot_training,
            stopping.max_wait_time_in_seconds,
        ) {
            (false, Some(_)) => Err(invalid(
                "MaxWaitTimeInSeconds can only be specified with EnableManagedSpotTraining.",
            )),
            (true, None) => Err(invalid(
                "EnableManagedSpotTraining needs StoppingCondition.MaxWaitTimeInSeconds.",
            )),
            (true, Some(wait)) if wait < stopping.max_runtime_in_seconds => Err(invalid(format!(
                "Invalid MaxWaitTimeInSeconds: {wait}. It must be equal to or greater than \
                 MaxRuntimeInSeconds: {}.",
                stopping.max_runtime_in_seconds
            ))),
            (true, Some(_)) if !self.resource_config.has_one_type() => Err(invalid(
                "InstancePreferences cannot be used with EnableManagedSpotTraining.",
            )),
            (false, None) | (true, Some(_)) => Ok(()),
        }
    }
}

fn default_path() -> PathBuf {
    Path::new("/opt/ml/checkpoints").to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::super::testing::training_request;
    use super::*;

    fn read(changes: &[(&str, Value)]) -> Result<TrainingRequest, String> {
        let mut input = training_request("job", "true");
        for (pointer, value) in changes {
            let (parent, member) = pointer.rsplit_once('/').unwrap();
            input.pointer_mut(parent).unwrap()[member] = value.clone();
        }
        TrainingRequest::read(&input).map_err(|error| error.message)
    }

    fn spot(wait: Value) -> Result<TrainingRequest, String> {
        read(&[
            ("/EnableManagedSpotTraining", json!(true)),
            ("/StoppingCondition/MaxWaitTimeInSeconds", wait),
        ])
    }

    fn kept(config: Value) -> Result<Mirror, String> {
        let request = read(&[("/CheckpointConfig", config)])?;
        Ok(request.mirror().unwrap())
    }

    #[test]
    fn checkpoints_are_kept_where_the_request_says() {
        let plain = kept(json!({ "S3Uri": "s3://b/c/k" })).unwrap();
        assert_eq!(plain.folder, Path::new("checkpoints"));
        assert_eq!(plain.address.to_string(), "s3://b/c/k");
        let at = |path: &str| kept(json!({ "S3Uri": "s3://b/c/k", "LocalPath": path }));
        let moved = at("/opt/ml/kept/here/").unwrap();
        assert_eq!(moved.folder, Path::new("kept/here"));
        for path in ["/tmp", "/opt/ml", "/opt/ml/../x", "/opt/ml/model", "kept"] {
            let refused = at(path).unwrap_err();
            assert!(refused.contains("not emulate the LocalPath"), "{refused}");
        }
        let refused = kept(json!({ "S3Uri": "/tmp" })).unwrap_err();
        assert!(refused.contains("checkpointConfig.S3Uri"), "{refused}");
    }

    #[test]
    fn retries_are_from_one_to_thirty() {
        let retries = |count: u32| {
            let strategy = json!({ "MaximumRetryAttempts": count });
            read(&[("/RetryStrategy", strategy)]).map(|request| request.retries())
        };
        assert_eq!((retries(1), retries(30)), (Ok(1), Ok(30)));
        for count in [0, 31] {
            assert!(retries(count).unwrap_err().contains("between 1 and 30"));
        }
        assert_eq!(read(&[]).unwrap().retries(), 0);
    }

    #[test]
    fn spare_capacity_needs_patience() {
        assert!(spot(json!(60)).is_ok());
        assert!(spot(json!(59)).unwrap_err().contains("equal to or greater"));
        assert!(spot(Value::Null).unwrap_err().contains("needs"));
        let on_demand = read(&[("/StoppingCondition/MaxWaitTimeInSeconds", json!(60))]);
        assert!(on_demand.unwrap_err().contains("only be specified with"));
        let several = read(&[
            ("/EnableManagedSpotTraining", json!(true)),
            ("/StoppingCondition/MaxWaitTimeInSeconds", json!(60)),
            ("/ResourceConfig/InstanceType", Value::Null),
            (
                "/ResourceConfig/InstancePreferences",
                json!([{ "InstanceType": "ml.g5.xlarge" }]),
            ),
        ]);
        assert!(several.unwrap_err().contains("InstancePreferences cannot"));
    }
}
