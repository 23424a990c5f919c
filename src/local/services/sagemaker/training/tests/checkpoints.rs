//! Checkpoints that real processes write.

use std::fs;

use serde_json::{Value, json};

use super::super::super::testing::{Bed, training_request};
use super::{ended, training};

/// A request for a job that keeps its checkpoints under `key`.
fn request(name: &str, key: &str, script: &str) -> Value {
    let mut request = training_request(name, script);
    request["CheckpointConfig"] = json!({ "S3Uri": format!("s3://bucket/checkpoints/{key}") });
    request
}

async fn stored(bed: &Bed, key: &str) {
    for _ in 0..2000 {
        if bed.object(key).exists() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("{key} was never stored");
}

#[tokio::test]
async fn a_stopped_job_s_checkpoints_are_there_for_the_next() {
    let bed = Bed::new();
    let script = "cd $SAGEMAKER_BASE_DIR/checkpoints
                  trap 'mkdir step-2; echo two > step-2/weights; rm -r step-1; exit 0' TERM
                  mkdir step-1; echo one > step-1/weights
                  echo ready; while :; do sleep 0.05; done";
    let mut first = request("first", "key", script);
    first["EnableManagedSpotTraining"] = json!(true);
    first["StoppingCondition"]["MaxWaitTimeInSeconds"] = json!(60);
    first["RetryStrategy"] = json!({ "MaximumRetryAttempts": 2 });
    bed.call("CreateTrainingJob", first.clone()).await.unwrap();
    training(&bed, "first", "ready").await;
    // While it runs, what it has written is copied.
    stored(&bed, "checkpoints/key/step-1/weights").await;
    bed.call("StopTrainingJob", json!({ "TrainingJobName": "first" }))
        .await
        .unwrap();
    let job = ended(&bed, "first").await;
    assert_eq!(job["TrainingJobStatus"], "Stopped", "{job}");
    for member in [
        "CheckpointConfig",
        "RetryStrategy",
        "EnableManagedSpotTraining",
    ] {
        assert_eq!(job[member], first[member]);
    }
    let stored = |key: &str| fs::read_to_string(bed.object(key)).ok();
    let last = stored("checkpoints/key/step-2/weights");
    assert_eq!(last.as_deref(), Some("two\n"));
    assert_eq!(stored("checkpoints/key/step-1/weights"), None);

    let script =
        "cd $SAGEMAKER_BASE_DIR/checkpoints; echo has $(find . -type f) $(cat step-2/weights)
                  rm -r step-2; echo three > last";
    let second = request("second", "key", script);
    bed.call("CreateTrainingJob", second).await.unwrap();
    let job = ended(&bed, "second").await;
    assert_eq!(job["TrainingJobStatus"], "Completed", "{job}");
    let log = bed.logs.under("/aws/sagemaker/TrainingJobs second/");
    assert!(log.contains("has ./step-2/weights two"), "{log}");
    assert_eq!(stored("checkpoints/key/last").as_deref(), Some("three\n"));
    assert_eq!(stored("checkpoints/key/step-2/weights"), None);
}

#[tokio::test]
async fn a_job_that_dies_with_the_engine_goes_on_from_its_checkpoints() {
    let bed = Bed::new();
    let script = "cd $SAGEMAKER_BASE_DIR/kept
                  if [ -e step ]; then echo goes on from $(cat step); exit 0; fi
                  echo 7 > step; exec sleep 600";
    let mut request = request("twice", "key", script);
    request["CheckpointConfig"]["LocalPath"] = json!("/opt/ml/kept");
    bed.call("CreateTrainingJob", request).await.unwrap();
    stored(&bed, "checkpoints/key/step").await;
    bed.service.shutdown().await;
    let next = Bed::over(&bed.folder);
    let job = ended(&next, "twice").await;
    assert_eq!(job["TrainingJobStatus"], "Completed", "{job}");
    let log = next.logs.under("/aws/sagemaker/TrainingJobs twice/");
    assert!(log.contains("goes on from 7"), "{log}");
}

#[tokio::test]
async fn a_job_that_ends_badly_keeps_its_checkpoints_too() {
    let bed = Bed::new();
    let script = "echo 3 > $SAGEMAKER_BASE_DIR/checkpoints/step; kill -9 $$";
    let request = request("killed", "key", script);
    bed.call("CreateTrainingJob", request).await.unwrap();
    let job = ended(&bed, "killed").await;
    assert_eq!(job["TrainingJobStatus"], "Failed", "{job}");
    assert!(bed.object("checkpoints/key/step").exists());
}

#[tokio::test]
async fn waiting_and_running_together_have_a_limit() {
    let bed = Bed::new();
    let mut request = request("slow", "key", "exec sleep 600");
    request["EnableManagedSpotTraining"] = json!(true);
    request["StoppingCondition"] = json!({
        "MaxRuntimeInSeconds": 1,
        "MaxWaitTimeInSeconds": 1,
    });
    bed.call("CreateTrainingJob", request).await.unwrap();
    let job = ended(&bed, "slow").await;
    assert_eq!(job["TrainingJobStatus"], "Stopped");
    assert_eq!(job["SecondaryStatus"], "MaxWaitTimeExceeded");
}
