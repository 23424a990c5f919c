//! Functions that really run, from the resource to the answer.

mod api;
mod limits;

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::{Caller, Lambda, LambdaAnswer, LambdaParts, providers};
use crate::local::clock::Clock;
use crate::local::metrics::Metrics;
use crate::local::resource::{ResourceProvider, ResourceRequest};
use crate::local::runner::{Python, PythonSpec};
use crate::local::services::s3::S3;

const ROLE: &str = "arn:aws:iam::000000000000:role/function";

const HANDLER: &str = r#"
import logging, os, sys, time
count = 0
def handler(event, context):
    global count
    count += 1
    do = event.get("do")
    if do == "raise":
        raise ValueError("no such headline")
    if do == "sleep":
        time.sleep(60)
    if do == "exit":
        os._exit(3)
    if do == "unserialisable":
        return {1, 2}
    if do == "print":
        print("hello")
        logging.getLogger().warning("careful")
        sys.stdout.write("no line end")
    return {
        "count": count,
        "pid": os.getpid(),
        "name": context.function_name,
        "arn": context.invoked_function_arn,
        "remaining": context.get_remaining_time_in_millis(),
        "memory": context.memory_limit_in_mb,
        "own": os.environ.get("OWN"),
        "engine": os.environ.get("AWS_ENDPOINT_URL"),
        "region": os.environ["AWS_REGION"],
        "token": os.environ.get("DEPLOY_RUNTIME_TOKEN"),
        "echo": event,
    }
"#;

/// Everything written so far: group, stream, lines.
type Written = watch::Sender<Vec<(String, String, Vec<String>)>>;

struct Bed {
    lambda: Arc<Lambda>,
    written: Written,
    folder: tempfile::TempDir,
}

fn interpreter() -> PathBuf {
    let output = std::process::Command::new("python3")
        .args(["-c", "import sys; print(sys.executable)"])
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap().trim().into()
}

fn open(folder: &std::path::Path, written: &Written) -> Arc<Lambda> {
    let sink = written.clone();
    let clock = Clock::start();
    let parts = LambdaParts {
        account: "000000000000".to_owned(),
        state: folder.join("state/lambda.json").into(),
        work: folder.join("work"),
        clock,
        s3: Arc::new(S3::open(folder.join("s3"), clock).unwrap()),
        write_log: Arc::new(move |group, stream, lines| {
            let entry = (group.to_owned(), stream.to_owned(), lines.to_vec());
            sink.send_modify(|all| all.push(entry));
            Ok::<_, io::Error>(())
        }),
        metrics: Arc::new(Metrics::new(clock)),
        role_exists: Arc::new(|arn| arn == ROLE),
        python: Arc::new(Python::new(
            Some(PythonSpec::Interpreter(interpreter())),
            folder.join("cache"),
        )),
        environment: vec![(
            "AWS_ENDPOINT_URL".to_owned(),
            "http://127.0.0.1:4599".to_owned(),
        )],
        stand_in: None,
    };
    Arc::new(Lambda::open(parts).unwrap())
}

impl Bed {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let written = Written::default();
        Self {
            lambda: open(folder.path(), &written),
            written,
            folder,
        }
    }

    fn provider(&self, type_name: &str) -> Arc<dyn ResourceProvider> {
        let mut all = providers(&self.lambda).into_iter();
        all.find(|provider| provider.definition().name == type_name)
            .unwrap()
    }

    async fn create(&self, properties: Value) -> Result<String, String> {
        let provider = self.provider("AWS::Lambda::Function");
        let made = provider.create(&request("classify", properties)).await;
        made.map(|made| made.physical_id)
            .map_err(|error| error.message)
    }

    async fn with(source: &str, more: Value) -> Self {
        let bed = Self::new();
        bed.create(properties(source, &more)).await.unwrap();
        bed
    }

    async fn invoke(&self, event: Value) -> (LambdaAnswer, Value) {
        let payload = Bytes::from(event.to_string());
        let answer = self
            .lambda
            .invoke("classify", "us-east-1", payload)
            .await
            .unwrap();
        let document = serde_json::from_slice(&answer.payload).unwrap();
        (answer, document)
    }
}

fn properties(source: &str, more: &Value) -> Value {
    let mut all = json!({
        "Code": {"ZipFile": source},
        "FunctionName": "classify",
        "Handler": "index.handler",
        "Role": ROLE,
        "Runtime": "python3.12",
    });
    for (name, value) in more.as_object().unwrap() {
        all[name] = value.clone();
    }
    all
}

fn request(logical_id: &str, properties: Value) -> ResourceRequest {
    ResourceRequest {
        stack_name: "stack".to_owned(),
        stack_id: "arn:stack".to_owned(),
        logical_id: logical_id.to_owned(),
        physical_name: format!("stack-{logical_id}-ABC"),
        region: "us-east-1".to_owned(),
        account: "000000000000".to_owned(),
        properties,
        tags: BTreeMap::new(),
    }
}

#[tokio::test]
async fn a_handler_runs_warm_and_sees_its_world() {
    let more = json!({"Timeout": 20, "Environment": {"Variables": {"OWN": "yes"}}});
    let bed = Bed::with(HANDLER, more).await;
    let (answer, first) = bed.invoke(json!({"text": "Ünïcode\n"})).await;
    assert_eq!(answer.function_error, None, "{first}");
    assert_eq!(first["name"], "classify");
    assert_eq!(
        first["arn"],
        "arn:aws:lambda:us-east-1:000000000000:function:classify"
    );
    assert_eq!(first["memory"], "128");
    assert_eq!(first["own"], "yes");
    assert_eq!(first["engine"], "http://127.0.0.1:4599");
    assert_eq!(first["region"], "us-east-1");
    assert_eq!(first["token"], Value::Null);
    assert_eq!(first["echo"]["text"], "Ünïcode\n");
    assert!(first["remaining"].as_u64().unwrap() > 15_000);
    let (_, second) = bed.invoke(json!({})).await;
    assert_eq!(second["pid"], first["pid"]);
    assert_eq!(second["count"], 2);
}

#[tokio::test]
async fn the_log_is_complete_and_in_order() {
    let bed = Bed::with(HANDLER, json!({})).await;
    let (answer, _) = bed.invoke(json!({"do": "print"})).await;
    let lines: Vec<&str> = answer.log_tail.lines().collect();
    assert!(lines[0].starts_with("START RequestId: "), "{lines:?}");
    assert_eq!(lines[1], "hello");
    assert!(
        lines[2].starts_with("[WARNING]\t") && lines[2].ends_with("\tcareful"),
        "{lines:?}"
    );
    assert!(lines[2].contains(&answer.request_id), "{lines:?}");
    assert_eq!(lines[3], "no line end");
    assert_eq!(lines[4], format!("END RequestId: {}", answer.request_id));
    assert!(
        lines[5].starts_with("REPORT ") && lines[5].contains("Init Duration"),
        "{lines:?}"
    );
    let mut arrived = bed.written.subscribe();
    let all = arrived
        .wait_for(|all| !all.is_empty())
        .await
        .unwrap()
        .clone();
    assert_eq!(all[0].0, "/aws/lambda/classify");
    assert!(all[0].1.contains("/[$LATEST]"), "{}", all[0].1);
    assert_eq!(all[0].2.len(), 6);
}

#[tokio::test]
async fn an_exception_is_described() {
    let bed = Bed::with(HANDLER, json!({})).await;
    let (answer, document) = bed.invoke(json!({"do": "raise"})).await;
    assert_eq!(answer.function_error, Some("Unhandled"));
    assert_eq!(document["errorType"], "ValueError");
    assert_eq!(document["errorMessage"], "no such headline");
    assert!(
        document["stackTrace"][0]
            .as_str()
            .unwrap()
            .contains("in handler")
    );
    let (_, document) = bed.invoke(json!({"do": "unserialisable"})).await;
    assert_eq!(document["errorType"], "Runtime.MarshalError");
    let (_, document) = bed.invoke(json!({})).await;
    assert_eq!(document["count"], 3);
}

#[tokio::test]
async fn time_that_is_over_ends_the_process() {
    let bed = Bed::with(HANDLER, json!({"Timeout": 1})).await;
    let (_, before) = bed.invoke(json!({})).await;
    let (answer, document) = bed.invoke(json!({"do": "sleep"})).await;
    assert_eq!(answer.function_error, Some("Unhandled"));
    let message = document["errorMessage"].as_str().unwrap();
    assert!(
        message.ends_with("Task timed out after 1.00 seconds"),
        "{message}"
    );
    let (_, after) = bed.invoke(json!({})).await;
    assert_eq!(after["count"], 1);
    assert_ne!(after["pid"], before["pid"]);
}

#[tokio::test]
async fn a_process_that_dies_fails_its_invocation_only() {
    let bed = Bed::with(HANDLER, json!({})).await;
    let (_, document) = bed.invoke(json!({"do": "exit"})).await;
    assert_eq!(document["errorType"], "Runtime.ExitError");
    let message = document["errorMessage"].as_str().unwrap();
    assert!(
        message.ends_with("Runtime exited with error: exit status 3"),
        "{message}"
    );
    let (answer, _) = bed.invoke(json!({})).await;
    assert_eq!(answer.function_error, None);
}

#[tokio::test]
async fn a_handler_that_cannot_be_loaded_is_told_as_aws_does() {
    for (source, handler, kind) in [
        (
            "import nothing_here",
            "index.handler",
            "Runtime.ImportModuleError",
        ),
        ("x = 1", "index.handler", "Runtime.HandlerNotFound"),
        (
            "def handler(:",
            "index.handler",
            "Runtime.UserCodeSyntaxError",
        ),
        ("x = 1", "index", "Runtime.MalformedHandlerName"),
        ("raise KeyError('MODEL')", "index.handler", "KeyError"),
    ] {
        let bed = Bed::with(source, json!({ "Handler": handler })).await;
        let (answer, document) = bed.invoke(json!({})).await;
        assert_eq!(answer.function_error, Some("Unhandled"));
        assert_eq!(document["errorType"], kind, "{document}");
        assert!(
            answer.log_tail.contains(&format!("[ERROR] {kind}")),
            "{}",
            answer.log_tail
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invocations_at_once_have_processes_of_their_own() {
    let source = "import os, time\ndef handler(event, context):\n    time.sleep(0.3)\n    return os.getpid()\n";
    let bed = Bed::with(source, json!({})).await;
    let calls = (0..6).map(|_| bed.invoke(json!({})));
    let answers = futures::future::join_all(calls).await;
    let processes: std::collections::BTreeSet<u64> = answers
        .iter()
        .map(|(_, document)| document.as_u64().unwrap())
        .collect();
    assert!((2..=4).contains(&processes.len()), "{processes:?}");
}

#[tokio::test]
async fn an_update_replaces_code_and_keeps_the_policy() {
    let bed = Bed::with("def handler(e, c): return 1", json!({})).await;
    let permission = json!({
        "Action": "lambda:InvokeFunction",
        "FunctionName": "arn:aws:lambda:us-east-1:000000000000:function:classify",
        "Principal": "apigateway.amazonaws.com",
    });
    let permissions = bed.provider("AWS::Lambda::Permission");
    let made = permissions
        .create(&request("Permission", permission))
        .await
        .unwrap();
    let (_, document) = bed.invoke(json!({})).await;
    assert_eq!(document, 1);
    let functions = bed.provider("AWS::Lambda::Function");
    let next = properties("def handler(e, c): return 2", &json!({}));
    functions
        .update("classify", &json!({}), &request("classify", next))
        .await
        .unwrap();
    let (_, document) = bed.invoke(json!({})).await;
    assert_eq!(document, 2);
    let caller = Caller {
        principal: "apigateway.amazonaws.com",
        source_arn: "arn:aws:execute-api:us-east-1:000000000000:abc/$default/GET/",
        source_account: "000000000000",
    };
    let again = open(bed.folder.path(), &bed.written);
    assert!(again.allows("classify", &caller));
    permissions.delete(&made.physical_id).await.unwrap();
    assert!(!bed.lambda.allows("classify", &caller));
    functions.delete("classify").await.unwrap();
    functions.delete("classify").await.unwrap();
    let error = bed
        .lambda
        .invoke("classify", "us-east-1", Bytes::new())
        .await
        .unwrap_err();
    assert_eq!(error.code, "ResourceNotFoundException");
    let left = std::fs::read_dir(bed.folder.path().join("work/code"))
        .unwrap()
        .count();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn what_a_function_cannot_be_is_said() {
    let bed = Bed::new();
    for (more, expected) in [
        (json!({"Runtime": "nodejs22.x"}), "nodejs22.x"),
        (
            json!({"Role": "arn:aws:iam::000000000000:role/none"}),
            "cannot be assumed",
        ),
        (json!({"Timeout": 901}), "between 1 and 900"),
        (
            json!({"Code": {"S3Bucket": "none", "S3Key": "x"}}),
            "NoSuchBucket",
        ),
        (
            json!({"Environment": {"Variables": {"AWS_REGION": "x"}}}),
            "reserved",
        ),
    ] {
        let message = bed.create(properties("x = 1", &more)).await.unwrap_err();
        assert!(message.contains(expected), "{message}");
    }
}
