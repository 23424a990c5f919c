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
    let training = desired.training().ok_or_else(|| {
        RequestFault::Malformed("the model is there already, it is not trained".to_owned())
    })?;
    let mut values = training.placeholders.clone();
    values.insert("TrainingJobName", name.to_owned());
    values.insert("TrainingRoleArn", role.to_owned());
    values.insert("BucketName", desired.deployment.names.bucket.clone());
    let filled = render::substitute(&training.request, &values)
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

/// Holds the request, where there is one, against the limits before anything is there that it could be sent
/// for.
///
/// # Errors
/// Like [`filled`].
pub fn examine(desired: &Desired) -> Result<(), RequestFault> {
    if desired.training().is_none() {
        return Ok(());
    }
    // Of all attempts the later ones have the longest names.
    filled(desired, &desired.job_name(99), ANY_ROLE).map(|_| ())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::{Value, json};

    use super::*;
    use crate::bundle::Bundles;
    use crate::plan::DesiredModel;
    use crate::render::{self, Library};
    use crate::stack::StackFile;

    /// A job with everything that can be together on demand.
    const ALL: &str = r#"
stack: news
data: { file: rows.csv }
training:
  code: code
  entry_point: train.py
  image: { pytorch: "2.8.0", transformers: "4.56.2" }
  instance: [ml.c5.xlarge, ml.m5.xlarge]
  count: 2
  volume: 100 GiB
  max_run: 28d
  max_pending: 30m
  keep_alive: 6h
  retries: 30
  environment: { TOKENIZERS_PARALLELISM: "false" }
  hyperparameters: { epochs: 2 }
  metrics: { loss: 'loss=([0-9.]+)' }
  network:
    subnets: [subnet-0123456789abcdef0]
    security_groups: [sg-0123456789abcdef0]
    isolation: true
    encrypt_traffic: true
  encryption:
    volume_key: arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab
    output_key: arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab
endpoint: { image: { pytorch: "2.6.0", transformers: "5.5.3" }, instance: ml.m5.large }
function: { code: code, handler: app.handler }
tags: { team: a }
environments:
  staging: { target: { account: "111122223333", region: eu-west-1 } }
"#;

    fn desired(text: &str) -> Desired {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("code")).unwrap();
        fs::write(at("rows.csv"), "id,title\n").unwrap();
        fs::write(at("code/train.py"), "").unwrap();
        fs::write(at("code/app.py"), "def handler(event, context): ...\n").unwrap();
        fs::write(at("stack.yaml"), text).unwrap();
        let file =
            StackFile::read(&at("stack.yaml")).unwrap_or_else(|problems| panic!("{problems}"));
        let stack = file.environment("staging");
        let stack = stack.unwrap_or_else(|problems| panic!("{problems}"));
        let rendered = render::render(&stack, &Library::builtin()).unwrap();
        Desired::new(&stack, &rendered, &Bundles::of(&stack).unwrap())
    }

    fn sent(text: &str) -> Value {
        let desired = desired(text);
        json!(filled(&desired, &desired.job_name(2), ANY_ROLE).unwrap())
    }

    /// On GPUs the processor's image; the processors of `ALL` have none for training.
    fn with(changes: &[(&str, &str)]) -> String {
        let gpu = (
            "[ml.c5.xlarge, ml.m5.xlarge]",
            "[ml.p3.2xlarge, ml.p3.8xlarge]",
        );
        std::iter::once(&gpu)
            .chain(changes)
            .fold(ALL.to_owned(), |text, (old, new)| {
                assert!(text.contains(old), "{old}");
                text.replace(old, new)
            })
    }

    #[test]
    fn everything_that_a_job_can_have_is_rendered_and_within_the_limits() {
        let sent = sent(&with(&[]));
        for (pointer, value) in [
            (
                "/ResourceConfig/InstancePreferences/1/InstanceType",
                json!("ml.p3.8xlarge"),
            ),
            ("/ResourceConfig/InstanceCount", json!(2)),
            ("/ResourceConfig/VolumeSizeInGB", json!(100)),
            ("/ResourceConfig/KeepAlivePeriodInSeconds", json!(21_600)),
            ("/StoppingCondition/MaxRuntimeInSeconds", json!(2_419_200)),
            ("/StoppingCondition/MaxPendingTimeInSeconds", json!(1_800)),
            ("/RetryStrategy/MaximumRetryAttempts", json!(30)),
            ("/ProfilerConfig/DisableProfiler", json!(true)),
            ("/EnableNetworkIsolation", json!(true)),
            ("/EnableInterContainerTrafficEncryption", json!(true)),
            ("/VpcConfig/Subnets/0", json!("subnet-0123456789abcdef0")),
            ("/Environment/TOKENIZERS_PARALLELISM", json!("false")),
            ("/EnableManagedSpotTraining", json!(false)),
        ] {
            assert_eq!(sent.pointer(pointer), Some(&value), "{pointer}");
        }
        for pointer in [
            "/ResourceConfig/VolumeKmsKeyId",
            "/OutputDataConfig/KmsKeyId",
        ] {
            let key = sent.pointer(pointer).and_then(Value::as_str).unwrap();
            assert!(key.starts_with("arn:aws:kms:"), "{pointer}");
        }
        let tags = sent["Tags"].as_array().unwrap();
        for key in [
            "team",
            "deploy:stack",
            "deploy:environment",
            "deploy:training-key",
        ] {
            assert!(tags.iter().any(|tag| tag["Key"] == key), "{key}");
        }
    }

    /// A further attempt has another name, and goes on from the same checkpoints.
    #[test]
    fn checkpoints_belong_to_the_training_key_and_not_to_the_attempt() {
        let spot = with(&[
            ("[ml.p3.2xlarge, ml.p3.8xlarge]", "ml.p3.2xlarge"),
            ("keep_alive: 6h", "spot: { max_wait: 28d }"),
        ]);
        let desired = desired(&spot);
        let request = |attempt| filled(&desired, &desired.job_name(attempt), ANY_ROLE).unwrap();
        let (first, second) = (request(1), request(2));
        assert_ne!(first.training_job_name, second.training_job_name);
        assert_eq!(first.checkpoint_config, second.checkpoint_config);
        let place = first.checkpoint_config.unwrap().s3_uri;
        assert!(place.ends_with(&format!("/checkpoints/{}", desired.training_key)));
        assert!(first.enable_managed_spot_training);
        assert_eq!(
            first.stopping_condition.max_wait_time_in_seconds,
            Some(2_419_200)
        );
        let plain = sent(&with(&[("  retries: 30\n", "")]));
        assert_eq!(plain["CheckpointConfig"], Value::Null);
    }

    fn request(desired: &mut Desired) -> &mut Value {
        match &mut desired.model {
            DesiredModel::Trained(training) => &mut training.request,
            DesiredModel::Brought(_) | DesiredModel::Released(_) => panic!("it is trained"),
        }
    }

    #[test]
    fn a_template_that_goes_beyond_a_limit_is_refused_before_anything_is_made() {
        let mut desired = desired(&with(&[]));
        assert!(examine(&desired).is_ok());
        request(&mut desired)["RetryStrategy"]["MaximumRetryAttempts"] = json!(31);
        let error = examine(&desired).unwrap_err().to_string();
        assert!(error.contains("MaximumRetryAttempts is 31"), "{error}");
        request(&mut desired)["Novel"] = json!(1);
        assert!(examine(&desired).unwrap_err().to_string().contains("Novel"));
    }
}
