//! Jobs that are interrupted, retried and waited for, as a script has them.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::super::testing::{Bed, training_request};
use super::ended;
use crate::local::script::{Job, JobEnd, Rule, Script};

const SECOND: Duration = Duration::from_secs(1);

/// Six seconds of training, two of waiting each time, two interruptions.
fn shaky() -> Job {
    Job {
        pending: 2 * SECOND,
        takes: 6 * SECOND,
        interruptions: 2,
        ..Job::default()
    }
}

fn bed(job: Job) -> Bed {
    Bed::scripted(Script {
        jobs: vec![Rule::new(&[], job)],
        ..Script::default()
    })
}

/// A request for spare capacity, and how long the job may run and wait.
fn spot(run: u64, wait: u64) -> Value {
    let mut request = training_request("job", "");
    request["EnableManagedSpotTraining"] = json!(true);
    request["StoppingCondition"] = json!({
        "MaxRuntimeInSeconds": run,
        "MaxWaitTimeInSeconds": wait,
    });
    request
}

fn with_checkpoints(mut request: Value) -> Value {
    request["CheckpointConfig"] = json!({ "S3Uri": "s3://bucket/checkpoints/key" });
    request
}

async fn run(bed: &Bed, request: Value) -> Value {
    bed.call("CreateTrainingJob", request).await.unwrap();
    ended(bed, "job").await
}

fn phases(job: &Value) -> Vec<&str> {
    let transitions = job["SecondaryStatusTransitions"].as_array().unwrap();
    transitions
        .iter()
        .map(|one| one["Status"].as_str().unwrap())
        .collect()
}

fn seconds(job: &Value) -> (u64, u64) {
    let of = |member: &str| job[member].as_u64().unwrap();
    (of("TrainingTimeInSeconds"), of("BillableTimeInSeconds"))
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_job_goes_on_and_pays_only_for_its_instances() {
    let bed = bed(shaky());
    let job = run(&bed, with_checkpoints(spot(60, 60))).await;
    let attempt = ["Starting", "Downloading", "Training"];
    let expected = [
        &[
            "Starting",
            "Pending",
            "Downloading",
            "Training",
            "Interrupted",
        ][..],
        &attempt,
        &["Interrupted"],
        &attempt,
        &["Uploading", "Completed"],
    ];
    assert_eq!(phases(&job), expected.concat());
    assert_eq!(seconds(&job), (10, 6));
    let progress = std::fs::read_to_string(bed.object("checkpoints/key/progress"));
    assert_eq!(progress.unwrap(), "4000");
}

#[tokio::test(start_paused = true)]
async fn without_checkpoints_everything_is_done_again() {
    let job = run(&bed(shaky()), spot(60, 60)).await;
    assert_eq!(job["TrainingJobStatus"], "Completed");
    assert_eq!(seconds(&job), (14, 10));
}

#[tokio::test(start_paused = true)]
async fn what_is_on_demand_is_not_interrupted() {
    let job = run(&bed(shaky()), training_request("job", "")).await;
    assert!(!phases(&job).contains(&"Interrupted"), "{job}");
    assert_eq!(seconds(&job), (6, 6));
}

#[tokio::test(start_paused = true)]
async fn all_attempts_together_have_one_time_limit() {
    let job = run(&bed(shaky()), with_checkpoints(spot(3, 60))).await;
    assert_eq!(job["SecondaryStatus"], "MaxRuntimeExceeded");
    assert_eq!(seconds(&job), (5, 3));
}

#[tokio::test(start_paused = true)]
async fn patience_ends_while_the_job_waits_and_while_it_trains() {
    for (run_limit, wait, lasts, trained) in
        [(1, 1, 1.0, false), (3, 5, 5.0, true), (5, 7, 7.0, true)]
    {
        let job = run(&bed(shaky()), with_checkpoints(spot(run_limit, wait))).await;
        assert_eq!(job["TrainingJobStatus"], "Stopped", "{job}");
        assert_eq!(job["SecondaryStatus"], "MaxWaitTimeExceeded", "{job}");
        assert_eq!(phases(&job).contains(&"Training"), trained, "{job}");
        let at = |member: &str| job[member].as_f64().unwrap();
        let lasted = at("TrainingEndTime") - at("CreationTime");
        assert!((lasted - lasts).abs() < 0.1, "{lasted} and not {lasts}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_job_is_stopped_while_it_waits_for_another_instance() {
    let bed = bed(shaky());
    bed.call("CreateTrainingJob", with_checkpoints(spot(60, 60)))
        .await
        .unwrap();
    let name = json!({ "TrainingJobName": "job" });
    let states = ["Interrupted"];
    bed.until(
        "DescribeTrainingJob",
        name.clone(),
        "SecondaryStatus",
        &states,
    )
    .await;
    bed.call("StopTrainingJob", name).await.unwrap();
    let job = ended(&bed, "job").await;
    assert_eq!(job["SecondaryStatus"], "Stopped");
    // The second attempt's part was not done any more.
    let progress = std::fs::read_to_string(bed.object("checkpoints/key/progress"));
    assert_eq!(progress.unwrap(), "2000");
}

#[tokio::test(start_paused = true)]
async fn errors_of_sagemaker_s_own_are_retried_as_often_as_asked_for() {
    let broken = Job {
        internal_errors: 2,
        ..Job::default()
    };
    for (attempts, status) in [(1, "Failed"), (2, "Completed")] {
        let mut request = training_request("job", "");
        request["RetryStrategy"] = json!({ "MaximumRetryAttempts": attempts });
        let job = run(&bed(broken.clone()), request).await;
        assert_eq!(job["TrainingJobStatus"], status, "{job}");
        let trainings = phases(&job)
            .iter()
            .filter(|phase| **phase == "Training")
            .count();
        assert_eq!(trainings, attempts + 1);
        let reason = job["FailureReason"].as_str().unwrap_or_default();
        assert_eq!(
            reason.starts_with("InternalServerError"),
            status == "Failed"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_algorithm_s_own_failure_is_not_retried() {
    let failing = Job {
        ends: JobEnd::Failed("no rows".into()),
        ..Job::default()
    };
    let mut request = training_request("job", "");
    request["RetryStrategy"] = json!({ "MaximumRetryAttempts": 30 });
    let job = run(&bed(failing), request).await;
    assert_eq!(job["TrainingJobStatus"], "Failed");
    let times = phases(&job)
        .iter()
        .filter(|phase| **phase == "Training")
        .count();
    assert_eq!(times, 1);
}
