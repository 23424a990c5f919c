//! Jobs from request to end, with real processes.

mod checkpoints;
mod played;

use std::fs;

use serde_json::{Value, json};

use super::super::archive;
use super::super::testing::{Bed, training_request};

const FINAL: [&str; 3] = ["Completed", "Failed", "Stopped"];

async fn ended(bed: &Bed, name: &str) -> Value {
    let input = json!({ "TrainingJobName": name });
    bed.until("DescribeTrainingJob", input, "TrainingJobStatus", &FINAL)
        .await
}

async fn training(bed: &Bed, name: &str, mark: &str) {
    let start = format!("/aws/sagemaker/TrainingJobs {name}/");
    for _ in 0..2000 {
        if bed.logs.under(&start).contains(mark) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("{name} never wrote {mark}");
}

async fn run(bed: &Bed, name: &str, script: &str) -> Value {
    bed.call("CreateTrainingJob", training_request(name, script))
        .await
        .unwrap();
    ended(bed, name).await
}

#[tokio::test]
async fn a_job_reads_its_input_and_leaves_a_model() {
    let bed = Bed::new();
    let job = run(
        &bed,
        "good",
        "cat $SAGEMAKER_BASE_DIR/input/data/train/rows.csv
         cat $SAGEMAKER_BASE_DIR/input/config/hyperparameters.json
         echo $AWS_REGION $AWS_ENDPOINT_URL $TRAINING_JOB_NAME; nice
         echo loss=0.9; echo loss=0.25 >&2
         echo weights > $SAGEMAKER_BASE_DIR/model/weights
         echo report > $SAGEMAKER_BASE_DIR/output/data/report",
    )
    .await;
    assert_eq!(job["TrainingJobStatus"], "Completed", "{job}");
    assert_eq!(job["SecondaryStatus"], "Completed");
    let uri = "s3://bucket/out/good/output/model.tar.gz";
    assert_eq!(job["ModelArtifacts"]["S3ModelArtifacts"], uri);
    assert_eq!(job["FinalMetricDataList"][0]["Value"], 0.25);
    assert!(job["BillableTimeInSeconds"].as_u64() >= Some(1));
    let phases = job["SecondaryStatusTransitions"].as_array().unwrap().iter();
    let phases: Vec<_> = phases.map(|one| one["Status"].as_str().unwrap()).collect();
    assert_eq!(
        phases,
        [
            "Starting",
            "Downloading",
            "Training",
            "Uploading",
            "Completed"
        ]
    );
    let log = bed.logs.under("/aws/sagemaker/TrainingJobs good/algo-1-");
    for line in [
        "a,b",
        "{\"epochs\":\"1\"}",
        "us-east-1 http://127.0.0.1:4599 good",
        "\n5\n",
    ] {
        assert!(log.contains(line), "{line} is not in {log}");
    }
    let out = tempfile::tempdir().unwrap();
    archive::unpack(&bed.object("out/good/output/model.tar.gz"), out.path()).unwrap();
    assert_eq!(
        fs::read_to_string(out.path().join("weights")).unwrap(),
        "weights\n"
    );
    assert!(bed.object("out/good/output/output.tar.gz").exists());
    assert!(!bed.folder.join("work/jobs/us-east-1/good").exists());
}

#[tokio::test]
async fn several_instances_take_part_and_one_model_comes_of_them() {
    let bed = Bed::new();
    let mut request = training_request(
        "pair",
        "host=$(python3 -c 'import json, os
config = json.load(open(os.environ[\"SAGEMAKER_BASE_DIR\"] + \"/input/config/resourceconfig.json\"))
print(config[\"current_host\"], config[\"hosts\"])')
         echo \"I am $host at $MASTER_ADDR\"; cat $SAGEMAKER_BASE_DIR/input/data/train/rows.csv
         echo loss=0.5
         name=$(echo $host | cut -d' ' -f1)
         echo $name > $SAGEMAKER_BASE_DIR/model/weights
         echo $name > $SAGEMAKER_BASE_DIR/model/$name",
    );
    request["ResourceConfig"]["InstanceCount"] = json!(2);
    bed.call("CreateTrainingJob", request).await.unwrap();
    let job = ended(&bed, "pair").await;
    let log = |host: &str| {
        bed.logs
            .under(&format!("/aws/sagemaker/TrainingJobs pair/{host}-"))
    };
    assert_eq!(
        job["TrainingJobStatus"],
        "Completed",
        "{job} {}",
        log("algo-1")
    );
    for host in ["algo-1", "algo-2"] {
        let log = log(host);
        let line = format!("I am {host} ['algo-1', 'algo-2'] at 127.0.0.1");
        assert!(log.contains(&line) && log.contains("a,b"), "{log}");
    }
    assert!(log("algo-1").contains("algo-2 has left weights in model"));
    let out = tempfile::tempdir().unwrap();
    archive::unpack(&bed.object("out/pair/output/model.tar.gz"), out.path()).unwrap();
    let read = |name: &str| fs::read_to_string(out.path().join(name)).unwrap();
    assert_eq!(read("weights"), "algo-1\n");
    assert_eq!(read("algo-2"), "algo-2\n");
    assert!(!bed.folder.join("work/jobs/us-east-1/pair").exists());
}

#[tokio::test]
async fn where_one_instance_fails_the_job_does_and_the_others_end() {
    let bed = Bed::new();
    let mut request = training_request(
        "torn",
        "case $SAGEMAKER_BASE_DIR in
           */algo-2/*) echo 'no gradients' > $SAGEMAKER_BASE_DIR/output/failure; exit 3;;
         esac
         exec sleep 50",
    );
    request["ResourceConfig"]["InstanceCount"] = json!(2);
    bed.call("CreateTrainingJob", request).await.unwrap();
    let job = ended(&bed, "torn").await;
    assert_eq!(job["TrainingJobStatus"], "Failed");
    let reason = job["FailureReason"].as_str().unwrap();
    assert_eq!(reason, "AlgorithmError: no gradients, exit code: 3");
}

#[tokio::test]
async fn the_toolkit_of_the_image_unpacks_the_code_and_hands_over_options() {
    let bed = Bed::new();
    let code = tempfile::tempdir().unwrap();
    let script = "import os, sys\n\
                  from package import there\n\
                  print('args', sys.argv[1:], os.getcwd().endswith('ml/code'), there)\n\
                  rows = os.environ['SM_CHANNEL_TRAIN'] + '/rows.csv'\n\
                  print('rows', open(rows).read())\n\
                  open(os.environ['SM_MODEL_DIR'] + '/weights', 'w').write('w')\n";
    fs::write(code.path().join("train.py"), script).unwrap();
    fs::create_dir(code.path().join("package")).unwrap();
    fs::write(code.path().join("package/__init__.py"), "there = 7\n").unwrap();
    fs::create_dir_all(bed.object("code/x")).unwrap();
    archive::pack(code.path(), &bed.object("code/x/sourcedir.tar.gz")).unwrap();

    let mut request = training_request("toolkit", "");
    request["AlgorithmSpecification"]["ContainerEntrypoint"] = json!([]);
    request["AlgorithmSpecification"]["ContainerArguments"] = json!([]);
    request["HyperParameters"] = json!({
        "epochs": "1",
        "learning_rate": "5e-5",
        "sagemaker_program": "train.py",
        "sagemaker_submit_directory": "s3://bucket/code/x/sourcedir.tar.gz",
    });
    bed.call("CreateTrainingJob", request.clone())
        .await
        .unwrap();
    let job = ended(&bed, "toolkit").await;
    let log = bed.logs.under("/aws/sagemaker/TrainingJobs toolkit/");
    assert_eq!(job["TrainingJobStatus"], "Completed", "{job} {log}");
    let expected = "args ['--epochs', '1', '--learning_rate', '5e-05'] True 7";
    assert!(log.contains(expected) && log.contains("rows a,b"), "{log}");
    assert!(bed.object("out/toolkit/output/model.tar.gz").exists());

    request["TrainingJobName"] = json!("missing");
    request["HyperParameters"]["sagemaker_submit_directory"] = json!("s3://bucket/none.tar.gz");
    bed.call("CreateTrainingJob", request).await.unwrap();
    let reason = ended(&bed, "missing").await["FailureReason"].to_string();
    assert!(
        reason.contains("s3://bucket/none.tar.gz cannot be had"),
        "{reason}"
    );
}

#[tokio::test]
async fn a_failing_job_tells_its_own_reason() {
    let bed = Bed::new();
    let job = run(
        &bed,
        "bad",
        "echo 'no rows' > $SAGEMAKER_BASE_DIR/output/failure; exit 3",
    )
    .await;
    assert_eq!(job["TrainingJobStatus"], "Failed");
    assert_eq!(
        job["FailureReason"],
        "AlgorithmError: no rows, exit code: 3"
    );
    assert!(job.get("ModelArtifacts").is_none());
    assert!(!bed.object("out/bad/output/model.tar.gz").exists());
}

#[tokio::test]
async fn a_program_that_is_not_there_is_told() {
    let bed = Bed::new();
    let mut request = training_request("none", "");
    request["AlgorithmSpecification"]["ContainerEntrypoint"] = json!(["/no/such/program"]);
    bed.call("CreateTrainingJob", request).await.unwrap();
    let job = ended(&bed, "none").await;
    let reason = job["FailureReason"].as_str().unwrap();
    assert!(reason.contains("exit code: 127"), "{reason}");
    assert!(
        bed.logs
            .under("/aws/sagemaker/TrainingJobs none/")
            .contains("/no/such/program")
    );
}

#[tokio::test]
async fn stopping_lets_the_job_save_its_model() {
    let bed = Bed::new();
    let script = "trap 'echo late > $SAGEMAKER_BASE_DIR/model/weights; exit 0' TERM
                  echo ready; while :; do sleep 0.05; done";
    bed.call("CreateTrainingJob", training_request("long", script))
        .await
        .unwrap();
    training(&bed, "long", "ready").await;
    bed.call("StopTrainingJob", json!({ "TrainingJobName": "long" }))
        .await
        .unwrap();
    let job = ended(&bed, "long").await;
    assert_eq!(
        (&job["TrainingJobStatus"], &job["SecondaryStatus"]),
        (&json!("Stopped"), &json!("Stopped"))
    );
    assert!(bed.object("out/long/output/model.tar.gz").exists());
    let again = bed
        .call("StopTrainingJob", json!({ "TrainingJobName": "long" }))
        .await;
    assert!(again.unwrap_err().message.contains("status Stopped"));
}

#[tokio::test]
async fn a_job_ends_at_its_limit() {
    let bed = Bed::new();
    let mut request = training_request("slow", "exec sleep 600");
    request["StoppingCondition"]["MaxRuntimeInSeconds"] = json!(1);
    bed.call("CreateTrainingJob", request).await.unwrap();
    let job = ended(&bed, "slow").await;
    assert_eq!(job["TrainingJobStatus"], "Stopped");
    assert_eq!(job["SecondaryStatus"], "MaxRuntimeExceeded");
    assert!(job.get("ModelArtifacts").is_none(), "nothing was written");
}

#[tokio::test]
async fn a_job_starts_again_with_the_engine() {
    let bed = Bed::new();
    let script = "mark=$SAGEMAKER_BASE_DIR/../../mark
                  if [ -e $mark ]; then echo second; exit 0; fi
                  touch $mark; echo first; exec sleep 600";
    bed.call("CreateTrainingJob", training_request("twice", script))
        .await
        .unwrap();
    training(&bed, "twice", "first").await;
    bed.service.shutdown().await;
    let next = Bed::over(&bed.folder);
    let job = ended(&next, "twice").await;
    assert_eq!(job["TrainingJobStatus"], "Completed", "{job}");
    let phases = job["SecondaryStatusTransitions"].to_string();
    assert!(phases.contains("Restarting"), "{phases}");
    assert!(
        next.logs
            .under("/aws/sagemaker/TrainingJobs twice/")
            .contains("second")
    );
}

#[tokio::test]
async fn requests_are_checked_against_what_exists() {
    let bed = Bed::new();
    let refused = async |member: &str, value: Value| {
        let mut request = training_request("checked", "true");
        request[member] = value;
        bed.call("CreateTrainingJob", request)
            .await
            .unwrap_err()
            .message
    };
    let role = refused("RoleArn", json!("arn:aws:iam::000000000000:role/other")).await;
    assert!(role.contains("Could not assume role"), "{role}");
    let mut channels = training_request("x", "")["InputDataConfig"].clone();
    channels[0]["DataSource"]["S3DataSource"]["S3Uri"] = json!("s3://bucket/nothing");
    let data = refused("InputDataConfig", channels).await;
    assert!(
        data.contains("No S3 objects found under S3 URL \"s3://bucket/nothing\""),
        "{data}"
    );
    let name = refused("TrainingJobName", json!("under_score")).await;
    assert!(name.contains("trainingJobName"), "{name}");
}

#[tokio::test]
async fn names_are_unique_until_a_job_is_deleted() {
    let bed = Bed::new();
    let name = json!({ "TrainingJobName": "once" });
    run(&bed, "once", "true").await;
    let again = bed
        .call("CreateTrainingJob", training_request("once", "true"))
        .await;
    assert_eq!(again.unwrap_err().code, "ResourceInUse");
    let listed = bed.call(
        "ListTrainingJobs",
        json!({ "NameContains": "onc", "StatusEquals": "Completed" }),
    );
    assert_eq!(
        listed.await.unwrap()["TrainingJobSummaries"][0]["TrainingJobName"],
        "once"
    );
    bed.call("DeleteTrainingJob", name.clone()).await.unwrap();
    let gone = bed.call("DescribeTrainingJob", name).await.unwrap_err();
    assert_eq!(gone.message, "Requested resource not found.");
    run(&bed, "once", "true").await;
}
