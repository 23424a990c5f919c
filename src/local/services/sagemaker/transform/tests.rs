//! Transform jobs against a small model served by a real process, and played.

use std::fs;
use std::time::Duration;

use serde_json::{Value, json};

use super::super::testing::{Bed, ROLE};
use crate::local::script::{Rule, Script, Transform};

/// A model that answers each line with its length, refuses `bad` and breaks on `broken`.
const MODEL: &str = r#"
import json, os

def model_fn(model_dir):
    print("strategy", os.environ["SAGEMAKER_BATCH_STRATEGY"], os.environ["SAGEMAKER_BATCH"], flush=True)
    return None

def input_fn(body, content_type):
    return (body if isinstance(body, str) else body.decode()).split("\n")

def predict_fn(lines, model):
    for line in lines:
        if "bad" in line:
            raise ValueError("line is bad")
        if "broken" in line:
            os._exit(3)
    return lines

def output_fn(lines, accept):
    count = len(lines)
    return "\n".join(json.dumps({"size": len(line), "together": count}) for line in lines)
"#;

/// A request for a job over `s3://bucket/in/`.
pub(super) fn transform_request(name: &str) -> Value {
    json!({
        "TransformJobName": name,
        "ModelName": "model",
        "TransformInput": {
            "ContentType": "application/jsonlines",
            "SplitType": "Line",
            "DataSource": { "S3DataSource": { "S3DataType": "S3Prefix", "S3Uri": "s3://bucket/in/" } },
        },
        "TransformOutput": {
            "S3OutputPath": "s3://bucket/out", "Accept": "application/jsonlines", "AssembleWith": "Line",
        },
        "TransformResources": { "InstanceType": "ml.m5.large", "InstanceCount": 1 },
        "BatchStrategy": "SingleRecord",
        "MaxPayloadInMB": 6,
    })
}

async fn made_model(bed: &Bed) {
    let request = json!({
        "ModelName": "model",
        "ExecutionRoleArn": ROLE,
        "PrimaryContainer": { "Image": "local/serve:1", "ModelDataUrl": "s3://bucket/model.tar.gz" },
    });
    bed.call("CreateModel", request).await.unwrap();
}

async fn bed(files: &[(&str, &str)]) -> Bed {
    let bed = Bed::new();
    bed.model("model.tar.gz", MODEL);
    write(&bed, files);
    made_model(&bed).await;
    bed
}

fn write(bed: &Bed, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = bed.object("in").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

async fn ended(bed: &Bed, name: &str) -> Value {
    let named = json!({ "TransformJobName": name });
    let final_states = ["Completed", "Failed", "Stopped"];
    bed.until(
        "DescribeTransformJob",
        named,
        "TransformJobStatus",
        &final_states,
    )
    .await
}

/// How many records of each job were answered, and how many failed, as the engine's page tells.
fn counted(bed: &Bed) -> Vec<(String, u64, u64)> {
    let jobs = bed.service.batch_summaries().into_iter();
    jobs.map(|job| (job.name, job.answered, job.failed))
        .collect()
}

fn answers(bed: &Bed, file: &str) -> Vec<Value> {
    let text = fs::read_to_string(bed.object("out").join(file)).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[tokio::test]
async fn every_record_is_answered_in_order_one_or_many_at_a_time() {
    let bed = bed(&[("a.jsonl", "1\n22\n\n333"), ("deep/b.jsonl", "4444\n")]).await;
    let mut request = transform_request("single");
    request["MaxConcurrentTransforms"] = json!(4);
    bed.call("CreateTransformJob", request).await.unwrap();
    let job = ended(&bed, "single").await;
    assert_eq!(
        job["TransformJobStatus"],
        "Completed",
        "{job} {}",
        bed.logs.under("/aws")
    );
    let size = |size| json!({ "size": size, "together": 1 });
    assert_eq!(answers(&bed, "a.jsonl.out"), [size(1), size(2), size(3)]);
    assert_eq!(answers(&bed, "deep/b.jsonl.out"), [size(4)]);
    assert!(job["TransformStartTime"].as_f64() <= job["TransformEndTime"].as_f64());

    let mut request = transform_request("multi");
    request["BatchStrategy"] = json!("MultiRecord");
    bed.call("CreateTransformJob", request).await.unwrap();
    assert_eq!(
        ended(&bed, "multi").await["TransformJobStatus"],
        "Completed"
    );
    assert_eq!(
        answers(&bed, "a.jsonl.out")[2],
        json!({ "size": 3, "together": 3 })
    );
    let log = bed.logs.under("/aws/sagemaker/TransformJobs multi/");
    assert!(log.contains("strategy MULTI_RECORD true"), "{log}");
    assert!(
        log.contains("MaxConcurrentTransforms=1, MaxPayloadInMB=6, BatchStrategy=MULTI_RECORD"),
        "{log}"
    );

    let mut request = transform_request("whole");
    request["TransformInput"]["SplitType"] = json!("None");
    bed.call("CreateTransformJob", request).await.unwrap();
    assert_eq!(
        ended(&bed, "whole").await["TransformJobStatus"],
        "Completed"
    );
    assert_eq!(answers(&bed, "a.jsonl.out").len(), 4);

    let listed = bed
        .call("ListTransformJobs", json!({ "NameContains": "ing" }))
        .await
        .unwrap();
    assert_eq!(
        listed["TransformJobSummaries"][0]["TransformJobName"],
        "single"
    );
    assert!(!bed.folder.join("work/transforms/us-east-1/single").exists());
    bed.service.shutdown().await;
}

#[tokio::test]
async fn a_record_that_is_refused_costs_its_file_and_the_job() {
    let bed = bed(&[("a.jsonl", "good\nbad\ngood"), ("b.jsonl", "good")]).await;
    bed.call("CreateTransformJob", transform_request("job"))
        .await
        .unwrap();
    let job = ended(&bed, "job").await;
    assert_eq!(job["TransformJobStatus"], "Failed");
    assert_eq!(
        job["FailureReason"],
        "ClientError: See job logs for more information"
    );
    assert!(!bed.object("out/a.jsonl.out").exists());
    assert_eq!(answers(&bed, "b.jsonl.out").len(), 1);
    // What stands behind the record that was refused was not asked about.
    assert_eq!(counted(&bed), [("job".to_owned(), 2, 1)]);
    let log = bed.logs.under("/aws/sagemaker/TransformJobs job/");
    assert!(log.contains("bucket/a.jsonl: ClientError: 400"), "{log}");
    assert!(log.contains("line is bad"), "{log}");
    bed.service.shutdown().await;
}

#[tokio::test]
async fn a_model_that_breaks_or_never_starts_fails_the_job() {
    let bed = bed(&[("a.jsonl", "good\nbroken")]).await;
    bed.call("CreateTransformJob", transform_request("breaks"))
        .await
        .unwrap();
    let job = ended(&bed, "breaks").await;
    assert_eq!(
        job["FailureReason"],
        "AlgorithmError: See job logs for more information"
    );
    let log = bed.logs.under("/aws/sagemaker/TransformJobs breaks/");
    assert!(
        log.contains("Unable to get response from algorithm"),
        "{log}"
    );

    bed.model("model.tar.gz", "raise RuntimeError('no model today')");
    bed.call("CreateTransformJob", transform_request("dead"))
        .await
        .unwrap();
    let job = ended(&bed, "dead").await;
    assert_eq!(
        job["FailureReason"],
        "AlgorithmError: See job logs for more information"
    );
    let log = bed.logs.under("/aws/sagemaker/TransformJobs dead/");
    assert!(log.contains("no model today"), "{log}");
    bed.service.shutdown().await;
}

#[tokio::test]
async fn what_cannot_be_is_refused_when_it_is_asked_for() {
    let bed = bed(&[]).await;
    let missing = bed
        .call("CreateTransformJob", transform_request("job"))
        .await
        .unwrap_err();
    assert!(missing.message.contains("No S3 objects found"), "{missing}");
    write(&bed, &[("a.jsonl", "good")]);
    let mut request = transform_request("job");
    request["ModelName"] = json!("other");
    let error = bed.call("CreateTransformJob", request).await.unwrap_err();
    assert!(error.message.contains("Could not find model"), "{error}");
    bed.call("CreateTransformJob", transform_request("job"))
        .await
        .unwrap();
    let again = bed
        .call("CreateTransformJob", transform_request("job"))
        .await
        .unwrap_err();
    assert_eq!(again.code, "ResourceInUse");
    ended(&bed, "job").await;
    let late = bed
        .call("StopTransformJob", json!({ "TransformJobName": "job" }))
        .await
        .unwrap_err();
    assert!(late.message.contains("is in status Completed"), "{late}");
    let none = json!({ "TransformJobName": "none" });
    for operation in ["DescribeTransformJob", "StopTransformJob"] {
        let error = bed.call(operation, none.clone()).await.unwrap_err();
        assert_eq!(error.message, "Requested resource not found.");
    }
    bed.service.shutdown().await;
}

#[tokio::test]
async fn a_job_survives_the_engine() {
    let bed = bed(&[("a.jsonl", "1\n22")]).await;
    bed.call("CreateTransformJob", transform_request("job"))
        .await
        .unwrap();
    bed.service.shutdown().await;
    let again = Bed::over(&bed.folder);
    assert_eq!(
        ended(&again, "job").await["TransformJobStatus"],
        "Completed"
    );
    assert_eq!(answers(&again, "a.jsonl.out").len(), 2);
    let third = Bed::over(&bed.folder);
    assert_eq!(counted(&third), [("job".to_owned(), 2, 0)]);
    again.service.shutdown().await;
}

fn played(transforms: Vec<Rule<Transform>>) -> Bed {
    let bed = Bed::scripted(Script {
        transforms,
        ..Script::default()
    });
    fs::write(bed.object("model.tar.gz"), "").unwrap();
    write(
        &bed,
        &[("a.jsonl", "{\"inputs\":\"a\"}\n{\"inputs\":\"b\"}\n")],
    );
    bed
}

#[tokio::test(start_paused = true)]
async fn a_played_job_takes_its_time_answers_and_can_be_stopped() {
    let slow = Transform {
        takes: Duration::from_hours(3),
        ..Transform::default()
    };
    let fails = Transform {
        fails: Some("ClientError: no".into()),
        ..Transform::default()
    };
    let bed = played(vec![
        Rule::new(&["slow"], slow),
        Rule::new(&["fails"], fails),
    ]);
    made_model(&bed).await;
    for name in ["quick", "slow", "fails"] {
        bed.call("CreateTransformJob", transform_request(name))
            .await
            .unwrap();
    }
    assert_eq!(
        ended(&bed, "quick").await["TransformJobStatus"],
        "Completed"
    );
    assert_eq!(
        answers(&bed, "a.jsonl.out")[1]["predicted_label"],
        "Business"
    );
    assert_eq!(
        ended(&bed, "fails").await["FailureReason"],
        "ClientError: no"
    );
    let slow = json!({ "TransformJobName": "slow" });
    let job = bed
        .call("DescribeTransformJob", slow.clone())
        .await
        .unwrap();
    assert_eq!(job["TransformJobStatus"], "InProgress");
    fs::remove_dir_all(bed.object("out")).unwrap();
    bed.call("StopTransformJob", slow).await.unwrap();
    assert_eq!(ended(&bed, "slow").await["TransformJobStatus"], "Stopped");
    assert!(!bed.object("out").exists());
}
