//! `deploy batch` with the shipped binary: inputs of every kind, wrong lines, a kill, a failure, and what
//! `down` does about it.

use std::fs;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::faults::{training_of, with_script};
use crate::support::project::{Project, eventually, some_headlines};

/// Answers with the text itself as the label, slowly where asked, and refuses one.
const ECHO: &str = r#"
import json, time
def model_fn(model_dir): return None
def input_fn(body, content_type):
    assert content_type in ("application/json", "application/jsonlines"), content_type
    return json.loads(body)
def predict_fn(data, model):
    if "refuse" in data["inputs"]: raise ValueError("I refuse this text")
    if "slow" in data["inputs"]: time.sleep(20)
    return {"predicted_label": data["inputs"].upper(), "probabilities": [[0.75, 0.25]]}
def output_fn(answer, accept): return json.dumps(answer)
"#;

fn deployed() -> Project {
    let project = with_script(&training_of(ECHO));
    project.deploy(&["up"]).ok();
    project
}

/// The names of the batch jobs, the newest first.
fn jobs(project: &Project) -> Vec<(String, String)> {
    let listed = project
        .deploy(&["batch", "list", "--output", "json"])
        .ok()
        .json();
    let jobs = listed["jobs"].as_array().unwrap().clone();
    let word = |job: &Value, member: &str| job[member].as_str().unwrap().to_owned();
    jobs.iter()
        .map(|job| (word(job, "name"), word(job, "phase")))
        .collect()
}

#[test]
fn texts_come_back_classified_in_order_with_their_ids() {
    let project = deployed();
    project.write(
        "news.csv",
        "id,TITLE\na7,Fed holds\n\"b,8\",\"New, \"\"phone\"\"\"\nc9,=1+1\n",
    );
    let run = project
        .deploy(&[
            "batch", "run", "news.csv", "--output", "json", "--save", "out/",
        ])
        .ok();
    let told = run.json();
    assert_eq!(
        (&told["answered"], &told["failed"]),
        (&json!(3), &json!(0)),
        "{run}"
    );
    let done = |step: &str| {
        run.events()
            .iter()
            .any(|event| event["event"] == "step_done" && event["step"] == step)
    };
    assert!(
        done("batch_requests") && done("batch_job") && done("batch_results"),
        "{run}"
    );
    let path = told["path"].as_str().unwrap();
    let name = told["job"]["name"].as_str().unwrap();
    assert!(path.ends_with(&format!("out/{name}.jsonl")), "{path}");
    let rows: Vec<Value> = fs::read_to_string(path)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let told = |row: &Value| {
        (
            row["id"].clone(),
            row["line"].clone(),
            row["predicted_label"].clone(),
        )
    };
    let expected = [
        (json!("a7"), json!(2), json!("FED HOLDS")),
        (json!("b,8"), json!(3), json!("NEW, \"PHONE\"")),
        (json!("c9"), json!(4), json!("=1+1")),
    ];
    assert_eq!(rows.iter().map(told).collect::<Vec<_>>(), expected);

    // The same again is joined from what is there, as a table that is safe to open.
    let again = project
        .deploy(&[
            "batch",
            "run",
            "news.csv",
            "--format",
            "csv",
            "--save",
            "again.csv",
        ])
        .ok();
    assert!(again.stderr.contains("3 answered, 0 not"), "{again}");
    assert_eq!(
        fs::read_to_string(project.path().join("again.csv")).unwrap(),
        "file,line,id,text,predicted_label,probability,error\n\
         news.csv,2,a7,Fed holds,FED HOLDS,0.75,\n\
         news.csv,3,\"b,8\",\"New, \"\"phone\"\"\",\"NEW, \"\"PHONE\"\"\",0.75,\n\
         news.csv,4,c9,\"'=1+1\",\"'=1+1\",0.75,\n"
    );
    assert_eq!(jobs(&project), [(name.to_owned(), "Completed".to_owned())]);

    without_the_input(&project, name);
    other_inputs(&project, name);
    project.deploy(&["down"]).ok();
}

/// What is in the bucket suffices, anywhere.
fn without_the_input(project: &Project, name: &str) {
    fs::remove_file(project.path().join("news.csv")).unwrap();
    let fetched = project
        .deploy(&[
            "batch",
            "fetch",
            name,
            "--format",
            "csv",
            "--save",
            "fetched.csv",
        ])
        .ok();
    assert!(
        fetched.stdout.trim_end().ends_with("fetched.csv"),
        "{fetched}"
    );
    let read = |name: &str| fs::read_to_string(project.path().join(name)).unwrap();
    assert_eq!(read("fetched.csv"), read("again.csv"));
}

/// The archive that the reference project makes, and a prefix of the bucket.
fn other_inputs(project: &Project, name: &str) {
    project.write("input1.json", "{\n    \"inputs\": \"Fed holds\"\n}");
    project.write("input2.json", "{\n    \"inputs\": \"New phone\"\n}");
    let packed = Command::new("tar")
        .args(["czf", "inputs.tar.gz", "input1.json", "input2.json"])
        .current_dir(project.path())
        .status();
    assert!(packed.unwrap().success());
    let archive = project
        .deploy(&["batch", "run", "inputs.tar.gz", "--output", "json"])
        .ok()
        .json();
    assert_eq!(archive["answered"], 2);
    let rows = fs::read_to_string(archive["path"].as_str().unwrap()).unwrap();
    assert!(
        rows.contains("\"file\":\"input2.json\",\"line\":1"),
        "{rows}"
    );
    let place = format!("s3://tiny-local-000000000000-us-east-1/batch/in/{name}/");
    let from_s3 = project
        .deploy(&["batch", "run", &place, "--output", "json"])
        .ok()
        .json();
    assert_eq!(from_s3["answered"], 3);
}

#[test]
fn what_is_wrong_is_told_before_anything_is_begun() {
    let project = with_script(&training_of(ECHO));
    project.write("news.txt", "good\n");
    project
        .deploy(&["batch", "run", "news.txt"])
        .failed(1, &["is not up", "deploy up"]);
    project.deploy(&["batch", "list"]).ok();
    project
        .deploy(&["batch", "run", "none.txt"])
        .failed(64, &["cannot read none.txt"]);
    project.write("bad.csv", "headline\ngood\n \n");
    project.deploy(&["batch", "run", "bad.csv"]).failed(
        64,
        &[
            "1 of 2 lines",
            "bad.csv:3: the text is blank",
            "--skip-bad-lines",
        ],
    );
    project
        .deploy(&["batch", "run", "bad.csv", "--column", "TITLE"])
        .failed(64, &["no column `TITLE`", "`headline`"]);
    project
        .deploy(&["batch", "run", "s3://bucket"])
        .failed(64, &["no s3://BUCKET/PREFIX"]);
    project
        .deploy(&["batch", "run", "bad.csv", "--save", "bad.csv"])
        .failed(64, &["written over the input"]);
    project
        .deploy(&["batch", "stop", "none"])
        .failed(64, &["no batch job none"]);
    assert_eq!(project.engine(), None);
    let stack = fs::read_to_string(project.path().join("stacks/tiny/stack.yaml")).unwrap();
    let without: String = stack
        .lines()
        .filter(|line| !line.starts_with("batch:"))
        .fold(String::new(), |all, line| all + line + "\n");
    project.write("stacks/tiny/stack.yaml", &without);
    project
        .deploy(&["batch", "run", "news.txt"])
        .failed(64, &["does not say on what", "batch: {"]);
}

#[test]
fn a_run_that_is_killed_is_taken_up_and_a_failed_one_says_what_the_model_said() {
    let project = deployed();
    project.write("news.txt", "one slow text\n");
    let path = project.path().join("first.txt");
    let mut first = project
        .command(&["batch", "run", "news.txt"])
        .stdout(Stdio::null())
        .stderr(fs::File::create(&path).unwrap())
        .spawn()
        .unwrap();
    eventually("the job never began", || {
        fs::read_to_string(&path)
            .unwrap()
            .contains("batch job: running")
    });
    first.kill().unwrap();
    first.wait().unwrap();
    let (job, phase) = jobs(&project)[0].clone();
    assert_eq!(phase, "InProgress");
    // Nobody else is kept from working meanwhile.
    project.deploy(&["up"]).ok();
    let again = project
        .deploy(&["batch", "run", "news.txt", "--output", "json"])
        .ok()
        .json();
    assert_eq!(again["job"]["name"], job.as_str());
    assert_eq!(jobs(&project).len(), 1);

    refused_and_skipped(&project);
    stopped(&project);
    project.deploy(&["down"]).ok();
}

/// A line that the model refuses although it looks well, and one that is left out.
fn refused_and_skipped(project: &Project) {
    project.write("news.txt", "good\nrefuse me\n");
    project.deploy(&["batch", "run", "news.txt"]).failed(
        1,
        &[
            "ClientError",
            "The model refused a line",
            "I refuse this text",
            "deploy batch fetch",
        ],
    );
    let failed = jobs(project)[0].0.clone();
    let fetched = project.deploy(&[
        "batch", "fetch", &failed, "--format", "csv", "--save", "f.csv",
    ]);
    let fetched = fetched.failed(
        1,
        &[
            "news.txt:1: no answer: ClientError",
            "news.txt:2",
            "0 answered, 2 not",
        ],
    );
    assert!(fetched.stdout.contains("f.csv"), "{fetched}");
    assert!(
        fs::read_to_string(project.path().join("f.csv"))
            .unwrap()
            .contains("news.txt,2,,refuse me,,,no answer")
    );

    // What was left out on request is in the results, and is no failure.
    project.write("news.txt", "good\n \n");
    let skipped = project
        .deploy(&[
            "batch",
            "run",
            "news.txt",
            "--skip-bad-lines",
            "--output",
            "json",
        ])
        .ok()
        .json();
    assert_eq!(
        (&skipped["answered"], &skipped["skipped"]),
        (&json!(1), &json!(1))
    );
}

/// `stop` stops one, and `down` whatever runs.
fn stopped(project: &Project) {
    project.write("news.txt", "another slow text\n");
    let begun = project
        .deploy(&["batch", "run", "news.txt", "--detach"])
        .ok();
    let job = begun.stdout.trim_end().to_owned();
    let stopped = project.deploy(&["batch", "stop", &job]).ok();
    assert_eq!(stopped.stdout.trim_end(), format!("{job} stopped"));
    let begun = project
        .deploy(&["batch", "run", "news.txt", "--detach"])
        .ok();
    assert_eq!(begun.stdout.trim_end(), format!("{job}-r2"));
    project.deploy(&["down", "--keep-data"]).ok();
    assert_eq!(
        jobs(project)[0],
        (format!("{job}-r2"), "Stopped".to_owned())
    );
}

/// Classifies the whole way with a real model, within the test of everything.
pub(crate) fn with_a_real_model(project: &Project, labels: &[&str]) {
    let text = some_headlines(200);
    project.write("many.csv", &text);
    let run = project.deploy(&[
        "batch", "run", "many.csv", "--column", "2", "--output", "json",
    ]);
    let told = run.ok().json();
    let count = text.lines().count();
    assert_eq!(
        (&told["answered"], &told["failed"]),
        (&json!(count), &json!(0))
    );
    let results = fs::read_to_string(told["path"].as_str().unwrap()).unwrap();
    assert_eq!(results.lines().count(), count);
    for ((at, line), asked) in results.lines().enumerate().zip(text.lines()) {
        let row: Value = serde_json::from_str(line).unwrap();
        assert_eq!(row["line"], at + 1);
        assert_eq!(row["text"], asked.split('\t').nth(1).unwrap());
        assert!(
            labels.contains(&row["predicted_label"].as_str().unwrap()),
            "{row}"
        );
    }
}
